"""Panels: what is shown, how, and how wide."""

from dataclasses import dataclass, field, replace
from typing import Any

from boards.style import PLAIN, Colours, Steps

Json = dict[str, Any]

LITTLE = 0.05
"""Shares have an axis at least up to this, so that nothing does not look like much."""

WIDE = 12
"""From this width on a legend is a table at the right."""

LOGARITHMIC: Json = {"type": "log", "log": 10}
"""For times from milliseconds to hours."""

FROM_ZERO: Json = {"type": "symlog", "log": 10, "linearThreshold": 1}
"""Logarithmic from 1 on, with room for 0."""


@dataclass(frozen=True)
class Query:
    """A query and what its series are called."""

    expression: str
    legend: str
    form: str = "time_series"
    instant: bool = False


@dataclass(frozen=True)
class Panel:
    """A panel without its place."""

    kind: str
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str
    width: int
    height: int = 8
    steps: Steps = field(default_factory=lambda: PLAIN)
    defaults: Json = field(default_factory=dict)
    """Parts of `fieldConfig.defaults`."""
    overrides: list[Json] = field(default_factory=list)
    options: Json = field(default_factory=dict)
    transformations: list[Json] = field(default_factory=list)

    def sized(self, width: int, height: int = 8) -> "Panel":
        """The same panel in another size; its legend stays where it is."""
        return replace(self, width=width, height=height)


def lines(
    title: str,
    description: str,
    *queries: Query,
    unit: str,
    width: int = 8,
    colours: Colours | None = None,
    limits: Steps | None = None,
    scale: Json | None = None,
) -> Panel:
    """One line per series, with `limits` as dashed lines."""
    custom = _drawn(fill=0)
    if limits:
        custom["thresholdsStyle"] = {"mode": "dashed"}
    if unit == "percentunit":
        custom["axisSoftMax"] = LITTLE
    if scale:
        custom["scaleDistribution"] = scale
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        queries=queries,
        unit=unit,
        width=width,
        steps=limits or PLAIN,
        defaults={
            "custom": custom,
            **({} if scale == LOGARITHMIC else {"min": 0}),
            "color": {"mode": "palette-classic"},
        },
        overrides=[*_coloured(colours), *_thinner(queries)],
        options=_series(width),
    )


def stacked(
    title: str,
    description: str,
    *queries: Query,
    unit: str,
    width: int = 8,
    colours: Colours | None = None,
) -> Panel:
    """Areas on top of each other: the whole and what it is made of."""
    panel = lines(title, description, *queries, unit=unit, width=width, colours=colours)
    custom = _drawn(fill=35) | {"stacking": {"mode": "normal", "group": "A"}, "lineWidth": 1}
    return replace(panel, defaults=panel.defaults | {"custom": custom})


def stat(
    title: str,
    description: str,
    *queries: Query,
    unit: str,
    width: int = 3,
    limits: Steps | None = None,
    words: dict[str, tuple[str, str]] | None = None,
    none: str = "idle",
) -> Panel:
    """The latest number, in the colour of its limit. `words` says values in words: value to (text, colour)."""
    mappings = [{"type": "value", "options": _worded(words)}] if words else []
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    return Panel(
        kind="stat",
        title=title,
        description=description,
        queries=queries,
        unit=unit,
        width=width,
        height=4,
        steps=limits or PLAIN,
        defaults={"color": {"mode": "thresholds"}, "mappings": mappings, "noValue": none},
        options={
            "colorMode": "value",
            "graphMode": "none" if words else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "reduceOptions": reduced,
            "showPercentChange": False,
            "textMode": "auto",
            "wideLayout": True,
        },
    )


def heat_map(title: str, description: str, expression: str, *, unit: str, width: int = 12) -> Panel:
    """How often values fell into each bucket, over time."""
    scheme = {"mode": "scheme", "scheme": "Turbo", "fill": "dark-blue", "scale": "exponential", "exponent": 0.5}
    return Panel(
        kind="heatmap",
        title=title,
        description=description,
        queries=(Query(expression, "{{le}}", form="heatmap"),),
        unit="short",
        width=width,
        defaults={"custom": {"hideFrom": _SHOWN, "scaleDistribution": {"type": "linear"}}},
        options={
            "calculate": False,
            "cellGap": 1,
            "cellValues": {"unit": "short"},
            "color": {**scheme, "steps": 64, "reverse": False},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": False},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
        },
    )


def table(
    title: str,
    description: str,
    query: Query,
    *,
    unit: str,
    columns: dict[str, str],
    width: int = 8,
    limits: Steps | None = None,
) -> Panel:
    """The values of this moment, a series a line. `columns` gives labels (and `Value`) their headings, in order."""
    places = {name: index for index, name in enumerate(columns)}
    organize = {"excludeByName": {"Time": True}, "indexByName": places, "renameByName": columns}
    cell = {"id": "custom.cellOptions", "value": {"type": "color-text"}}
    return Panel(
        kind="table",
        title=title,
        description=description,
        queries=(replace(query, form="table", instant=True),),
        unit=unit,
        width=width,
        height=6,
        steps=limits or PLAIN,
        defaults={"color": {"mode": "thresholds"}, "custom": {"align": "auto", "filterable": False}},
        overrides=[{"matcher": {"id": "byName", "options": columns["Value"]}, "properties": [cell]}],
        options={
            "cellHeight": "sm",
            "showHeader": True,
            "sortBy": [{"displayName": columns["Value"], "desc": False}],
        },
        transformations=[{"id": "organize", "options": organize}],
    )


_SHOWN = {"legend": False, "tooltip": False, "viz": False}


def _drawn(fill: int) -> Json:
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 2,
        "fillOpacity": fill,
        "gradientMode": "none",
        "showPoints": "auto",
        "pointSize": 4,
        "spanNulls": False,
        "stacking": {"mode": "none", "group": "A"},
        "axisPlacement": "auto",
        "axisLabel": "",
        "scaleDistribution": {"type": "linear"},
        "hideFrom": _SHOWN,
        "thresholdsStyle": {"mode": "off"},
    }


def _series(width: int) -> Json:
    if width >= WIDE:
        legend = {"displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"]}
    else:
        legend = {"displayMode": "list", "placement": "bottom", "calcs": []}
    return {"legend": {"showLegend": True, **legend}, "tooltip": {"mode": "multi", "sort": "desc"}}


def _coloured(colours: Colours | None) -> list[Json]:
    """A series has the colour of what its legend ends with: `h2`, and `p99 h2` too."""
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"/(^| ){name}$/"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for name, colour in (colours or {}).items()
    ]


def _thinner(queries: tuple[Query, ...]) -> list[Json]:
    """Medians beside other quantiles of the same colour are thin and dashed."""
    if not any(query.legend.startswith("p50 ") for query in queries):
        return []
    dashed = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 4]}}
    thin = {"id": "custom.lineWidth", "value": 1}
    return [{"matcher": {"id": "byRegexp", "options": "/^p50 /"}, "properties": [dashed, thin]}]


def _worded(words: dict[str, tuple[str, str]]) -> Json:
    return {
        value: {"text": text, "color": colour, "index": index}
        for index, (value, (text, colour)) in enumerate(words.items())
    }
