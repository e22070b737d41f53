"""Template variables: what Grafana writes into a query before Prometheus sees it."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

ALL = ".*"
"""What `All` stands for where a board does not say it: every variable is used as a `=~` matcher."""

_REFERENCE = re.compile(r"\$\{(?P<braced>\w+)(?::\w+)?\}|\[\[(?P<old>\w+)\]\]|\$(?P<plain>\w+)")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800, "y": 31_536_000}


class UnknownVariableError(Exception):
    """A query names a variable that the board does not have."""


@dataclass(frozen=True)
class Window:
    """What is looked at: a stretch of time, and how finely."""

    start: float
    end: float
    scrape: float
    """How often Prometheus scrapes, in seconds: the data source's "scrape interval"."""
    points: int
    """How many values there is room for."""

    def step(self, shortest: float = 0.0) -> float:
        """`$__interval`: as fine as there is room for, but no finer than what is scraped."""
        return float(max(_round(self.range / max(self.points, 1)), self.scrape, shortest))

    def rate_step(self, shortest: float = 0.0) -> float:
        """`$__rate_interval`: so that `rate` always has enough samples."""
        return max(self.step(shortest) + self.scrape, 4 * self.scrape)

    @property
    def range(self) -> float:
        """`$__range`, in seconds."""
        return self.end - self.start


def builtin(window: Window, shortest: float = 0.0) -> dict[str, str]:
    """The variables that every board has."""
    step, span = window.step(shortest), max(1, round(window.range))
    return {
        "__interval": duration(step),
        "__interval_ms": str(round(step * 1000)),
        "__rate_interval": duration(window.rate_step(shortest)),
        "__range": duration(span),
        "__range_s": str(span),
        "__range_ms": str(span * 1000),
    }


def substitute(text: str, values: Mapping[str, str]) -> str:
    """Writes the values of `$name`, `${name}`, `${name:format}` and `[[name]]` into `text`."""

    def value(reference: re.Match[str]) -> str:
        name = next(filter(None, reference.groups()))
        if name not in values:
            raise UnknownVariableError(f"${name} is not a variable of this board")
        return values[name]

    return _REFERENCE.sub(value, text)


def duration(seconds: float) -> str:
    """As PromQL writes it: `90s`, or `1500ms` where seconds are too coarse."""
    if seconds == math.floor(seconds):
        return f"{int(seconds)}s"
    return f"{round(seconds * 1000)}ms"


def seconds(text: str) -> float:
    """`1h30m`, `15s`, `>5s` in seconds; nothing is 0."""
    parts = _DURATION.findall(text)
    if text.strip(" >") != "".join(number + unit for number, unit in parts):
        raise ValueError(f"{text!r} is not a duration such as 15s, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _round(step: float) -> float:
    """A step that reads well."""
    for nice in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600):
        if step <= nice:
            return nice
    return math.ceil(step / 3600) * 3600
