"""202, the status document and the recorded result, read by plain clients."""

import json
import re

import pytest

from harness.client import Request, Start
from harness.gateway import Gateway, document, fetch, poll_until_finished
from harness.libcurl import libcurl
from harness.origin import Job, Origin
from harness.programs import curl
from harness.scenarios import RESULT
from harness.transcript import Final

PROTOCOLS = [
    pytest.param(curl("--http1.1"), id="http1.1"),
    pytest.param(curl("--http2"), id="http2"),
    pytest.param(libcurl("h3"), id="http3"),
]


def accepted(gateway: Gateway, job: Job) -> Final:
    """The 202 of a request that asked for one at once."""
    answer = fetch(gateway.url + job.path, "POST", b"{}", prefer="respond-async, wait=0")
    assert answer.status == 202
    job.arrived()
    return answer


@pytest.mark.parametrize("start", PROTOCOLS)
def test_accepted_polled_and_fetched(start: Start, gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    client = start(Request(gateway.url + job.path, prefer="respond-async, wait=0", body=b"{}"))
    answer = client.done()
    assert (answer.status, client.transcript.interim) == (202, [])
    location = answer.fields["location"]
    assert answer.fields["operation-location"] == location
    assert answer.fields["content-location"] == location
    assert "respond-async" in answer.fields["preference-applied"]
    assert int(answer.fields["retry-after"]) >= 1
    assert json.loads(answer.body)["self"] == location
    job.finish(201, RESULT, content_type="application/pdf", x_origin="node")
    finished = poll_until_finished(location)
    assert (finished.status, json.loads(finished.body)["status"]) == (200, "Succeeded")
    result = start(Request(f"{location}/result")).done()
    assert (result.status, result.body) == (201, RESULT)
    assert (result.fields["content-type"], result.fields["x-origin"]) == ("application/pdf", "node")
    assert result.fields["status-uri"].startswith("201 ")


def test_an_answer_within_the_wait_is_just_sent(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    client = curl("--http1.1")(Request(gateway.url + job.path, prefer="respond-async, wait=15"))
    job.finish(200, b"in time\n")
    answer = client.done()
    assert (answer.status, answer.body) == (200, b"in time\n")


def test_the_wait_runs_out(gateway: Gateway, origin: Origin) -> None:
    """Opted in to both: heads while it waits, then a 202 with the same Location (LOC-02)."""
    job = origin.job()
    request = Request(gateway.url + job.path, prefer="processing, progress, respond-async, wait=1")
    client = curl("--http1.1")(request)
    location = client.transcript.wait_location()
    job.progress("1/3 (Rendering pages)")
    client.transcript.wait_progress("1/3 (Rendering pages)")
    answer = client.done()
    assert (answer.status, answer.fields["location"]) == (202, location)
    assert answer.fields["progress"] == "1/3 (Rendering pages)"
    job.finish()
    assert poll_until_finished(location).status == 200


def test_the_document_follows_the_operation(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job).fields["location"]
    # A long poll returns as soon as there is news.
    known = fetch(location).fields["etag"]
    reader = curl("--http1.1")(Request(location, prefer="wait=15", fields={"If-None-Match": known}))
    job.progress("3/10 (Copying a.txt)")
    changed = reader.done()
    told = json.loads(changed.body)
    assert changed.status == 202
    assert changed.fields["etag"] != known
    assert changed.fields["progress"].startswith("3/10")
    assert changed.fields["cache-control"] == "no-store"
    assert (told["status"], told["done"], told["percentComplete"]) == ("Running", False, 30.0)
    assert (told["progress"]["completed"], told["progress"]["total"]) == (3, 10)
    assert told["progress"]["message"] == "Copying a.txt"
    assert told["request"]["method"] == "POST"
    assert told["name"] == f"operations/{told['id']}"
    assert told["resourceLocation"] == f"{location}/result"
    job.finish(201, b"made\n", location="/reports/881")
    finished = json.loads(poll_until_finished(location).body)
    assert (finished["status"], finished["done"]) == ("Succeeded", True)
    assert finished["response"]["status"] == 201
    assert finished["response"]["contentLength"] == 5


def test_a_line_of_text_for_people(gateway: Gateway, origin: Origin) -> None:
    """SDM-13: what `curl -H 'Accept: text/plain'` shows."""
    job = origin.job()
    location = accepted(gateway, job).fields["location"]
    reader = curl("--http1.1")(Request(location, prefer="progress"))
    reader.transcript.wait_interim(1)
    job.progress("3/10 (Copying a.txt)")
    reader.transcript.wait_progress("3/10 (Copying a.txt)")
    line = fetch(location, accept="text/plain")
    assert (line.status, line.fields["content-type"].split(";")[0]) == (202, "text/plain")
    assert line.body == b"Running 3/10 Copying a.txt\n"
    job.finish()
    reader.done()
    assert re.fullmatch(rb"Succeeded 3/10 Copying a.txt\n", fetch(location, accept="text/plain").body)


def test_an_origin_that_fails(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job).fields["location"]
    job.finish(500, b"out of paper\n", content_type="text/plain")
    answer = poll_until_finished(location)
    told = json.loads(answer.body)
    assert (answer.status, told["status"], told["error"]["status"]) == (200, "Failed", 500)
    result = fetch(f"{location}/result")
    assert (result.status, result.body) == (500, b"out of paper\n"), "the origin's own words"


def test_cancel_then_forget(gateway: Gateway, origin: Origin) -> None:
    """DOC-10: DELETE cancels what runs, and the origin notices; DELETE again forgets it."""
    job = origin.job()
    location = accepted(gateway, job).fields["location"]
    canceled = fetch(location, "DELETE")
    assert (canceled.status, json.loads(canceled.body)["status"]) == (202, "Canceling")
    job.gone()
    finished = json.loads(poll_until_finished(location).body)
    assert (finished["status"], finished["done"]) == ("Canceled", True)
    assert fetch(location, "DELETE").status == 204
    assert fetch(location).status in (404, 410)


def test_a_waiting_client_learns_of_the_cancellation(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    client = curl("--http2")(Request(gateway.url + job.path, prefer="processing", body=b"{}"))
    location = client.transcript.wait_location()
    job.arrived()
    assert fetch(location, "DELETE").status == 202
    answer = client.done()
    assert (answer.status, answer.fields["content-type"]) == (409, "application/problem+json")


def test_methods_of_the_document(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job).fields["location"]
    read, head = fetch(location), fetch(location, "HEAD")
    assert (head.status, head.body) == (read.status, b"")
    assert head.fields["etag"] == read.fields["etag"]
    allowed = {method.strip() for method in fetch(location, "OPTIONS").fields["allow"].split(",")}
    assert allowed == {"GET", "HEAD", "DELETE", "OPTIONS"}
    refused = fetch(location, "PUT", b"x")
    assert (refused.status, refused.fields["content-type"]) == (405, "application/problem+json")
    job.finish()


def test_an_unknown_operation(gateway: Gateway) -> None:
    answer = fetch(f"{gateway.url}/.operations/{'A' * 22}")
    assert (answer.status, answer.fields["content-type"]) == (404, "application/problem+json")


def test_status_uris_cannot_be_guessed(gateway: Gateway, origin: Origin) -> None:
    jobs = [origin.job() for _ in range(5)]
    identifiers = {accepted(gateway, job).fields["location"].rpartition("/")[2] for job in jobs}
    assert len(identifiers) == len(jobs)
    # 128 bits are 22 characters of base 64.
    assert all(len(identifier) >= 22 for identifier in identifiers), identifiers
    for job in jobs:
        job.finish()


def test_the_document_is_the_same_on_every_listener(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job).fields["location"]
    assert location.startswith(gateway.url)
    there = document(location.replace(gateway.url, gateway.clear, 1))
    assert there["self"] == location
    job.finish()
