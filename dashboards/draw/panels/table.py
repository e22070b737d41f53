"""`table`: labels and values in columns."""

import math

from draw import scales, theme
from draw.board import Look
from draw.canvas import Pen
from draw.frames import Cell, sort_rows, table
from draw.layout import Box
from draw.scales import Shown
from draw.scene import Scene

_LINE = 27
_PEN = Pen(size=12)
_HEAD = Pen(size=12, colour=theme.LINK, weight="bold")
_MARGIN = 10


def draw(scene: Scene) -> None:
    """Draws the head and as many rows as there is room for."""
    frame = table(scene.panel, scene.results)
    rows = frame.rows
    for order in reversed(scene.panel.options.get("sortBy") or []):
        rows = sort_rows(rows, order["displayName"], descending=bool(order.get("desc")))
    looks = {column: scene.panel.fields.of(column) for column in frame.columns}
    columns = [column for column in frame.columns if not looks[column].get("custom.hidden")]
    room = max(0, int((scene.box.height - _LINE) / _LINE))
    shown = [{column: _words(row.get(column), looks[column]) for column in columns} for row in rows[:room]]
    numeric = {column: any(isinstance(row.get(column), float) for row in rows) for column in columns}
    widths = _widths(scene, columns, shown, looks)
    x, canvas = scene.box.x, scene.canvas
    for column, width in zip(columns, widths, strict=True):
        side = "right" if numeric[column] else "left"
        at = x + width - _MARGIN if numeric[column] else x + _MARGIN
        name = str(looks[column].get("displayName") or column)
        head = canvas.shortened(name, width - 2 * _MARGIN + 6, _HEAD)
        canvas.text(at, scene.box.y + _LINE / 2, head, Pen(12, theme.LINK, "bold", side))
        for number, (row, cells) in enumerate(zip(rows, shown, strict=False)):
            cell = Box(x, scene.box.y + (number + 1) * _LINE, width, _LINE)
            _cell(scene, cell, (row.get(column), cells[column]), looks[column])
        x += width
    for number in range(len(shown) + 1):
        canvas.box(Box(scene.box.x, scene.box.y + (number + 1) * _LINE, scene.box.width, 1), theme.GRID)


def _words(cell: Cell | None, look: Look) -> Shown:
    if cell is None:
        return Shown("", None)
    return Shown(cell, None) if isinstance(cell, str) else scales.show(cell, look)


def _widths(scene: Scene, columns: list[str], shown: list[dict[str, Shown]], looks: dict[str, Look]) -> list[float]:
    """What each column needs, stretched to the panel's width."""
    canvas = scene.canvas
    needed = [
        max([canvas.width_of(str(looks[column].get("displayName") or column), _HEAD)]
            + [canvas.width_of(row[column].text, _PEN) for row in shown]) + 2 * _MARGIN
        for column in columns
    ]  # fmt: skip
    fixed = [looks[column].get("custom.width") for column in columns]
    needed = [float(width) if width else need for width, need in zip(fixed, needed, strict=True)]
    return [need * scene.box.width / (sum(needed) or 1) for need in needed]


def _cell(scene: Scene, box: Box, content: tuple[Cell | None, Shown], look: Look) -> None:
    value, shown = content
    number = isinstance(value, float) and not math.isnan(value)
    kind = (look.get("custom.cellOptions") or {}).get("type", "auto")
    colour = theme.TEXT
    if number and kind.startswith("color"):
        colour = shown.colour or scales.by_threshold(float(value or 0.0), scales.thresholds(look))
    if kind == "color-background" and number:
        scene.canvas.box(box.inset(2, 2, 2, 2), colour, radius=2)
        colour = "#ffffff"
    right = isinstance(value, float)
    at = box.right - _MARGIN if right else box.x + _MARGIN
    words = scene.canvas.shortened(shown.text, box.width - _MARGIN, _PEN)
    scene.canvas.text(at, box.y + box.height / 2, words, Pen(12, colour, across="right" if right else "left"))
