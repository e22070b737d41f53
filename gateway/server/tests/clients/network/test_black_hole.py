"""The path from the clients is dead for a while: their acknowledgements do not arrive."""

import pytest

from netlab.stage import H1_CLEAR, H1_TLS, H2, H3, HELD, Stage, Wire

# How long the path is dead, in seconds.
DEAD = 3.0


@pytest.mark.parametrize("maximum", [1, 3])
@pytest.mark.parametrize("wire", [H1_TLS, H1_CLEAR, H2, H3], ids=str)
def test_heads_wait_for_acknowledgements(wire: Wire, maximum: int) -> None:
    """As many as may be are unacknowledged and no more (INT-18); they are acknowledged in the end."""
    most = maximum * HELD
    with Stage(wire, maximum) as stage:
        clients = stage.clients()
        before = stage.wait("nothing outstanding", lambda scrape: scrape.unacknowledged == 0)
        stage.network.swallow_from_far()
        dead = stage.watch(DEAD)
        stage.network.heal()

        assert max(scrape.unacknowledged for scrape in dead) == most
        # It does not fall while the path is dead, and the next head of each is withheld.
        full = [scrape for scrape in dead if scrape.unacknowledged == most]
        assert full == dead[-len(full) :], [scrape.unacknowledged for scrape in dead]
        assert full[-1].began - full[0].began > DEAD / 2
        assert full[-1].acknowledged == full[0].acknowledged
        assert full[-1].written == full[0].written
        assert full[-1].withheld >= before.withheld + HELD

        stage.wait("everything acknowledged", lambda scrape: scrape.unacknowledged == 0)
        clients.wait_heads(3)
        stage.finish()
        clients.end_well()
        assert max(scrape.unacknowledged for scrape in stage.scrapes()) == most
        stage.wait("nothing left", lambda scrape: (scrape.unacknowledged, scrape.in_flight) == (0, 0))
