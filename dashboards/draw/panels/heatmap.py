"""`heatmap`: how the values of a histogram lie over time."""

import math
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, ListedColormap

from draw import theme, units
from draw.buckets import bound
from draw.canvas import Canvas, Pen
from draw.layout import Box
from draw.panels.timeseries import times
from draw.prometheus import Series
from draw.scene import Scene

_SCALE = 22
"""Pixels of the scale of colours below."""
_UNDER = 20


def draw(scene: Scene) -> None:
    """Draws a cell for each bucket and step, the bounds beside them, and the scale of colours."""
    rows = merged([series for result in scene.results for series in result.series])
    if not rows:
        return
    options, canvas = scene.panel.options, scene.canvas
    unit = (options.get("yAxis") or {}).get("unit") or ""
    words = [_bound(row, unit) for row in rows]
    left = max(canvas.width_of(word, Pen(11)) for word in words) + 14
    scaled = (options.get("legend") or {}).get("show", True)
    plot = scene.box.inset(left, 6, 8, _UNDER + (_SCALE if scaled else 0))
    values = np.array([row.values for row in rows])
    most = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    times(canvas, plot, scene.window)
    colours = scheme(options.get("color") or {})
    _cells(scene, plot, values, (colours, most))
    height = plot.height / len(rows)
    skip = max(1, math.ceil(13 / height))
    for place, word in enumerate(words):
        if place % skip == 0:
            canvas.text(plot.x - 8, plot.bottom - (place + 0.5) * height, word, Pen(11, theme.FAINT, across="right"))
    if scaled:
        cell = (options.get("cellValues") or {}).get("unit") or scene.panel.fields.of("").unit or "short"
        _scale(canvas, Box(plot.x, scene.box.bottom - 10, plot.width, 8), (colours, most), cell)


def merged(buckets: list[Series]) -> list[Series]:
    """One row for each bound, ascending, whatever other labels there are."""
    rows: dict[float, Series] = {}
    for series in buckets:
        at = bound(series)
        if at in rows:
            pairs = zip(rows[at].values, series.values, strict=True)
            sums = [two if math.isnan(one) else one if math.isnan(two) else one + two for one, two in pairs]
            rows[at] = Series(series.labels, series.times, sums)
        else:
            rows[at] = series
    return [rows[at] for at in sorted(rows)]


def scheme(options: dict[str, Any]) -> Colormap:
    """The colours of a panel, from few to many."""
    if options.get("mode") == "opacity":
        base = theme.colour(options.get("fill", "blue"))
        ground, full = (np.array(matplotlib.colors.to_rgb(one)) for one in (theme.PANEL, base))
        return ListedColormap([ground + (full - ground) * part for part in np.linspace(0.08, 1, 64)])
    name = options.get("scheme", "Oranges")
    colours = matplotlib.colormaps[theme.SCHEMES[name]]
    samples = colours(np.linspace(0, 1, int(options.get("steps", 64))))
    dark = name in theme.DARK_TO_LIGHT
    if dark == bool(options.get("reverse")):
        samples = samples[::-1]
    return ListedColormap(samples)


def _cells(scene: Scene, plot: Box, values: np.ndarray, colouring: tuple[Colormap, float]) -> None:
    colours, most = colouring
    color = scene.panel.options.get("color") or {}
    exponent = float(color.get("exponent", 0.5)) if color.get("scale", "exponential") == "exponential" else 1.0
    hidden = float((scene.panel.options.get("filterValues") or {}).get("le", 1e-9))
    parts = np.ma.masked_where(~(values > hidden), values / (most or 1))
    axes = scene.canvas.axes(plot)
    step = scene.window.step()
    moments = next(series.times for result in scene.results for series in result.series)
    axes.set_xlim(scene.window.start, scene.window.end)
    edges = np.append(np.array(moments) - step, moments[-1])
    axes.pcolormesh(
        edges, np.arange(len(values) + 1), parts**exponent,
        cmap=colours, vmin=0, vmax=1, edgecolors=theme.PANEL, linewidth=0.5,
    )  # fmt: skip


def _scale(canvas: Canvas, box: Box, colouring: tuple[Colormap, float], unit: str) -> None:
    colours, most = colouring
    low, high = units.show(0, unit), units.show(most, unit)
    pen = Pen(10.5, theme.FAINT)
    canvas.text(box.x, box.y + 4, low, pen)
    start, bar = box.x + canvas.width_of(low, pen) + 8, min(220.0, box.width / 2)
    for place in range(44):
        colour = matplotlib.colors.to_hex(colours(place / 43))
        canvas.box(Box(start + bar * place / 44, box.y, bar / 44 + 0.5, box.height), colour)
    canvas.text(start + bar + 8, box.y + 4, high, pen)


def _bound(series: Series, unit: str) -> str:
    at = bound(series)
    return "+Inf" if math.isinf(at) else units.show(at, unit)
