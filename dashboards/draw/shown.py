"""The series of a panel with their names, looks and colours."""

from dataclasses import dataclass

from draw import scales
from draw.board import Look, Panel
from draw.gather import Result, named
from draw.prometheus import Series


@dataclass(frozen=True)
class Entry:
    """One series as a panel shows it."""

    series: Series
    name: str
    look: Look
    colour: str


def entries(panel: Panel, results: list[Result]) -> list[Entry]:
    """All series of a panel, in the order of its queries."""
    found: list[Entry] = []
    for result in results:
        for series in result.series:
            name = named(result, series)
            look = panel.fields.of(name, result.target.ref)
            name = str(look.get("displayName") or name)
            colour = scales.of_series(look, len(found), series.last())
            found.append(Entry(series, name, look, colour))
    return found


def visible(shown: list[Entry], where: str) -> list[Entry]:
    """Those that are not hidden from `legend` or `viz`."""
    return [entry for entry in shown if not (entry.look.get("custom.hideFrom") or {}).get(where)]
