"""`piechart`: parts of a whole."""

import math

from matplotlib.patches import Wedge

from draw import theme
from draw.canvas import Pen
from draw.layout import Box
from draw.panels.stat import Value, values
from draw.scene import Scene

_LINE = 19
_SMALL = 0.04
"""A part below this has no room for its share."""


def draw(scene: Scene) -> None:
    """Draws the pie or the ring, and the legend beside it."""
    found = [value for value in values(scene) if not math.isnan(value.number)]
    whole = sum(value.number for value in found)
    legend = scene.panel.options.get("legend") or {}
    box = scene.box
    if legend.get("showLegend", True) and legend.get("displayMode") != "hidden":
        box = _legend(scene, found, whole)
    side = min(box.width, box.height) - 4
    axes = scene.canvas.axes(Box(box.x + (box.width - side) / 2, box.y + (box.height - side) / 2, side, side))
    axes.set(xlim=(-1, 1), ylim=(-1, 1))
    hole = 0.42 if scene.panel.options.get("pieType") == "donut" else 1.0
    angle = 90.0
    if whole == 0:
        axes.add_patch(Wedge((0, 0), 1, 0, 360, width=hole, facecolor=theme.BAR, linewidth=0))
    for value in found:
        part = value.number / whole if whole else 0.0
        sweep = 360 * part
        axes.add_patch(
            Wedge(
                (0, 0), 1, angle - sweep, angle, width=hole, facecolor=value.colour, edgecolor=theme.PANEL, linewidth=1
            )
        )
        if part > _SMALL:
            middle, far = math.radians(angle - sweep / 2), 1 - hole / 2 if hole < 1 else 0.62
            axes.text(far * math.cos(middle), far * math.sin(middle), f"{part:.0%}", color="#111217", fontsize=8,
                      ha="center", va="center", weight="bold")  # fmt: skip
        angle -= sweep


def _legend(scene: Scene, found: list[Value], whole: float) -> Box:
    options = scene.panel.options.get("legend") or {}
    shown = options.get("values") or []
    canvas, box = scene.canvas, scene.box
    rows = []
    for value in found:
        part = f"{value.number / whole:.0%}" if whole else "0%"
        said = [value.text] * ("value" in shown) + [part] * ("percent" in shown)
        rows.append((value, "   ".join(said)))
    pen = Pen(11.5)
    right = options.get("placement") == "right"
    wide = max((canvas.width_of(f"{value.entry.name}    {words}", pen) for value, words in rows), default=0) + 28
    wide = min(wide, box.width * 0.55) if right else box.width
    room = box.height if right else min(len(rows) * _LINE, box.height * 0.4)
    y = box.y + (box.height - min(len(rows) * _LINE, box.height)) / 2 if right else box.bottom - room
    for value, words in rows[: int(room / _LINE)]:
        canvas.box(Box(box.right - wide, y + _LINE / 2 - 2, 12, 4), value.colour, radius=1.5)
        name = canvas.shortened(value.entry.name, wide - 26 - canvas.width_of(words, pen), pen)
        canvas.text(box.right - wide + 18, y + _LINE / 2, name, pen)
        canvas.text(box.right - 4, y + _LINE / 2, words, Pen(11.5, across="right"))
        y += _LINE
    return box.inset(0, 0, wide + 12, 0) if right else box.inset(0, 0, 0, room + 4)
