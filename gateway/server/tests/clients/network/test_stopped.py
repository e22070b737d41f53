"""Clients that do not read: their kernels may, or may not, acknowledge what nobody takes in."""

import pytest

from netlab.stage import H1_CLEAR, H1_TLS, H2, H3, HELD, Scrape, Stage, Wire


@pytest.mark.parametrize("wire", [H1_TLS, H1_CLEAR], ids=str)
def test_kernels_acknowledge_for_stopped_clients(wire: Wire) -> None:
    """HTTP/1.1 has no acknowledgement of its own: heads go on, and count as acknowledged."""
    with Stage(wire) as stage:
        clients = stage.clients()
        clients.program.stop()
        stopped = stage.watch(2.0)
        clients.program.go_on()

        assert stopped[-1].acknowledged >= stopped[0].acknowledged + 5 * HELD
        assert max(scrape.unacknowledged for scrape in stopped) <= HELD
        stage.finish()
        clients.end_well()


@pytest.mark.parametrize("wire", [H2, H3], ids=str)
def test_stopped_clients_acknowledge_nothing(wire: Wire) -> None:
    """HTTP/2: a PING is not answered. HTTP/3: acknowledgements come from the process itself."""
    with Stage(wire) as stage:
        clients = stage.clients()
        before = stage.wait("a scrape", lambda scrape: True)
        clients.program.stop()
        # A PING goes out with the first heads that are 5 s after the last one.
        full = stage.wait("one head for each", lambda scrape: _is_full(scrape, before))
        stopped = stage.watch(1.0)
        clients.program.go_on()

        assert {scrape.unacknowledged for scrape in stopped} == {HELD}
        assert stopped[-1].written == full.written
        stage.wait("everything acknowledged", lambda scrape: scrape.unacknowledged == 0)
        clients.wait_heads(3)
        stage.finish()
        clients.end_well()
        assert max(scrape.unacknowledged for scrape in stage.scrapes()) == HELD


@pytest.mark.parametrize("wire", [H1_TLS, H1_CLEAR], ids=str)
def test_clients_that_read_nothing_fill_up(wire: Wire) -> None:
    """Once their kernels have no room, they acknowledge nothing more; one head each waits for that."""
    with Stage(wire) as stage:
        before = stage.wait("a scrape", lambda scrape: True)
        clients = stage.deaf_clients()
        full = stage.wait("one head for each", lambda scrape: _is_full(scrape, before))
        deaf = stage.watch(1.0)
        assert {scrape.unacknowledged for scrape in deaf} == {HELD}
        assert deaf[-1].written == full.written
        stage.finish()
        clients.say("read")
        clients.wait("all responses", lambda lines: sum("end" in line for line in lines) == HELD)
        texts = [line["text"] for line in clients.lines() if "end" in line]
        assert all(text.count("HTTP/1.1 200 OK\r\n") == 1 for text in texts)
        assert all(text.endswith("\r\n\r\ndone\n") for text in texts)
        heads = sum(text.count("HTTP/1.1 102 Processing\r\n") for text in texts)
        everything = (heads, heads, 0)
        stage.wait(
            f"{heads} heads written and acknowledged",
            lambda scrape: (scrape.written, scrape.acknowledged, scrape.unacknowledged) == everything,
        )
        assert max(scrape.unacknowledged for scrape in stage.scrapes()) == HELD


def _is_full(scrape: Scrape, before: Scrape) -> bool:
    """One head of each exchange is unacknowledged, and the next of each has had to wait."""
    return scrape.unacknowledged == HELD and scrape.withheld >= before.withheld + HELD
