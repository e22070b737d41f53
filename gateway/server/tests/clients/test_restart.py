"""Operations outlive the gateway: kill -9, SIGTERM, and what is true afterwards (G-01, G-07)."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.client import Request
from harness.examples import PROGRAMS, example
from harness.gateway import binary, document, fetch, poll_until_finished
from harness.lasting import Lasting
from harness.origin import Job, Origin
from harness.process import stop
from harness.programs import curl

# More than is kept in a record: it lies in a file of its own.
LONG = bytes(range(256)) * 2048


@pytest.fixture
def lasting(origin: Origin, tmp_path: Path) -> Iterator[Lasting]:
    lasting = Lasting(tmp_path, {"scripted": origin.url("http1")})
    lasting.route("jobs", "scripted")
    lasting.route("again", "scripted", 'on-restart = "resend"')
    lasting.start()
    yield lasting
    lasting.end()


def begin(lasting: Lasting, job: Job, method: str = "POST", **fields: str) -> str:
    """A job that has been accepted with a 202 and runs at the origin."""
    answer = fetch(lasting.url + job.path, method, b"content", prefer="respond-async, wait=0", **fields)
    assert answer.status == 202, answer
    job.arrived()
    return answer.fields["location"]


def failure(location: str) -> str:
    told = document(location)
    assert (told["status"], told["done"]) == ("Failed", True), told
    code: str = told["error"]["code"]
    return code


def test_g_01_what_died_with_the_gateway_has_failed(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    assert document(location)["status"] == "Running"
    job.progress("1/2")
    lasting.wait_metric('upstream_events_total{kind="progress",route="jobs"} 1')
    etag = fetch(location).fields["etag"]
    lasting.killed_and_started()
    assert failure(location) == "Interrupted"
    assert fetch(location, if_none_match=etag).status == 200, "it is another state than any before"
    result = fetch(f"{location}/result")
    assert (result.status, json.loads(result.body)["type"].rpartition("/")[2]) == (502, "interrupted")
    first = document(location)
    lasting.killed_and_started()
    assert document(location) == first, "the end does not change any more"
    lasting.wait_metric('operations{state="failed"} 1')


def test_an_interruption_is_counted_once(lasting: Lasting, origin: Origin) -> None:
    begin(lasting, origin.job("/jobs/"))
    lasting.killed_and_started()
    lasting.wait_metric('operations_total{outcome="interrupted",route="jobs"} 1')


@pytest.mark.parametrize("body", [b"", b"short", LONG], ids=["empty", "short", "long"])
def test_g_01_a_result_is_byte_for_byte_the_same(lasting: Lasting, origin: Origin, body: bytes) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    job.finish(201, body, content_type="application/x-test", x_made="twice")
    told = poll_until_finished(location)
    before = fetch(f"{location}/result")
    lasting.killed_and_started()
    assert fetch(location).body == told.body
    after = fetch(f"{location}/result")
    assert (after.status, after.body, after.fields["x-made"]) == (201, body, "twice")
    assert (before.status, before.body) == (after.status, after.body)


def test_progress_is_remembered_and_a_deleted_operation_stays_deleted(
    lasting: Lasting, origin: Origin
) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    job.finish(200, b"done")
    poll_until_finished(location)
    assert fetch(location, "DELETE").status == 204
    lasting.killed_and_started()
    assert fetch(location).status == 410


def test_s_02_an_owner_is_an_owner_after_a_restart(lasting: Lasting, origin: Origin) -> None:
    location = begin(lasting, origin.job("/jobs/"), authorization="Bearer mine")
    unknown = location[:-4] + "0000"
    lasting.killed_and_started()
    assert fetch(location, authorization="Bearer mine").status == 200
    for fields in ({}, {"authorization": "Bearer yours"}):
        stranger, nobody = fetch(location, **fields), fetch(unknown, **fields)
        assert (stranger.status, stranger.body) == (404, nobody.body)


def test_who_finishes_by_callback_goes_on_after_kill_9(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    callback = job.arrived()["headers"]["progress-callback"]
    job.finish(202, b"", operation_completion="callback", progress="1/4")
    lasting.wait_entrusted(1)
    lasting.killed_and_started()
    told = document(location)
    assert told["status"] == "Running", told
    assert fetch(callback, "POST", progress="3/4").status == 204
    assert document(location)["progress"]["completed"] == 3
    assert fetch(f"{callback}/response", "PUT", LONG, content_type="image/x-test").status == 204
    assert document(location)["status"] == "Succeeded"
    lasting.killed_and_started()
    result = fetch(f"{location}/result")
    assert (result.status, result.body, result.fields["content-type"]) == (200, LONG, "image/x-test")
    assert fetch(callback, "POST", progress="4/4").status == 409


def test_cre_03_what_was_created_first_goes_on_after_kill_9(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/jobs/")
    client = curl("--http1.1")(Request(lasting.url + job.path, body=b"content"))
    callback = job.arrived()["headers"]["progress-callback"]
    job.finish(201, b"", location="/jobs/files/7", operation_completion="callback", progress="1/4")
    answer = client.done()
    assert (answer.status, answer.fields["location"]) == (201, "/jobs/files/7")
    # What its client was told of is on disk.
    lasting.killed_and_started()
    location = answer.fields["operation-location"]
    assert document(location)["status"] == "Running"
    assert fetch(f"{callback}/response", "PUT", b"made").status == 204
    assert document(location)["status"] == "Succeeded"


def test_it_can_be_cancelled_after_a_restart(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    callback = job.arrived()["headers"]["progress-callback"]
    job.finish(202, b"", operation_completion="callback")
    lasting.wait_entrusted(1)
    lasting.killed_and_started()
    assert fetch(location, "DELETE").status == 202
    assert json.loads(poll_until_finished(location).body)["status"] == "Canceled"
    assert fetch(callback, "POST", progress="4/4").status == 409


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_example_origin_finishes_across_kill_9(name: str, origin: Origin, tmp_path: Path) -> None:
    child, url = example(name)
    lasting = Lasting(tmp_path, {"example": url})
    lasting.route("jobs", "example")
    lasting.start()
    try:
        answer = fetch(f"{lasting.url}/jobs?steps=3&pause=0.5", "POST", b"{}", prefer="respond-async, wait=0")
        location = answer.fields["location"]
        lasting.wait_entrusted(1)
        lasting.killed_and_started()
        assert document(location)["status"] == "Running"
        told = json.loads(poll_until_finished(location).body)
        assert (told["status"], told["progress"]["completed"]) == ("Succeeded", 3), told
        result = fetch(f"{location}/result")
        assert (result.status, json.loads(result.body)) == (201, {"steps": 3})
    finally:
        lasting.end()
        with child:
            stop(child)


def test_an_idempotent_request_is_sent_again_where_the_route_says_so(
    lasting: Lasting, origin: Origin
) -> None:
    job = origin.job("/again/")
    location = begin(lasting, job, "PUT", x_kept="yes")
    first = job.arrived()
    lasting.kill()
    job.gone()
    again = job.next()
    lasting.start()
    second = again.arrived()
    assert document(location)["status"] == "Running"
    for same in ("method", "url", "sha256"):
        assert first[same] == second[same]
    assert second["headers"]["x-kept"] == "yes"
    assert first["headers"]["operation-id"] == second["headers"]["operation-id"]
    again.finish(200, b"twice asked")
    assert json.loads(poll_until_finished(location).body)["status"] == "Succeeded"
    assert fetch(f"{location}/result").body == b"twice asked"


def test_a_post_is_never_sent_again(lasting: Lasting, origin: Origin) -> None:
    location = begin(lasting, origin.job("/again/"), "POST")
    lasting.killed_and_started()
    assert failure(location) == "Interrupted"


def test_sigterm_interrupts_what_runs_and_keeps_what_is_called_back(
    lasting: Lasting, origin: Origin
) -> None:
    (running, entrusted) = (origin.job("/jobs/"), origin.job("/jobs/"))
    (first, second) = (begin(lasting, running), begin(lasting, entrusted))
    callback = entrusted.arrived()["headers"]["progress-callback"]
    entrusted.finish(202, b"", operation_completion="callback")
    lasting.wait_entrusted(1)
    assert lasting.stop() == 0
    lasting.start()
    assert failure(first) == "Interrupted"
    assert fetch(f"{callback}/response", "PUT", b"late").status == 204
    assert document(second)["status"] == "Succeeded"


def test_g_07_a_second_gateway_on_the_same_directory_says_so(lasting: Lasting) -> None:
    command = [str(binary()), "run", "--config", str(lasting.configuration)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert "is in use by another process" in second.stderr, second.stderr
