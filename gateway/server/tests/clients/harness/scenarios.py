"""What every client that can be told must be told, whatever its wire."""

import re

from harness.client import Request, Start
from harness.gateway import Gateway, document, fetch, poll_until_finished
from harness.origin import Job
from harness.transcript import Final, Transcript

# Bytes that no text conversion leaves alone, and enough of them for several frames.
RESULT = bytes(range(256)) * 1024


def follows_progress(start: Start, gateway: Gateway, job: Job) -> None:
    """Opted in: each piece of news arrives before the next is made, then the answer (LOC-01, LOC-08)."""
    request = Request(gateway.url + job.path, prefer="processing, progress", body=b"{}")
    client = start(request)
    job.arrived()
    location = client.transcript.wait_location()
    for step in ("0/3 (Collecting rows)", "1/3 (Rendering pages)", "3/3 (Storing the PDF)"):
        job.progress(step)
        client.transcript.wait_progress(step)
    job.finish(201, RESULT, content_type="application/pdf")
    final = client.done()
    _is_the_answer(final, location)
    assert final.fields["progress"] == "3/3 (Storing the PDF)"
    _are_good_heads(client.transcript, location)


def _is_the_answer(final: Final, location: str) -> None:
    assert (final.status, final.body) == (201, RESULT)
    assert final.fields["content-type"] == "application/pdf"
    link = rf'<{re.escape(location)}>\s*;\s*rel="?status"?'
    assert re.search(link, final.fields["link"]), final.fields["link"]


def _are_good_heads(transcript: Transcript, location: str) -> None:
    first, *later = transcript.interim
    assert first.fields["location"] == location
    applied = {token.strip() for token in first.fields["preference-applied"].split(",")}
    assert applied == {"processing", "progress"}
    assert {head.status for head in transcript.interim} == {102}
    assert not any("location" in head.fields for head in later), "only the first head has the Location"
    assert not any("content-length" in head.fields for head in transcript.interim)
    completed = [int(head.progress.split("/")[0]) for head in transcript.interim if head.progress]
    assert completed == sorted(completed), "progress never goes back"


def keeps_two_locations_apart(start: Start, gateway: Gateway, job: Job) -> None:
    """The 102's Location is the status URI, the 201's is the origin's and is left alone (LOC-05)."""
    client = start(Request(gateway.url + job.path, prefer="processing", body=b"{}"))
    location = client.transcript.wait_location()
    job.finish(201, b"made\n", location="/reports/881")
    final = client.done()
    assert (final.status, final.fields["location"]) == (201, "/reports/881")
    assert poll_until_finished(location).fields["status-uri"].startswith("201 ")


def hears_heartbeats(start: Start, gateway: Gateway, job: Job) -> None:
    """A silent origin: bare heads as a sign of life, then the answer (INT-09)."""
    client = start(Request(gateway.url + job.path, prefer="processing"))
    job.arrived()
    client.transcript.wait_interim(3)
    job.finish(200, RESULT)
    final = client.done()
    assert (final.status, final.body) == (200, RESULT)
    first, *beats = client.transcript.interim
    assert "location" in first.fields
    assert all(not beat.fields for beat in beats), f"a heartbeat is bare: {beats}"


def is_left_alone(start: Start, gateway: Gateway, job: Job, neighbour: Job) -> None:
    """Not opted in: not one head, however long it takes; the answer is the origin's."""
    client = start(Request(gateway.url + job.path, body=b"{}"))
    job.arrived()
    job.progress("1/2 (Collecting rows)")
    # Time is told by a neighbour who did opt in, and whose request came later.
    clock = start(Request(gateway.url + neighbour.path, prefer="processing"))
    clock.transcript.wait_interim(2)
    assert client.transcript.heads == []
    job.finish(200, RESULT)
    final = client.done()
    assert (final.status, final.body, client.transcript.interim) == (200, RESULT, [])
    assert "link" not in final.fields, "nothing was registered, so there is nothing to point at"
    neighbour.finish()
    clock.done()


def returns_after_leaving(start: Start, gateway: Gateway, job: Job) -> None:
    """Goes away once it has the status URI; the operation goes on and its result is there (DOC-09)."""
    client = start(Request(gateway.url + job.path, prefer="processing", body=b"{}"))
    location = client.transcript.wait_location()
    job.arrived()
    client.leave()
    running = document(location)
    assert (running["status"], running["done"]) == ("Running", False)
    job.progress("2/3 (Rendering pages)")
    job.finish(201, RESULT, content_type="application/pdf")
    finished = poll_until_finished(location)
    assert finished.status == 200
    assert finished.fields["status-uri"].startswith("201 ")
    result = fetch(f"{location}/result")
    assert (result.status, result.body) == (201, RESULT)
    assert result.fields["content-type"] == "application/pdf"


def reads_the_status_document(start: Start, gateway: Gateway, job: Job) -> None:
    """A held GET of the status document tells news as the exchange itself would (DOC-06)."""
    owner = start(Request(gateway.url + job.path, prefer="processing", body=b"{}"))
    location = owner.transcript.wait_location()
    reader = start(Request(location, prefer="processing, progress"))
    reader.transcript.wait_interim(1)  # At once, with whatever is known.
    for step in ("1/2 (Collecting rows)", "2/2 (Rendering pages)"):
        job.progress(step)
        reader.transcript.wait_progress(step)
    job.finish(200, RESULT)
    final = reader.done()
    assert final.status == 200
    assert final.fields["status-uri"].startswith("200 ")
    assert owner.done().body == RESULT
