"""`bargauge`: a bar for each series."""

import math

from draw import scales, theme, units
from draw.buckets import LE
from draw.canvas import Canvas, Pen
from draw.layout import Box
from draw.panels.stat import Value, values
from draw.scene import Scene

_NAME = Pen(size=11.5)
_SEGMENT = 8
"""Pixels of one light of the `lcd` mode."""


def draw(scene: Scene) -> None:
    """Draws the bars, from the left or from below."""
    found = values(scene)
    if not found:
        return
    numbers = [value.number for value in found if not math.isnan(value.number)]
    look = found[0].entry.look
    low = float(look.get("min", min([0.0, *numbers])))
    high = float(look.get("max", max(numbers, default=1.0)))
    scale = (low, high if high > low else low + 1)
    if scene.panel.options.get("orientation", "auto") == "vertical":
        _standing(scene, found, scale)
    else:
        _lying(scene, found, scale)


def label(value: Value) -> str:
    """The name of a bar; a bucket without one is called by its bound."""
    bound = value.entry.series.labels.get(LE)
    if bound is None or value.entry.name != bound:
        return value.entry.name
    return "more" if bound == "+Inf" else f"≤ {units.number(float(bound))}"


def _lying(scene: Scene, found: list[Value], scale: tuple[float, float]) -> None:
    canvas, box = scene.canvas, scene.box
    names = min(max(canvas.width_of(label(value), _NAME) for value in found) + 12, box.width * 0.4)
    words = max(canvas.width_of(value.text, Pen(12.5, weight="bold")) for value in found) + 12
    height = min((box.height + 4) / len(found), 44)
    top = box.y + (box.height - height * len(found)) / 2
    for number, value in enumerate(found):
        middle = top + (number + 0.5) * height
        name = canvas.shortened(label(value), names - 8, _NAME)
        canvas.text(box.x + names - 10, middle, name, Pen(11.5, across="right"))
        bar = Box(box.x + names, middle - height / 2 + 2, box.width - names - words, height - 4)
        _bar(scene, value, bar, scale)
        canvas.text(box.right - 2, middle, value.text, Pen(12.5, value.colour, "bold", "right"))


def _bar(scene: Scene, value: Value, bar: Box, scale: tuple[float, float]) -> None:
    canvas, mode = scene.canvas, scene.panel.options.get("displayMode", "gradient")
    part = _part(value.number, scale)
    if mode == "lcd":
        count = max(1, int(bar.width / _SEGMENT))
        steps = scales.thresholds(value.entry.look, scale)
        for place in range(count):
            at = scale[0] + (scale[1] - scale[0]) * (place + 0.5) / count
            lit = (place + 0.5) / count <= part
            colour = scales.by_threshold(at, steps) if steps else value.colour
            _light(canvas, Box(bar.x + place * _SEGMENT, bar.y, _SEGMENT - 2, bar.height), colour if lit else theme.BAR)
        return
    canvas.box(bar, theme.BAR, radius=2)
    if part > 0:
        canvas.box(
            Box(bar.x, bar.y, max(bar.width * part, 2), bar.height), value.colour, radius=2 if part > 0.02 else 0
        )


def _light(canvas: Canvas, box: Box, colour: str) -> None:
    canvas.box(box, colour, radius=1)


def _standing(scene: Scene, found: list[Value], scale: tuple[float, float]) -> None:
    canvas, box = scene.canvas, scene.box
    width = box.width / len(found)
    floor, ceiling = box.bottom - 20, box.y + 20
    for number, value in enumerate(found):
        middle = box.x + (number + 0.5) * width
        bar = Box(middle - width / 2 + 3, ceiling, width - 6, floor - ceiling)
        canvas.box(bar, theme.BAR, radius=2)
        high = bar.height * _part(value.number, scale)
        if high > 0:
            canvas.box(
                Box(bar.x, floor - max(high, 2), bar.width, max(high, 2)), value.colour, radius=2 if high > 4 else 0
            )
        pen = Pen(11, across="center")
        canvas.text(middle, floor + 11, canvas.shortened(label(value), width - 2, pen), pen)
        size = canvas.fitting(value.text, (width - 4, 13), 12)
        canvas.text(middle, ceiling - 9, value.text, Pen(size, value.colour, "bold", "center"))


def _part(value: float, scale: tuple[float, float]) -> float:
    low, high = scale
    return 0.0 if math.isnan(value) else min(max((value - low) / (high - low), 0.0), 1.0)
