"""How often clients hear from the gateway, how soon, and why they do not."""

from boards import style
from boards.board import Board, Row
from boards.panels import FROM_ZERO, Query, heat_map, lines, stacked, stat
from boards.promql import distribution, mean, other_than, quantile, rate, share, total

WITHHELD = other_than("http10", "not_preferred", "denied_client")
"""Reasons that concern one head."""

UNINFORMED = other_than("coalesced", "unacknowledged", "stalled", "budget")
"""Reasons that concern a whole exchange."""

WRITTEN_OR_WITHHELD = (
    f"({rate('interim_responses_total', 'protocol', source='generated')}"
    f" + {rate('interim_suppressed_total', 'protocol', reason=WITHHELD)})"
)

SILENCE = (
    f"{total('operation_watchers', via='interim')}"
    f" / {rate('interim_responses_total', source='generated')} >= 0"
)
"""Infinite if clients wait and no head goes out; nothing where nobody waits."""

AT_A_GLANCE = (
    stat(
        "Interim heads",
        "Heads of ours per second.",
        Query(rate("interim_responses_total", source="generated"), "heads"),
        unit="cps",
        width=4,
    ),
    stat(
        "Interval, median",
        "Gap since the exchange's last head: half of all gaps are shorter.",
        Query(quantile(0.5, "interim_interval_seconds"), "median"),
        unit="s",
        width=4,
        limits=style.INTERVAL,
    ),
    stat(
        "Interval, p99",
        "Gap since the exchange's last head: one of a hundred is longer.",
        Query(quantile(0.99, "interim_interval_seconds"), "p99"),
        unit="s",
        width=4,
        limits=style.INTERVAL,
    ),
    stat(
        "Mean silence",
        "Clients that wait over heads per second, the silence of the average client, "
        "those that hear nothing among them. Infinite: clients wait, and no head goes out. Choose all routes and "
        "protocols: who waits is not told apart by them.",
        Query(SILENCE, "silence"),
        unit="s",
        width=4,
        limits=style.SILENCE,
    ),
    stat(
        "Lateness, p99",
        "From when a head was due to when it was written.",
        Query(quantile(0.99, "interim_lateness_seconds"), "p99"),
        unit="s",
        width=4,
        limits=style.LATENESS,
    ),
    stat(
        "Heads per request",
        "The mean of all exchanges, those without heads among them.",
        Query(mean("interim_heads_per_request"), "mean"),
        unit="short",
        width=4,
        limits=style.BUDGETS,
    ),
)

CADENCE = Row(
    "Cadence",
    "**Red?** A gap over 25 s outlasts idle timers of 30 s on the way. Compare `heartbeat-interval` and "
    "`minimum-interval` of the route; if they are short, see *Lateness* (the gateway is short of CPU) and *Heads "
    "withheld* (the client does not acknowledge).",
    (
        *AT_A_GLANCE,
        heat_map(
            "Intervals",
            "Gaps between two heads of an exchange: bright is frequent. News comes from 1 s on, heartbeats every 10 "
            "s by default.",
            distribution("interim_interval_seconds"),
            unit="s",
        ),
        lines(
            "Interval, p99",
            "One of a hundred gaps is longer.",
            Query(quantile(0.99, "interim_interval_seconds", "protocol"), "{{protocol}}"),
            unit="s",
            width=12,
            colours=style.PROTOCOLS,
            limits=style.INTERVAL,
        ),
        lines(
            "Interval by reason, median",
            "News follows the origin, heartbeats follow heartbeat-interval.",
            Query(quantile(0.5, "interim_interval_seconds", "reason"), "{{reason}}"),
            unit="s",
            width=12,
            colours=style.REASONS,
        ),
        lines(
            "Lateness, p99",
            "From when a head was due to when it was written; heads go out on a grid of 25 ms.",
            Query(quantile(0.99, "interim_lateness_seconds", "protocol"), "{{protocol}}"),
            unit="s",
            width=12,
            colours=style.PROTOCOLS,
            limits=style.LATENESS,
        ),
    ),
)

FIRST = Row(
    "First signal",
    "**Red?** The first 102 is due after `interim-after`, but never before the request was received to its end: slow "
    "uploads make it late on one protocol, want of CPU on all of them.",
    (
        heat_map(
            "First 102",
            "From the request head to the first head of ours: bright is frequent.",
            distribution("first_signal_seconds", signal="interim"),
            unit="s",
        ),
        lines(
            "First 102, p99",
            "One of a hundred waits longer for it.",
            Query(quantile(0.99, "first_signal_seconds", "protocol", signal="interim"), "{{protocol}}"),
            unit="s",
            width=12,
            colours=style.PROTOCOLS,
            limits=style.FIRST_SIGNAL,
        ),
    ),
)

HEADS = Row(
    "Heads written",
    "**Nothing here is red by itself.** Heads that stop while requests are in flight: look at *Heads withheld*. Only "
    "heartbeats and no progress: the origin reports nothing; the board *Upstreams* shows its events.",
    (
        stacked(
            "By reason",
            "Heads per second: the first of an exchange, news, signs of life, and relayed ones of the origin.",
            Query(rate("interim_responses_total", "reason"), "{{reason}}"),
            unit="cps",
            width=6,
            colours=style.REASONS,
        ),
        stacked(
            "By protocol",
            "Heads of ours per second. HTTP/1.0 must have none.",
            Query(rate("interim_responses_total", "protocol", source="generated"), "{{protocol}}"),
            unit="cps",
            width=6,
            colours=style.PROTOCOLS,
        ),
        stacked(
            "By route",
            "Heads of ours per second.",
            Query(rate("interim_responses_total", "route", source="generated"), "{{route}}"),
            unit="cps",
            width=6,
        ),
        stacked(
            "Relayed, by status",
            "The origin's 103, 104 and unknown interim heads that were passed on, per second.",
            Query(rate("interim_responses_total", "status", source="relayed"), "{{status}}"),
            unit="cps",
            width=6,
        ),
    ),
)

SUPPRESSED = Row(
    "Suppression",
    "**Much orange?** `unacknowledged`: the path to clients is slow or they are gone, see *Acknowledgement*. "
    "`stalled`: clients do not read. `budget`: `maximum-heads` or a client profile is spent; allow more or stretch "
    "the interval. `coalesced` is only newer news.",
    (
        stacked(
            "Heads withheld",
            "Heads per second that were due, or could have been, and did not go out.",
            Query(rate("interim_suppressed_total", "reason", reason=WITHHELD), "{{reason}}"),
            unit="cps",
            colours=style.WITHHELD,
        ),
        lines(
            "Withheld, of all heads",
            "Share of heads that did not go out, merged news included.",
            Query(
                share(rate("interim_suppressed_total", "protocol", reason=WITHHELD), WRITTEN_OR_WITHHELD),
                "{{protocol}}",
            ),
            unit="percentunit",
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Exchanges without heads",
            "Exchanges per second on routes with progress that get none: HTTP/1.0, not asked for, or a client known "
            "to break.",
            Query(rate("interim_suppressed_total", "reason", reason=UNINFORMED), "{{reason}}"),
            unit="cps",
            colours=style.UNINFORMED,
        ),
    ),
)

PER_REQUEST = Row(
    "Heads per request",
    "**Over a line?** Some clients and intermediaries give up there: **5** Go before 1.24 and quic-go, **8** Java, "
    "**10** Apache as a proxy, **100** Ruby and neon. Set `maximum-heads` for the route or in `[[client-profiles]]`, "
    "or lengthen `minimum-interval`.",
    (
        heat_map(
            "Heads per request",
            "How many heads exchanges got before the final one: bright is frequent.",
            distribution("interim_heads_per_request"),
            unit="short",
        ),
        lines(
            "Heads per request, p50, p90 and p99",
            "The lines are the budgets of clients and intermediaries: 5, 8, 10 and 100.",
            Query(quantile(0.5, "interim_heads_per_request"), "p50"),
            Query(quantile(0.9, "interim_heads_per_request"), "p90"),
            Query(quantile(0.99, "interim_heads_per_request"), "p99"),
            unit="short",
            width=12,
            colours=style.QUANTILES,
            limits=style.BUDGETS,
            scale=FROM_ZERO,
        ),
    ),
)

BOARD = Board(
    "interim-cadence",
    "Interim cadence",
    "How often clients hear from the gateway: intervals, the first signal, heads by reason, and why heads were "
    "withheld.",
    (CADENCE, FIRST, HEADS, SUPPRESSED, PER_REQUEST),
)
