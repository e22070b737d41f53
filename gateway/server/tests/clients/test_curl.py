"""curl over HTTP/1.1 and HTTP/2, with and without TLS."""

import re

import pytest

from harness import scenarios
from harness.client import Request, Start
from harness.gateway import Gateway, fetch, poll_until_finished
from harness.origin import Origin
from harness.programs import Curl, curl

PROTOCOLS = [
    pytest.param(curl("--http1.1"), id="http1.1"),
    pytest.param(curl("--http2"), id="http2"),
]


@pytest.mark.parametrize("start", PROTOCOLS)
def test_progress(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.follows_progress(start, gateway, origin.job())


@pytest.mark.parametrize("start", PROTOCOLS)
def test_progress_from_an_h2c_origin(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.follows_progress(start, gateway, origin.job("/jobs-h2c/"))


@pytest.mark.parametrize("start", PROTOCOLS)
def test_two_locations(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.keeps_two_locations_apart(start, gateway, origin.job())


@pytest.mark.parametrize("start", PROTOCOLS)
def test_heartbeats(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.hears_heartbeats(start, gateway, origin.job())


@pytest.mark.parametrize("start", PROTOCOLS)
def test_not_opted_in(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.is_left_alone(start, gateway, origin.job(), origin.job())


@pytest.mark.parametrize("start", PROTOCOLS)
def test_held_status_document(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.reads_the_status_document(start, gateway, origin.job())


@pytest.mark.parametrize(
    ("options", "version"),
    [("--http1.1", "HTTP/1.1 102"), ("--http2", "HTTP/2 102")],
)
def test_the_verbose_transcript_shows_several_heads(
    options: str, version: str, gateway: Gateway, origin: Origin
) -> None:
    """What a person sees who types `curl -v`."""
    job = origin.job()
    # Both reports on the same pipe: the written heads for the test, the words for the person.
    client = Curl(Request(gateway.url + job.path, prefer="processing, progress"), "--verbose", options)
    client.transcript.wait_location()
    for step in ("1/2 (Collecting rows)", "2/2 (Rendering pages)"):
        job.progress(step)
        client.transcript.wait_progress(step)
    job.finish()
    assert client.done().body == b"done\n"
    assert len(re.findall(rf"^< {version}", client.said, re.MULTILINE)) >= 3
    assert re.search(r"^< progress: 2/2 \(Rendering pages\)", client.said, re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize(
    "options",
    [("--http1.1",), ("--http2-prior-knowledge",)],
    ids=["http1.1", "h2c"],
)
def test_the_cleartext_listener(options: tuple[str, ...], gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    client = curl(*options)(Request(gateway.clear + job.path, prefer="progress"))
    client.transcript.wait_location()
    job.progress("1/2 (Collecting rows)")
    client.transcript.wait_progress("1/2 (Collecting rows)")
    job.finish()
    assert client.done().body == b"done\n"


def test_processing_alone_gets_quoted_labels(gateway: Gateway, origin: Origin) -> None:
    """`progress` selects the comment form; `processing` alone gets the quoted one (PRG-11)."""
    job = origin.job()
    client = curl("--http1.1")(Request(gateway.url + job.path, prefer="processing"))
    client.transcript.wait_location()
    job.progress("1/2 (Collecting rows)")
    client.transcript.wait_progress('1/2 "Collecting rows"')
    job.finish()
    client.done()


def test_http10_gets_a_202_and_no_head(gateway: Gateway, origin: Origin) -> None:
    """V10-01 to V10-04: never a 1xx, though it asks for one; a 202 with all that polling needs."""
    job = origin.job()
    client = curl("--http1.0")(Request(gateway.url + job.path, prefer="processing, progress", body=b"{}"))
    job.arrived()
    job.progress("1/2 (Collecting rows)")
    final = client.done()
    assert (final.status, client.transcript.interim) == (202, [])
    location = final.fields["location"]
    assert location.startswith(f"{gateway.url}/.operations/"), "absolute, from the public URL"
    assert final.fields["connection"].lower() == "close"
    assert int(final.fields["content-length"]) == len(final.body)
    assert "transfer-encoding" not in final.fields
    assert int(final.fields["retry-after"]) >= 1
    job.finish(201, scenarios.RESULT)
    assert poll_until_finished(location).status == 200
    result = curl("--http1.0")(Request(f"{location}/result")).done()
    assert (result.status, result.body) == (201, scenarios.RESULT)


def test_http10_gets_a_quick_answer_as_it_is(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    client = curl("--http1.0")(Request(gateway.url + job.path))
    job.finish(200, b"quick\n")
    final = client.done()
    assert (final.status, final.body, client.transcript.interim) == (200, b"quick\n", [])


@pytest.mark.parametrize("start", PROTOCOLS)
@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_plain_route_passes_bodies_both_ways(start: Start, size: int, gateway: Gateway) -> None:
    body = (scenarios.RESULT * (size // len(scenarios.RESULT) + 1))[:size]
    final = start(Request(f"{gateway.url}/plain/echo", body=body)).done()
    assert (final.status, final.body == body, final.fields["x-method"]) == (200, True, "POST")


def test_early_hints_reach_http2_but_not_http1(gateway: Gateway, origin: Origin) -> None:
    """`relay-informational = "except-http1"`, the default (FWD-02), on a route without progress."""
    for options, statuses in (("--http2", [103, 200]), ("--http1.1", [200])):
        job = origin.job("/waiting/")
        client = curl(options)(Request(gateway.url + job.path))
        job.information(103, {"link": "</style.css>; rel=preload"})
        job.finish()
        client.done()
        assert [head.status for head in client.transcript.heads] == statuses, options


def test_the_origin_sees_who_asked_and_through_whom(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    request = Request(gateway.url + job.path, prefer="processing, respond-async, wait=15, handling=lenient")
    client = curl("--http1.1")(request)
    headers = job.arrived()["headers"]
    job.finish()
    client.done()
    # The other two are honoured here, so they are not asked of the origin (PRF-15).
    assert {token.strip() for token in headers["prefer"].split(",")} == {"processing", "handling=lenient"}
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert {"via", "forwarded", "x-forwarded-host"} <= headers.keys()


def test_no_route_is_a_problem_document(gateway: Gateway) -> None:
    answer = fetch(f"{gateway.url}/nowhere")
    assert answer.status == 404
    assert answer.fields["content-type"].startswith("application/problem+json")
