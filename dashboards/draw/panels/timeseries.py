"""`timeseries`: lines, areas, bars and points over time."""

import math
from datetime import UTC, datetime

import numpy as np

from draw import legend, theme
from draw.canvas import Canvas, Pen
from draw.layout import Box
from draw.panels.axis import Axis
from draw.scene import Scene
from draw.shown import entries, visible
from draw.variables import Window

_UNDER = 20
"""Pixels below the plot for the time."""
_LABEL = 62
"""Pixels that the time of day takes, with some air."""
_EVERY = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)


def draw(scene: Scene) -> None:
    """Draws the plot with its axes and its legend."""
    canvas, window = scene.canvas, scene.window
    shown = entries(scene.panel, scene.results)
    box = legend.draw(canvas, scene.box, shown, scene.panel.options.get("legend", {}))
    shown = visible(shown, "viz")
    right = [entry for entry in shown if entry.look.get("custom.axisPlacement") == "right"]
    left = [entry for entry in shown if entry not in right]
    axes = {side: Axis(those) for side, those in (("left", left), ("right", right)) if those}
    widths = {side: axis.width(canvas) for side, axis in axes.items()}
    plot = box.inset(widths.get("left", 4), 6, widths.get("right", 6), _UNDER)
    times(canvas, plot, window)
    for side, axis in axes.items():
        axis.draw(canvas, plot, (side, window))


def times(canvas: Canvas, plot: Box, window: Window) -> None:
    """The axis of time below `plot`, with its lines."""
    step = next((step for step in _EVERY if window.range / step * _LABEL <= plot.width), _EVERY[-1])
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    first = math.ceil(window.start / step) * step
    for moment in np.arange(first, window.end + 0.001, step):
        x = plot.x + plot.width * (moment - window.start) / window.range
        canvas.box(Box(x, plot.y, 1, plot.height), theme.GRID)
        words = datetime.fromtimestamp(float(moment), UTC).strftime(form)
        if x - plot.x > 20 and plot.right - x > 16:
            canvas.text(x, plot.bottom + 11, words, Pen(11, theme.FAINT, across="center"))
