"""A picture that is drawn in pixels from the top left: text, boxes, and axes for plots."""

import io
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from PIL import Image

from draw import theme
from draw.layout import Box

_DPI = 100
_FREQUENT, _SHADES = 48, 48
"""A picture of flat colours needs no more than those that cover most, and some between them: a third of the size."""

# A font that is not there is not missed: the next in the list is taken.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Pen:
    """How text is written."""

    size: float = 12
    colour: str = theme.TEXT
    weight: str = "normal"
    across: str = "left"
    """Which side of the text is at x: `left`, `center` or `right`."""
    up: str = "center"
    """What of it is at y: `top`, `center`, `baseline` or `bottom`."""
    mono: bool = False


class Canvas:
    """A picture in the making."""

    def __init__(self, width: float, height: float) -> None:
        self._figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=theme.CANVAS)
        self._renderer = FigureCanvasAgg(self._figure).get_renderer()  # type: ignore[no-untyped-call]
        self._size = (width, height)
        self._sheet = self._figure.add_axes((0, 0, 1, 1), zorder=0)
        self._sheet.set_axis_off()
        self._sheet.set_xlim(0, width)
        self._sheet.set_ylim(height, 0)
        self._used: set[tuple[int, ...]] = set()

    @property
    def width(self) -> float:
        return self._size[0]

    def panel(self, box: Box) -> None:
        """The ground of a panel."""
        self.box(box, theme.PANEL, radius=3, edge=theme.BORDER)

    def box(self, box: Box, colour: str, radius: float = 0, edge: str = "none") -> None:
        """A filled rectangle, with round corners if it has a radius."""
        if colour != "none":
            self._used.add(tuple(round(255 * part) for part in to_rgb(colour)))
        if radius == 0:
            patch: Rectangle | FancyBboxPatch = Rectangle((box.x, box.y), box.width, box.height)
        else:
            style = f"round,pad=0,rounding_size={radius}"
            patch = FancyBboxPatch((box.x, box.y), box.width, box.height, boxstyle=style)
        patch.set(facecolor=colour, edgecolor=edge, linewidth=0.72)
        self._sheet.add_patch(patch)

    def ring(self, x: float, y: float, radius: float, colour: str) -> None:
        """A thin circle."""
        self._sheet.add_patch(Circle((x, y), radius, facecolor="none", edgecolor=colour, linewidth=0.72))

    def text(self, x: float, y: float, words: str, pen: Pen = Pen()) -> None:
        """One line of text."""
        vertical = {"center": "center_baseline"}.get(pen.up, pen.up)
        self._sheet.text(
            x, y, words, color=pen.colour, fontproperties=_font(pen.size, pen.weight, pen.mono),
            ha=pen.across, va=vertical, parse_math=False,
        )  # fmt: skip

    def width_of(self, words: str, pen: Pen = Pen()) -> float:
        """How many pixels a line of text takes."""
        font = _font(pen.size, pen.weight, pen.mono)
        return float(self._renderer.get_text_width_height_descent(words, font, False)[0])

    def shortened(self, words: str, width: float, pen: Pen = Pen()) -> str:
        """As much of `words` as fits, with an ellipsis for the rest."""
        if self.width_of(words, pen) <= width:
            return words
        while words and self.width_of(words + "…", pen) > width:
            words = words[:-1]
        return words.rstrip() + "…"

    def fitting(self, words: str, room: tuple[float, float], largest: float) -> float:
        """The largest size of text that fits into `room` (width, height)."""
        width, height = room
        wanted = self.width_of(words, Pen(size=largest, weight="bold"))
        return max(8.0, min(largest, height, largest * width / max(wanted, 1)))

    def axes(self, box: Box) -> Axes:
        """Axes that fill `box`: no frame, no ticks, no ground."""
        width, height = self._size
        place = (box.x / width, 1 - box.bottom / height, box.width / width, box.height / height)
        axes = self._figure.add_axes(place, zorder=1)
        axes.patch.set_alpha(0)
        axes.tick_params(length=0, labelsize=0, labelbottom=False, labelleft=False)
        axes.grid(False)
        for side in axes.spines.values():
            side.set_visible(False)
        return axes

    def colours(self) -> set[tuple[int, ...]]:
        """Every colour in the picture."""
        return {colour for _, colour in _counted(self._picture())}

    def save(self, path: Path) -> None:
        """Writes a PNG with few colours, or an SVG."""
        if path.suffix == ".svg":
            self._figure.savefig(path, format="svg")
            return
        _few_colours(self._picture(), self._used).save(path, optimize=True)

    def _picture(self) -> Image.Image:
        buffer = io.BytesIO()
        self._figure.savefig(buffer, format="png", dpi=_DPI)
        return Image.open(buffer).convert("RGB")


def _counted(picture: Image.Image) -> list[tuple[int, tuple[int, ...]]]:
    """How many pixels each colour has."""
    return list(picture.getcolors(picture.width * picture.height) or [])  # type: ignore[arg-type]


def _few_colours(picture: Image.Image, kept: set[tuple[int, ...]]) -> Image.Image:
    """The same picture with a palette; the colours of legends and what covers much stay exactly as they are."""
    frequent = [colour for _, colour in sorted(_counted(picture), reverse=True)]
    exact = list(dict.fromkeys([*sorted(kept)[: 2 * _FREQUENT], *frequent[:_FREQUENT]]))
    shades = picture.quantize(_SHADES, method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in exact for part in colour] + shades)
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


@lru_cache(maxsize=256)
def _font(size: float, weight: str, mono: bool) -> FontProperties:
    family = theme.MONO if mono else theme.FONTS
    return FontProperties(family=family, size=size * 72 / _DPI, weight=weight)
