"""Puts a board together: its head, and every panel in its place."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from draw import theme
from draw.board import Board, BoardError
from draw.canvas import Canvas, Pen
from draw.gather import Gathered
from draw.layout import ROW, Box, Placed, height, place
from draw.panels import bargauge, gauge, heatmap, pie, stat, table, text, timeseries
from draw.scene import Scene

_HEAD = 84
"""Pixels of the board's title and its variables."""

_KINDS: dict[str, Callable[[Scene], None]] = {
    "timeseries": timeseries.draw,
    "stat": stat.draw,
    "gauge": gauge.draw,
    "bargauge": bargauge.draw,
    "heatmap": heatmap.draw,
    "table": table.draw,
    "piechart": pie.draw,
    "text": text.draw,
}


def draw(board: Board, gathered: Gathered, chosen: dict[str, str], width: float = 1240) -> Canvas:
    """The picture of a board."""
    placed = place(board, width, _HEAD)
    canvas = Canvas(width, height(placed))
    _head(canvas, board, gathered, chosen)
    for one in placed:
        _panel(canvas, one, gathered)
    return canvas


def save(canvas: Canvas, path: Path) -> None:
    """Writes the picture; makes its directory if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.save(path)


def _head(canvas: Canvas, board: Board, gathered: Gathered, chosen: dict[str, str]) -> None:
    canvas.text(16, 25, board.title, Pen(19, weight="bold"))
    start, end = (datetime.fromtimestamp(at, UTC) for at in (gathered.window.start, gathered.window.end))
    words = f"{start:%Y-%m-%d %H:%M:%S} to {end:%H:%M:%S} UTC"
    canvas.text(canvas.width - 16, 25, words, Pen(12, theme.FAINT, across="right"))
    x = 12.0
    for variable in board.variables:
        value = chosen.get(variable.name) or variable.current or "All"
        value = "All" if value == "$__all" else value
        if variable.kind == "datasource":
            value = "Prometheus"
        for shown, pen, ground in (
            (variable.label, Pen(12, weight="bold"), theme.PANEL),
            (value, Pen(12), theme.CANVAS),
        ):
            wide = canvas.width_of(shown, pen) + 20
            canvas.box(Box(x, 44, wide, 28), ground, edge=theme.BORDER)
            canvas.text(x + 10, 58, shown, pen)
            x += wide
        x += 10


def _panel(canvas: Canvas, placed: Placed, gathered: Gathered) -> None:
    panel, box = placed.panel, placed.box
    if panel.kind == ROW:
        text.heading(Scene(canvas, box, panel, [], gathered.window))
        return
    if panel.kind not in _KINDS:
        raise BoardError(f"{panel.title!r} is of the kind {panel.kind!r}, which is not known here")
    if not panel.transparent:
        canvas.panel(box)
    inner = box.inset(10, 8, 10, 8)
    if panel.title:
        _title(canvas, placed)
        inner = box.inset(10, theme.HEADER, 10, 8)
    results = gathered.of(panel)
    if panel.targets and not any(result.series for result in results):
        middle = (inner.x + inner.width / 2, inner.y + inner.height / 2)
        canvas.text(*middle, "No data", Pen(15, theme.FAINT, across="center"))
        return
    _KINDS[panel.kind](Scene(canvas, inner, panel, results, gathered.window))


def _title(canvas: Canvas, placed: Placed) -> None:
    pen = Pen(13.5, weight="bold")
    box = placed.box
    title = canvas.shortened(placed.panel.title, box.width - 44, pen)
    canvas.text(box.x + 11, box.y + 18, title, pen)
    if placed.panel.description:
        x = box.x + 11 + canvas.width_of(title, pen) + 14
        canvas.ring(x, box.y + 17, 6, theme.FAINT)
        canvas.text(x, box.y + 17.5, "i", Pen(10, theme.FAINT, across="center"))
