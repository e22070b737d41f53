"""Origins that report and finish by callback: the two examples, and every answer that a callback can get."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.client import Request
from harness.examples import PROGRAMS, example
from harness.gateway import document, fetch, poll_until_finished, serve
from harness.origin import Job, Origin
from harness.process import free_port, stop
from harness.programs import curl
from harness.transcript import Final

_CONFIGURATION = """\
public-url = "http://127.0.0.1:{clear}"
[[listeners]]
address = "127.0.0.1:{clear}"
[admin]
address = "127.0.0.1:{admin}"
[callback]
address = "127.0.0.1:{callback}"
url = "http://127.0.0.1:{callback}/inside/"
[store]
kind = "memory"
"""

_ROUTE = """\
[[upstreams]]
name = "{name}"
servers = ["{server}"]
[[routes]]
name = "{name}"
match = {{ path = "/{name}" }}
upstream = "{name}"
[routes.progress]
interim-after = "30ms"
minimum-interval = "20ms"
maximum-result = "64KiB"
"""

_MORE = """\
[[routes]]
name = "stalling"
match = { path = "/stalling" }
upstream = "scripted"
[routes.progress]
interim-after = "30ms"
minimum-interval = "400ms"
stall-timeout = "1s"
[[routes]]
name = "plain"
match = { path = "/unfollowed" }
upstream = "scripted"
"""


@dataclass(frozen=True)
class Desk:
    """A gateway with a callback listener, and the origins behind it."""

    url: str
    origin: Origin

    def begin(self, route: str = "/scripted/", **fields: str) -> "Held":
        """A request that has been accepted with a 202 and has arrived at the origin."""
        job = self.origin.job(route)
        answer = fetch(self.url + job.path, "POST", b"{}", prefer="respond-async, wait=0", **fields)
        assert answer.status == 202, answer
        return Held(job, answer.fields["location"], callback_of(job))


@dataclass(frozen=True)
class Held:
    job: Job
    location: str
    callback: str

    def defer(self) -> None:
        """The origin ends the exchange, not the operation."""
        self.job.finish(202, b"", operation_completion="callback")

    def post(self, body: bytes = b"", **fields: str) -> Final:
        return fetch(self.callback, "POST", body, **fields)

    def put(self, body: bytes, **fields: str) -> Final:
        return fetch(f"{self.callback}/response", "PUT", body, **fields)


def callback_of(job: Job) -> str:
    url: str = job.arrived()["headers"]["progress-callback"]
    return url


@pytest.fixture(scope="module")
def desk(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    children = []
    servers = {"scripted": origin.url("http1"), "h2c": origin.url("h2c").replace("http:", "h2c:")}
    for name in PROGRAMS:
        child, servers[name] = example(name)
        children.append(child)
    ports = {name: free_port() for name in ("clear", "admin", "callback")}
    text = _CONFIGURATION.format(**ports)
    text += "".join(_ROUTE.format(name=name, server=server) for name, server in servers.items()) + _MORE
    directory: Path = tmp_path_factory.mktemp("callbacks")
    configuration = directory / "gateway.toml"
    configuration.write_text(text)
    children.append(serve(configuration, f"http://127.0.0.1:{ports['admin']}"))
    yield Desk(f"http://127.0.0.1:{ports['clear']}", origin)
    codes = []
    for child in children:
        with child:
            codes.append(stop(child))
    assert codes[-1] == 0, (directory / "gateway.log").read_text()


def problem(answer: Final) -> tuple[int, str]:
    assert answer.fields["content-type"] == "application/problem+json", answer
    told: dict[str, Any] = json.loads(answer.body)
    assert told["status"] == answer.status
    return answer.status, told["type"].rpartition("/")[2]


# --- the examples ---


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_reports_and_finishes(name: str, desk: Desk) -> None:
    request = Request(f"{desk.url}/{name}/job?steps=3&pause=0.4", prefer="progress", body=b"{}")
    client = curl("--http1.1")(request)
    location = client.transcript.wait_location()
    client.transcript.wait_progress("1/3 (step 2)")
    told = document(location)
    assert (told["status"], told["progress"]["unit"]) == ("Running", "steps")
    answer = client.done()
    assert (answer.status, json.loads(answer.body)) == (201, {"steps": 3})
    assert (answer.fields["location"], answer.fields["content-type"]) == ("/results/1", "application/json")
    assert answer.fields["progress"] == "3/3 (done)"
    assert "operation-completion" not in answer.fields
    told = document(location)
    assert (told["status"], told["percentComplete"], told["response"]["status"]) == ("Succeeded", 100, 201)
    result = fetch(f"{location}/result")
    assert (result.status, result.body, result.fields["location"]) == (201, answer.body, "/results/1")


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_finishes_for_who_asked_for_nothing(name: str, desk: Desk) -> None:
    answer = fetch(f"{desk.url}/{name}/job?steps=1&pause=0.1", "POST", b"{}")
    assert (answer.status, json.loads(answer.body)) == (201, {"steps": 1})
    assert not {"link", "progress", "progress-callback", "operation-id"} & set(answer.fields)


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_finishes_an_accepted_job(name: str, desk: Desk) -> None:
    target = f"{desk.url}/{name}/job?steps=2&pause=0.1"
    answer = fetch(target, "POST", b"{}", prefer="respond-async, wait=0")
    assert answer.status == 202
    location = answer.fields["location"]
    assert poll_until_finished(location).status == 200
    assert fetch(f"{location}/result").status == 201


# --- what a request carries ---


def test_a_request_names_its_operation_and_no_client_can(desk: Desk) -> None:
    held = desk.begin(operation_id="00" * 16, progress_callback="http://evil.example/")
    fields = held.job.arrived()["headers"]
    assert held.location.endswith(fields["operation-id"])
    base, _, token = held.callback.rpartition("/")
    assert base.endswith("/inside") and len(token) == 75 and "?" not in token
    assert fields["operation-id"] not in token


def test_plain_routes_carry_nothing(desk: Desk) -> None:
    job = desk.origin.job("/unfollowed/")
    client = curl("--http1.1")(Request(desk.url + job.path, body=b"{}"))
    assert not {"operation-id", "progress-callback"} & set(job.arrived()["headers"])
    # Nobody has been told where to call: a 202 is a 202.
    job.finish(202, b"as it is", operation_completion="callback")
    assert (client.done().status, client.transcript.final.fields.get("operation-completion")) == (202, None)


def test_a_202_of_an_origin_that_does_not_call_back_is_final(desk: Desk) -> None:
    job = desk.origin.job("/scripted/")
    client = curl("--http1.1")(Request(desk.url + job.path, prefer="processing", body=b"{}"))
    client.transcript.wait_location()
    job.finish(202, b"as it is")
    answer = client.done()
    assert (answer.status, answer.body) == (202, b"as it is")


# --- reports ---


def test_a_report_before_the_operation_is_registered(desk: Desk) -> None:
    job = desk.origin.job("/scripted/")
    client = curl("--http1.1")(Request(desk.url + job.path, body=b"{}"))
    callback = callback_of(job)
    assert fetch(callback, "POST", b"", progress="1/2").status == 204
    answer = fetch(f"{callback}/response", "PUT", b"by call", content_type="text/plain")
    assert answer.status == 204
    final = client.done()
    assert (final.status, final.body, final.fields["content-type"]) == (200, b"by call", "text/plain")


def test_reports_by_field_and_by_json(desk: Desk) -> None:
    held = desk.begin()
    assert held.post(progress="3/10 (copying)").status == 204
    assert document(held.location)["progress"]["completed"] == 3
    body = {"completed": 5, "total": 10, "unit": "files", "message": "Größe", "language": "de"}
    assert held.post(json.dumps(body).encode()).status == 204
    told = document(held.location)["progress"]
    assert {name: told[name] for name in body} == body
    # The field wins; a step back is corrected as one in a 102 is.
    assert held.post(b"not json", progress="4/10 (again)").status == 204
    told = document(held.location)["progress"]
    assert (told["completed"], told["message"]) == (5, "again")
    held.job.finish()


def test_reports_that_are_refused(desk: Desk) -> None:
    held = desk.begin()
    assert problem(held.post(progress="half way")) == (422, "bad-report")
    for body in (b"{", b"[]", b'{"completed":-1}', b'{"completed":1,"language":"no tag","message":"x"}'):
        assert problem(held.post(body)) == (422, "bad-report")
    assert problem(held.post(b" " * 8193)) == (413, "callback-too-large")
    assert held.post(b'{"completed":1}' + b" " * (8192 - 15)).status == 204
    for method, part, allowed in [("GET", "", "POST"), ("PUT", "", "POST"), ("POST", "/response", "PUT")]:
        answer = fetch(held.callback + part, method)
        assert (problem(answer), answer.fields["allow"]) == ((405, "method-not-allowed"), allowed)
    held.job.finish()


def test_s_11_who_has_no_token_learns_nothing(desk: Desk) -> None:
    held = desk.begin()
    base, _, token = held.callback.rpartition("/")
    other = "A" if token[0] != "A" else "B"
    wrong = [other + token[1:], token[:-2], "x", "", f"{token}/result", f"{token}?x", f"x/{token}"]
    answers = [fetch(f"{base}/{name}", "POST", b"", progress="1/2") for name in wrong]
    answers += [fetch(f"{base}/{name}", "GET") for name in wrong]
    assert {(answer.status, answer.body) for answer in answers} == {(404, answers[0].body)}
    assert problem(answers[0]) == (404, "unknown-callback")
    held.job.finish()


def test_s_13_ten_reports_a_second(desk: Desk) -> None:
    held = desk.begin()
    answers = [held.post(progress=f"{number}/100") for number in range(40)]
    refused = [answer for answer in answers if answer.status != 204]
    assert refused and all(problem(answer) == (429, "too-many-callbacks") for answer in refused)
    assert refused[0].fields["retry-after"] == "1"
    assert len(answers) - len(refused) >= 10
    # Reports do not keep the response out.
    assert held.put(b"done").status == 204


# --- responses ---


@pytest.mark.parametrize("route", ["/scripted/", "/h2c/"])
def test_a_whole_message(route: str, desk: Desk) -> None:
    held = desk.begin(route)
    held.defer()
    message = (
        b"HTTP/1.1 404 Not Found\r\nX-Origin: a\r\nSet-Cookie: a=b\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nnot\r\n5\r\n here\r\n0\r\n\r\n"
    )
    assert held.put(message, content_type="message/http; msgtype=response").status == 204
    told = document(held.location)
    assert (told["status"], told["response"]["status"]) == ("Failed", 404)
    result = fetch(f"{held.location}/result")
    assert (result.status, result.body, result.fields["x-origin"]) == (404, b"not here", "a")
    assert "set-cookie" not in result.fields
    # S-12: the outcome stands.
    assert problem(held.put(b"again")) == (409, "operation-over")
    assert problem(held.post(progress="1/2")) == (409, "operation-over")


def test_responses_that_are_refused_leave_the_operation_running(desk: Desk) -> None:
    held = desk.begin()
    held.defer()
    for message in (b"hello", b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"):
        assert problem(held.put(message, content_type="message/http")) == (422, "bad-message")
    assert problem(held.put(b" " * (65_536 + 1))) == (413, "callback-too-large")
    assert problem(held.put(b"x", content_range="bytes 0-0/2")) == (415, "unsuited-content")
    assert document(held.location)["status"] == "Running"
    whole = bytes(range(256)) * 256
    assert held.put(whole, content_type="image/x-test", content_language="de").status == 204
    result = fetch(f"{held.location}/result")
    assert (result.status, result.body) == (200, whole)
    assert (result.fields["content-type"], result.fields["content-language"]) == ("image/x-test", "de")


def test_a_canceled_operation_takes_nothing(desk: Desk) -> None:
    held = desk.begin()
    held.defer()
    assert fetch(held.location, "DELETE").status in (200, 202)
    poll_until_finished(held.location)
    assert document(held.location)["status"] == "Canceled"
    assert problem(held.post(progress="1/2")) == (409, "canceled")
    assert problem(held.put(b"done")) == (409, "canceled")


def test_who_calls_is_not_silent(desk: Desk) -> None:
    """Signs of life hold `stall-timeout` off, with no connection open; then it holds."""
    job = desk.origin.job("/stalling/")
    client = curl("--http1.1")(Request(desk.url + job.path, prefer="progress", body=b"{}"))
    location = client.transcript.wait_location()
    callback = callback_of(job)
    job.finish(202, b"see you", operation_completion="callback", progress="1/9")
    client.transcript.wait_progress("1/9")
    began = time.monotonic()
    for step in range(2, 8):
        assert fetch(callback, "POST", b"", progress=f"{step}/9").status == 204
        # The route's interval paces this test.
        client.transcript.wait_progress(f"{step}/9")
    assert time.monotonic() - began > 1.5
    answer = client.done()
    assert (answer.status, document(location)["error"]["code"]) == (504, "Stalled")
    assert problem(fetch(callback, "POST")) == (409, "operation-over")
