"""An Idempotency-Key is known after kill -9 as before: the origin is asked once (IDK-02 to IDK-04)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.gateway import document, fetch, poll_until_finished
from harness.lasting import Lasting
from harness.origin import Job, Origin
from harness.transcript import Final

KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'

# More than is kept in a record: it lies in a file of its own.
LONG = bytes(range(256)) * 2048

ASYNC = "respond-async, wait=0"


@pytest.fixture
def lasting(origin: Origin, tmp_path: Path) -> Iterator[Lasting]:
    lasting = Lasting(tmp_path, {"scripted": origin.url("http1")})
    lasting.route("jobs", "scripted", "idempotency = true")
    lasting.route("again", "scripted", 'on-restart = "resend"\nidempotency = true')
    lasting.start()
    yield lasting
    lasting.end()


def ask(lasting: Lasting, job: Job, body: bytes = b"content", method: str = "POST", **fields: str) -> Final:
    return fetch(lasting.url + job.path, method, body, idempotency_key=KEY, **fields)


def begin(lasting: Lasting, job: Job, method: str = "POST") -> str:
    """A request that runs at the origin, and whose content the store knows."""
    answer = ask(lasting, job, method=method, prefer=ASYNC)
    assert answer.status == 202, answer
    job.arrived()
    lasting.wait_entrusted(1)
    return answer.fields["location"]


def problem(answer: Final) -> tuple[int, str]:
    assert answer.fields["content-type"] == "application/problem+json", answer
    return answer.status, json.loads(answer.body)["type"].rpartition("/")[2]


def asked_no_origin(lasting: Lasting) -> None:
    """In the life of this gateway, no request has gone out."""
    told = fetch(f"{lasting.admin}/metrics").body.decode().splitlines()
    sent = [line for line in told if line.startswith("progress_gateway_upstream_requests_total{")]
    assert sent and all(line.endswith(" 0") for line in sent), sent


@pytest.mark.parametrize("body", [b"", b"short", LONG], ids=["empty", "short", "long"])
def test_idk_03_a_recorded_response_is_replayed_after_kill_9(
    lasting: Lasting, origin: Origin, body: bytes
) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    job.finish(201, body, content_type="application/x-test", location="/made/1")
    poll_until_finished(location)
    lasting.killed_and_started()
    for prefer in ("", "processing", ASYNC):
        again = ask(lasting, job, prefer=prefer)
        assert (again.status, again.body) == (201, body)
        assert (again.fields["content-type"], again.fields["location"]) == ("application/x-test", "/made/1")
        assert again.fields["link"] == f'<{location}>; rel="status"'
    assert problem(ask(lasting, job, b"another")) == (422, "idempotency-key-reused")
    asked_no_origin(lasting)


def test_idk_03_what_was_interrupted_is_not_asked_for_again(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/jobs/")
    begin(lasting, job)
    lasting.killed_and_started()
    for _ in range(2):
        assert problem(ask(lasting, job)) == (502, "interrupted")
    assert problem(ask(lasting, job, b"another")) == (422, "idempotency-key-reused")
    asked_no_origin(lasting)


def test_idk_03_a_repetition_follows_what_goes_on_after_kill_9(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    callback = job.arrived()["headers"]["progress-callback"]
    job.finish(202, b"", operation_completion="callback")
    lasting.wait_entrusted(2)
    lasting.killed_and_started()
    again = ask(lasting, job, prefer=ASYNC)
    assert (again.status, again.fields["location"]) == (202, location)
    assert problem(ask(lasting, job)) == (409, "idempotency-key-in-use")
    assert problem(ask(lasting, job, b"another")) == (422, "idempotency-key-reused")
    assert fetch(f"{callback}/response", "PUT", b"by call").status == 204
    assert ask(lasting, job).body == b"by call"
    asked_no_origin(lasting)


def test_idk_03_what_is_sent_again_is_sent_by_the_gateway_alone(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/again/")
    answer = ask(lasting, job, method="PUT", prefer=ASYNC)
    location = answer.fields["location"]
    job.arrived()
    # The fingerprint, and then the request.
    lasting.wait_entrusted(2)
    lasting.kill()
    job.gone()
    resent = job.next()
    lasting.start()
    assert resent.arrived()["headers"]["idempotency-key"] == KEY
    again = ask(lasting, job, method="PUT", prefer=ASYNC)
    assert (again.status, again.fields["location"]) == (202, location)
    resent.finish(200, b"once more")
    poll_until_finished(location)
    assert ask(lasting, job, method="PUT").body == b"once more"
    lasting.wait_metric('upstream_requests_total{result="2xx",upstream="scripted"} 1')


def test_idk_04_a_key_goes_with_its_operation(lasting: Lasting, origin: Origin) -> None:
    job = origin.job("/jobs/")
    location = begin(lasting, job)
    job.finish(200, b"first")
    poll_until_finished(location)
    assert fetch(location, "DELETE").status == 204
    lasting.killed_and_started()
    anew = ask(lasting, job, prefer=ASYNC)
    assert anew.status == 202 and anew.fields["location"] != location
    job.next().finish(200, b"second")
    assert document(anew.fields["location"])["id"] != location.rpartition("/")[2]
    poll_until_finished(anew.fields["location"])
    assert ask(lasting, job).body == b"second"
