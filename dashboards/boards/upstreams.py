"""What the gateway hears from the origins."""

from boards import style
from boards.board import Board, Row
from boards.panels import LOGARITHMIC, Query, heat_map, lines, stacked, stat
from boards.promql import FAILED, distribution, least, mean, other_than, quantile, rate, share, total

NO_GOOD = other_than("2xx", "3xx", "4xx", "canceled")
"""Results that are the origin's failure: 5xx, and no answer."""

REFUSED = other_than("progress", "heartbeat", "relayed")
"""Events that could not be used."""

EVENTS_REFUSED = share(rate("upstream_events_total", kind=REFUSED), rate("upstream_events_total"))

HEALTH = Row(
    "Health",
    "**Red?** *Healthy servers*: none of an upstream's servers takes connections; its routes answer 502 until one "
    "does. *Failed*: the next row says whether it answers 5xx or nothing (`error`). Then ask the origin's own log: "
    "the gateway adds nothing to its errors.",
    (
        stat(
            "Healthy servers",
            "Servers of each upstream that are believed to answer; the lowest count of all gateways.",
            Query(least("upstream_healthy", "upstream"), "{{upstream}}"),
            unit="short",
            width=8,
            limits=style.HEALTHY,
        ),
        stat(
            "Requests",
            "Requests to origins, per second.",
            Query(rate("upstream_requests_total"), "requests"),
            unit="reqps",
            width=4,
        ),
        stat(
            "Failed",
            "Share of requests that got a 5xx or no final response.",
            Query(share(rate("upstream_requests_total", result=NO_GOOD), rate("upstream_requests_total")), "failed"),
            unit="percentunit",
            width=4,
            limits=style.FAILURES,
        ),
        stat(
            "Mean duration",
            "Request to final head of the origin.",
            Query(mean("upstream_request_duration_seconds"), "mean"),
            unit="s",
            width=4,
        ),
        stat(
            "Connections",
            "Open connections to origins, in use or idle.",
            Query(total("upstream_connections"), "open"),
            unit="short",
            width=4,
        ),
    ),
)

REQUESTS = Row(
    "Requests",
    "**Red?** `error`: refused, reset or cut off; the access log has the cause. `5xx`: the origin's own. `canceled` "
    "is ours: clients left or somebody deleted the operation.",
    (
        stacked(
            "Rate",
            "Requests to origins, per second.",
            Query(rate("upstream_requests_total", "upstream"), "{{upstream}}"),
            unit="reqps",
            width=6,
        ),
        stacked(
            "Results",
            "How they ended, per second; error: no final response, canceled: given up by us.",
            Query(rate("upstream_requests_total", "result"), "{{result}}"),
            unit="reqps",
            width=6,
            colours=style.RESULTS,
        ),
        lines(
            "Failed",
            "Share of requests that got a 5xx or no final response.",
            Query(
                share(
                    rate("upstream_requests_total", "upstream", result=NO_GOOD),
                    rate("upstream_requests_total", "upstream"),
                ),
                "{{upstream}}",
            ),
            unit="percentunit",
            width=6,
            limits=style.FAILURES,
        ),
        stacked(
            "Connections",
            "Open connections, in use or idle.",
            Query(total("upstream_connections", "upstream"), "{{upstream}}"),
            unit="short",
            width=6,
        ),
    ),
)

DURATIONS = Row(
    "Durations",
    "**Longer than usual?** This is the origin's own time. Long work is what the gateway is for; it is wrong where "
    "the route is a plain one.",
    (
        heat_map(
            "Duration",
            "Request to final head of the origin, or to the end without one: bright is frequent.",
            distribution("upstream_request_duration_seconds"),
            unit="s",
        ),
        lines(
            "Duration by upstream, median and p99",
            "Request to final head of the origin, or to the end without one.",
            Query(quantile(0.5, "upstream_request_duration_seconds", "upstream"), "p50 {{upstream}}"),
            Query(quantile(0.99, "upstream_request_duration_seconds", "upstream"), "p99 {{upstream}}"),
            unit="s",
            width=12,
            scale=LOGARITHMIC,
        ),
    ),
)

EVENTS = Row(
    "What origins report",
    "**Red?** `invalid`: a `Progress` field or a callback that cannot be read. `regressed`: progress that went back, "
    "which the draft forbids; clients never see it. Both are the origin's to mend. No `progress` at all: clients "
    "get bare heartbeats.",
    (
        stacked(
            "Events by kind",
            "What origins report, per second, by interim responses and callbacks.",
            Query(rate("upstream_events_total", "kind"), "{{kind}}"),
            unit="eps",
            colours=style.EVENTS,
        ),
        stacked(
            "Events by route",
            "What origins report, per second.",
            Query(rate("upstream_events_total", "route"), "{{route}}"),
            unit="eps",
        ),
        lines(
            "Events that could not be used",
            "Share of events that were invalid or went back.",
            Query(EVENTS_REFUSED, "unusable"),
            unit="percentunit",
            limits=style.FAILURES,
        ),
    ),
)

CLIENTS = Row(
    "What clients get of it",
    "**Red?** An origin that fails while clients see no errors is covered by retries or by another server. Red here "
    "as well: clients feel it; the board *Overview* says over which protocol and mode.",
    (
        lines(
            "Failed, by route",
            "Share of final heads to clients with a 5xx.",
            Query(share(rate("requests_total", "route", code=FAILED), rate("requests_total", "route")), "{{route}}"),
            unit="percentunit",
            width=12,
            limits=style.ERRORS,
        ),
        stacked(
            "In flight, by protocol",
            "Requests whose response is not complete.",
            Query(total("requests_in_flight", "protocol"), "{{protocol}}"),
            unit="short",
            width=12,
            colours=style.PROTOCOLS,
        ),
    ),
)

BOARD = Board(
    "upstreams",
    "Upstreams",
    "Requests to origins, their results, durations and connections, the health of their servers, and the events they "
    "report.",
    (HEALTH, REQUESTS, DURATIONS, EVENTS, CLIENTS),
)
