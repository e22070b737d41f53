"""Operations, their status documents, who follows them, and the store that keeps them."""

from boards import style
from boards.board import Board, Row
from boards.panels import LOGARITHMIC, Query, heat_map, lines, stacked, stat
from boards.promql import FAILED, distribution, other_than, quantile, rate, share, total

LOST = share(rate("operations_total", outcome="interrupted"), rate("operations_total"))
FAILURES = share(rate("operations_total", outcome="failed"), rate("operations_total"))

ENDED = other_than("not_started", "running", "canceling")
ALIVE = other_than("succeeded", "failed", "canceled")

DOCUMENT = other_than("other")

STATES = Row(
    "Operations",
    "**Red?** *Failed*: the origin's answers, see *Upstreams*. *Interrupted*: a gateway ended before its operations "
    "did; raise `drain-timeout`, or let origins finish by callback. *Store errors*: the last row. Running ones that "
    "only grow: the origin hangs and only `deadline` or `stall-timeout` will end it.",
    (
        stat(
            "Running",
            "Operations under way.",
            Query(total("operations", state="running"), "running"),
            unit="short",
            width=4,
        ),
        stat(
            "Ended",
            "Operations that ended, per second.",
            Query(rate("operations_total"), "ended"),
            unit="ops",
            width=4,
        ),
        stat(
            "Failed",
            "Share of operations that ended with 400 and up, or with no response.",
            Query(FAILURES, "failed"),
            unit="percentunit",
            width=4,
            limits=style.FAILURES,
        ),
        stat(
            "Interrupted",
            "Share of operations that ended because their gateway did.",
            Query(LOST, "interrupted"),
            unit="percentunit",
            width=4,
            limits=style.FAULTS,
        ),
        stat(
            "Watchers",
            "Who follows operations at this moment.",
            Query(total("operation_watchers"), "watchers"),
            unit="short",
            width=4,
        ),
        stat(
            "Store errors",
            "What the store failed to do, per second; to forget what is gone does not count.",
            Query(rate("store_errors_total", kind=other_than("missing")), "errors"),
            unit="ops",
            width=4,
            limits=style.FAULTS,
        ),
        stacked(
            "Under way",
            "Operations that have not ended, by state.",
            Query(total("operations", "state", state=ALIVE), "{{state}}"),
            unit="short",
            width=6,
            colours=style.STATES,
        ),
        stacked(
            "Kept",
            "Finished operations that the store keeps until their retention is over, by state.",
            Query(total("operations", "state", state=ENDED), "{{state}}"),
            unit="short",
            width=6,
            colours=style.STATES,
        ),
        stacked(
            "Outcomes",
            "Operations that ended, per second.",
            Query(rate("operations_total", "outcome"), "{{outcome}}"),
            unit="ops",
            width=6,
            colours=style.OUTCOMES,
        ),
        stacked(
            "Ended, by route",
            "Operations that ended, per second.",
            Query(rate("operations_total", "route"), "{{route}}"),
            unit="ops",
            width=6,
        ),
    ),
)

AGE = Row(
    "Age at the end",
    "**Longer than usual?** Compare with the origin's durations on *Upstreams*: what it takes there is its own time. "
    "A heap at the `deadline` of a route means that work is cut off: raise it or make the work shorter.",
    (
        heat_map(
            "Duration",
            "Beginning to end of operations: bright is frequent.",
            distribution("operation_duration_seconds"),
            unit="s",
        ),
        lines(
            "Duration by outcome, median and p99",
            "Beginning to end.",
            Query(quantile(0.5, "operation_duration_seconds", "outcome"), "p50 {{outcome}}"),
            Query(quantile(0.99, "operation_duration_seconds", "outcome"), "p99 {{outcome}}"),
            unit="s",
            width=12,
            colours=style.OUTCOMES,
            scale=LOGARITHMIC,
        ),
    ),
)

DOCUMENTS = Row(
    "202s, status documents and watchers",
    "**Red?** Status documents must not fail: see the store below."
    " Many 404s: clients poll what was forgotten, or guess. 429: "
    "somebody polls one operation over 20 times a second; `Retry-After` tells them how often to come.",
    (
        stacked(
            "202s by protocol",
            "Final heads per second that were a 202 of ours, asked for or not.",
            Query(rate("requests_total", "protocol", mode=other_than("plain", "interim")), "{{protocol}}"),
            unit="reqps",
            width=6,
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Why a 202",
            "202s in place of the origin's response, per second.",
            Query(rate("downgrades_total", "reason"), "{{reason}}"),
            unit="reqps",
            width=6,
            colours=style.DOWNGRADES,
        ),
        stacked(
            "Reads by format",
            "Requests for status documents per second; other: results, cancellations and errors.",
            Query(rate("status_document_requests_total", "format"), "{{format}}"),
            unit="reqps",
            width=6,
            colours=style.FORMATS,
        ),
        stacked(
            "Reads by code",
            "Requests for status documents per second: 202 running, 200 finished, 404 unknown or somebody else's, "
            "410 expired.",
            Query(rate("status_document_requests_total", "code"), "{{code}}"),
            unit="reqps",
            width=6,
        ),
        stacked(
            "Watchers",
            "Who follows operations: by interim heads, by event streams, by held polls.",
            Query(total("operation_watchers", "via"), "{{via}}"),
            unit="short",
            width=12,
            colours=style.WATCHING,
        ),
        lines(
            "Status documents that failed",
            "Share of documents with a 5xx; results are left out, for they repeat what the origin said.",
            Query(
                share(
                    rate("status_document_requests_total", "format", code=FAILED, format=DOCUMENT),
                    rate("status_document_requests_total", "format", format=DOCUMENT),
                ),
                "{{format}}",
            ),
            unit="percentunit",
            width=12,
            colours=style.FORMATS,
            limits=style.ERRORS,
        ),
    ),
)

STORE = Row(
    "Store",
    "**Red?** `full`: raise `store.maximum-operations` or `store.maximum-size`, or shorten `retention`; until then no "
    "202 and no Location goes out. `unavailable` and `corrupt`: see the log. Slow `accept` and `finish` delay heads.",
    (
        stacked(
            "Operations of the store",
            "What it was asked to do, per second.",
            Query(rate("store_operations_total", "operation"), "{{operation}}"),
            unit="ops",
            colours=style.STORE,
        ),
        lines(
            "Latency, p99",
            "Time that the store took; one of a hundred takes longer.",
            Query(quantile(0.99, "store_duration_seconds", "operation"), "{{operation}}"),
            unit="s",
            colours=style.STORE,
            limits=style.STORING,
            scale=LOGARITHMIC,
        ),
        lines(
            "Errors",
            "Failures per second, by kind. To forget what is missing harms nobody.",
            Query(rate("store_errors_total", "kind"), "{{kind}}"),
            unit="ops",
            colours=style.STORE_FAULTS,
        ),
    ),
)

BOARD = Board(
    "operations",
    "Operations and status documents",
    "States, ages and outcomes of operations, 202s, reads of status documents, watchers, and the store.",
    (STATES, AGE, DOCUMENTS, STORE),
)
