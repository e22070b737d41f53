"""Buckets of Prometheus histograms: cumulative as they are scraped, each for itself as they are shown."""

import math
from collections import defaultdict

from draw.prometheus import Series

LE = "le"


def bound(series: Series) -> float:
    """The upper bound of a bucket; infinite for what is no bucket."""
    return float(series.labels.get(LE, "+Inf"))


def apart(buckets: list[Series]) -> list[Series]:
    """From "at most `le`" to "between the bound before and `le`", ascending. Other labels keep sets apart."""
    groups: dict[tuple[tuple[str, str], ...], list[Series]] = defaultdict(list)
    for series in buckets:
        groups[tuple(sorted(label for label in series.labels.items() if label[0] != LE))].append(series)
    return [single for group in groups.values() for single in _differences(sorted(group, key=bound))]


def _differences(ascending: list[Series]) -> list[Series]:
    singles = []
    before: dict[float, float] = {}
    for series in ascending:
        values = dict(zip(series.times, series.values, strict=True))
        # Counters are scraped one after the other: a bucket may be a little behind the one before.
        counts = [_difference(value, before.get(time, 0.0)) for time, value in values.items()]
        singles.append(Series(series.labels, list(values), counts))
        before = values
    return singles


def _difference(value: float, before: float) -> float:
    return value if math.isnan(value) else max(0.0, value - (0.0 if math.isnan(before) else before))
