"""Node's `http` (`information` events) and `http2` (`headers` events)."""

import pytest

from harness import scenarios
from harness.client import Request, Start
from harness.gateway import Gateway
from harness.origin import Origin
from harness.programs import node

MODULES = [pytest.param(node("http"), id="http"), pytest.param(node("http2"), id="http2")]


@pytest.mark.parametrize("start", MODULES)
def test_progress(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.follows_progress(start, gateway, origin.job())


@pytest.mark.parametrize("start", MODULES)
def test_two_locations(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.keeps_two_locations_apart(start, gateway, origin.job())


@pytest.mark.parametrize("start", MODULES)
def test_heartbeats(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.hears_heartbeats(start, gateway, origin.job())


@pytest.mark.parametrize("start", MODULES)
def test_not_opted_in(start: Start, gateway: Gateway, origin: Origin) -> None:
    scenarios.is_left_alone(start, gateway, origin.job(), origin.job())


@pytest.mark.parametrize("start", MODULES)
def test_processing_of_node_itself_is_a_sign_of_life(start: Start, gateway: Gateway, origin: Origin) -> None:
    """`writeProcessing` has no Progress: nothing new to tell, and nothing to break."""
    job = origin.job()
    client = start(Request(gateway.url + job.path, prefer="processing"))
    client.transcript.wait_location()
    for _ in range(3):
        job.information(102)
    client.transcript.wait_interim(2)
    job.finish()
    assert client.done().body == b"done\n"
    assert not any(head.progress for head in client.transcript.heads)
