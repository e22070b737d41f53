"""The live page, in headless Chromium, and what its head and markup promise."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.browser import Browser
from harness.client import Request
from harness.gateway import Gateway, document, fetch
from harness.origin import Job, Origin
from harness.programs import curl

PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HOSTILE = {
    "markup": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "attribute": '\\" onmouseover=alert(3) x=\\"',
    "bidi": "abc \u202e\u2066\u2067 dcba",
    "ten kilobytes": "x" * 10_000,
}


@pytest.fixture
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


def accepted(gateway: Gateway, job: Job) -> str:
    answer = fetch(gateway.url + job.path, "POST", b"{}", prefer="respond-async, wait=0")
    assert answer.status == 202
    job.arrived()
    return answer.fields["location"]


def report(job: Job, fraction: str, label: str) -> None:
    """Progress with a label of any characters (RFC 8187)."""
    encoded = "".join(f"%{octet:02X}" for octet in label.encode())
    job.progress(f"{fraction} UTF-8''{encoded}")


def test_the_page_follows_to_the_end(gateway: Gateway, origin: Origin, browser: Browser) -> None:
    job = origin.job()
    location = accepted(gateway, job)
    assert browser.open(location) == 202
    job.progress("3/10 (Copying a.txt)")
    running = browser.label("Copying a.txt")
    assert (running["status"], running["title"]) == ("Running", "30 % · Running")
    assert (running["role"], running["now"], running["fraction"]) == ("progressbar", "30", "3 of 10")
    assert (running["cancel"], running["result"]) == (True, None)
    job.progress("10/10 (Done)")
    job.finish(200, b"result\n", content_type="text/plain")
    ended = browser.until("Succeeded")
    assert (ended["now"], ended["cancel"]) == ("100", False)
    assert location.endswith(ended["result"].removesuffix("/result"))
    assert re.fullmatch(r"\d+:\d\d", ended["elapsed"])
    assert ended["complaints"] == []


def test_the_page_cancels(gateway: Gateway, origin: Origin, browser: Browser) -> None:
    job = origin.job()
    location = accepted(gateway, job)
    browser.open(location)
    browser.click("#cancel")
    job.gone()
    ended = browser.until("Canceled")
    assert (ended["cancel"], ended["result"], ended["complaints"]) == (False, None, [])
    assert ended["problem"] == "The operation was cancelled before it ended."
    assert document(location)["status"] == "Canceled"


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_labels_are_text(gateway: Gateway, origin: Origin, browser: Browser, kind: str) -> None:
    """Rendered by the gateway, and set by the script: the same elements, and the label as it came (S-15)."""
    job = origin.job()
    location = accepted(gateway, job)
    browser.open(location)
    elements = browser.state()["elements"]
    report(job, "1/2", HOSTILE[kind])
    live = browser.label(HOSTILE[kind][:20])
    browser.open(location)
    rendered = browser.label(HOSTILE[kind][:20])
    for state in (live, rendered):
        assert HOSTILE[kind].startswith(state["label"])
        assert (state["elements"], state["complaints"]) == (elements, [])
        assert state["labelHeight"] < 100, "three lines at most"
    job.finish()


def test_labels_are_in_the_browsers_language(gateway: Gateway, origin: Origin) -> None:
    """L10-04: whoever began the operation, each reader has a language of his own."""
    job = origin.job()
    location = accepted(gateway, job)
    job.progress("1/2 UTF-8'en'Checking%20sizes UTF-8'de'Gr%C3%B6%C3%9Fe%20pr%C3%BCfen")
    with Browser("locale=de") as german, Browser("locale=en") as english:
        readers = [(german, "de", "Größe prüfen", "Fertig"), (english, "en", "Checking sizes", "Done")]
        for browser, language, label, _ in readers:
            browser.open(location)
            assert browser.label(label)["language"] == language
        job.progress("2/2 UTF-8'en'Done UTF-8'de'Fertig")
        for browser, language, _, label in readers:
            assert browser.label(label)["language"] == language
    job.finish()


@pytest.mark.parametrize("route", ["/odata/", "/fhir/"])
def test_the_page_is_the_same_in_every_profile(
    gateway: Gateway, origin: Origin, browser: Browser, route: str
) -> None:
    job = origin.job(route)
    location = accepted(gateway, job)
    assert browser.open(location) == 202
    job.progress("3/10 (Copying a.txt)")
    browser.label("Copying a.txt")
    browser.click("#cancel")
    job.gone()
    ended = browser.until("Canceled")
    assert (ended["problem"], ended["complaints"]) == ("The operation was cancelled before it ended.", [])


def test_without_scripts_it_reloads_itself(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job)
    with Browser("noscript") as browser:
        browser.open(location)
        job.progress("1/2 (Half)")
        half = browser.label("Half")
        assert (half["now"], half["cancel"]) == ("50", False), "a button that could do nothing is not shown"
        job.finish()
        assert browser.until("Succeeded")["result"] is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(
    gateway: Gateway, origin: Origin, browser: Browser, scheme: str, tmp_path: Path
) -> None:
    job = origin.job()
    browser.open(accepted(gateway, job))
    report(job, "3/10", "Rendering " + "a-very-long-name" * 10)
    browser.label("Rendering")
    browser.screenshot(str(tmp_path / "page.png"), scheme, 320)
    scrolled, visible = browser.state()["width"]
    assert scrolled <= visible, "nothing sticks out"
    assert (tmp_path / "page.png").stat().st_size > 1_000
    job.finish()


class Markup(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_the_policy_leaves_nothing_open(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job)
    page = fetch(location, accept=PAGE)
    assert (page.status, page.fields["content-type"]) == (202, "text/html; charset=utf-8")
    policy = dict(part.strip().split(" ", 1) for part in page.fields["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert page.fields["x-content-type-options"] == "nosniff"
    assert page.fields["referrer-policy"] == "no-referrer"
    assert page.fields["cross-origin-resource-policy"] == "same-origin"
    assert page.fields["cache-control"] == "no-store"
    elements = Markup(page.body.decode()).elements
    assert not any(name.startswith("on") or name == "style" for _, named in elements for name in named)
    scripts = [named for tag, named in elements if tag == "script"]
    styles = [named["href"] for tag, named in elements if tag == "link"]
    assert [set(named) for named in scripts] == [{"src", "defer"}], "nothing inline"
    for path in [scripts[0]["src"], styles[0]]:
        assert path is not None
        assert location.rpartition("/")[2] not in path, "no id in it"
        kept = fetch(gateway.url + path)
        assert (kept.status, "immutable" in kept.fields["cache-control"]) == (200, True)
        assert kept.fields["x-content-type-options"] == "nosniff"
    job.finish()


def test_no_other_site_cancels(gateway: Gateway, origin: Origin) -> None:
    """S-18: what a page of another origin can send has these fields, whatever it does."""
    job = origin.job()
    location = accepted(gateway, job)
    for fields in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
    ):
        refused = curl("--http2")(Request(location, method="DELETE", fields=fields)).done()
        assert (refused.status, json.loads(refused.body)["status"]) == (403, 403)
    assert document(location)["status"] == "Running"
    job.finish()
