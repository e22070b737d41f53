"""`text`: paragraphs in Markdown, as far as boards use it; and `row`, the heading of a row."""

import re
from dataclasses import dataclass, replace

from draw import theme
from draw.canvas import Canvas, Pen
from draw.scene import Scene

_LINE = 18
_PIECES = re.compile(r"(\*\*.+?\*\*|`.+?`|\[.+?\]\(.+?\)|\*[^*]+?\*)")
_SIZES = {1: 19.0, 2: 16.0, 3: 14.0}


@dataclass(frozen=True)
class Word:
    """A word, and whether the next one follows without a space."""

    text: str
    pen: Pen
    joined: bool


def draw(scene: Scene) -> None:
    """Writes the paragraphs as long as there is room."""
    content = str(scene.panel.options.get("content", ""))
    if scene.panel.options.get("mode") == "html":
        content = re.sub(r"<[^>]+>", "", content)
    y = scene.box.y + 2
    for pen, indent, words in paragraphs(content):
        if not words:
            y += _LINE * 0.45
            continue
        for number, line in enumerate(wrapped(scene.canvas, words, scene.box.width - indent)):
            if y + _LINE > scene.box.bottom + 4:
                return
            if indent and number == 0:
                scene.canvas.text(scene.box.x + indent - 12, y + pen.size * 0.75, "•", pen)
            _write(scene.canvas, (scene.box.x + indent, y + pen.size * 0.75), line)
            y += max(_LINE, pen.size * 1.4)


def heading(scene: Scene) -> None:
    """The heading of a row."""
    box = scene.box
    middle = box.y + box.height / 2
    scene.canvas.text(box.x + 2, middle, "▾", Pen(13, theme.FAINT))
    scene.canvas.text(box.x + 20, middle, scene.panel.title, Pen(15, weight="bold"))


def paragraphs(content: str) -> list[tuple[Pen, float, list[Word]]]:
    """For each paragraph its pen, its indent and its words; empty lines have no words."""
    found: list[tuple[Pen, float, list[Word]]] = []
    for line in content.splitlines():
        pen, indent, text = Pen(12.5), 0.0, line.strip()
        if head := re.match(r"(#{1,6})\s+(.*)", text):
            pen, text = Pen(_SIZES.get(len(head[1]), 13.0), weight="bold"), head[2]
        elif item := re.match(r"(?:[-*+]|\d+\.)\s+(.*)", text):
            indent, text = 18.0, item[1]
        elif text and found and found[-1][2] and not found[-1][1] and found[-1][0] == pen:
            # Lines that follow each other are one paragraph.
            found[-1][2].extend(_words(text, pen))
            continue
        found.append((pen, indent, _words(text, pen)))
    return found


def wrapped(canvas: Canvas, words: list[Word], width: float) -> list[list[Word]]:
    """Lines that are no wider than `width`."""
    lines: list[list[Word]] = [[]]
    used = 0.0
    for word in words:
        wide = canvas.width_of(word.text, word.pen)
        if used + wide > width and lines[-1] and not lines[-1][-1].joined:
            lines.append([])
            used = 0.0
        lines[-1].append(word)
        used += wide + (0 if word.joined else _space(canvas, word.pen))
    return lines


def _words(text: str, pen: Pen) -> list[Word]:
    words = []
    pieces = [piece for piece in _PIECES.split(text) if piece]
    for number, piece in enumerate(pieces):
        shown, with_pen = _piece(piece, pen)
        parts = shown.split()
        follows = number + 1 < len(pieces) and not shown.endswith(" ") and not pieces[number + 1].startswith(" ")
        words += [Word(part, with_pen, follows and place == len(parts) - 1) for place, part in enumerate(parts)]
    return words


def _piece(piece: str, pen: Pen) -> tuple[str, Pen]:
    if piece.startswith("**"):
        return piece[2:-2], replace(pen, weight="bold", colour="#ffffff")
    if piece.startswith("`"):
        return piece[1:-1], replace(pen, mono=True, size=pen.size - 1, colour="#c8c8f0")
    if piece.startswith("["):
        return piece[1 : piece.index("](")], replace(pen, colour=theme.LINK)
    if len(piece) > 2 and piece.startswith("*") and piece.endswith("*"):
        return piece[1:-1], pen
    return piece, pen


def _write(canvas: Canvas, at: tuple[float, float], line: list[Word]) -> None:
    x, y = at
    for word in line:
        canvas.text(x, y, word.text, word.pen)
        x += canvas.width_of(word.text, word.pen) + (0 if word.joined else _space(canvas, word.pen))


def _space(canvas: Canvas, pen: Pen) -> float:
    return canvas.width_of("a a", pen) - canvas.width_of("aa", pen)
