"""A board as its JSON has it: variables, panels in their places, queries, how values are shown."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class BoardError(Exception):
    """The file is no board that can be drawn. Its author can put it right."""


@dataclass(frozen=True)
class Grid:
    """A place in Grafana's grid of 24 columns, in its units."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    ref: str
    expression: str
    legend: str
    instant: bool
    form: str
    """`time_series`, `table` or `heatmap`."""
    interval: str
    """The shortest step, such as `5s`; empty: the data source's."""


@dataclass(frozen=True)
class Fields:
    """How values are shown: `fieldConfig`, with its overrides."""

    defaults: Json
    overrides: list[Json]

    def of(self, name: str, ref: str = "") -> "Look":
        """The look of the series or column called `name`."""
        properties: Json = {}
        for override in self.overrides:
            if _matches(override["matcher"], name, ref):
                properties |= {entry["id"]: entry.get("value") for entry in override["properties"]}
        return Look(self.defaults, properties)


@dataclass(frozen=True)
class Look:
    """How the values of one series are shown."""

    defaults: Json
    properties: Json

    def get(self, path: str, otherwise: Any = None) -> Any:
        """The value at a dotted path such as `custom.fillOpacity`."""
        if path in self.properties:
            return self.properties[path]
        value: Any = self.defaults
        for key in path.split("."):
            if not isinstance(value, dict) or key not in value:
                return otherwise
            value = value[key]
        return value

    @property
    def unit(self) -> str:
        return str(self.get("unit") or "")

    @property
    def decimals(self) -> int | None:
        decimals = self.get("decimals")
        return None if decimals is None else int(decimals)


@dataclass(frozen=True)
class Panel:
    """A panel, or the heading of a row."""

    id: int
    kind: str
    title: str
    description: str
    grid: Grid
    targets: list[Target]
    fields: Fields
    options: Json
    transformations: list[Json]
    transparent: bool = False
    inner: list["Panel"] = field(default_factory=list)
    """The panels of a collapsed row."""


@dataclass(frozen=True)
class Variable:
    """A template variable."""

    name: str
    kind: str
    label: str
    query: str
    current: str
    everything: str
    """What `All` stands for; empty: whatever there is."""


@dataclass(frozen=True)
class Board:
    """A whole board."""

    uid: str
    title: str
    description: str
    variables: list[Variable]
    panels: list[Panel]
    """In reading order; collapsed rows hold theirs."""

    def queries(self) -> Iterator[tuple[Panel, Target]]:
        """Every query with its panel, those of collapsed rows too."""
        for panel in self.panels:
            for shown in (panel, *panel.inner):
                for target in shown.targets:
                    yield shown, target


def read(path: Path) -> Board:
    """Reads a board's file."""
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BoardError(f"{path}: not a board: {error!r}") from error


def parse(board: Json) -> Board:
    """Makes a board of its JSON."""
    panels = sorted((_panel(panel) for panel in board["panels"]), key=lambda panel: (panel.grid.y, panel.grid.x))
    return Board(
        uid=board.get("uid") or "",
        title=board["title"],
        description=board.get("description", ""),
        variables=[_variable(entry) for entry in board.get("templating", {}).get("list", [])],
        panels=panels,
    )


def _panel(panel: Json) -> Panel:
    place = panel["gridPos"]
    configuration = panel.get("fieldConfig", {})
    return Panel(
        id=panel.get("id", 0),
        kind=panel["type"],
        title=panel.get("title", ""),
        description=panel.get("description", ""),
        grid=Grid(place["x"], place["y"], place["w"], place["h"]),
        targets=[_target(target) for target in panel.get("targets", []) if not target.get("hide")],
        fields=Fields(configuration.get("defaults", {}), configuration.get("overrides", [])),
        options=panel.get("options", {}),
        transformations=panel.get("transformations", []),
        transparent=bool(panel.get("transparent")),
        inner=[_panel(inner) for inner in panel.get("panels", [])],
    )


def _target(target: Json) -> Target:
    return Target(
        ref=target.get("refId", "A"),
        expression=target["expr"],
        legend=target.get("legendFormat", ""),
        instant=bool(target.get("instant")) and not target.get("range"),
        form=target.get("format", "time_series"),
        interval=target.get("interval", ""),
    )


def _variable(entry: Json) -> Variable:
    query = entry.get("query", "")
    current = entry.get("current", {})
    text = current.get("text", current.get("value", ""))
    return Variable(
        name=entry["name"],
        kind=entry["type"],
        label=entry.get("label") or entry["name"],
        query=query if isinstance(query, str) else query.get("query", ""),
        current=", ".join(text) if isinstance(text, list) else str(text),
        everything=entry.get("allValue") or "",
    )


def _matches(matcher: Json, name: str, ref: str) -> bool:
    wanted = matcher.get("options")
    match matcher["id"]:
        case "byName":
            return name == wanted
        case "byRegexp":
            return re.search(str(wanted).strip("/"), name) is not None
        case "byFrameRefID":
            return ref == wanted
        case other:
            raise BoardError(f"an override is matched {other!r}, which is not known here")
