"""`gauge`: an arc that fills, with its thresholds around it."""

import math

from matplotlib.patches import Wedge

from draw import scales, theme
from draw.canvas import Pen
from draw.layout import Box
from draw.panels.stat import Value, cells, values
from draw.scene import Scene

_FROM, _SWEEP = 210.0, 240.0
"""Degrees: where the arc begins on the left, and how far it goes round."""


def draw(scene: Scene) -> None:
    """Draws an arc for each series."""
    found = values(scene)
    for value, cell in zip(found, cells(scene, len(found)), strict=True):
        _arc(scene, value, cell, named=len(found) > 1)


def _arc(scene: Scene, value: Value, box: Box, *, named: bool) -> None:
    canvas, look = scene.canvas, value.entry.look
    if named:
        pen = Pen(11.5, across="center")
        name = canvas.shortened(value.entry.name, box.width, pen)
        canvas.text(box.x + box.width / 2, box.bottom - 9, name, pen)
        box = box.inset(0, 0, 0, 18)
    low, high = float(look.get("min", 0)), float(look.get("max", 100))
    radius = max(10.0, min(box.width / 2, box.height / 1.55) - 2)
    centre = box.y + (box.height - radius * 1.5) / 2 + radius
    axes = canvas.axes(Box(box.x + box.width / 2 - radius, centre - radius, 2 * radius, 2 * radius))
    axes.set(xlim=(-1, 1), ylim=(-1, 1))

    def ring(ends: tuple[float, float], colour: str, outer: float, width: float) -> None:
        start, end = (_FROM - _SWEEP * _part(one, low, high) for one in ends)
        axes.add_patch(Wedge((0, 0), outer, end, start, width=width, facecolor=colour, linewidth=0))

    ring((low, high), theme.BAR, 0.93, 0.24)
    if not math.isnan(value.number):
        ring((low, value.number), value.colour, 0.93, 0.24)
    steps = scales.thresholds(look, (low, high))
    for index, step in enumerate(steps):
        above = steps[index + 1].value if index + 1 < len(steps) else high
        ring((max(step.value, low), above), step.colour, 1.0, 0.04)
    size = canvas.fitting(value.text, (radius * 1.15, radius * 0.5), 40)
    canvas.text(box.x + box.width / 2, centre + radius * 0.08, value.text, Pen(size, value.colour, "bold", "center"))


def _part(value: float, low: float, high: float) -> float:
    return min(max((value - low) / ((high - low) or 1), 0.0), 1.0)
