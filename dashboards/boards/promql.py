"""PromQL, put together so that every query obeys the variables of its board.

`where` narrows a metric: `reason="progress"` is that value, `reason=other_than("a", "b")` all but those.
Variables are matchers (`=~`) and nothing else, and nothing but a variable is matched by `=~`.
"""

from collections.abc import Mapping

from boards.catalogue import Metric, metric

EVERYWHERE = ("job", "instance")
"""Labels that Prometheus itself gives to every series."""

FILTERS = ("route", "protocol", "upstream")
"""Labels that a board has a variable for; a metric with one of them obeys it."""

WINDOW = "[$__rate_interval]"

Where = Mapping[str, str]


def other_than(*values: str) -> str:
    """Every value of a label but these; they may be regular expressions."""
    return "!" + "|".join(values)


FAILED = other_than("[1-4]..")
"""Codes that say the request failed on this side: 5xx."""


def total(name: str, by: str = "", **where: str) -> str:
    """A gauge, added up."""
    return f"sum{_by(by)}({select(name, where)})"


def least(name: str, by: str = "", **where: str) -> str:
    """The smallest value of a gauge."""
    return f"min{_by(by)}({select(name, where)})"


def peak(name: str, by: str = "", **where: str) -> str:
    """A gauge at its highest between two points of the graph, added up."""
    return f"sum{_by(by)}(max_over_time({select(name, where)}{WINDOW}))"


def rate(name: str, by: str = "", **where: str) -> str:
    """A counter, per second."""
    return f"sum{_by(by)}(rate({select(name, where)}{WINDOW}))"


def observations(name: str, by: str = "", **where: str) -> str:
    """Observations of a histogram, per second."""
    return f"sum{_by(by)}(rate({select(name, where, '_count')}{WINDOW}))"


def observed(name: str, by: str = "", **where: str) -> str:
    """The sum of what a histogram observed, per second."""
    return f"sum{_by(by)}(rate({select(name, where, '_sum')}{WINDOW}))"


def distribution(name: str, **where: str) -> str:
    """A histogram as a heat map wants it: observations by bucket."""
    return f"sum by (le) (increase({select(name, where, '_bucket')}{WINDOW}))"


def quantile(share: float, name: str, by: str = "", **where: str) -> str:
    """What that share of a histogram's observations stays below. Where nothing was observed there is no value (`>= 0`
    drops what is not a number)."""
    labels = ", ".join(filter(None, ["le", by]))
    buckets = f"sum by ({labels}) (rate({select(name, where, '_bucket')}{WINDOW}))"
    return f"histogram_quantile({share:g}, {buckets}) >= 0"


def mean(name: str, by: str = "", **where: str) -> str:
    """The mean of a histogram's observations; 0 where there were none."""
    return share(observed(name, by, **where), observations(name, by, **where))


def share(part: str, whole: str) -> str:
    """A part of a whole, by the same labels. 0 where the whole is 0, and where the part has no series yet."""
    return f"{part} / ({whole} > 0) or 0 * {whole}"


def per(amount: str, each: str) -> str:
    """So much for each, both without labels or with the same. 0 where there is none to share it."""
    return f"{amount} / ({each} > 0) or 0 * {amount}"


def per_or_all(amount: str, each: str) -> str:
    """So much for each; where there is none to share it, all of it: nothing is hidden."""
    return f"{amount} / ({each} > 0) or {amount}"


def of_gateways(expression: str) -> str:
    """A process metric of gateways alone, for other processes use the same names; to be aggregated."""
    return f"{expression} and on (job, instance) {select('build_info', {})}"


def select(name: str, where: Where, suffix: str = "") -> str:
    """The series of a metric that the variables and `where` leave."""
    found = metric(name)
    matchers = [f'{label}=~"${label}"' for label in _variables(found, where)]
    matchers += [_matcher(label, value) for label, value in where.items()]
    return f"{found.name}{suffix}{{{', '.join(matchers)}}}"


def _variables(found: Metric, where: Where) -> list[str]:
    own = [label for label in FILTERS if label in found.labels and label not in where]
    return [*EVERYWHERE, *own]


def _matcher(label: str, value: str) -> str:
    return f'{label}!~"{value[1:]}"' if value.startswith("!") else f'{label}="{value}"'


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""
