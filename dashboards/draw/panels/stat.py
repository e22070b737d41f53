"""`stat`: big numbers, with a line of their history behind them."""

import math
from dataclasses import dataclass

import numpy as np

from draw import scales, theme
from draw.canvas import Canvas, Pen
from draw.layout import Box
from draw.scene import Scene
from draw.shown import Entry, entries

_BETWEEN = 6
"""Pixels between two numbers."""
_LARGEST = 46.0


@dataclass(frozen=True)
class Value:
    """One number, ready to be shown."""

    entry: Entry
    text: str
    colour: str
    number: float


def draw(scene: Scene) -> None:
    """Draws a cell for each series."""
    found = values(scene)
    for value, cell in zip(found, cells(scene, len(found)), strict=True):
        _cell(scene, value, cell, named=_named(scene, len(found)))


def values(scene: Scene) -> list[Value]:
    """The one number of each series, with its words and its colour."""
    calculations = (scene.panel.options.get("reduceOptions") or {}).get("calcs") or ["lastNotNull"]
    found = []
    for entry in entries(scene.panel, scene.results):
        number = scales.reduce(entry.series, calculations[0])
        shown = scales.show(number, entry.look)
        mode = (entry.look.get("color") or {}).get("mode", "thresholds")
        limits = (float(entry.look.get("min", 0)), float(entry.look.get("max", 100)))
        colour = entry.colour
        if mode == "thresholds":
            colour = scales.by_threshold(number, scales.thresholds(entry.look, limits))
        found.append(Value(entry, shown.text, shown.colour or colour, number))
    return found


def cells(scene: Scene, count: int) -> list[Box]:
    """Where each of `count` numbers goes."""
    box, orientation = scene.box, scene.panel.options.get("orientation", "auto")
    columns = count
    if orientation == "horizontal" or (orientation == "auto" and box.height > box.width):
        columns = 1
    elif orientation == "auto" and count > 1:
        # As near to twice as wide as high as can be.
        shape = lambda columns: abs(math.log(box.width / columns / (box.height / math.ceil(count / columns)) / 2))
        columns = min(range(1, count + 1), key=shape)
    columns = max(columns, 1)
    lines = math.ceil(count / columns) or 1
    width = (box.width - _BETWEEN * (columns - 1)) / columns
    height = (box.height - _BETWEEN * (lines - 1)) / lines
    return [
        Box(box.x + place % columns * (width + _BETWEEN), box.y + place // columns * (height + _BETWEEN), width, height)
        for place in range(count)
    ]


def _named(scene: Scene, count: int) -> bool:
    mode = scene.panel.options.get("textMode", "auto")
    return mode in ("name", "value_and_name") or (mode == "auto" and count > 1)


def _cell(scene: Scene, value: Value, box: Box, *, named: bool) -> None:
    canvas, options = scene.canvas, scene.panel.options
    mode = options.get("colorMode", "value")
    ground = mode.startswith("background") and value.colour.startswith("#")
    plain = theme.over(value.colour) if ground else theme.TEXT
    if ground:
        canvas.box(box, value.colour, radius=3)
    if options.get("graphMode", "area") == "area" and len(value.entry.series.values) > 1:
        _history(canvas, value, box, plain if ground else value.colour)
    pen = value.colour if mode == "value" else plain
    words = value.entry.name if options.get("textMode") == "name" else value.text
    room = box.height * (0.42 if named else 0.6)
    size = canvas.fitting(words, (box.width - 12, room), _LARGEST)
    middle = box.y + box.height / 2
    if named and options.get("textMode") != "name":
        small = Pen(size=max(10.5, min(14, box.height * 0.2)), colour=plain, across="center")
        gap = (size + small.size) / 2 + 3
        name = canvas.shortened(value.entry.name, box.width - 8, small)
        canvas.text(box.x + box.width / 2, middle - gap / 2 - 1, name, small)
        middle += gap / 2
    canvas.text(box.x + box.width / 2, middle, words, Pen(size, pen, "bold", across="center"))


def _history(canvas: Canvas, value: Value, box: Box, colour: str) -> None:
    values = np.array(value.entry.series.values)
    some = values[np.isfinite(values)]
    if not some.size:
        return
    low, high = min(0.0, float(some.min())), float(some.max())
    axes = canvas.axes(Box(box.x, box.y + box.height * 0.55, box.width, box.height * 0.45))
    axes.set_zorder(0.5)
    axes.set_xlim(0, len(values) - 1)
    axes.set_ylim(low, high * 1.1 if high > low else low + 1)
    axes.fill_between(np.arange(len(values)), low, values, color=colour, alpha=0.16, linewidth=0)
    axes.plot(np.arange(len(values)), values, color=colour, alpha=0.45, linewidth=1)
