"""Alerts without their verdict: what is compared, whether or not it is above its limit."""

import re

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\{[^}]*\}|#[^\n]*|[<>]=?|==|!=')
"""Texts, matchers and remarks, which hold no comparison; then the comparisons."""
_COMPARISON = re.compile(r"[<>=!]")


def undecided(expression: str) -> str:
    """`a > 5` becomes `a > bool 5`: 0 or 1 wherever `a` has data, instead of nothing where all is well."""

    def decided(token: re.Match[str]) -> str:
        return f"{token[0]} bool" if _COMPARISON.match(token[0]) else token[0]

    return re.sub(r"\bbool(\s+bool)+\b", "bool", _TOKEN.sub(decided, expression))
