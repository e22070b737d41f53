"""Tables of query results, after the transformations of a panel."""

import math
from dataclasses import dataclass
from typing import Any

from draw.board import BoardError, Panel
from draw.gather import Result, named

Cell = str | float
VALUE = "Value"


@dataclass(frozen=True)
class Table:
    """Columns in order, and rows of cells by column."""

    columns: list[str]
    rows: list[dict[str, Cell]]


def table(panel: Panel, results: list[Result]) -> Table:
    """The table that a panel shows."""
    tables = [_frame(result, alone=len(results) == 1) for result in results]
    for transformation in panel.transformations:
        if not transformation.get("disabled"):
            tables = _transformed(tables, transformation["id"], transformation.get("options", {}))
    return tables[0] if len(tables) == 1 else _merge(tables)


def _frame(result: Result, *, alone: bool) -> Table:
    value = VALUE if alone else f"{VALUE} #{result.target.ref}"
    if result.target.form != "table":
        # Each series is a field of its own: its name and its last value.
        rows: list[dict[str, Cell]] = [
            {"Field": named(result, series), value: series.last()} for series in result.series
        ]
        return Table(["Field", value], rows)
    labels = sorted({label for series in result.series for label in series.labels})
    rows = [{"Time": series.times[-1] * 1000, **series.labels, value: series.last()} for series in result.series]
    return Table(["Time", *labels, value], rows)


def _transformed(tables: list[Table], name: str, options: dict[str, Any]) -> list[Table]:
    match name:
        case "merge" | "seriesToRows":
            return [_merge(tables)]
        case "joinByField" | "seriesToColumns":
            return [_join(tables, options.get("byField", "Time"))]
        case "organize":
            return [_organize(one, options) for one in tables]
        case "filterFieldsByName":
            wanted = (options.get("include") or {}).get("names") or []
            return [Table([column for column in one.columns if column in wanted], one.rows) for one in tables]
        case "sortBy":
            return [_sort(one, options["sort"][0]) for one in tables]
        case "limit":
            return [Table(one.columns, one.rows[: int(options["limitField"])]) for one in tables]
        case other:
            raise BoardError(f"the transformation {other!r} is not known here")


def _merge(tables: list[Table]) -> Table:
    """Rows that agree on the columns that all have become one."""
    common = [column for column in tables[0].columns if all(column in one.columns for one in tables)] if tables else []
    return _joined(tables, common)


def _join(tables: list[Table], field: str) -> Table:
    return _joined(tables, [field])


def _joined(tables: list[Table], keys: list[str]) -> Table:
    columns: list[str] = []
    rows: dict[tuple[Cell | None, ...], dict[str, Cell]] = {}
    for one in tables:
        columns += [column for column in one.columns if column not in columns]
        for row in one.rows:
            rows.setdefault(tuple(row.get(key) for key in keys), {}).update(row)
    return Table(columns, list(rows.values()))


def _organize(one: Table, options: dict[str, Any]) -> Table:
    hidden, names = options.get("excludeByName") or {}, options.get("renameByName") or {}
    places = options.get("indexByName") or {}
    kept = [column for column in one.columns if not hidden.get(column)]
    kept.sort(key=lambda column: places.get(column, len(places) + 1))
    columns = [names.get(column) or column for column in kept]
    rows = [
        {name: row[column] for column, name in zip(kept, columns, strict=True) if column in row} for row in one.rows
    ]
    return Table(columns, rows)


def _sort(one: Table, order: dict[str, Any]) -> Table:
    return Table(one.columns, sort_rows(one.rows, order["field"], descending=bool(order.get("desc"))))


def sort_rows(rows: list[dict[str, Cell]], column: str, *, descending: bool) -> list[dict[str, Cell]]:
    """Rows by a column, those without a value last."""

    def empty(row: dict[str, Cell]) -> bool:
        cell = row.get(column)
        return cell is None or (isinstance(cell, float) and math.isnan(cell))

    full = sorted((row for row in rows if not empty(row)), key=lambda row: row[column], reverse=descending)
    return full + [row for row in rows if empty(row)]
