"""What a panel is drawn from."""

from dataclasses import dataclass

from draw.board import Panel
from draw.canvas import Canvas
from draw.gather import Result
from draw.layout import Box
from draw.variables import Window


@dataclass(frozen=True)
class Scene:
    """One panel, its data, and where it goes."""

    canvas: Canvas
    box: Box
    """Below the title, within the margins."""
    panel: Panel
    results: list[Result]
    window: Window
