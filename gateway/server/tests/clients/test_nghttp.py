"""nghttp, which shows the frames: interim heads are HEADERS without END_STREAM."""

import re

from harness import scenarios
from harness.client import Request
from harness.gateway import Gateway
from harness.origin import Origin
from harness.programs import Nghttp


def test_progress(gateway: Gateway, origin: Origin) -> None:
    scenarios.follows_progress(Nghttp, gateway, origin.job())


def test_two_locations(gateway: Gateway, origin: Origin) -> None:
    scenarios.keeps_two_locations_apart(Nghttp, gateway, origin.job())


def test_heartbeats(gateway: Gateway, origin: Origin) -> None:
    scenarios.hears_heartbeats(Nghttp, gateway, origin.job())


def test_not_opted_in(gateway: Gateway, origin: Origin) -> None:
    scenarios.is_left_alone(Nghttp, gateway, origin.job(), origin.job())


def test_interim_heads_do_not_end_the_stream(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    client = Nghttp(Request(gateway.url + job.path, prefer="processing, progress"))
    client.transcript.wait_location()
    for step in ("1/2 (Collecting rows)", "2/2 (Rendering pages)"):
        job.progress(step)
        client.transcript.wait_progress(step)
    job.finish()
    assert client.done().body == b"done\n"
    frames = re.findall(r"recv HEADERS frame <length=\d+, flags=0x(\d\d), stream_id=(\d+)>", client.said)
    assert len(frames) >= 4
    flags, streams = zip(*frames, strict=True)
    assert len(set(streams)) == 1, "every head is on the request's stream"
    end_stream = 0x1
    assert not any(int(flag, 16) & end_stream for flag in flags[:-1])
    assert "RST_STREAM" not in client.said
