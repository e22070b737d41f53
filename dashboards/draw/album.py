"""`python -m draw.album`: the pictures of the documentation, from a run that it starts itself."""

import argparse
import sys
import tempfile
from pathlib import Path

from draw import board, picture, stage, variables
from draw.gather import Gatherer
from draw.prometheus import QueryError

PICTURES = stage.DASHBOARDS.parent / "gateway/docs/pictures"
MOST = 150_000
"""Octets that a picture in the repository may have."""
_SCRAPE = 2.5
"""As if it were scraped that often: rates are then over ten seconds, and lines less nervous."""


def main(arguments: list[str] | None = None) -> int:
    """0: all boards are drawn, and every query had data."""
    parser = argparse.ArgumentParser(prog="pictures", description="Draws every board from a run of the load scenario.")
    parser.add_argument("--duration", type=variables.seconds, default=180.0, metavar="3m")
    parser.add_argument("--into", type=Path, default=PICTURES, metavar="DIRECTORY")
    options = parser.parse_args(arguments)
    try:
        return _run(options.duration, options.into)
    except (stage.StageError, board.BoardError, QueryError) as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 2


def _run(seconds: float, into: Path) -> int:
    faults: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="progress-gateway-pictures-") as directory,
        stage.watched(Path(directory), seconds) as watched,
    ):
        print(watched.printed)
        for path in sorted(stage.DASHBOARDS.glob("*.json")):
            read = board.read(path)
            gathered = Gatherer(watched.prometheus, watched.window(_SCRAPE)).gather(read)
            file = into / f"{path.stem}.png"
            picture.save(picture.draw(read, gathered, {}), file)
            size = file.stat().st_size
            print(f"{file}: {size // 1000} kB")
            faults += gathered.empty + ([f"{file}: more than {MOST // 1000} kB"] if size > MOST else [])
    for fault in faults:
        print(f"pictures: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
