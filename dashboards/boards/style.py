"""Colours and limits. The same thing has the same colour on every board; green, yellow and red only ever judge."""

from collections.abc import Mapping

GREEN, YELLOW, RED = "#73BF69", "#FADE2A", "#F2495C"
BLUE, TEAL, PURPLE, ORANGE, GREY = "#5794F2", "#3AB7B7", "#B877D9", "#FF9830", "#9FA7B3"
SKY, PINK, SAND, INDIGO = "#8AB8FF", "#E685B5", "#C7A46B", "#7566D6"

Colours = Mapping[str, str]

PROTOCOLS: Colours = {"http10": GREY, "http11": BLUE, "h2": TEAL, "h3": PURPLE}
MODES: Colours = {"plain": SKY, "interim": INDIGO, "async": PINK, "downgraded": ORANGE}
SIGNALS: Colours = {"interim": INDIGO, "final": SKY}
REASONS: Colours = {"accepted": SKY, "progress": BLUE, "heartbeat": PINK, "relayed": GREY}
WITHHELD: Colours = {
    "coalesced": SKY,
    "unacknowledged": ORANGE,
    "stalled": PINK,
    "budget": PURPLE,
}
UNINFORMED: Colours = {"http10": GREY, "not_preferred": SKY, "denied_client": ORANGE}
SOURCES: Colours = {"tcp": BLUE, "h2_ping": TEAL, "quic": PURPLE}
DOWNGRADES: Colours = {"http10": GREY, "wait_elapsed": PINK, "policy": SKY, "deadline": ORANGE, "drain": SAND}
OUTCOMES: Colours = {"succeeded": GREEN, "failed": RED, "canceled": GREY, "interrupted": ORANGE}
STATES: Colours = {
    "not_started": GREY,
    "running": BLUE,
    "canceling": SAND,
    "succeeded": GREEN,
    "failed": RED,
    "canceled": SKY,
}
WATCHING: Colours = {"interim": INDIGO, "events": TEAL, "poll": SKY}
FORMATS: Colours = {"json": BLUE, "text": GREY, "html": PINK, "events": TEAL, "other": SAND}
STORE: Colours = {
    "accept": BLUE,
    "checkpoint": SKY,
    "finish": TEAL,
    "find": PURPLE,
    "forget": SAND,
    "sweep": GREY,
}
RESULTS: Colours = {"2xx": GREEN, "3xx": SKY, "4xx": YELLOW, "5xx": ORANGE, "error": RED, "canceled": GREY}
EVENTS: Colours = {
    "progress": BLUE,
    "heartbeat": PINK,
    "relayed": GREY,
    "invalid": RED,
    "regressed": ORANGE,
}
STORE_FAULTS: Colours = {"full": ORANGE, "missing": GREY, "unavailable": RED, "corrupt": PURPLE}
HANDSHAKES: Colours = {
    "success": GREEN,
    "timeout": YELLOW,
    "departed": GREY,
    "no_protocol": PURPLE,
    "not_tls": SAND,
    "failure": RED,
}
TURNED_AWAY: Colours = {
    "maximum": YELLOW,
    "maximum_per_address": SAND,
    "exhausted": RED,
    "other": GREY,
    "panic": PURPLE,
}
QUANTILES: Colours = {"p50": SKY, "p90": BLUE, "p99": INDIGO}

Steps = list[tuple[float | None, str]]
"""Values from which on a colour holds; `None` is the beginning."""

PLAIN: Steps = [(None, BLUE)]
"""No judgement."""


def above(warning: float, critical: float) -> Steps:
    """More is worse."""
    return [(None, GREEN), (warning, YELLOW), (critical, RED)]


def below(warning: float, critical: float) -> Steps:
    """Less is worse."""
    return [(None, RED), (critical, YELLOW), (warning, GREEN)]


DAY = 86_400.0

ERRORS = above(0.001, 0.0144)
"""Shares of requests that failed. The objective is 0.1 %; at 14.4 times that the budget of a month is gone in two
days."""

FAILURES = above(0.01, 0.05)
"""Shares of what origins failed at, which is theirs to judge."""

HEALTHY: Steps = [(None, RED), (1, GREEN)]
"""Servers that answer: one is enough to go on."""

FIRST_SIGNAL = above(0.5, 2.0)
"""Seconds; an `interim-after` of 100 ms leaves room for the network."""

INTERVAL = above(15.0, 25.0)
"""Seconds between heads; `heartbeat-interval` is 10 s, and idle timers in between often 30 s."""

SILENCE = above(10.0, 20.0)
"""Seconds between heads for the average client that waits: the heartbeat, and twice that."""

LATENESS = above(0.05, 0.1)
"""Seconds; heads go out on a grid of 25 ms."""

ACKNOWLEDGED = above(1.0, 5.0)
"""Seconds; a round trip, unless packets are lost."""

UNACKNOWLEDGED = above(0.5, 1.0)
"""Heads per request that waits; `maximum-unacknowledged` is 1."""

STORING = above(0.01, 0.1)
"""Seconds; the disk's own time for a durable write is some milliseconds."""

DESCRIPTORS = above(0.7, 0.9)
"""Shares of the limit of open files."""

EXPIRY = below(7 * DAY, 2 * DAY)
"""Seconds until a certificate expires."""

FAULTS = [(None, GREEN), (1e-9, RED)]
"""Anything above none is a defect or a lost promise."""

BUDGETS: Steps = [(None, GREEN), (5, YELLOW), (8, ORANGE), (10, RED), (100, PURPLE)]
"""Heads of one response at which clients and intermediaries give up: Go before 1.24 and quic-go at 5, Java at 8,
Apache at 10, Ruby and neon at about 100."""
