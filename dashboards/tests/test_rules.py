"""Recording rules and alerts: right for promtool, tested, documented, and about metrics that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import rules
from rules import DASHBOARDS, RULES, UNIT_TESTS

ALERTS = sorted(rules.alerts())
EXPRESSIONS = [rule["expr"] for rule in rules.rules()]
QUERIES = rules.runbook_queries()


def promtool(*arguments: str | Path) -> None:
    outcome = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


# --- promtool ---


def test_promtool_takes_the_rules() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_promtool_takes_the_scrape_configuration_and_finds_the_rules() -> None:
    promtool("check", "config", DASHBOARDS / "prometheus/prometheus.yml")


def test_the_unit_tests_of_the_rules_pass() -> None:
    promtool("test", "rules", UNIT_TESTS)


# --- what is tested ---


def expectations(alert: str) -> list[list[Any]]:
    cases = (case for test in rules.unit_tests() for case in test.get("alert_rule_test", ()))
    return [case["exp_alerts"] for case in cases if case["alertname"] == alert]


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_seen_to_fire_and_not_to_fire(alert: str) -> None:
    assert any(expectations(alert)), "no unit test expects it"
    # Silent at some time, or beside a series that it does not fire for.
    silent = [test for test in rules.unit_tests() if stays_silent(test, alert)]
    assert silent, "no unit test expects its silence"


def stays_silent(test: dict[str, Any], alert: str) -> bool:
    cases = [case for case in test.get("alert_rule_test", ()) if case["alertname"] == alert]
    if any(not case["exp_alerts"] for case in cases):
        return True
    routes = set(re.findall(r'route="(\w+)"', str(test["input_series"])))
    fired = [{one["exp_labels"].get("route") for one in case["exp_alerts"]} for case in cases]
    return bool(cases) and any(routes - names for names in fired)


@pytest.mark.parametrize("name", sorted(rules.recordings()))
def test_each_recording_is_compared_with_a_value(name: str) -> None:
    cases = (case for test in rules.unit_tests() for case in test.get("promql_expr_test", ()))
    assert any(case["expr"] == name and case["exp_samples"] for case in cases)


def test_the_unit_tests_feed_metrics_as_the_gateway_has_them() -> None:
    for series in (one["series"] for test in rules.unit_tests() for one in test["input_series"]):
        name = series.partition("{")[0]
        if name == rules.UP:
            continue
        labels = {matcher.label for matcher in rules.matchers(series)} - rules.ADDED_LABELS
        family = rules.family(name)
        assert family is not None, f"{name} is not in metrics.md"
        assert labels == rules.documented()[family].labels, series


# --- names and labels ---


@pytest.mark.parametrize("expression", EXPRESSIONS + QUERIES)
def test_metrics_exist(expression: str) -> None:
    names = rules.metrics_in(expression)
    recorded = rules.recorded_in(expression)
    assert names or recorded or rules.UP in expression
    assert not {name for name in names if rules.family(name) is None}, "not in metrics.md, or a histogram without suffix"
    assert recorded <= set(rules.recordings())


@pytest.mark.parametrize("expression", EXPRESSIONS + QUERIES)
def test_labels_and_their_values_exist(expression: str) -> None:
    assert rules.grouped_by(expression) <= rules.labels_of(expression)
    for matcher in rules.matchers(expression):
        if matcher.metric == rules.UP:
            assert matcher.label in rules.ADDED_LABELS
            continue
        metric = rules.documented()[rules.family(matcher.metric) or matcher.metric]
        assert matcher.label in metric.labels | rules.ADDED_LABELS, matcher
        if matcher.label != "code":
            assert set(matcher.value.split("|")) <= metric.words, matcher


@pytest.mark.parametrize("alert", ALERTS)
def test_annotations_speak_of_labels_that_the_alert_has(alert: str) -> None:
    rule = rules.alerts()[alert]
    text = " ".join(rule["annotations"].values())
    mentioned = set(re.findall(r"\$labels\.(\w+)", text))
    assert mentioned <= rules.labels_of(rule["expr"])


def test_a_wrong_name_label_or_value_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        test_metrics_exist("rate(progress_gateway_request_total[5m])")
    with pytest.raises(AssertionError):
        test_metrics_exist("rate(progress_gateway_interim_interval_seconds[5m])")
    with pytest.raises(AssertionError):
        test_metrics_exist("job:progress_gateway_made_up:rate5m > 0")
    with pytest.raises(AssertionError):
        test_labels_and_their_values_exist("sum by (upstream) (progress_gateway_operations)")
    with pytest.raises(AssertionError):
        test_labels_and_their_values_exist('progress_gateway_operations{kind="running"}')
    with pytest.raises(AssertionError):
        test_labels_and_their_values_exist('progress_gateway_operations{state=~"running|resting"}')


# --- what people read ---


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_what_it_is_about(alert: str) -> None:
    rule = rules.alerts()[alert]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert "$value" in rule["annotations"]["description"] or alert == "ProgressGatewayDown"
    assert rule["annotations"]["runbook"] == f"gateway/docs/runbook.md#{alert.lower()}"


def test_alerts_and_sections_of_the_runbook_are_the_same() -> None:
    assert sorted(rules.headings()) == ALERTS


@pytest.mark.parametrize("alert", ALERTS)
def test_each_section_of_the_runbook_has_its_parts(alert: str) -> None:
    _, _, section = rules.RUNBOOK.read_text().partition(f"\n## {alert}\n")
    section = section.partition("\n## ")[0]
    for part in ("**Means**", "**Look further", "**Do"):
        assert part in section


def test_links_within_the_runbook_lead_somewhere() -> None:
    anchors = {heading.lower() for heading in rules.headings()}
    assert set(re.findall(r"\]\(#(\w+)\)", rules.RUNBOOK.read_text())) <= anchors


def test_the_queries_of_the_runbook_can_be_asked(tmp_path: Path) -> None:
    asked = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(QUERIES)]
    file = tmp_path / "runbook.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbook", "rules": asked}]}))
    assert asked
    promtool("check", "rules", file)


# --- provisioning ---


def test_the_rules_know_the_job_by_its_name() -> None:
    (job,) = rules.load(DASHBOARDS / "prometheus/prometheus.yml")["scrape_configs"]
    named = {matcher.value for text in EXPRESSIONS for matcher in rules.matchers(text) if matcher.label == "job"}
    assert named == {job["job_name"]}


def test_grafana_finds_a_prometheus_with_the_scrape_interval() -> None:
    (source,) = rules.load(DASHBOARDS / "grafana/provisioning/datasources/progress-gateway.yml")["datasources"]
    assert source["type"] == "prometheus"
    assert source["isDefault"]
    assert "uid" not in source
    scraping = rules.load(DASHBOARDS / "prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraping


def test_grafana_takes_boards_from_files() -> None:
    (provider,) = rules.load(DASHBOARDS / "grafana/provisioning/dashboards/progress-gateway.yml")["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"].startswith("/")
