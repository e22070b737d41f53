"""From Grafana's grid to pixels."""

from dataclasses import dataclass

from draw.board import Board, Grid, Panel
from draw.theme import CELL, COLUMNS, GAP

ROW = "row"


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, from the top left."""

    x: float
    y: float
    width: float
    height: float

    def inset(self, left: float, top: float, right: float, bottom: float) -> "Box":
        """What is left of it within these margins."""
        return Box(self.x + left, self.y + top, max(self.width - left - right, 1), max(self.height - top - bottom, 1))

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True)
class Placed:
    """A panel and where it goes."""

    panel: Panel
    box: Box


def place(board: Board, width: float, top: float) -> list[Placed]:
    """Puts every panel into a picture of this `width`, the first line at `top`.

    Collapsed rows are opened: what is below one moves down by as much as is in it.
    """
    placed: list[Placed] = []
    down = 0
    for panel in board.panels:
        placed.append(Placed(panel, _box(panel.grid, (width, top), down)))
        if panel.kind == ROW and panel.inner:
            first = min(inner.grid.y for inner in panel.inner)
            under = panel.grid.y + panel.grid.height + down
            placed += [Placed(inner, _box(inner.grid, (width, top), under - first)) for inner in panel.inner]
            down += max(inner.grid.y + inner.grid.height for inner in panel.inner) - first
    return placed


def height(placed: list[Placed]) -> float:
    """How high the picture is."""
    return max((one.box.bottom for one in placed), default=0.0) + GAP


def _box(grid: Grid, picture: tuple[float, float], down: int) -> Box:
    width, top = picture
    column = (width - GAP) / COLUMNS
    return Box(
        x=GAP + grid.x * column,
        y=top + (grid.y + down) * CELL,
        width=grid.width * column - GAP,
        height=grid.height * CELL - GAP,
    )
