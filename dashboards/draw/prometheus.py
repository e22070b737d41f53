"""The parts of Prometheus's HTTP API that a board needs."""

import json
import math
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, build_opener

PATIENCE = 30.0
"""Seconds that one query may take."""


class QueryError(Exception):
    """Prometheus refused a query, or cannot be reached."""


@dataclass(frozen=True)
class Series:
    """Samples of one set of labels, in the order of time."""

    labels: dict[str, str]
    times: list[float]
    values: list[float]
    """NaN where there is none."""

    def has_data(self) -> bool:
        """Whether a value is a number."""
        return any(not math.isnan(value) for value in self.values)

    def last(self) -> float:
        """The last value that is a number, or NaN."""
        return next((value for value in reversed(self.values) if not math.isnan(value)), math.nan)


class Prometheus:
    """A server, by its URL."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        # It is on this machine or this network, whatever proxy the environment names.
        self._opener = build_opener(ProxyHandler({}))

    def instant(self, query: str, at: float) -> list[Series]:
        """What `query` is at one moment."""
        data = self.get("query", query=query, time=at)
        if data["resultType"] == "scalar":
            return [_series({}, [data["result"]])]
        return [_series(entry["metric"], [entry["value"]]) for entry in data["result"]]

    def over(self, query: str, start: float, end: float, step: float) -> list[Series]:
        """What `query` is from `start` to `end`: a value for each `step` seconds, NaN where there is none."""
        data = self.get("query_range", query=query, start=start, end=end, step=step)
        count = math.floor((end - start) / step + 1e-6) + 1
        return [_evenly(_series(entry["metric"], entry["values"]), (start, step, count)) for entry in data["result"]]

    def label_values(self, label: str, matcher: str) -> list[str]:
        """The values of a label among the series that match, or among all."""
        selection = {"match[]": matcher} if matcher else {}
        return list(self.get(f"label/{quote(label)}/values", **selection))

    def get(self, path: str, **parameters: Any) -> Any:
        """The `data` of an answer of `/api/v1/{path}`."""
        url = f"{self._url}/api/v1/{path}?{urlencode(parameters)}"
        try:
            with self._opener.open(url, timeout=PATIENCE) as answer:
                return json.load(answer)["data"]
        except HTTPError as refusal:
            raise QueryError(_reason(refusal)) from refusal
        except (URLError, OSError, ValueError) as error:
            raise QueryError(f"{self._url}: {error}") from error


def _series(labels: dict[str, str], samples: list[list[Any]]) -> Series:
    return Series(labels, [float(time) for time, _ in samples], [float(value) for _, value in samples])


def _evenly(series: Series, steps: tuple[float, float, int]) -> Series:
    start, step, count = steps
    values = [math.nan] * count
    for time, value in zip(series.times, series.values, strict=True):
        values[min(round((time - start) / step), count - 1)] = value
    return Series(series.labels, [start + place * step for place in range(count)], values)


def _reason(refusal: HTTPError) -> str:
    try:
        return str(json.load(refusal)["error"])
    except (ValueError, KeyError):
        return str(refusal)
