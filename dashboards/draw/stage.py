"""A gateway under a load scenario, watched by a Prometheus: what boards and rules are about."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from draw.prometheus import Prometheus, QueryError
from draw.variables import Window

DASHBOARDS = Path(__file__).resolve().parents[1]
LOAD = DASHBOARDS.parent / "target/release/progress-load"
SCENARIO = "mixed-protocols"
SCRAPE = 1.0
"""Seconds between scrapes: a run is short."""

_PATIENCE = 60.0
"""Seconds beyond what is needed, for a machine that is busy with other things."""
_LOOK = 0.1
_POINTS = 240


class StageError(Exception):
    """Something could not be started, or has ended early."""


@dataclass(frozen=True)
class Watched:
    """A run that is over. Its Prometheus still answers."""

    prometheus: Prometheus
    start: float
    """When requests began to arrive, in seconds since 1970."""
    end: float
    """When they ceased."""
    printed: str
    """What the load generator said."""

    def window(self, scrape: float = SCRAPE) -> Window:
        """The time of the run."""
        return Window(self.start, self.end, scrape, _POINTS)


@contextmanager
def watched(directory: Path, seconds: float, *options: str) -> Iterator[Watched]:
    """Runs the scenario for so long, with the rules of this directory, and stops everything at the end."""
    for program in (str(LOAD), "prometheus"):
        if shutil.which(program) is None:
            raise StageError(
                f"{program} is missing: `make build` makes the one, Debian's package prometheus brings the other"
            )
    with ExitStack() as stack:
        admin, door = _free_address(), _free_address()
        server = stack.enter_context(_running(_prometheus(directory, admin, door), directory / "prometheus.log"))
        prometheus = Prometheus(f"http://{door}")
        _until(lambda: _answers(prometheus), server, _PATIENCE)
        log = directory / "load.log"
        command = [str(LOAD), "run", SCENARIO, "--duration", f"{seconds:g}s", "--admin", admin, *options]
        launched = time.time()
        load = stack.enter_context(_running(command, log))
        _until(lambda: bool(_instant(prometheus, 'up{job="progress-gateway"} == 1')), server, _PATIENCE)
        start = time.time()
        load.wait(seconds + _PATIENCE)
        last = _instant(prometheus, "max_over_time(timestamp(progress_gateway_build_info)[1h:1s])")
        if load.returncode not in (0, 1) or not last:
            raise StageError(f"the run failed:\n{log.read_text()}")
        yield Watched(prometheus, start, min(launched + seconds, last[0]), log.read_text())


def _prometheus(directory: Path, admin: str, door: str) -> list[str]:
    """The configuration and the rules of this directory, at a faster pace, with one gateway."""
    (directory / "prometheus").mkdir()
    shutil.copy(DASHBOARDS / "rules.yml", directory)
    text = (DASHBOARDS / "prometheus/prometheus.yml").read_text(encoding="utf-8")
    text, changed = re.subn(r"((?:scrape|evaluation)_interval): \w+", rf"\1: {SCRAPE:g}s", text)
    if changed != 2:
        raise StageError("prometheus.yml has other intervals than those of scrapes and evaluations")
    (directory / "prometheus/prometheus.yml").write_text(text, encoding="utf-8")
    (directory / "prometheus/targets.yml").write_text(json.dumps([{"targets": [admin]}]), encoding="utf-8")
    return [
        "prometheus",
        f"--config.file={directory}/prometheus/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address={door}",
        "--log.level=warn",
    ]


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program, stopped at the end."""
    with (
        log.open("wb") as words,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT) as program,
    ):
        try:
            yield program
        finally:
            _stop(program)


def _stop(program: subprocess.Popen[bytes]) -> None:
    program.terminate()
    try:
        program.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        program.kill()


def _free_address() -> str:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{door.getsockname()[1]}"


def _answers(prometheus: Prometheus) -> bool:
    prometheus.get("query", query="1", time=time.time())
    return True


def _instant(prometheus: Prometheus, query: str) -> list[float]:
    return [series.last() for series in prometheus.instant(query, time.time())]


def _until(true: Callable[[], bool], program: subprocess.Popen[bytes], patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and program.poll() is None:
        try:
            if true():
                return
        except QueryError:
            pass
        time.sleep(_LOOK)
    raise StageError("Prometheus has ended" if program.poll() is not None else "Prometheus sees no gateway")
