"""Runs the queries of a board, and says which of them return nothing."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from draw import variables
from draw.board import Board, Panel, Target
from draw.buckets import apart
from draw.prometheus import Prometheus, QueryError, Series
from draw.variables import Window

_LABEL_VALUES = re.compile(r"label_values\((?:(?P<matcher>.+),\s*)?(?P<label>\w+)\)")
_MATRIX_PANELS = {"timeseries", "heatmap", "barchart", "state-timeline", "status-history", "histogram"}


@dataclass(frozen=True)
class Result:
    """What a query returned."""

    target: Target
    series: list[Series]
    """Buckets of a histogram are told apart already: each counts what is in it alone."""
    trouble: str = ""
    """Why there is nothing; empty: there is something."""


@dataclass
class Gathered:
    """All that a board shows."""

    window: Window
    results: dict[int, list[Result]] = field(default_factory=dict)
    """By the identity of a panel's object: numbers of panels need not differ."""
    empty: list[str] = field(default_factory=list)
    """A line for each query without data."""

    def of(self, panel: Panel) -> list[Result]:
        return self.results.get(id(panel), [])


class Gatherer:
    """Asks one Prometheus about one stretch of time."""

    def __init__(self, prometheus: Prometheus, window: Window, chosen: Mapping[str, str] | None = None) -> None:
        self._prometheus = prometheus
        self._window = window
        self._chosen = dict(chosen or {})

    def gather(self, board: Board) -> Gathered:
        """Runs every query of `board`, those of its variables and of collapsed rows too."""
        gathered = Gathered(self._window)
        for name, trouble in self._variables(board):
            gathered.empty.append(f"{board.title}: ${name}: {trouble}")
        values = values_of(board, self._chosen)
        for panel, target in board.queries():
            result = self._ask(panel, target, values)
            gathered.results.setdefault(id(panel), []).append(result)
            if result.trouble:
                gathered.empty.append(f"{board.title}: {panel.title} ({target.ref}): {result.trouble}")
        return gathered

    def _variables(self, board: Board) -> Iterator[tuple[str, str]]:
        for variable in board.variables:
            wanted = _LABEL_VALUES.fullmatch(variable.query.strip())
            if variable.kind != "query":
                continue
            if wanted is None:
                yield variable.name, f"{variable.query!r} is not label_values(METRIC, LABEL)"
                continue
            matcher = variables.substitute(wanted["matcher"] or "", values_of(board, self._chosen))
            try:
                found = self._prometheus.label_values(wanted["label"], matcher)
            except QueryError as error:
                yield variable.name, str(error)
                continue
            if not found:
                yield variable.name, f"no value: {variable.query}"

    def _ask(self, panel: Panel, target: Target, values: dict[str, str]) -> Result:
        shortest = variables.seconds(target.interval) if target.interval else 0.0
        built_in = variables.builtin(self._window, shortest)
        query = variables.substitute(target.expression, values | built_in)
        try:
            series = self._series(panel, target, query)
        except QueryError as error:
            return Result(target, [], f"{error}: {query}")
        if not any(one.has_data() for one in series):
            return Result(target, series, f"no data: {query}")
        return Result(target, apart(series) if target.form == "heatmap" else series)

    def _series(self, panel: Panel, target: Target, query: str) -> list[Series]:
        window = self._window
        if target.instant and panel.kind not in _MATRIX_PANELS:
            return self._prometheus.instant(query, window.end)
        step = window.step(variables.seconds(target.interval) if target.interval else 0.0)
        return self._prometheus.over(query, window.start, window.end, step)


def values_of(board: Board, chosen: Mapping[str, str]) -> dict[str, str]:
    """What the board's own variables stand for: all there is, unless something was chosen."""
    values = {}
    for variable in board.variables:
        fixed = variable.kind in ("constant", "textbox")
        otherwise = variable.query if fixed else variable.everything or variables.ALL
        values[variable.name] = chosen.get(variable.name, otherwise)
    return values


def named(result: Result, series: Series) -> str:
    """What a legend calls `series`."""
    legend = result.target.legend
    if legend and legend != "__auto":
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda label: series.labels.get(label[1], ""), legend)
    labels = {name: value for name, value in series.labels.items() if name != "__name__"}
    if legend == "__auto" and len(labels) == 1:
        return next(iter(labels.values()))
    inner = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{series.labels.get('__name__', '')}{{{inner}}}" if inner else series.labels.get("__name__", "Value")
