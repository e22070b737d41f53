"""Which metrics there are and which labels they have, read from the table in `gateway/docs/metrics.md`."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "gateway/docs/metrics.md"

PREFIX = "progress_gateway_"
PROCESS = "process_"
"""What every process says of itself has names that are the same everywhere."""

_ROW = re.compile(
    r"^\| `(?P<name>(?:progress_gateway|process)_\w+)` \| (?P<kind>\w+) \|(?P<labels>[^|]*)\|", re.MULTILINE
)


@dataclass(frozen=True)
class Metric:
    """A metric as a gateway exposes it."""

    name: str
    kind: str
    """`counter`, `gauge` or `histogram`."""
    labels: frozenset[str]


def read(text: str) -> dict[str, Metric]:
    """The metrics of the document's tables, by name."""
    rows = _ROW.finditer(text)
    metrics = (Metric(row["name"], row["kind"], frozenset(re.findall(r"\w+", row["labels"]))) for row in rows)
    return {metric.name: metric for metric in metrics}


@cache
def metrics() -> dict[str, Metric]:
    """Every metric that a board may show, by name."""
    return read(DOCUMENT.read_text(encoding="utf-8"))


def metric(name: str) -> Metric:
    """The metric of that name; the prefix may be left out. A `KeyError` if there is none."""
    return metrics()[name if name.startswith((PREFIX, PROCESS)) else PREFIX + name]
