"""libcurl by way of pycurl over HTTP/1.1, HTTP/2 and HTTP/3."""

import pytest

from harness import scenarios
from harness.client import Request, Start
from harness.gateway import Gateway
from harness.libcurl import libcurl
from harness.origin import Origin

PROTOCOLS = [pytest.param(libcurl(version), id=version) for version in ("http/1.1", "h2", "h3")]
HTTP3 = libcurl("h3")


@pytest.mark.parametrize("start", PROTOCOLS)
def test_progress(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.follows_progress(start, gateway, origin.job())


@pytest.mark.parametrize("start", PROTOCOLS)
def test_heartbeats(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.hears_heartbeats(start, gateway, origin.job())


@pytest.mark.parametrize("start", PROTOCOLS)
def test_not_opted_in(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.is_left_alone(start, gateway, origin.job(), origin.job())


@pytest.mark.parametrize("start", PROTOCOLS)
def test_held_status_document(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.reads_the_status_document(start, gateway, origin.job())


def test_progress_from_an_h2c_origin_over_http3(gateway: Gateway, origin: Origin) -> None:
    scenarios.follows_progress(HTTP3, gateway, origin.job("/jobs-h2c/"))


def test_early_hints_reach_http3(gateway: Gateway, origin: Origin) -> None:
    job = origin.job("/waiting/")
    client = HTTP3(Request(gateway.url + job.path))
    job.information(103, {"link": "</style.css>; rel=preload"})
    job.finish()
    client.done()
    assert [head.status for head in client.transcript.heads] == [103, 200]


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_a_plain_route_passes_bodies_both_ways_over_http3(size: int, gateway: Gateway) -> None:
    body = (scenarios.RESULT * (size // len(scenarios.RESULT) + 1))[:size]
    final = HTTP3(Request(f"{gateway.url}/plain/echo", body=body)).done()
    assert (final.status, final.body == body, final.fields["x-method"]) == (200, True, "POST")


def test_many_requests_in_turn_over_http3(gateway: Gateway) -> None:
    """A stream that ended badly on the gateway's side would fail a later transfer (error 18 or 56)."""
    for number in range(20):
        body = f"request {number}".encode()
        assert HTTP3(Request(f"{gateway.url}/plain/echo", body=body)).done().body == body
