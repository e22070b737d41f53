"""Is it well? Requests, errors and durations, by protocol and by mode, and what they rest on."""

from boards import style
from boards.board import Board, Row
from boards.panels import LOGARITHMIC, Query, lines, stacked, stat, table
from boards.promql import FAILED, least, of_gateways, per_or_all, quantile, rate, select, share, total

CONFIGURATION = {"1": ("in use", style.GREEN), "0": ("refused", style.RED)}

AT_A_GLANCE = Row(
    "At a glance",
    "**Red?** *Failed*: the two rows below say which protocol and mode, the board *Upstreams* whether the origin is "
    "to blame. *First 102*, *Unacked*: see *Interim cadence* and *Acknowledgement*. *Certificate*: renew it, "
    "then restart (there is no reload yet). *Configuration*: `progress-gateway check` says what is wrong with it.",
    (
        stat("Requests", "Final heads per second.", Query(rate("requests_total"), "requests"), unit="reqps"),
        stat(
            "Failed",
            "Share of final heads with a 5xx. The objective is 0.1 %; red spends the budget of a month within two "
            "days.",
            Query(share(rate("requests_total", code=FAILED), rate("requests_total")), "failed"),
            unit="percentunit",
            limits=style.ERRORS,
        ),
        stat(
            "First 102",
            "From the request head to the first 102 of ours; one of a hundred clients waits longer (p99).",
            Query(quantile(0.99, "first_signal_seconds", signal="interim"), "first signal"),
            unit="s",
            limits=style.FIRST_SIGNAL,
        ),
        stat(
            "In flight",
            "Requests whose response is not complete.",
            Query(total("requests_in_flight"), "in flight"),
            unit="short",
        ),
        stat(
            "Heads",
            "Interim heads written per second, relayed ones included.",
            Query(rate("interim_responses_total"), "heads"),
            unit="cps",
        ),
        stat(
            "Unacked",
            "Heads on their way per client that waits by interim heads; where nobody waits, all of them. Over 1 "
            "contradicts the default maximum-unacknowledged.",
            Query(per_or_all(total("interim_unacknowledged"), total("operation_watchers", via="interim")), "unacknowledged"),
            unit="short",
            limits=style.UNACKNOWLEDGED,
        ),
        stat(
            "Certificate",
            "Time until the first of all certificates in use expires.",
            Query(f"{least('tls_certificate_expiry_timestamp_seconds')} - time()", "expires in"),
            unit="s",
            limits=style.EXPIRY,
            none="no TLS",
        ),
        stat(
            "Configuration",
            "Whether every gateway has taken its latest configuration into use.",
            Query(least("config_last_reload_successful"), "configuration"),
            unit="bool",
            words=CONFIGURATION,
        ),
    ),
)

BY_PROTOCOL = Row(
    "Requests by protocol",
    "**Red?** One protocol alone points at its listener, its clients or the network (UDP for `h3`); all of them at "
    "the origin or the machine. A p99 of minutes is right for long work: compare it with yesterday's, not with a "
    "plain proxy's.",
    (
        stacked(
            "Rate",
            "Final heads per second.",
            Query(rate("requests_total", "protocol"), "{{protocol}}"),
            unit="reqps",
            colours=style.PROTOCOLS,
        ),
        lines(
            "Failed",
            "Share of final heads with a 5xx.",
            Query(
                share(rate("requests_total", "protocol", code=FAILED), rate("requests_total", "protocol")),
                "{{protocol}}",
            ),
            unit="percentunit",
            colours=style.PROTOCOLS,
            limits=style.ERRORS,
        ),
        lines(
            "Duration, p99",
            "From the request head to the final head; one of a hundred takes longer.",
            Query(quantile(0.99, "request_duration_seconds", "protocol"), "{{protocol}}"),
            unit="s",
            colours=style.PROTOCOLS,
            scale=LOGARITHMIC,
        ),
    ),
)

BY_MODE = Row(
    "Requests by mode",
    "**Red?** `interim` or `async` alone: origins of long work fail, see *Operations*. `plain` as well: origins in "
    "general, see *Upstreams*. Much `downgraded`: clients speak HTTP/1.0 or time runs out; *Operations* has the "
    "reasons.",
    (
        stacked(
            "Rate",
            "Final heads per second: plain, after heads of ours, a 202 that was asked for, a 202 that was not.",
            Query(rate("requests_total", "mode"), "{{mode}}"),
            unit="reqps",
            colours=style.MODES,
        ),
        lines(
            "Failed",
            "Share of final heads with a 5xx.",
            Query(share(rate("requests_total", "mode", code=FAILED), rate("requests_total", "mode")), "{{mode}}"),
            unit="percentunit",
            colours=style.MODES,
            limits=style.ERRORS,
        ),
        lines(
            "Duration, p99",
            "From the request head to the final head; one of a hundred takes longer.",
            Query(quantile(0.99, "request_duration_seconds", "mode"), "{{mode}}"),
            unit="s",
            colours=style.MODES,
            scale=LOGARITHMIC,
        ),
    ),
)

FELT = Row(
    "What clients feel",
    "**Red?** The first 102 is due after `interim-after` (100 ms). If it is late on every protocol the gateway is "
    "short of CPU; on one, its clients upload slowly, for no 102 goes out before a request is complete. If what is "
    "in flight grows and grows, the origin hangs.",
    (
        lines(
            "First 102, p99",
            "From the request head to the first interim head of ours.",
            Query(quantile(0.99, "first_signal_seconds", "protocol", signal="interim"), "{{protocol}}"),
            unit="s",
            width=6,
            colours=style.PROTOCOLS,
            limits=style.FIRST_SIGNAL,
        ),
        lines(
            "First signal, median",
            "From the request head to the first head of any kind that the client sees.",
            Query(quantile(0.5, "first_signal_seconds", "signal"), "{{signal}}"),
            unit="s",
            width=6,
            colours=style.SIGNALS,
            scale=LOGARITHMIC,
        ),
        stacked(
            "In flight",
            "Requests whose response is not complete.",
            Query(total("requests_in_flight", "protocol"), "{{protocol}}"),
            unit="short",
            width=6,
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Final heads by code",
            "What requests were answered with, per second.",
            Query(rate("requests_total", "code"), "{{code}}"),
            unit="reqps",
            width=6,
        ),
    ),
)

REFUSALS = (
    Query(rate("connections_refused_total", "reason"), "refused: {{reason}}"),
    Query(rate("accept_errors_total", "reason"), "not accepted: {{reason}}"),
    Query(rate("connection_panics_total"), "ended by a panic"),
)

CONNECTIONS = Row(
    "Connections and TLS",
    "**Red?** *Refused*: raise the keys in `[limits]`, or find who opens so many. *Not accepted: exhausted*: raise "
    "the limit of open files. *Panic*: a defect of the gateway; please report it with its log. Handshakes that fail "
    "are mostly scanners.",
    (
        stacked(
            "Connections",
            "Open client connections; those of HTTP/1.0 count as http11.",
            Query(total("connections", "protocol"), "{{protocol}}"),
            unit="short",
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Handshakes",
            "TLS and QUIC handshakes per second, by how they ended.",
            Query(rate("tls_handshakes_total", "result"), "{{result}}"),
            unit="cps",
            colours=style.HANDSHAKES,
        ),
        lines(
            "Turned away",
            "Connections per second that were closed at once, could not be accepted, or were ended by a panic: all "
            "of it above 0 is red.",
            *REFUSALS,
            unit="cps",
            colours=style.TURNED_AWAY,
        ),
    ),
)

BUILDS = table(
    "Builds",
    "Which gateways run.",
    Query(f"sum by (version, revision) ({select('build_info', {})})", "{{version}}"),
    unit="short",
    columns={"version": "Version", "revision": "Revision", "Value": "Gateways"},
)

CERTIFICATES = table(
    "Certificates",
    "Time until each certificate in use expires.",
    Query(f"{least('tls_certificate_expiry_timestamp_seconds', 'certificate')} - time()", "{{certificate}}"),
    unit="s",
    columns={"certificate": "Certificate", "Value": "Expires in"},
    limits=style.EXPIRY,
)

AGE = stat(
    "Configuration taken",
    "How long ago the newest configuration was taken into use; the start counts.",
    Query(f"time() - max({select('config_last_reload_timestamp_seconds', {})})", "ago"),
    unit="s",
    width=4,
).sized(4, 6)

UPTIME = stat(
    "Up for",
    "How long the gateway that was started last has been running.",
    Query(f"time() - max({of_gateways(select('process_start_time_seconds', {}))})", "up for"),
    unit="s",
    width=4,
).sized(4, 6)

BOARD = Board(
    "overview",
    "Overview",
    "Requests, errors and durations by protocol and mode, the first signal, connections, TLS, certificates and "
    "configuration.",
    (
        AT_A_GLANCE,
        BY_PROTOCOL,
        BY_MODE,
        FELT,
        CONNECTIONS,
        Row(
            "Build, certificates and configuration",
            "**Red?** A certificate: renew it and restart; the gateway goes on with the old one until then. Two "
            "versions here while nobody is rolling one out: some gateway was not restarted.",
            (BUILDS, CERTIFICATES, AGE, UPTIME),
        ),
    ),
)
