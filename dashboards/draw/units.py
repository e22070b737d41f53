"""Grafana's units: from a number to what is read on a panel."""

import math
from collections.abc import Callable
from datetime import UTC, datetime

_TIMES = [("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86_400.0), ("y", 31_536_000.0)]
_SI = ["", "K", "Mil", "Bil", "Tri"]
_OCTETS = ["B", "KiB", "MiB", "GiB", "TiB"]
_DECIMAL_OCTETS = ["B", "kB", "MB", "GB", "TB"]
_SUFFIXES = {
    "reqps": " req/s",
    "rps": " rd/s",
    "wps": " wr/s",
    "ops": " ops/s",
    "cps": " c/s",
    "eps": " evt/s",
    "iops": " io/s",
    "mps": " msg/s",
    "hertz": " Hz",
    "celsius": " °C",
}


def show(value: float, unit: str = "", decimals: int | None = None) -> str:
    """`value` as Grafana writes it, for instance `1.5 K` or `250 ms`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if unit.startswith("suffix:"):
        return f"{_scaled(value, _SI, 1000, decimals)} {unit.removeprefix('suffix:')}"
    if unit.startswith("prefix:"):
        return f"{unit.removeprefix('prefix:')}{_scaled(value, _SI, 1000, decimals)}"
    if unit in _SUFFIXES:
        return _scaled(value, _SI, 1000, decimals) + _SUFFIXES[unit]
    if unit not in _SHOWN:
        raise ValueError(f"the unit {unit!r} is not known here")
    return _SHOWN[unit](value, decimals)


def number(value: float, decimals: int | None = None) -> str:
    """A number with as many decimals as it is worth, at most three digits after the first."""
    if decimals is not None:
        return f"{value:.{decimals}f}"
    size = abs(value)
    if size == 0 or (value == round(value) and size < 1e15):
        return f"{value:.0f}"
    places = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:.{min(places, 10)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(value: float, names: list[str], base: int, decimals: int | None) -> str:
    rank = 0
    while abs(value) >= base and rank < len(names) - 1:
        value /= base
        rank += 1
    return f"{number(value, decimals)} {names[rank]}".rstrip()


def _octets(names: list[str], base: int, suffix: str = "") -> Callable[[float, int | None], str]:
    return lambda value, decimals: _scaled(value, names, base, decimals) + suffix


def _time(factor: float) -> Callable[[float, int | None], str]:
    def shown(value: float, decimals: int | None) -> str:
        seconds = value * factor
        if seconds == 0:
            return "0 s"
        name, size = next(((name, size) for name, size in reversed(_TIMES) if abs(seconds) >= size * 0.9995), _TIMES[0])
        return f"{number(seconds / size, decimals)} {name}"

    return shown


def _share(factor: float) -> Callable[[float, int | None], str]:
    return lambda value, decimals: number(value * factor, decimals) + "%"


def _moment(value: float, _: int | None) -> str:
    return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _ago(value: float, _: int | None) -> str:
    away = value / 1000 - datetime.now(UTC).timestamp()
    words = _time(1.0)(abs(away), 0)
    return f"in {words}" if away > 0 else f"{words} ago"


def _truth(yes: str, no: str) -> Callable[[float, int | None], str]:
    return lambda value, _: yes if value else no


_SHOWN: dict[str, Callable[[float, int | None], str]] = {
    "": number,
    "none": number,
    "locale": lambda value, decimals: f"{float(number(value, decimals)):,g}",
    "short": lambda value, decimals: _scaled(value, _SI, 1000, decimals),
    "sishort": lambda value, decimals: _scaled(value, ["", "k", "M", "G", "T"], 1000, decimals),
    "percent": _share(1),
    "percentunit": _share(100),
    "ns": _time(1e-9),
    "µs": _time(1e-6),
    "ms": _time(1e-3),
    "s": _time(1.0),
    "m": _time(60.0),
    "h": _time(3600.0),
    "d": _time(86_400.0),
    "dtdurations": _time(1.0),
    "bytes": _octets(_OCTETS, 1024),
    "decbytes": _octets(_DECIMAL_OCTETS, 1000),
    "binBps": _octets(_OCTETS, 1024, "/s"),
    "Bps": _octets(_DECIMAL_OCTETS, 1000, "/s"),
    "dateTimeAsIso": _moment,
    "dateTimeAsSystem": _moment,
    "dateTimeFromNow": _ago,
    "bool": _truth("True", "False"),
    "bool_on_off": _truth("On", "Off"),
    "bool_yes_no": _truth("Yes", "No"),
}
