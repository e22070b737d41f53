"""Clients that go away, and come back by the status URI."""

import pytest

from harness import scenarios
from harness.client import Request, Start
from harness.gateway import Gateway, fetch, poll_until_finished
from harness.libcurl import libcurl
from harness.origin import Origin
from harness.programs import Curl, Nghttp, curl, node

CLIENTS = [
    pytest.param(curl("--http1.1"), id="curl-http1.1"),
    pytest.param(curl("--http2"), id="curl-http2"),
    pytest.param(Nghttp, id="nghttp"),
    pytest.param(node("http"), id="node-http"),
    pytest.param(node("http2"), id="node-http2"),
    pytest.param(libcurl("http/1.1"), id="libcurl-http1.1"),
    pytest.param(libcurl("h2"), id="libcurl-h2"),
    pytest.param(libcurl("h3"), id="libcurl-h3"),
]


@pytest.mark.parametrize("start", CLIENTS)
def test_the_result_waits_for_a_client_that_left(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.returns_after_leaving(start, gateway, origin.job())


@pytest.mark.parametrize("start", CLIENTS)
def test_without_a_location_leaving_cancels(start: Start, gateway: Gateway, origin: Origin) -> None:
    """Nobody can come back for the answer, so the origin need not go on."""
    job = origin.job()
    client = start(Request(gateway.url + job.path))
    job.arrived()
    client.leave()
    job.gone()


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_a_client_whose_patience_ends(protocol: str, gateway: Gateway, origin: Origin) -> None:
    """`curl --max-time`: exit code 28, and the operation goes on."""
    job = origin.job()
    client = Curl(Request(gateway.url + job.path, prefer="processing"), protocol, "--max-time", "2")
    location = client.transcript.wait_location()
    timed_out = 28
    assert client.exit_code() == timed_out
    job.finish(200, b"late but here\n")
    assert poll_until_finished(location).status == 200
    assert fetch(f"{location}/result").body == b"late but here\n"
