"""The parts of the drawing tool, and a picture of every kind of panel."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sample
from PIL import Image

from draw import __main__ as program
from draw import board, buckets, frames, gather, layout, legend, picture, scales, units, variables
from draw.board import Look
from draw.canvas import Canvas
from draw.panels import text
from draw.prometheus import Prometheus, QueryError, Series
from draw.variables import UnknownVariableError, Window

WINDOW = Window(start=1000.0, end=1300.0, scrape=5.0, points=60)


# --- variables ---


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ('x{route=~"$route"}', 'x{route=~".*"}'),
        ('x{route=~"${route}"}', 'x{route=~".*"}'),
        ('x{route=~"${route:regex}"}', 'x{route=~".*"}'),
        ('x{route=~"[[route]]"}', 'x{route=~".*"}'),
        ("rate(x[$__rate_interval])", "rate(x[20s])"),
        ("rate(x[$__interval])", "rate(x[5s])"),
        ("increase(x[$__range]) / $__range_s", "increase(x[300s]) / 300"),
    ],
)
def test_variables_are_written_in(written: str, sent: str) -> None:
    assert variables.substitute(written, {"route": ".*"} | variables.builtin(WINDOW)) == sent


def test_a_longer_name_is_not_taken_for_a_shorter_one() -> None:
    values = {"a": "1", "ab": "2", "__interval": "3", "__interval_ms": "4"}
    assert variables.substitute("$ab $a $__interval_ms", values) == "2 1 4"


def test_an_unknown_variable_is_refused() -> None:
    with pytest.raises(UnknownVariableError, match="rout"):
        variables.substitute("$rout", {"route": ".*"})


def test_the_step_is_as_fine_as_there_is_room_for_but_no_finer_than_the_scrape() -> None:
    assert Window(0, 3600, 15, 240).step() == 15
    assert Window(0, 3600, 1, 100).step() == 60
    assert Window(0, 60, 1, 240).step() == 1
    assert Window(0, 60, 1, 240).step(shortest=10) == 10
    assert Window(0, 3600, 15, 240).rate_step() == 60, "four scrapes"
    assert Window(0, 86_400, 15, 240).rate_step() == 600 + 15, "a step and a scrape"


@pytest.mark.parametrize(("text", "seconds"), [("", 0), ("15s", 15), ("1h30m", 5400), (">5s", 5), ("250ms", 0.25)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert variables.seconds(text) == seconds


def test_what_is_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="5 potatoes"):
        variables.seconds("5 potatoes")


def test_a_board_says_what_all_stands_for() -> None:
    entry = {"name": "route", "type": "query", "query": "label_values(x, route)"}
    shown = board.parse(
        {"title": "b", "panels": [], "templating": {"list": [entry, entry | {"name": "job", "allValue": ".+"}]}}
    )
    assert gather.values_of(shown, {}) == {"route": ".*", "job": ".+"}
    assert gather.values_of(shown, {"route": "jobs"})["route"] == "jobs"


# --- units ---


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.25, "s", "250 ms"), (90, "s", "1.5 min"), (0.00012, "s", "120 µs"), (0, "s", "0 s"), (59.99, "s", "1 min"),
        (1500, "ms", "1.5 s"), (-0.5, "s", "-500 ms"), (1500, "short", "1.5 K"), (2_500_000, "short", "2.5 Mil"),
        (0.0345, "percentunit", "3.45%"), (12, "percent", "12%"), (12.345, "reqps", "12.3 req/s"), (7, "cps", "7 c/s"),
        (3, "suffix:heads", "3 heads"), (1048576, "bytes", "1 MiB"), (1e6, "decbytes", "1 MB"), (1234, "none", "1234"),
        (0.0001234, "", "0.000123"), (math.inf, "s", "+Inf"), (1, "bool_yes_no", "Yes"),
        (0, "dateTimeAsIso", "1970-01-01 00:00:00"),
    ],
)  # fmt: skip
def test_values_read_as_in_grafana(value: float, unit: str, shown: str) -> None:
    assert units.show(value, unit) == shown


def test_decimals_are_kept_to() -> None:
    assert units.show(1.23456, "s", 1) == "1.2 s"
    assert units.show(1234.5, "short", 0) == "1 K"


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="furlongs"):
        units.show(1, "furlongs")


# --- colours and words ---

STEPS = {"thresholds": {"mode": "absolute", "steps": [
    {"value": None, "color": "green"}, {"value": 5, "color": "#FADE2A"}, {"value": 10, "color": "red"}]}}  # fmt: skip


def test_the_highest_threshold_that_is_reached_gives_the_colour() -> None:
    steps = scales.thresholds(Look(STEPS, {}))
    colours = [scales.by_threshold(value, steps) for value in (-1, 4.9, 5, 10, 1e9)]
    assert colours == ["#73BF69", "#73BF69", "#FADE2A", "#F2495C", "#F2495C"]


def test_thresholds_in_percent_lie_within_the_scale() -> None:
    percent = {"thresholds": {**STEPS["thresholds"], "mode": "percentage"}}
    assert [step.value for step in scales.thresholds(Look(percent, {}), (0, 40))] == [-math.inf, 2, 4]


def test_values_are_put_into_words() -> None:
    look = Look({"unit": "short", "noValue": "idle", "mappings": [
        {"type": "value", "options": {"1": {"text": "in use", "color": "green"}}},
        {"type": "range", "options": {"from": 5, "to": 9, "result": {"text": "some"}}}]}, {})  # fmt: skip
    assert scales.show(1.0, look) == scales.Shown("in use", "#73BF69")
    assert scales.show(7, look).text == "some"
    assert scales.show(3, look).text == "3"
    assert scales.show(math.nan, look).text == "idle"


def test_an_override_is_for_the_series_it_names() -> None:
    fields = board.Fields({"unit": "s", "custom": {"lineWidth": 1}}, [
        {"matcher": {"id": "byRegexp", "options": "/(^| )h2$/"}, "properties": [
            {"id": "color", "value": {"mode": "fixed", "fixedColor": "#123456"}},
            {"id": "custom.lineWidth", "value": 3}]},
        {"matcher": {"id": "byName", "options": "h3"}, "properties": [{"id": "unit", "value": "short"}]}])  # fmt: skip
    assert scales.of_series(fields.of("p99 h2"), 0, 0.0) == "#123456"
    assert fields.of("h2").get("custom.lineWidth") == 3
    assert (fields.of("h3").unit, fields.of("h3").get("custom.lineWidth")) == ("short", 1)
    assert scales.of_series(fields.of("h3"), 1, 0.0) == "#F2CC0C", "the second of the palette"


def test_a_series_is_reduced_without_its_gaps() -> None:
    series = Series({}, [1, 2, 3, 4], [2.0, math.nan, 6.0, math.nan])
    reduced = {
        name: scales.reduce(series, name) for name in ("lastNotNull", "first", "mean", "min", "max", "sum", "count")
    }
    assert reduced == {"lastNotNull": 6, "first": 2, "mean": 4, "min": 2, "max": 6, "sum": 8, "count": 2}
    assert math.isnan(scales.reduce(Series({}, [], []), "max"))


# --- histograms, tables, legends ---


def test_cumulative_buckets_are_told_apart() -> None:
    def bucket(bound: str, *values: float) -> Series:
        return Series({"le": bound}, [1.0, 2.0], list(values))

    # Prometheus sorts bounds as text, or not at all.
    apart = buckets.apart([bucket("+Inf", 9, 12), bucket("10", 7, 12), bucket("0.5", 2, 3)])
    assert [(series.labels["le"], series.values) for series in apart] == [
        ("0.5", [2, 3]),
        ("10", [5, 9]),
        ("+Inf", [2, 0]),
    ]


def test_a_legend_is_made_of_labels() -> None:
    result = gather.Result(board.Target("A", "x", "{{protocol}}: {{ reason }}{{gone}}", False, "time_series", ""), [])
    assert gather.named(result, Series({"protocol": "h2", "reason": "progress"}, [], [])) == "h2: progress"


def test_columns_are_put_in_order_and_renamed() -> None:
    organize = {
        "excludeByName": {"Time": True},
        "renameByName": {"Value": "Requests"},
        "indexByName": {"Value": 0, "code": 1},
    }
    panel = sample.panel("table", (0, 0, 1, 1), transformations=[{"id": "organize", "options": organize}])
    shown = board.parse({"title": "b", "panels": [panel]}).panels[0]
    target = board.Target("A", "x", "", True, "table", "")
    result = gather.Result(target, [Series({"code": "200"}, [1.0], [7.0]), Series({"code": "202"}, [1.0], [9.0])])
    table = frames.table(shown, [result])
    assert table.columns == ["Requests", "code"]
    assert table.rows == [{"Requests": 7.0, "code": "200"}, {"Requests": 9.0, "code": "202"}]
    assert [row["code"] for row in frames.sort_rows(table.rows, "Requests", descending=True)] == ["202", "200"]


def test_a_legend_leaves_the_rest_to_the_plot() -> None:
    canvas = Canvas(400, 300)
    box = layout.Box(10, 10, 380, 280)
    assert legend.draw(canvas, box, [], {}) == box, "no series, no legend"


def test_text_is_wrapped_and_marked_up() -> None:
    [(_, indent, words)] = text.paragraphs("Look at **the gateway** and `a_metric`, or\n[the runbook](x).")
    assert [word.text for word in words] == [
        "Look",
        "at",
        "the",
        "gateway",
        "and",
        "a_metric",
        ",",
        "or",
        "the",
        "runbook",
        ".",
    ]
    assert indent == 0
    assert [word.text for word in words if word.pen.weight == "bold"] == ["the", "gateway"]
    assert [word.text for word in words if word.joined] == ["a_metric", "runbook"], (
        "no space before a comma or a full stop"
    )
    canvas = Canvas(100, 100)
    lines = text.wrapped(canvas, words, 120)
    assert len(lines) > 2
    assert not any(line[0].text in ",." for line in lines)


# --- layout ---


def test_panels_lie_where_the_grid_says() -> None:
    left, right = sample.panel("stat", (0, 2, 12, 4)), sample.panel("stat", (12, 2, 12, 4))
    placed = layout.place(board.parse({"title": "b", "panels": [right, left]}), width=1208, top=100)
    assert [one.box for one in placed] == [layout.Box(8, 176, 592, 144), layout.Box(608, 176, 592, 144)]
    assert layout.height(placed) == 176 + 144 + 8


def test_a_collapsed_row_is_opened_and_moves_what_is_below() -> None:
    inner = [sample.panel("stat", (0, 1, 6, 4), title="inside")]
    row = sample.panel("row", (0, 0, 24, 1), title="row", collapsed=True, panels=inner)
    below = sample.panel("stat", (0, 1, 6, 4), title="below")
    placed = layout.place(board.parse({"title": "b", "panels": [row, below]}), width=1208, top=0)
    assert [(one.panel.title, one.box.y) for one in placed] == [("row", 0), ("inside", 38), ("below", 38 * 5)]


# --- against a server ---


class Pretence(BaseHTTPRequestHandler):
    """A Prometheus that knows two protocols, a histogram, and nothing of `gone`."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if "syntax error" in asked.get("query", ""):
            self._answer(400, {"status": "error", "error": "parse error"})
        elif url.path.startswith("/api/v1/label/"):
            self._answer(200, {"data": [] if "gone" in asked.get("match[]", "") else ["h2", "h3"]})
        else:
            self._answer(200, {"data": self._data(asked)})

    def _data(self, asked: dict[str, str]) -> dict[str, Any]:
        query = asked["query"]
        label = "le" if "sum by (le)" in query else "protocol"
        names = ["0.5", "1", "+Inf"] if label == "le" else ["h2", "h3"]
        names = [] if "gone" in query else names
        if "time" in asked:
            value = lambda place: [float(asked["time"]), "NaN" if "silent" in query else str(place + 1)]
            return {"resultType": "vector", "result": [
                {"metric": {label: name}, "value": value(place)} for place, name in enumerate(names)]}  # fmt: skip
        start, step = float(asked["start"]), float(asked["step"])
        # The second step is missing: it was not scraped.
        moments = [start, *(start + number * step for number in range(2, 20))]
        return {"resultType": "matrix", "result": [
            {"metric": {label: name}, "values": [[moment, str(place + 1 + moment % 7)] for moment in moments]}
            for place, name in enumerate(names)]}  # fmt: skip

    def _answer(self, code: int, content: dict[str, Any]) -> None:
        octets = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pretence = ThreadingHTTPServer(("127.0.0.1", 0), Pretence)
    thread = Thread(target=pretence.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{pretence.server_port}"
    pretence.shutdown()
    thread.join()
    pretence.server_close()


def test_what_was_not_scraped_is_a_gap(server: str) -> None:
    series = Prometheus(server).over("x", 1000, 1095, 5)[0]
    assert (len(series.times), series.times[1]) == (20, 1005)
    assert math.isnan(series.values[1])
    assert not any(math.isnan(value) for value in (series.values[0], *series.values[2:]))


def test_a_refusal_has_the_words_of_prometheus(server: str) -> None:
    with pytest.raises(QueryError, match="parse error"):
        Prometheus(server).instant("syntax error", 1000)


def lone(expression: str, **more: Any) -> board.Board:
    return board.parse({"title": "b", "panels": [sample.panel("stat", (0, 0, 6, 4), sample.query(expression, **more))]})


@pytest.mark.parametrize(
    ("expression", "instant"), [("gone", False), ("gone", True), ("silent", True), ("syntax error", False)]
)
def test_a_query_that_returns_nothing_is_reported(server: str, expression: str, *, instant: bool) -> None:
    gathered = gather.Gatherer(Prometheus(server), WINDOW).gather(lone(expression, instant=instant))
    assert len(gathered.empty) == 1
    assert gathered.empty[0].startswith("b: stat (A): ")
    assert expression in gathered.empty[0]


def test_a_variable_without_values_is_reported(server: str) -> None:
    entry = {"name": "route", "type": "query", "query": {"query": 'label_values(gone{job=~"$route"}, route)'}}
    shown = board.parse({"title": "b", "panels": [], "templating": {"list": [entry]}})
    assert gather.Gatherer(Prometheus(server), WINDOW).gather(shown).empty == [
        'b: $route: no value: label_values(gone{job=~"$route"}, route)'
    ]


def test_every_kind_of_panel_is_drawn(server: str) -> None:
    shown = board.parse(sample.board())
    gathered = gather.Gatherer(Prometheus(server), WINDOW).gather(shown)
    assert gathered.empty == []
    whole = {panel.kind for panel in shown.panels}
    assert whole == {"row", *picture._KINDS}, "the sample has every kind"
    for panel in shown.panels:
        alone = picture.draw(board.Board("", "", "", [], [panel]), gathered, {}, 600)
        nothing = picture.draw(board.Board("", "", "", [], [panel]), gather.Gathered(WINDOW), {}, 600)
        if panel.targets:
            assert alone.colours() - nothing.colours(), f"{panel.kind} draws nothing"


def test_the_program_writes_pictures_and_says_what_is_missing(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, broken = tmp_path / "whole.json", tmp_path / "broken.json"
    whole.write_text(json.dumps(sample.board()))
    empty = sample.panel("stat", (0, 0, 6, 4), sample.query("gone"))
    broken.write_text(json.dumps({"title": "Broken", "panels": [empty]}))
    common = [
        "--prometheus",
        server,
        "--into",
        str(tmp_path),
        "--end",
        "1300",
        "--last",
        "5m",
        "--scrape-interval",
        "5s",
    ]
    assert program.main([str(whole), *common]) == 0
    with Image.open(tmp_path / "whole.png") as drawn:
        assert drawn.width == 1240
    assert program.main([str(whole), str(broken), *common]) == 1
    assert "Broken: stat (A): no data: gone" in capsys.readouterr().err
    assert program.main([str(tmp_path / "none.json"), *common]) == 2
    assert "none.json: not a board" in capsys.readouterr().err
