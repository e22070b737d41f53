"""What every board keeps to, looked up in the JSON that Grafana imports, not in the source that it is made from."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DASHBOARDS = Path(__file__).resolve().parents[1]
METRICS = DASHBOARDS.parent / "gateway/docs/metrics.md"

NAMES = ["overview", "interim-cadence", "acknowledgement", "operations", "upstreams", "load-test"]
BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))}

WITHOUT_QUERIES = ("row", "text")
KINDS = ("timeseries", "stat", "heatmap", "table", *WITHOUT_QUERIES)
UNITS = {"s", "reqps", "cps", "ops", "eps", "short", "bytes", "percentunit", "bool"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCRAPED = {"job", "instance"}
"""Labels that every series has from Prometheus."""
GRAFANAS_OWN = {"__rate_interval"}
LONGEST_ADVICE = 380
"""Characters, Markdown included, that fit into two lines across a board."""
COUNTING = re.compile(r"(?:rate|increase)\($")

Json = dict[str, Any]

every_board = pytest.mark.parametrize("name", NAMES)


@dataclass(frozen=True)
class Metric:
    kind: str
    labels: frozenset[str]


@dataclass(frozen=True)
class Selector:
    """A metric in a query, as `name{label=~"value"}`."""

    name: str
    matchers: list[tuple[str, str, str]]
    before: str

    @property
    def family(self) -> str:
        """The name in the documentation: that of a histogram has no suffix there."""
        base = re.sub(r"_(bucket|sum|count)$", "", self.name)
        return base if documented().get(base, NOTHING).kind == "histogram" else self.name


NOTHING = Metric("none", frozenset())
_SELECTOR = re.compile(r"(?<![\w$\"])((?:progress_gateway|process)_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def documented() -> dict[str, Metric]:
    """Every metric of the documentation's tables."""
    found: dict[str, Metric] = {}
    for line in METRICS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) >= 5 and cells[1].startswith(("`progress_gateway_", "`process_")):
            found[cells[1].strip("`")] = Metric(cells[2], frozenset(re.findall(r"`(\w+)`", cells[3])))
    return found


def panels(board: Json) -> Iterator[Json]:
    """The panels of a board, those in collapsed rows too."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def graphs(name: str) -> list[Json]:
    """The panels that query."""
    return [panel for panel in panels(BOARDS[name]) if panel["type"] not in WITHOUT_QUERIES]


def expressions(name: str) -> list[str]:
    return [target["expr"] for panel in graphs(name) for target in panel["targets"]]


def selectors(expression: str) -> list[Selector]:
    found = _SELECTOR.finditer(expression)
    return [Selector(hit[1], _MATCHER.findall(hit[2] or ""), expression[: hit.start()]) for hit in found]


def test_the_boards_are_those_that_are_promised() -> None:
    assert sorted(BOARDS) == sorted(NAMES)


def test_the_documentation_is_understood() -> None:
    metrics = documented()
    assert len(metrics) > 30
    assert metrics["progress_gateway_requests_total"] == Metric(
        "counter", frozenset({"protocol", "route", "mode", "code"})
    )
    assert metrics["progress_gateway_build_info"].labels == {"version", "revision"}


def test_the_committed_boards_are_what_their_source_says() -> None:
    done = subprocess.run(
        [sys.executable, str(DASHBOARDS / "generate"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@every_board
def test_a_board_can_be_imported_as_it_is(name: str) -> None:
    board = BOARDS[name]
    assert board["id"] is None, "Grafana gives numbers itself"
    assert board["schemaVersion"] >= 39, "Grafana 11 and later"
    assert board["title"] and board["description"] and board["tags"]
    assert "__inputs" not in board and "__requires" not in board
    assert Counter(other["uid"] for other in BOARDS.values())[board["uid"]] == 1


@every_board
def test_variables_are_there_and_used(name: str) -> None:
    board = BOARDS[name]
    variables = {entry["name"]: entry for entry in board["templating"]["list"]}
    assert {"datasource", "route", "protocol"} <= variables.keys()
    assert ("upstream" in variables) == (name == "upstreams")
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    referred = set(re.findall(r"\$\{?(\w+)", " ".join(expressions(name)))) - GRAFANAS_OWN
    assert referred == variables.keys() - {"datasource"}
    for variable in variables.values():
        if variable["type"] == "query":
            assert variable["datasource"] == SOURCE, variable["name"]
            assert variable["refresh"] == 2, "new routes appear when the time range changes"
            assert variable["includeAll"] and variable["multi"] and variable["allValue"] == ".+"
            assert selectors(variable["definition"])[0].name in documented()


@every_board
def test_no_data_source_is_named(name: str) -> None:
    def sources(value: object) -> Iterator[object]:
        if isinstance(value, dict):
            yield from (inner for key, inner in value.items() if key == "datasource")
            yield from (source for inner in value.values() for source in sources(inner))
        elif isinstance(value, list):
            yield from (source for inner in value for source in sources(inner))

    found = list(sources(BOARDS[name]))
    assert len(found) > len(graphs(name))
    assert all(source == SOURCE for source in found)


@every_board
def test_panels_have_numbers_and_places_of_their_own(name: str) -> None:
    board = list(panels(BOARDS[name]))
    assert len({panel["id"] for panel in board}) == len(board)
    taken: dict[tuple[int, int], str] = {}
    for panel in board:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']!r} lies on {taken[x, y]!r}"
                taken[x, y] = panel["title"]


@every_board
def test_lines_of_panels_are_full(name: str) -> None:
    """No holes: what lies side by side is as wide as the board, and equally high."""
    lines: dict[int, list[Json]] = {}
    for panel in panels(BOARDS[name]):
        lines.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"])
    for y, places in lines.items():
        assert sum(place["w"] for place in places) == 24, f"line {y}"
        assert len({place["h"] for place in places}) == 1, f"line {y}"


@every_board
def test_every_row_says_what_to_do(name: str) -> None:
    board = BOARDS[name]["panels"]
    assert board[0]["type"] == "row"
    for index, panel in enumerate(board):
        if panel["type"] == "row":
            advice = board[index + 1]
            assert advice["type"] == "text", panel["title"]
            assert 80 < len(advice["options"]["content"]) <= LONGEST_ADVICE, panel["title"]
            assert re.search(r"\*\*.*(\?|red).*\*\*", advice["options"]["content"]), panel["title"]


@every_board
def test_panels_say_what_they_show(name: str) -> None:
    for panel in graphs(name):
        title = panel["title"]
        assert panel["type"] in KINDS, title
        assert title and panel["description"].endswith("."), title
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, title
        if panel["type"] == "heatmap":
            assert panel["options"]["yAxis"]["unit"] in UNITS, title
            assert panel["options"]["legend"]["show"], title
        if panel["type"] == "timeseries":
            assert panel["options"]["legend"]["showLegend"], title


@every_board
def test_series_have_legends(name: str) -> None:
    for panel in graphs(name):
        assert panel["targets"], panel["title"]
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(set(legends)) == len(legends), panel["title"]
        for target in panel["targets"]:
            assert target["legendFormat"] not in ("", "__auto"), panel["title"]
            kept = grouped(target["expr"])
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert label in kept, f"{panel['title']}: no label {label} is left"
            if panel["type"] not in ("heatmap", "table"):
                named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
                assert named == kept - {"le"}, f"{panel['title']}: series that look alike"


def grouped(expression: str) -> set[str]:
    """The labels that the outermost aggregations keep; all operands keep the same."""
    return {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")}


@every_board
def test_targets_are_told_apart(name: str) -> None:
    for panel in graphs(name):
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]), panel["title"]
        forms = {target["format"] for target in panel["targets"]}
        assert forms == {{"heatmap": "heatmap", "table": "table"}.get(panel["type"], "time_series")}, panel["title"]


@every_board
def test_limits_ascend(name: str) -> None:
    for panel in graphs(name):
        steps = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        assert steps[0] is None and steps[1:] == sorted(steps[1:]), panel["title"]


@every_board
def test_queries_name_what_exists(name: str) -> None:
    for expression in expressions(name):
        assert selectors(expression), expression
        for selector in selectors(expression):
            assert selector.family in documented(), selector.name
            labels = documented()[selector.family].labels
            extra = {"le"} if selector.name.endswith("_bucket") else set()
            assert {label for label, _, _ in selector.matchers} <= labels | SCRAPED, expression
            if len(selectors(expression)) == 1:
                assert grouped(expression) <= labels | extra, expression


@every_board
def test_values_of_labels_exist(name: str) -> None:
    """What a query singles out or leaves out is a value that the documentation names."""
    known = set(re.findall(r"`(\w+)`", METRICS.read_text(encoding="utf-8")))
    for expression in expressions(name):
        for selector in selectors(expression):
            for label, _, value in selector.matchers:
                if not value.startswith("$") and label != "code":
                    assert set(value.split("|")) <= known, f"{label}: {value}: {expression}"


@every_board
def test_histograms_are_asked_for_by_their_series(name: str) -> None:
    for expression in expressions(name):
        for selector in selectors(expression):
            known = documented().get(selector.family)
            is_family = known is not None and known.kind == "histogram" and selector.name == selector.family
            assert not is_family, f"{selector.name} has no series: {expression}"


@every_board
def test_counters_are_asked_for_their_rates(name: str) -> None:
    for expression in expressions(name):
        for selector in selectors(expression):
            counts = re.search(r"_(total|bucket|sum|count)$", selector.name)
            assert bool(counts) == bool(COUNTING.search(selector.before)), expression


@every_board
def test_queries_obey_every_variable_that_fits(name: str) -> None:
    """`=~` is for variables and variables are for `=~`; a metric with their label obeys them."""
    variables = {entry["name"] for entry in BOARDS[name]["templating"]["list"]} - {"datasource"}
    for expression in expressions(name):
        outside = re.sub(r'=~"\$\w+"|\[\$__rate_interval\]', "", expression)
        assert "$" not in outside and "=~" not in outside, expression
        for selector in selectors(expression):
            known = documented().get(selector.family, NOTHING)
            obeyed = {label for label, sign, value in selector.matchers if sign == "=~" and value == f"${label}"}
            assert obeyed == variables & (known.labels | SCRAPED), expression


@every_board
def test_queries_need_no_recording_rules(name: str) -> None:
    for expression in expressions(name):
        assert ":" not in expression, expression


def test_every_metric_is_on_a_board() -> None:
    shown = {selector.family for name in NAMES for text in expressions(name) for selector in selectors(text)}
    assert documented().keys() - shown == set()
