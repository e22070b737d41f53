"""A path that loses packets: nothing counts as acknowledged that has not come."""

import pytest

from netlab.stage import H1_CLEAR, H1_TLS, H2, H3, HELD, Clients, Scrape, Stage, Wire

LOST_PERCENT = 30
# How long packets are lost, in seconds.
LOSSY = 6.0


@pytest.mark.parametrize("wire", [H1_TLS, H1_CLEAR, H2, H3], ids=str)
def test_nothing_is_acknowledged_that_has_not_come(wire: Wire) -> None:
    """The oracle is the client's own log. Both tell by one clock: what a scrape counts was acknowledged
    before the scrape ended, so it had come to the client's machine before that."""
    with Stage(wire, maximum=3) as stage:
        clients = stage.clients()
        stage.network.lose(LOST_PERCENT)
        lossy = stage.watch(LOSSY)
        stage.network.heal()

        late = [scrape for scrape in lossy if scrape.unacknowledged > 0]
        assert len(late) >= len(lossy) / 10, "packets do get lost"
        assert max(scrape.unacknowledged for scrape in lossy) <= 3 * HELD
        stage.wait("everything acknowledged", lambda scrape: scrape.unacknowledged == 0)
        stage.finish()
        clients.end_well()

        _all_agree(stage.scrapes(), clients)
        received = len(clients.heads())
        everything = (received, received, 0)
        stage.wait(
            f"{received} heads written and acknowledged",
            lambda scrape: (scrape.written, scrape.acknowledged, scrape.unacknowledged) == everything,
        )


def _all_agree(scrapes: list[Scrape], clients: Clients) -> None:
    """Compares every scrape with the client's log."""
    compared = 0
    for scrape in scrapes:
        received = clients.received_by(scrape.ended)
        # The last few are younger than the log's end.
        if received is not None:
            assert scrape.acknowledged <= received, f"{scrape} of {received} received"
            compared += 1
    assert compared >= len(scrapes) / 2
