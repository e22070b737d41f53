"""What a value means: its colour by thresholds, its words by value mappings, and what is left of a series."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from draw import units
from draw.board import Look
from draw.prometheus import Series
from draw.theme import PALETTE, TEXT, colour


@dataclass(frozen=True)
class Step:
    """From `value` on, a colour."""

    value: float
    colour: str


@dataclass(frozen=True)
class Shown:
    """A value as it is shown."""

    text: str
    colour: str | None
    """What a value mapping says; None: whatever the thresholds say."""


def thresholds(look: Look, scale: tuple[float, float] | None = None) -> list[Step]:
    """The thresholds, ascending; those in percent lie within `scale`."""
    table = look.get("thresholds") or {}
    steps = []
    for step in table.get("steps", []):
        value = -math.inf if step.get("value") is None else float(step["value"])
        if table.get("mode") == "percentage" and math.isfinite(value):
            low, high = scale or (0.0, 100.0)
            value = low + (high - low) * value / 100
        steps.append(Step(value, colour(step["color"])))
    return sorted(steps, key=lambda step: step.value)


def by_threshold(value: float, steps: Sequence[Step]) -> str:
    """The colour of the highest threshold that `value` reaches."""
    reached = [step.colour for step in steps if value >= step.value]
    return reached[-1] if reached else TEXT


def of_series(look: Look, index: int, value: float) -> str:
    """The colour of the series at `index` of its panel, whose last value is `value`."""
    settings = look.get("color") or {}
    match settings.get("mode"):
        case "fixed" | "shades":
            return colour(settings.get("fixedColor", "green"))
        case "thresholds":
            return by_threshold(value, thresholds(look))
        case _:
            return PALETTE[index % len(PALETTE)]


def show(value: float, look: Look) -> Shown:
    """`value` in words, after value mappings."""
    for mapping in look.get("mappings") or []:
        found = _mapped(value, mapping)
        if found is not None:
            text = found.get("text") or units.show(value, look.unit, look.decimals)
            return Shown(text, colour(found["color"]) if "color" in found else None)
    if math.isnan(value):
        return Shown(str(look.get("noValue") or "No data"), None)
    return Shown(units.show(value, look.unit, look.decimals), None)


def reduce(series: Series, calculation: str) -> float:
    """One number for a whole series, such as `lastNotNull` or `max`."""
    values = [value for value in series.values if not math.isnan(value)]
    if not values:
        return math.nan
    match calculation:
        case "last" | "lastNotNull":
            return values[-1]
        case "first" | "firstNotNull":
            return values[0]
        case "mean":
            return sum(values) / len(values)
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "sum":
            return sum(values)
        case "count":
            return float(len(values))
        case "range":
            return max(values) - min(values)
        case "delta" | "diff":
            return values[-1] - values[0]
    raise ValueError(f"the calculation {calculation!r} is not known here")


CALCULATIONS = {
    "last": "Last", "lastNotNull": "Last *", "first": "First", "firstNotNull": "First *", "mean": "Mean", "min": "Min",
    "max": "Max", "sum": "Total", "count": "Count", "range": "Range", "delta": "Delta", "diff": "Difference",
}  # fmt: skip
"""What the head of a legend's column says."""


def _mapped(value: float, mapping: dict[str, Any]) -> dict[str, Any] | None:
    options = mapping["options"]
    match mapping["type"]:
        case "value":
            return options.get(units.number(value)) if math.isfinite(value) else None
        case "range":
            low, high = options.get("from"), options.get("to")
            inside = (low is None or value >= low) and (high is None or value <= high) and not math.isnan(value)
            return options["result"] if inside else None
        case "special":
            empty = options["match"] in ("nan", "null", "null+nan") and math.isnan(value)
            return options["result"] if empty else None
    return None
