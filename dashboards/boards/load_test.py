"""What to watch while `progress-load` runs."""

from boards import style
from boards.board import Board, Row
from boards.panels import Query, lines, stacked, stat
from boards.promql import FAILED, of_gateways, peak, per, quantile, rate, select, share, total

MINUTE = "[1m]"
"""The CPU time is known in whole seconds, so it takes a while to tell."""

CPU_TIME = select("process_cpu_seconds_total", {})
CPU = f"sum({of_gateways(f'rate({CPU_TIME}{MINUTE})')})"
HEADS = rate("interim_responses_total", source="generated")
HEADS_OF_A_MINUTE = f"sum(rate({select('interim_responses_total', {'source': 'generated'})}{MINUTE}))"
MEMORY = f"sum({of_gateways(select('process_resident_memory_bytes', {}))})"
ADDRESS_SPACE = f"sum({of_gateways(select('process_virtual_memory_bytes', {}))})"
OPEN_FILES = f"sum({of_gateways(select('process_open_fds', {}))})"
FILE_LIMIT = f"sum({of_gateways(select('process_max_fds', {}))})"
THREADS = f"sum({of_gateways(select('process_threads', {}))})"

VERDICT = Row(
    "Does it hold?",
    "**Red?** Each of these has its limit in the `[expect]` of a scenario; the run that misses one exits 1. *Failed* "
    "above 0 under load: look at *Upstreams* first, for the scenario's origin may fail on purpose (`origin-faults`, "
    "`mixed-protocols`).",
    (
        stat("Requests", "Final heads per second.", Query(rate("requests_total"), "requests"), unit="reqps"),
        stat("Heads", "Heads of ours per second.", Query(HEADS, "heads"), unit="cps"),
        stat(
            "Held",
            "Requests whose response is not complete.",
            Query(total("requests_in_flight"), "held"),
            unit="short",
        ),
        stat(
            "Failed",
            "Share of final heads with a 5xx.",
            Query(share(rate("requests_total", code=FAILED), rate("requests_total")), "failed"),
            unit="percentunit",
            limits=style.ERRORS,
        ),
        stat(
            "Cadence, p99",
            "Gap since the exchange's last head: one of a hundred is longer.",
            Query(quantile(0.99, "interim_interval_seconds"), "p99"),
            unit="s",
            limits=style.INTERVAL,
        ),
        stat(
            "Lateness, p99",
            "From when a head was due to when it was written.",
            Query(quantile(0.99, "interim_lateness_seconds"), "p99"),
            unit="s",
            limits=style.LATENESS,
        ),
        stat(
            "CPU per head",
            "CPU time of the gateway over heads of ours in a minute; plain requests are paid from it, too. 0 while "
            "no head goes out.",
            Query(per(CPU, HEADS_OF_A_MINUTE), "per head"),
            unit="s",
        ),
        stat(
            "Memory",
            "Resident memory of the gateway.",
            Query(MEMORY, "resident"),
            unit="bytes",
        ),
    ),
)

RATES = Row(
    "Rates",
    "**A dent?** Arrivals are an open loop: the rate of requests must not follow what is in flight. If it sinks "
    "while requests pile up, the gateway or the load generator is out of CPU; see *CPU* below and the generator's "
    "own table.",
    (
        stacked(
            "Requests",
            "Final heads per second.",
            Query(rate("requests_total", "protocol"), "{{protocol}}"),
            unit="reqps",
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Heads",
            "Heads of ours per second.",
            Query(rate("interim_responses_total", "protocol", source="generated"), "{{protocol}}"),
            unit="cps",
            colours=style.PROTOCOLS,
        ),
        stacked(
            "Held, by route",
            "Requests whose response is not complete.",
            Query(total("requests_in_flight", "route"), "{{route}}"),
            unit="short",
        ),
    ),
)

PUNCTUALITY = Row(
    "Cadence, lateness, acknowledgement",
    "**Red?** Lateness without CPU to spare: the machine is at its limit. Lateness with CPU to spare: a defect worth "
    "a report. More unacknowledged heads than requests are held: a client of the scenario does not acknowledge "
    "(`slow-reader` does so on purpose).",
    (
        lines(
            "Cadence, median and p99",
            "Gap since the exchange's last head.",
            Query(quantile(0.5, "interim_interval_seconds"), "p50"),
            Query(quantile(0.99, "interim_interval_seconds"), "p99"),
            unit="s",
            colours=style.QUANTILES,
            limits=style.INTERVAL,
        ),
        lines(
            "Lateness, p99",
            "From when a head was due to when it was written.",
            Query(quantile(0.99, "interim_lateness_seconds", "protocol"), "{{protocol}}"),
            unit="s",
            colours=style.PROTOCOLS,
            limits=style.LATENESS,
        ),
        lines(
            "Unacknowledged, highest",
            "The most heads that were written and not acknowledged, between two points.",
            Query(peak("interim_unacknowledged", "protocol"), "{{protocol}}"),
            unit="short",
            colours=style.PROTOCOLS,
        ),
    ),
)

COST = Row(
    "What it costs",
    "**Red?** Open files near the limit: raise it (`ulimit -n`) before the run. Memory that grows while *Held* does "
    "not is a leak; it should fall back after the run, but for what the allocator keeps.",
    (
        lines(
            "CPU",
            "Cores in use by the gateway, over a minute.",
            Query(CPU, "cores"),
            unit="short",
            width=6,
        ),
        lines(
            "CPU per head",
            "CPU time of the gateway over heads of ours in a minute, all work included. 0 while no head goes out.",
            Query(per(CPU, HEADS_OF_A_MINUTE), "per head"),
            unit="s",
            width=6,
        ),
        lines(
            "Memory",
            "Resident memory of the gateway.",
            Query(MEMORY, "resident"),
            unit="bytes",
            width=6,
        ),
        lines(
            "Memory per held request",
            "Resident memory over requests in flight, the gateway's own share included: it means something from some "
            "hundreds on. 0 while none is held.",
            Query(per(MEMORY, total("requests_in_flight")), "per request"),
            unit="bytes",
            width=6,
        ),
        lines(
            "Open files, of the limit",
            "File descriptors in use over their limit.",
            Query(per(OPEN_FILES, FILE_LIMIT), "in use"),
            unit="percentunit",
            width=8,
            limits=style.DESCRIPTORS,
        ),
        lines(
            "Threads",
            "Threads of the gateway; TOKIO_WORKER_THREADS says how many of them work.",
            Query(THREADS, "threads"),
            unit="short",
            width=8,
        ),
        lines(
            "Address space",
            "Virtual memory of the gateway: what is reserved, not what is used.",
            Query(ADDRESS_SPACE, "virtual"),
            unit="bytes",
            width=8,
        ),
    ),
)

BOARD = Board(
    "load-test",
    "Load-test run",
    "What to watch while progress-load runs: rates, cadence, lateness, acknowledgement, and what a head costs.",
    (VERDICT, RATES, PUNCTUALITY, COST),
    span="15m",
    refresh="5s",
)
