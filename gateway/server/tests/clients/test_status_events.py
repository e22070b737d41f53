"""The status document as a stream of server-sent events."""

import http.client
import json
import time
from urllib.parse import urlsplit

from harness.client import Request
from harness.events import EventSource, Following
from harness.gateway import Gateway, fetch, poll_until_finished
from harness.origin import Job, Origin
from harness.process import PATIENCE
from harness.programs import curl


def accepted(gateway: Gateway, job: Job, base: str | None = None) -> str:
    """The status URI of an operation that was accepted at once."""
    answer = fetch((base or gateway.url) + job.path, "POST", b"{}", prefer="respond-async, wait=0")
    assert answer.status == 202
    job.arrived()
    return answer.fields["location"]


def watchers(gateway: Gateway) -> int:
    """Streams that are open, by the metric."""
    text = fetch(f"{gateway.admin}/metrics").body.decode()
    series = 'progress_gateway_operation_watchers{via="events"} '
    return int(next(line for line in text.splitlines() if line.startswith(series)).removeprefix(series))


def test_events_come_as_they_happen(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    source = EventSource(accepted(gateway, job))
    fields = source.response.headers
    assert (source.response.status, fields["content-type"]) == (200, "text/event-stream")
    assert (fields["cache-control"], fields["content-length"]) == ("no-store", None)
    first = source.next()
    assert first is not None
    assert (first.name, first.id, first.data["status"]) == ("progress", "0", "Running")
    assert watchers(gateway) == 1
    for step in range(1, 4):
        job.progress(f"{step}/3 (Step {step})")
        event = source.next()
        assert event is not None
        assert (event.name, event.id) == ("progress", str(step))
        assert event.data["progress"]["message"] == f"Step {step}"
    job.finish(201, b"made\n")
    assert [(event.name, event.id) for event in source.rest()] == [("progress", "4"), ("done", "4")]


def test_a_lost_connection_is_resumed(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job)
    source = EventSource(location)
    first = source.next()
    assert first is not None
    source.close()
    job.progress("1/2 (Meanwhile)")
    again = EventSource(location, first.id)
    news = again.next()
    assert news is not None
    assert (news.id, news.data["progress"]["message"]) == ("1", "Meanwhile")
    job.finish()
    last = again.rest()[-1]
    assert (last.name, last.data["done"]) == ("done", True)
    late = EventSource(location, news.id).rest()
    assert [event.name for event in late] == ["progress", "done"], "the end that it has missed"
    over = EventSource(location, last.id)
    assert (over.response.status, over.rest()) == (204, []), "it need not come back"


def test_silence_is_filled(gateway: Gateway, origin: Origin) -> None:
    """A comment each heartbeat-interval, so that nothing between takes the connection for dead."""
    job = origin.job()
    source = EventSource(accepted(gateway, job))
    source.next()
    assert source.response.readline() == b":\n"
    job.finish()
    assert source.rest()[-1].name == "done"


def test_over_http10_the_stream_ends_by_close(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job)
    parts = urlsplit(location.replace(gateway.url, gateway.clear, 1))
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]
    connection.request("GET", parts.path, headers={"Accept": "text/event-stream"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["transfer-encoding"]) == (200, None)
    job.finish()
    assert b"event: done\n" in answer.read()
    connection.close()


def test_who_reads_slowly_holds_nobody_up(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    location = accepted(gateway, job)
    slow = EventSource(location)
    for step in range(1, 201):
        job.progress(f"{step}/200 (Step {step} {'x' * 150})")
    job.finish()
    assert poll_until_finished(location).status == 200
    events = slow.rest()
    assert events[-1].name == "done"
    assert len(events) < 200, "the latest wins"


def test_all_who_follow_agree(gateway: Gateway, origin: Origin) -> None:
    """Streams, long polls, curl and plain polling of one operation, all at once."""
    job = origin.job()
    location = accepted(gateway, job)
    streams = [Following(location) for _ in range(3)]
    held = curl("--http2")(Request(location, prefer="processing"))
    held.transcript.wait_interim(1)
    seen: dict[int, object] = {}
    for step in range(1, 6):
        job.progress(f"{step}/5 (Step {step})")
        told = json.loads(fetch(location).body)
        seen[told["progress"]["sequence"]] = told["progress"]
        time.sleep(0.12)  # More than the least distance of two events.
    job.finish(201, b"made\n", location="/reports/1")
    finished = json.loads(poll_until_finished(location).body)
    assert json.loads(held.done().body)["status"] == finished["status"] == "Succeeded"
    for stream in streams:
        stream.join(PATIENCE)
        ids = [int(event.id) for event in stream.events]
        assert ids == sorted(ids)
        assert (stream.events[-1].name, stream.events[-1].data) == ("done", finished)
        told_by_id = {int(event.id): event.data.get("progress") for event in stream.events}
        for sequence in told_by_id.keys() & seen.keys():
            assert told_by_id[sequence] == seen[sequence]
        assert len(told_by_id.keys() & seen.keys()) >= 2


def test_who_leaves_is_forgotten(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    source = EventSource(accepted(gateway, job))
    source.next()
    source.close()
    deadline = time.monotonic() + PATIENCE
    while watchers(gateway) > 0:
        assert time.monotonic() < deadline, "a watcher that left is still counted"
        time.sleep(0.05)
    job.finish()
