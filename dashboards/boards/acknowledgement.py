"""Whether the heads that were written arrive, and when."""

from boards import style
from boards.board import Board, Row
from boards.panels import Query, heat_map, lines, stacked, stat
from boards.promql import distribution, observations, peak, per_or_all, quantile, rate, total

PER_CLIENT = per_or_all(total("interim_unacknowledged"), total("operation_watchers", via="interim"))

NOW = Row(
    "Unacknowledged now, and when a head was due",
    "A **TCP** acknowledgement (`tcp`) proves that the **peer's kernel** has the head, not that anybody read it; a "
    "**PING** or **QUIC** one (`h2_ping`, `quic`) that the **peer's process** has it. **Red?** More than one head "
    "per client is on its way, against the default `maximum-unacknowledged`: clients are gone, or the path drops "
    "packets.",
    (
        stat(
            "Unacknowledged now",
            "Heads written and not acknowledged by the client's transport.",
            Query(total("interim_unacknowledged"), "unacknowledged"),
            unit="short",
            width=4,
        ),
        stat(
            "Per client that waits",
            "Heads on their way over clients that wait by interim heads, on all protocols; where nobody waits, all of "
            "them.",
            Query(PER_CLIENT, "per client"),
            unit="short",
            width=4,
            limits=style.UNACKNOWLEDGED,
        ),
        stat(
            "Held back",
            "Heads per second that were due and waited because an earlier one was not acknowledged.",
            Query(rate("interim_suppressed_total", reason="unacknowledged"), "held back"),
            unit="cps",
            width=4,
        ),
        stat(
            "Stalled",
            "Heads per second that did not go out because the client reads nothing.",
            Query(rate("interim_suppressed_total", reason="stalled"), "stalled"),
            unit="cps",
            width=4,
        ),
        stat(
            "Time to ack, p99",
            "By whichever source told of it first; one of a hundred takes longer.",
            Query(quantile(0.99, "interim_acknowledgement_seconds"), "p99"),
            unit="s",
            width=4,
            limits=style.ACKNOWLEDGED,
        ),
        stat(
            "Lateness, p99",
            "From when a head was due to when it was written.",
            Query(quantile(0.99, "interim_lateness_seconds"), "p99"),
            unit="s",
            width=4,
            limits=style.LATENESS,
        ),
        stacked(
            "Unacknowledged heads",
            "The highest number between two points: heads written and not acknowledged.",
            Query(peak("interim_unacknowledged", "protocol"), "{{protocol}}"),
            unit="short",
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Held back for want of an acknowledgement",
            "Unacknowledged when the next head was due: such heads per second. The newest goes out as soon as the "
            "acknowledgement is there.",
            Query(rate("interim_suppressed_total", "protocol", reason="unacknowledged"), "{{protocol}}"),
            unit="cps",
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Held back, by route",
            "Unacknowledged when the next head was due, or the client reads nothing at all (stalled): heads per "
            "second.",
            Query(rate("interim_suppressed_total", "route", reason="unacknowledged"), "{{route}} unacknowledged"),
            Query(rate("interim_suppressed_total", "route", reason="stalled"), "{{route}} stalled"),
            unit="cps",
        ),
    ),
)

TIMES = Row(
    "Time to acknowledge",
    "**Red?** Seconds instead of a round trip: packets are lost (`tcp` and `quic` both), or a client is too busy to "
    "answer (`h2_ping` alone: its kernel has the head, its process does not). Both cost nothing but freshness; heads "
    "are held back, never piled up.",
    (
        heat_map(
            "Time to acknowledge",
            "From written to acknowledged, by every source: bright is frequent. Delayed acknowledgements of TCP show "
            "at 40 ms.",
            distribution("interim_acknowledgement_seconds"),
            unit="s",
        ),
        lines(
            "By source, median and p99",
            "tcp: the peer's kernel. h2_ping and quic: the peer's process.",
            Query(quantile(0.5, "interim_acknowledgement_seconds", "source"), "p50 {{source}}"),
            Query(quantile(0.99, "interim_acknowledgement_seconds", "source"), "p99 {{source}}"),
            unit="s",
            width=12,
            colours=style.SOURCES,
            limits=style.ACKNOWLEDGED,
        ),
        lines(
            "By protocol, p99",
            "By whichever source told of it first: on HTTP/2 a PING, if one was on its way, else TCP.",
            Query(quantile(0.99, "interim_acknowledgement_seconds", "protocol"), "{{protocol}}"),
            unit="s",
            width=12,
            colours=style.PROTOCOLS,
            limits=style.ACKNOWLEDGED,
        ),
        lines(
            "Written and acknowledged",
            "Heads per second that were written, relayed ones included, and that were acknowledged. The lines lie on each other when "
            "all is well.",
            Query(rate("interim_responses_total"), "written"),
            Query(observations("interim_acknowledgement_seconds"), "acknowledged"),
            unit="cps",
            width=12,
            colours={"acknowledged": style.TEAL, "written": style.GREY},
        ),
    ),
)

LATENESS = Row(
    "Lateness",
    "**Red?** The gateway is short of CPU, or its clients read slowly: heads wait in buffers. Compare CPU on the "
    "board *Load-test run* and `stalled` above.",
    (
        heat_map(
            "Lateness",
            "From when a head was due to when it was written: bright is frequent. Up to 25 ms is the grid on which "
            "heads go out.",
            distribution("interim_lateness_seconds"),
            unit="s",
        ),
        lines(
            "Lateness, p99",
            "One of a hundred heads is later.",
            Query(quantile(0.99, "interim_lateness_seconds", "protocol"), "{{protocol}}"),
            unit="s",
            width=12,
            colours=style.PROTOCOLS,
            limits=style.LATENESS,
        ),
    ),
)

BOARD = Board(
    "acknowledgement",
    "Acknowledgement",
    "Whether interim heads arrive: unacknowledged now and when the next was due, the time to acknowledge by source, "
    "and lateness.",
    (NOW, TIMES, LATENESS),
)
