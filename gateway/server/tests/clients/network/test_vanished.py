"""Clients that are gone, with and without a word."""

import pytest

from netlab.stage import H1_CLEAR, H1_TLS, H2, H3, HELD, Clients, Scrape, Stage, Wire

TCP = [H1_TLS, H1_CLEAR, H2]


@pytest.mark.parametrize("wire", TCP, ids=str)
def test_clients_that_close_are_missed(wire: Wire) -> None:
    """Cleartext HTTP/1.1: a client that has closed may have closed only its own side. A head tells, which its
    machine refuses; the head before it, which nobody acknowledges, must not hold it up."""
    with Stage(wire) as stage:
        clients = stage.clients()
        clients.program.kill()
        stage.wait("nothing left", _is_over)
        _finish(stage, clients)


@pytest.mark.parametrize("wire", TCP, ids=str)
def test_vanished_clients_cost_one_head_each(wire: Wire) -> None:
    """Their operations finish (DOC-09), and their connections are given up once they are idle for too long."""
    with Stage(wire) as stage:
        clients = stage.clients()
        _vanish(stage, clients)
        _finish(stage, clients)
        stage.wait("nothing left", _is_over)


@pytest.mark.parametrize("wire", TCP, ids=str)
def test_a_machine_that_comes_back_knows_nothing(wire: Wire) -> None:
    """It refuses what belongs to connections of its former life: heads, exchanges and connections are over."""
    with Stage(wire) as stage:
        clients = stage.clients()
        _vanish(stage, clients)
        stage.network.plug()
        stage.wait("nothing left", _is_over)
        _finish(stage, clients)


@pytest.mark.long
@pytest.mark.timeout(90)
@pytest.mark.parametrize("wire", [H3], ids=str)
def test_quic_gives_vanished_clients_up(wire: Wire) -> None:
    """After 30 s without a packet of theirs, though their requests are open (Q-19)."""
    with Stage(wire) as stage:
        clients = stage.clients()
        _vanish(stage, clients)
        assert {scrape.unacknowledged for scrape in stage.watch(15.0)} == {HELD}
        stage.wait("nothing left", _is_over)
        _finish(stage, clients)


def _vanish(stage: Stage, clients: Clients) -> None:
    before = stage.wait("a scrape", lambda scrape: True)
    stage.network.unplug()
    clients.program.kill()
    stage.wait(
        "one head for each, and the next withheld",
        lambda scrape: scrape.unacknowledged == HELD and scrape.withheld >= before.withheld + HELD,
    )
    assert {scrape.unacknowledged for scrape in stage.watch(1.0)} == {HELD}
    status, running = stage.document(clients.locations()[0])
    assert (status, running["status"], running["done"]) == (202, "Running", False)


def _finish(stage: Stage, clients: Clients) -> None:
    """The origin answers, and every operation is found to have succeeded."""
    stage.finish()
    for location in clients.locations():
        _finishes(stage, location)
    assert max(scrape.unacknowledged for scrape in stage.scrapes()) <= HELD


def _finishes(stage: Stage, location: str) -> None:
    """Read a few times a second: more often than Retry-After asks, less often than the limit allows."""
    for _ in range(20):
        status, document = stage.document(location)
        if document["done"]:
            assert (status, document["status"]) == (200, "Succeeded")
            return
        stage.watch(0.2)
    raise AssertionError(f"{location} never finished: {document}")


def _is_over(scrape: Scrape) -> bool:
    return (scrape.unacknowledged, scrape.in_flight) == (0, 0)
