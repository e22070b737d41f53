"""Legends: a list that flows, or a table with calculations, below or beside a plot."""

from dataclasses import dataclass
from typing import Any

from draw import scales, theme
from draw.canvas import Canvas, Pen
from draw.layout import Box
from draw.shown import Entry, visible

_LINE = 19
_MARK = 18
"""From the coloured mark to the name."""
_SPACE = 14
_MOST = 0.45
"""Of a panel's height or width that a legend may take."""
_PEN = Pen(size=11.5)
_HEAD = Pen(size=11, colour=theme.LINK, across="right")


@dataclass(frozen=True)
class _Row:
    entry: Entry
    values: list[float]
    words: list[str]


def draw(canvas: Canvas, box: Box, shown: list[Entry], options: dict[str, Any]) -> Box:
    """Draws the legend into `box`; what is left for the plot."""
    shown = visible(shown, "legend")
    mode = options.get("displayMode", "list")
    if mode == "hidden" or options.get("showLegend") is False or not shown:
        return box
    rows = _rows(shown, options)
    if options.get("placement", "bottom") == "right":
        return _beside(canvas, box, rows, options)
    if mode == "table":
        lines = min(len(rows) + bool(options.get("calcs")), int(box.height * _MOST / _LINE))
        height: float = max(lines, 1) * _LINE + 4
        _table(canvas, Box(box.x, box.bottom - height, box.width, height), rows, options)
    else:
        height = _list(canvas, box, rows)
    return box.inset(0, 0, 0, height + 4)


def _rows(shown: list[Entry], options: dict[str, Any]) -> list[_Row]:
    calculations = options.get("calcs") or []
    rows = []
    for entry in shown:
        values = [scales.reduce(entry.series, calculation) for calculation in calculations]
        rows.append(_Row(entry, values, [scales.show(value, entry.look).text for value in values]))
    heads = [scales.CALCULATIONS[calculation] for calculation in calculations]
    if options.get("sortBy") in heads:
        place = heads.index(options["sortBy"])
        rows.sort(key=lambda row: row.values[place], reverse=bool(options.get("sortDesc")))
    return rows


def _list(canvas: Canvas, box: Box, rows: list[_Row]) -> float:
    """A list that wraps; how high it is."""
    lines: list[list[tuple[str, Entry]]] = [[]]
    used = 0.0
    for row in rows:
        words = canvas.shortened("  ".join([row.entry.name, *row.words]), box.width - _MARK, _PEN)
        width = _MARK + canvas.width_of(words, _PEN) + _SPACE
        if used + width - _SPACE > box.width and lines[-1]:
            lines.append([])
            used = 0.0
        lines[-1].append((words, row.entry))
        used += width
    kept = lines[: max(1, int(box.height * _MOST / _LINE))]
    height = len(kept) * _LINE
    for number, line in enumerate(kept):
        x, y = box.x, box.bottom - height + (number + 0.5) * _LINE
        for words, entry in line:
            _mark(canvas, x, y, entry.colour)
            canvas.text(x + _MARK, y, words, _PEN)
            x += _MARK + canvas.width_of(words, _PEN) + _SPACE
    return height


def _beside(canvas: Canvas, box: Box, rows: list[_Row], options: dict[str, Any]) -> Box:
    names = max(canvas.width_of(row.entry.name, _PEN) for row in rows)
    width = options.get("width") or min(_MARK + names + sum(_columns(canvas, rows, options)) + 10, box.width * _MOST)
    _table(canvas, Box(box.right - width, box.y, width, box.height), rows, options)
    return box.inset(0, 0, width + 12, 0)


def _columns(canvas: Canvas, rows: list[_Row], options: dict[str, Any]) -> list[float]:
    heads = [scales.CALCULATIONS[calculation] for calculation in options.get("calcs") or []]
    return [
        max(canvas.width_of(words, _PEN) for words in (head, *(row.words[place] for row in rows))) + 18
        for place, head in enumerate(heads)
    ]


def _table(canvas: Canvas, box: Box, rows: list[_Row], options: dict[str, Any]) -> None:
    calculations = options.get("calcs") or []
    columns = _columns(canvas, rows, options)
    y = box.y + _LINE / 2
    if calculations:
        _cells(canvas, (box.right, y), columns, [(scales.CALCULATIONS[name], _HEAD) for name in calculations])
        y += _LINE
    for row in rows:
        if y + _LINE / 2 > box.bottom + 2:
            break
        _mark(canvas, box.x, y, row.entry.colour)
        room = box.width - _MARK - sum(columns)
        canvas.text(box.x + _MARK, y, canvas.shortened(row.entry.name, room, _PEN), _PEN)
        _cells(canvas, (box.right, y), columns, [(words, Pen(size=11.5, across="right")) for words in row.words])
        y += _LINE


def _cells(canvas: Canvas, end: tuple[float, float], columns: list[float], cells: list[tuple[str, Pen]]) -> None:
    x, y = end
    for width, (words, pen) in reversed(list(zip(columns, cells, strict=True))):
        canvas.text(x, y, words, pen)
        x -= width


def _mark(canvas: Canvas, x: float, y: float, colour: str) -> None:
    canvas.box(Box(x, y - 2, 12, 4), colour, radius=1.5)
