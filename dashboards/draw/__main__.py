"""`python -m draw`: pictures of boards, and a word on every query that returns nothing."""

import argparse
import sys
import time
from pathlib import Path

from draw import board, gather, picture, variables
from draw.prometheus import Prometheus, QueryError
from draw.variables import UnknownVariableError, Window

_POINTS = 240
"""Values over the width of a plot."""


def main(arguments: list[str] | None = None) -> int:
    """0: all is drawn and every query has data; 1: a query has none; 2: nothing could be done."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (board.BoardError, QueryError, UnknownVariableError, ValueError) as error:
        print(f"drawing: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    prometheus = Prometheus(options.prometheus)
    end = options.end or time.time()
    window = Window(end - options.last, end, options.scrape_interval, _POINTS)
    chosen = dict(choice.split("=", 1) for choice in options.choose)
    empty: list[str] = []
    for path in options.boards:
        read = board.read(path)
        gathered = gather.Gatherer(prometheus, window, chosen).gather(read)
        empty += gathered.empty
        if options.into:
            file = options.into / f"{path.stem}.{options.format}"
            picture.save(picture.draw(read, gathered, chosen), file)
            print(file)
    for line in empty:
        print(f"drawing: {line}", file=sys.stderr)
    return 1 if empty else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drawing", description="Draws Grafana boards from a Prometheus; exits 1 if a query returns no data."
    )
    parser.add_argument("boards", nargs="+", type=Path, metavar="BOARD.json")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", metavar="URL")
    parser.add_argument("--into", type=Path, metavar="DIRECTORY", help="write pictures there [default: only check]")
    parser.add_argument("--format", choices=["png", "svg"], default="png")
    parser.add_argument("--last", type=variables.seconds, default=300.0, metavar="5m", help="how far to look back")
    parser.add_argument("--end", type=float, metavar="SECONDS", help="since 1970 [default: now]")
    parser.add_argument(
        "--scrape-interval", type=variables.seconds, default=15.0, metavar="15s", help="as the data source has it"
    )
    parser.add_argument(
        "--choose", action="append", default=[], metavar="NAME=VALUE", help="a value of a variable [default: All]"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
