"""The rules, their unit tests, the runbook and the documented metrics, as the tests here want to see them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DASHBOARDS = Path(__file__).resolve().parent.parent
ROOT = DASHBOARDS.parent
RULES = DASHBOARDS / "rules.yml"
UNIT_TESTS = DASHBOARDS / "rules_test.yml"
RUNBOOK = ROOT / "gateway/docs/runbook.md"
METRICS = ROOT / "gateway/docs/metrics.md"

# What Prometheus and the histogram format add to the gateway's labels, and the one metric that is not the gateway's.
ADDED_LABELS = frozenset({"job", "instance", "le"})
UP = "up"
PREFIXES = ("progress_gateway_", "process_")


@dataclass(frozen=True)
class Metric:
    """A row of the documentation."""

    kind: str
    labels: frozenset[str]
    words: frozenset[str]
    """What its row and the table of labels write as code: label values are among it. Rows of one section that have a
    label in common list its values once."""


@dataclass(frozen=True)
class Matcher:
    """A condition in braces: `reason=~"stalled|budget"`."""

    metric: str
    label: str
    operator: str
    value: str


def load(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def rules() -> list[dict[str, Any]]:
    return [rule for group in load(RULES)["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recordings() -> dict[str, str]:
    """The expression behind each recorded name."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def unit_tests() -> list[dict[str, Any]]:
    return list(load(UNIT_TESTS)["tests"])


@cache
def documented() -> dict[str, Metric]:
    _, *sections = METRICS.read_text().split("\n## ")
    shared = frozenset().union(*(code(line) for line in METRICS.read_text().splitlines() if re.match(r"\| `[a-z]+`", line)))
    metrics: dict[str, Metric] = {}
    for section in sections:
        rows = dict(row(line) for line in section.splitlines() if line.startswith(tuple(f"| `{prefix}" for prefix in PREFIXES)))
        for name, metric in rows.items():
            related = (other.words for other in rows.values() if other.labels & metric.labels)
            metrics[name] = replace(metric, words=shared.union(*related, metric.words))
    return metrics


def row(line: str) -> tuple[str, Metric]:
    _, name, kind, labels, meaning, _ = line.split("|")
    return name.strip(" `"), Metric(kind.strip(), code(labels), code(meaning))


def code(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([^`]+)`", text))


def bare(expression: str) -> str:
    """Without texts, durations and numbers, which hold no names of metrics or labels."""
    return re.sub(r'"[^"]*"|\[[^\]]*\]', " ", expression)


def metrics_in(expression: str) -> frozenset[str]:
    """Names of the gateway's metrics, as they are scraped; recorded names are none."""
    words = re.findall(r"[A-Za-z_:][\w:]*", bare(expression))
    return frozenset(word for word in words if word.startswith(PREFIXES))


def recorded_in(expression: str) -> frozenset[str]:
    return frozenset(re.findall(r"\b\w+:progress_gateway_[\w:]+", bare(expression)))


def family(name: str) -> str | None:
    """The documented metric of a scraped name; `None`: there is none."""
    if (plain := documented().get(name)) is not None:
        return name if plain.kind != "histogram" else None
    for suffix in ("_bucket", "_sum", "_count"):
        base = documented().get(name.removesuffix(suffix))
        if name.endswith(suffix) and base is not None and base.kind == "histogram":
            return name.removesuffix(suffix)
    return None


def matchers(expression: str) -> list[Matcher]:
    found = []
    for metric, inside in re.findall(r"([A-Za-z_:][\w:]*)\{([^}]*)\}", expression):
        for label, operator, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', inside):
            found.append(Matcher(metric, label, operator, value))
    return found


def grouped_by(expression: str) -> frozenset[str]:
    """Labels in `by (…)`, `on (…)` and their like."""
    lists = re.findall(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)", expression)
    return frozenset(re.findall(r"\w+", " ".join(lists)))


def labels_of(expression: str) -> frozenset[str]:
    """Every label that the metrics of an expression can have, recorded ones by what they are recorded from."""
    labels = set(ADDED_LABELS)
    for name in metrics_in(expression):
        labels |= documented()[family(name) or name].labels
    for name in recorded_in(expression):
        labels |= grouped_by(recordings()[name])
    return frozenset(labels)


def headings() -> list[str]:
    """Sections of the runbook."""
    return re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)


def runbook_queries() -> list[str]:
    return re.findall(r"^```promql\n(.*?)\n```$", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
