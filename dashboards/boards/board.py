"""A board: rows of panels, laid out and written as Grafana's JSON."""

import json
from dataclasses import dataclass
from typing import Any

from boards.panels import Panel, Query
from boards.promql import EVERYWHERE, FILTERS

Json = dict[str, Any]

COLUMNS = 24
"""The width of Grafana's grid."""

SCHEMA = 41
"""The version of the schema: Grafana 12. Older and newer ones import it as well."""

SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}

TAG = "progress-gateway"


@dataclass(frozen=True)
class Row:
    """Panels side by side below a heading and a sentence that says what to do."""

    title: str
    advice: str
    """What to do when something here is red; Markdown that fits into two lines."""
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    name: str
    """The file's name, without its ending."""
    title: str
    description: str
    rows: tuple[Row, ...]
    span: str = "1h"
    """How much time it shows."""
    refresh: str = "30s"

    def text(self) -> str:
        """The JSON that Grafana imports."""
        return json.dumps(self.json(), indent=2, ensure_ascii=False) + "\n"

    def json(self) -> Json:
        """The dashboard as Grafana stores it."""
        used = _used(self.rows)
        panels = _Layout(used).place(self.rows)
        return {
            "annotations": {"list": []},
            "description": self.description,
            "editable": False,
            "fiscalYearStartMonth": 0,
            "graphTooltip": 1,
            "id": None,
            "links": [_LINKS],
            "panels": panels,
            "preload": False,
            "refresh": self.refresh,
            "schemaVersion": SCHEMA,
            "tags": [TAG],
            "templating": {"list": _templating(used)},
            "time": {"from": f"now-{self.span}", "to": "now"},
            "timepicker": {},
            "timezone": "browser",
            "title": f"Progress gateway / {self.title}",
            "uid": f"{TAG}-{self.name}",
            "version": 1,
            "weekStart": "",
        }


_LINKS: Json = {
    "type": "dashboards",
    "title": "Boards",
    "tags": [TAG],
    "asDropdown": False,
    "includeVars": True,
    "keepTime": True,
    "targetBlank": False,
    "icon": "external link",
    "tooltip": "",
    "url": "",
}


class _Layout:
    """Gives panels their numbers and their places, from the top left on."""

    def __init__(self, variables: list[str]) -> None:
        self.variables = variables
        self.placed: list[Json] = []
        self.x = self.y = self.tallest = 0

    def place(self, rows: tuple[Row, ...]) -> list[Json]:
        for row in rows:
            heading = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
            self._put(heading, COLUMNS, 1)
            self._put(_advice(row.advice), COLUMNS, 2)
            for panel in row.panels:
                self._put(_panel(panel, self.variables), panel.width, panel.height)
            self._wrap()
        return self.placed

    def _put(self, panel: Json, width: int, height: int) -> None:
        if self.x + width > COLUMNS:
            self._wrap()
        place = {"h": height, "w": width, "x": self.x, "y": self.y}
        self.placed.append({"id": len(self.placed) + 1, "gridPos": place, **panel})
        self.x += width
        self.tallest = max(self.tallest, height)

    def _wrap(self) -> None:
        self.x, self.y, self.tallest = 0, self.y + self.tallest, 0


def _advice(markdown: str) -> Json:
    return {
        "type": "text",
        "title": "",
        "description": "What to do when something in this row is red.",
        "transparent": True,
        "options": {"mode": "markdown", "content": markdown},
    }


def _panel(panel: Panel, variables: list[str]) -> Json:
    steps = [{"value": value, "color": colour} for value, colour in panel.steps]
    defaults = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}, **panel.defaults}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": f"{panel.description} {_unfiltered(panel, variables)}".strip(),
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": panel.overrides},
        "options": panel.options,
        "targets": [_target(index, query) for index, query in enumerate(panel.queries)],
        "transformations": panel.transformations,
    }


def _target(index: int, query: Query) -> Json:
    return {
        "refId": chr(ord("A") + index),
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": query.expression,
        "format": query.form,
        "instant": query.instant,
        "range": not query.instant,
        "legendFormat": query.legend,
    }


def _unfiltered(panel: Panel, variables: list[str]) -> str:
    """Says which of the board's variables do not touch a panel."""
    text = " ".join(query.expression for query in panel.queries)
    deaf = [name for name in variables if f"${name}" not in text]
    return f"Not filtered by {' or '.join(deaf)}." if deaf else ""


def _used(rows: tuple[Row, ...]) -> list[str]:
    """The variables that the queries of a board have."""
    text = " ".join(query.expression for row in rows for panel in row.panels for query in panel.queries)
    return [name for name in FILTERS if f"${name}" in text]


def _templating(variables: list[str]) -> list[Json]:
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
    }
    return [source, *(_variable(name) for name in (*EVERYWHERE, *variables))]


_VALUES = {
    "job": "label_values(progress_gateway_build_info, job)",
    "instance": 'label_values(progress_gateway_build_info{job=~"$job"}, instance)',
    "route": 'label_values(progress_gateway_requests_in_flight{job=~"$job", instance=~"$instance"}, route)',
    "protocol": 'label_values(progress_gateway_requests_in_flight{job=~"$job", instance=~"$instance"}, protocol)',
    "upstream": 'label_values(progress_gateway_upstream_healthy{job=~"$job", instance=~"$instance"}, upstream)',
}
"""Where Grafana finds what a variable can be."""


def _variable(name: str) -> Json:
    return {
        "name": name,
        "label": name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "definition": _VALUES[name],
        "query": {"query": _VALUES[name], "refId": "PrometheusVariableQueryEditor-VariableQuery", "qryType": 1},
        "allValue": ".+",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "includeAll": True,
        "multi": True,
        "options": [],
        "refresh": 2,
        "regex": "",
        "sort": 1,
    }
