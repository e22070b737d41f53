"""The axis of a plot's values, and the lines that belong to it."""

import math
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from draw import scales, theme, units
from draw.board import Look
from draw.canvas import Canvas, Pen
from draw.layout import Box
from draw.shown import Entry
from draw.variables import Window

_TICK = Pen(size=11, colour=theme.FAINT)
_DASHES = {"dash": (0, (6, 4)), "dot": (0, (1, 3))}
_BINARY = ("bytes", "binBps")
_STEPS: dict[str, Literal["post", "pre"]] = {"stepAfter": "post", "stepBefore": "pre"}


class Axis:
    """The values of one side."""

    def __init__(self, shown: list[Entry]) -> None:
        self._shown = shown
        self._look = shown[0].look
        self._lines = _stacked(shown)
        scale = self._look.get("custom.scaleDistribution") or {}
        self._logarithm = float(scale.get("log", 10)) if scale.get("type") == "log" else None
        self._range = self._limits()
        self._ticks = self._places()

    def width(self, canvas: Canvas) -> float:
        """Pixels beside the plot."""
        return max(canvas.width_of(words, _TICK) for _, words in self._ticks) + 12

    def draw(self, canvas: Canvas, plot: Box, where: tuple[str, Window]) -> None:
        side, window = where
        low, high = (self._flat(value) for value in self._range)
        for value, words in self._ticks:
            y = plot.bottom - plot.height * (self._flat(value) - low) / (high - low)
            if side == "left":
                canvas.box(Box(plot.x, y, plot.width, 1), theme.GRID)
                canvas.text(plot.x - 8, y, words, Pen(11, theme.FAINT, across="right"))
            else:
                canvas.text(plot.right + 8, y, words, Pen(11, theme.FAINT))
        axes = canvas.axes(plot)
        axes.set_xlim(window.start, window.end)
        axes.set_ylim(low, high)
        self._thresholds(axes, (low, high))
        for entry, (base, top) in zip(self._shown, self._lines, strict=True):
            self._line(axes, entry, base, top)

    def _line(self, axes: Axes, entry: Entry, base: np.ndarray, top: np.ndarray) -> None:
        look = entry.look
        times = np.array(entry.series.times)
        values = np.array([self._flat(value) for value in top])
        low = np.array([self._flat(value) for value in base])
        opacity = float(look.get("custom.fillOpacity", 0)) / 100
        match look.get("custom.drawStyle", "line"):
            case "bars":
                width = (times[1] - times[0]) * 0.8 if len(times) > 1 else 1.0
                axes.bar(times, values - low, width, low, color=entry.colour, alpha=max(opacity, 0.3), linewidth=0)
                return
            case "points":
                axes.plot(times, values, "o", color=entry.colour, markersize=look.get("custom.pointSize", 5) * 0.6)
                return
        fill = (look.get("custom.lineStyle") or {}).get("fill", "solid")
        step = _STEPS.get(look.get("custom.lineInterpolation", "linear"))
        axes.plot(
            times, values, color=entry.colour, linewidth=look.get("custom.lineWidth", 1) * 0.9,
            linestyle=_DASHES.get(fill, "-"), drawstyle=f"steps-{step}" if step else "default",
        )  # fmt: skip
        self._alone(axes, (times, values), entry.colour)
        if opacity:
            axes.fill_between(times, low, values, color=entry.colour, alpha=opacity, linewidth=0, step=step)

    @staticmethod
    def _alone(axes: Axes, line: tuple[np.ndarray, np.ndarray], colour: str) -> None:
        """Values with none beside them make no line: they are points."""
        times, values = line
        gone = np.isnan(np.concatenate([[math.nan], values, [math.nan]]))
        alone = ~gone[1:-1] & gone[:-2] & gone[2:]
        axes.plot(times[alone], values[alone], "o", color=colour, markersize=3)

    def _thresholds(self, axes: Axes, limits: tuple[float, float]) -> None:
        style = (self._look.get("custom.thresholdsStyle") or {}).get("mode", "off")
        steps = scales.thresholds(self._look, limits)
        for index, step in enumerate(steps):
            if style == "off" or step.colour == "none":
                continue
            value = self._flat(step.value) if math.isfinite(step.value) else limits[0]
            above = self._flat(steps[index + 1].value) if index + 1 < len(steps) else limits[1]
            if "area" in style:
                axes.axhspan(value, above, color=step.colour, alpha=0.09, linewidth=0)
            if ("line" in style or "dashed" in style) and math.isfinite(step.value):
                axes.axhline(
                    value, color=step.colour, linewidth=1, linestyle="--" if "dashed" in style else "-", alpha=0.8
                )

    def _limits(self) -> tuple[float, float]:
        ends = np.concatenate([line for pair in self._lines for line in pair] or [np.zeros(1)])
        ends = ends[np.isfinite(ends)]
        if self._logarithm:
            some = ends[ends > 0]
            low, high = (float(some.min()), float(some.max())) if some.size else (1.0, 10.0)
            base = self._logarithm
            return base ** math.floor(math.log(low, base)), base ** math.ceil(math.log(high * 1.01, base))
        return self._even_limits((float(ends.min()), float(ends.max())) if ends.size else (0.0, 1.0))

    def _even_limits(self, ends: tuple[float, float]) -> tuple[float, float]:
        low, high = ends
        if low > 0 and low < high * 0.9:
            low = 0.0
        soft = [self._look.get("custom.axisSoftMin"), self._look.get("custom.axisSoftMax")]
        low = min(low, float(soft[0])) if soft[0] is not None else low
        high = max(high, float(soft[1])) if soft[1] is not None else high
        fixed = [self._look.get("min"), self._look.get("max")]
        low = float(fixed[0]) if fixed[0] is not None else low
        if high <= low:
            high = low + (abs(low) * 0.1 or 1.0)
        top = float(fixed[1]) if fixed[1] is not None else high + (high - low) * 0.06
        return low, max(top, low + 1e-9)

    def _places(self) -> list[tuple[float, str]]:
        low, high = self._range
        if self._logarithm:
            powers = range(round(math.log(low, self._logarithm)), round(math.log(high, self._logarithm)) + 1)
            skip = max(1, len(powers) // 6 + (len(powers) % 6 > 3))
            places = [self._logarithm**power for power in list(powers)[::skip]]
        else:
            whole = self._look.decimals == 0
            places = _octets(high) if self._look.unit in _BINARY else []
            places = places or list(
                MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=whole).tick_values(low, high)
            )
        places = [place for place in places if low - 1e-12 <= place <= high * (1 + 1e-9)]
        return [(place, _tick(float(place), self._look)) for place in places]

    def _flat(self, value: float) -> float:
        """Where a value lies on an even scale."""
        if not self._logarithm:
            return float(value)
        return math.log(max(float(value), self._range[0]), self._logarithm) if value > 0 else math.nan


def _tick(value: float, look: Look) -> str:
    return units.show(0.0 if abs(value) < 1e-15 else value, look.unit, None)


def _octets(high: float) -> list[float]:
    """Places that are round in KiB and MiB."""
    step = 2.0 ** math.ceil(math.log2(max(high, 1.0) / 6))
    return [step * place for place in range(8)]


def _stacked(shown: list[Entry]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each series where its area begins and ends; those of one stack lie on each other."""
    heaps: dict[str, np.ndarray] = {}
    wholes: dict[str, np.ndarray] = {}
    for entry in shown:
        values = np.nan_to_num(entry.series.values)
        group = _stacking(entry)[1]
        wholes[group] = wholes.get(group, np.zeros(len(values))) + values
    lines = []
    for entry in shown:
        mode, group = _stacking(entry)
        values = np.array(entry.series.values)
        if mode == "none":
            lines.append((np.zeros(len(values)), values))
            continue
        if mode == "percent":
            whole = wholes[group]
            values = np.divide(values, whole, out=np.zeros(len(values)), where=whole != 0)
        base = heaps.get(group, np.zeros(len(values)))
        heaps[group] = base + np.nan_to_num(values)
        lines.append((base, heaps[group]))
    return lines


def _stacking(entry: Entry) -> tuple[str, str]:
    stacking = entry.look.get("custom.stacking") or {}
    return stacking.get("mode", "none"), str(stacking.get("group", "A"))
