"""A board with every kind of panel that can be drawn."""

from typing import Any

M = "progress_gateway_"
RATE = f'sum by (protocol) (rate({M}requests_total{{route=~"$route"}}[$__rate_interval]))'


def panel(kind: str, place: tuple[int, int, int, int], *queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    x, y, width, height = place
    targets = [{"refId": chr(65 + number), **query} for number, query in enumerate(queries)]
    grid = {"x": x, "y": y, "w": width, "h": height}
    return {"type": kind, "title": kind, "description": "d", "gridPos": grid, "targets": targets} | more


def query(expression: str, legend: str = "{{protocol}}", **more: Any) -> dict[str, Any]:
    return {"expr": expression, "legendFormat": legend, **more}


def defaults(unit: str, **more: Any) -> dict[str, Any]:
    return {"defaults": {"unit": unit, **more}, "overrides": []}


THRESHOLDS = {
    "mode": "absolute",
    "steps": [{"value": None, "color": "green"}, {"value": 5, "color": "yellow"}, {"value": 10, "color": "red"}],
}


def board() -> dict[str, Any]:
    heads = f"sum by (le) (increase({M}interim_heads_per_request_bucket[$__range]))"
    gaps = f"sum by (le) (increase({M}interim_interval_seconds_bucket[$__rate_interval]))"
    total = f"sum by (code, mode) (increase({M}requests_total[$__range]))"
    return {
        "title": "Sample",
        "uid": "sample",
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"},
                {
                    "name": "route",
                    "type": "query",
                    "label": "Route",
                    "current": {"text": "All", "value": "$__all"},
                    "query": {"query": f"label_values({M}requests_total, route)", "refId": "q"},
                },
            ]
        },
        "panels": [
            panel("row", (0, 0, 24, 1), title="A row"),
            panel(
                "text",
                (0, 1, 24, 2),
                title="",
                options={
                    "content": "When this is **red**, look at `requests_total` and [the runbook](x).\n\n- one\n- two"
                },
            ),
            panel(
                "timeseries",
                (0, 3, 12, 8),
                query(RATE),
                fieldConfig=defaults(
                    "reqps", custom={"fillOpacity": 20, "lineWidth": 1, "stacking": {"mode": "normal", "group": "A"}}
                ),
                options={"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]}},
            ),
            panel(
                "timeseries",
                (12, 3, 12, 8),
                query(RATE),
                fieldConfig=defaults(
                    "reqps",
                    thresholds=THRESHOLDS,
                    custom={"thresholdsStyle": {"mode": "dashed+area"}, "axisSoftMax": 12},
                ),
                options={"legend": {"displayMode": "list", "placement": "right", "calcs": []}},
            ),
            panel(
                "stat",
                (0, 11, 6, 5),
                query(f"sum({RATE})", "requests"),
                fieldConfig=defaults("reqps", thresholds=THRESHOLDS),
                options={"graphMode": "area", "colorMode": "value"},
            ),
            panel(
                "stat",
                (6, 11, 6, 5),
                query(RATE),
                fieldConfig=defaults("reqps", thresholds=THRESHOLDS),
                options={"graphMode": "none", "colorMode": "background"},
            ),
            panel(
                "gauge",
                (12, 11, 6, 5),
                query(f"sum({RATE})", "x"),
                fieldConfig=defaults("reqps", max=60, thresholds=THRESHOLDS),
            ),
            panel(
                "piechart",
                (18, 11, 6, 5),
                query(RATE),
                fieldConfig=defaults("reqps", color={"mode": "palette-classic"}),
                options={"pieType": "donut", "legend": {"placement": "right", "values": ["percent"]}},
            ),
            panel(
                "heatmap",
                (0, 16, 12, 9),
                query(gaps, "{{le}}", format="heatmap"),
                options={
                    "yAxis": {"unit": "s"},
                    "cellValues": {"unit": "short"},
                    "color": {"mode": "scheme", "scheme": "Oranges"},
                },
            ),
            panel(
                "bargauge",
                (12, 16, 6, 9),
                query(heads, "{{le}}", format="heatmap", instant=True),
                fieldConfig=defaults("short", thresholds=THRESHOLDS),
                options={"displayMode": "gradient"},
            ),
            panel(
                "bargauge",
                (18, 16, 6, 9),
                query(RATE),
                options={"orientation": "vertical"},
                fieldConfig=defaults("reqps"),
            ),
            panel(
                "table",
                (0, 25, 24, 7),
                query(total, "", instant=True, format="table"),
                fieldConfig={
                    "defaults": {"unit": "short"},
                    "overrides": [
                        {
                            "matcher": {"id": "byName", "options": "Requests"},
                            "properties": [
                                {"id": "custom.cellOptions", "value": {"type": "color-text"}},
                                {"id": "thresholds", "value": THRESHOLDS},
                            ],
                        }
                    ],
                },
                transformations=[
                    {
                        "id": "organize",
                        "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "Requests"}},
                    }
                ],
                options={"sortBy": [{"displayName": "Requests", "desc": True}]},
            ),
        ],
    }
