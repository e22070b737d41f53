"""Every query of every board and every rule returns data, from a real gateway under the `mixed-protocols` scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import rules

from draw import board, gather, stage
from draw.comparisons import undecided
from draw.stage import DASHBOARDS, Watched

BOARDS = sorted(DASHBOARDS.glob("*.json"))
SECONDS = 30.0
"""How long requests arrive. Prometheus scrapes once a second."""

MOVED = {
    "requests_total": "protocol=http10 http11 h2 h3; mode=plain interim async downgraded",
    "interim_responses_total": "reason=accepted progress heartbeat relayed; source=generated relayed; status=102 103",
    "interim_suppressed_total": "reason=http10 not_preferred",
    "interim_interval_seconds_count": "protocol=http11 h2 h3; reason=progress heartbeat",
    "interim_lateness_seconds_count": "protocol=http11 h2 h3",
    "interim_acknowledgement_seconds_count": "protocol=http11 h2 h3; source=tcp h2_ping quic",
    "interim_heads_per_request_count": "protocol=http10 http11 h2 h3",
    "first_signal_seconds_count": "protocol=http10 http11 h2 h3; signal=interim final",
    "downgrades_total": "reason=http10 wait_elapsed",
    "operations_total": "outcome=succeeded failed",
    "operation_watchers": "via=interim",
    "status_document_requests_total": "format=json text other; code=200 202",
    "upstream_events_total": "kind=progress relayed",
    "upstream_requests_total": "result=2xx 4xx error",
    "connections": "protocol=http11 h2 h3",
    "tls_handshakes_total": "protocol=http11 h2 h3",
    "store_operations_total": "operation=accept finish find",
}
"""What the scenario has to move: a series that stays 0 is data, too, but says little."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    # The short form's jobs for the time of a long one: nothing is under way when the run ends.
    with stage.watched(tmp_path_factory.mktemp("stage"), SECONDS, "--quick") as watched:
        yield watched


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_every_query_of_a_board_returns_data(run: Watched, path: Path) -> None:
    gathered = gather.Gatherer(run.prometheus, run.window()).gather(board.read(path))
    assert sum(map(len, gathered.results.values())) >= 10, "too few queries to be a board"
    assert not gathered.empty, "\n".join([*gathered.empty, run.printed])


def test_every_rule_is_evaluated_without_a_fault(run: Watched) -> None:
    groups = run.prometheus.get("rules")["groups"]
    seen = {rule["name"]: (rule["health"], rule.get("lastError", "")) for group in groups for rule in group["rules"]}
    assert len(seen) == len(rules.rules())
    assert {name: fault for name, (health, fault) in seen.items() if health != "ok"} == {}


@pytest.mark.parametrize("rule", rules.rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_every_rule_has_data(run: Watched, rule: dict[str, str]) -> None:
    query = undecided(rule["expr"])
    series = run.prometheus.instant(query, run.end)
    assert any(one.has_data() for one in series), query
    if "record" in rule:
        recorded = run.prometheus.instant(rule["record"], run.end)
        assert any(one.has_data() for one in recorded), "nothing was recorded"


@pytest.mark.parametrize("name", sorted(rules.documented()))
def test_every_documented_metric_has_data(run: Watched, name: str) -> None:
    suffixes = ("_bucket", "_sum", "_count") if rules.documented()[name].kind == "histogram" else ("",)
    for suffix in suffixes:
        assert any(one.has_data() for one in run.prometheus.instant(name + suffix, run.end)), name + suffix


@pytest.mark.parametrize("name", MOVED)
def test_the_scenario_moves_what_boards_show(run: Watched, name: str) -> None:
    span = round(run.end - run.start)
    for label, values in re.findall(r"(\w+)=([^;]+)", MOVED[name]):
        query = f"max by ({label}) (max_over_time(progress_gateway_{name}[{span}s])) > 0"
        moved = {series.labels[label] for series in run.prometheus.instant(query, run.end)}
        assert set(values.split()) <= moved, f"{label}: {sorted(moved)} alone are above 0"


@pytest.mark.parametrize(
    ("expression", "query"),
    [
        ("a > 5", "a > bool 5"),
        ("1 <= a - time() < 2 * 3", "1 <= bool a - time() < bool 2 * 3"),
        ('a{b!="c", d=~">"} == 0 or absent(a{b="x"})', 'a{b!="c", d=~">"} == bool 0 or absent(a{b="x"})'),
        ("a\n  >\nb", "a\n  > bool\nb"),
        ("a > bool 5", "a > bool 5"),
        ("a # less < than\n!= 3", "a # less < than\n!= bool 3"),
        ("rate(a[5m])", "rate(a[5m])"),
    ],
)
def test_a_rule_without_its_verdict(expression: str, query: str) -> None:
    assert undecided(expression) == query
