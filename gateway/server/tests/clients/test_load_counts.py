"""`progress-load` counts what independent clients count: the same heads and codes from one gateway and one origin."""

import json
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harness.client import Request, Start
from harness.gateway import Gateway, Origins
from harness.libcurl import libcurl
from harness.process import PATIENCE, WORKSPACE
from harness.programs import Nghttp, curl

# Far enough apart that the gateway never joins two steps (`minimum-interval`), near enough that it never
# has to add a heartbeat: so the number of heads is the same each time.
PAUSE = 0.3
STEPS = 3
# With a first head before the first step, which has the Location.
HEADS = 1 + STEPS
# Exchanges of each independent client.
TIMES = 3


class _Stepping(BaseHTTPRequestHandler):
    """Reports its steps at an even pace, then answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        for step in range(1, STEPS + 1):
            time.sleep(PAUSE)  # This is the work.
            self.wfile.write(f"HTTP/1.1 102 Processing\r\nProgress: {step}/{STEPS}\r\n\r\n".encode())
        time.sleep(PAUSE)
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ndone\n")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    # Connections that the gateway keeps for later hold nobody up at the end.
    daemon_threads = True
    request_queue_size = 128


@dataclass(frozen=True)
class Kind:
    """One kind of client, both ways: as the scenario has it and as a client that is not ours."""

    name: str
    protocol: str
    start: Start
    prefer: str | None = "processing, progress"


KINDS = [
    Kind("http/1.0 by curl", "http/1.0", curl("--http1.0")),
    Kind("http/1.1 by libcurl", "http/1.1", libcurl("http/1.1")),
    Kind("h2 by libcurl", "h2", libcurl("h2")),
    Kind("h2 by nghttp", "h2", Nghttp),
    Kind("h3 by libcurl", "h3", libcurl("h3")),
    Kind("h2 that did not ask", "h2", libcurl("h2"), prefer=None),
]


@pytest.fixture(scope="module")
def stepping_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with an origin that nobody has to move."""
    server = _Server(("127.0.0.1", 0), _Stepping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    gateway = Gateway(Origins(http1=url, h2c=url, apache=url), tmp_path_factory.mktemp("counted"))
    yield gateway
    assert gateway.stop() == 0
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def rows(stepping_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `progress-load` says of each kind of client."""
    directory = tmp_path_factory.mktemp("load")
    scenario, told = directory / "counted.toml", directory / "told.json"
    scenario.write_text(_scenario())
    command = [str(_binary()), "run", str(scenario), "--target", stepping_gateway.url, "--insecure"]
    ended = subprocess.run(
        [*command, "--json", str(told)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, f"ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    [run] = json.loads(told.read_text())
    assert run["total"]["requests"] == sum(row["requests"] for row in run["clients"])
    return {row["name"]: row for row in run["clients"]}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_counts_agree_with_an_independent_client(
    kind: Kind, stepping_gateway: Gateway, rows: dict[str, Any]
) -> None:
    request = Request(f"{stepping_gateway.url}/jobs/steps", prefer=kind.prefer)
    clients = [kind.start(request) for _ in range(TIMES)]
    codes = {client.done().status for client in clients}
    heads = [Counter(head.status for head in client.transcript.interim) for client in clients]
    assert len(codes) == 1, f"one answer each time, not {codes}"
    assert heads == [heads[0]] * TIMES, "the same heads each time, or there is nothing to compare"
    row = rows[kind.name]
    requests = row["requests"]
    assert requests >= TIMES
    assert (row["completed"], row["failures"], row["unfinished"]) == (requests, {}, 0)
    assert row["codes"] == {str(codes.pop()): requests}
    assert row["interim"] == {str(code): times * requests for code, times in heads[0].items()}
    if heads[0]:
        each = row["heads_per_request"]
        count = heads[0].total()
        assert (each["count"], each["min"], each["mean"], each["max"]) == (requests, count, count, count)


def test_the_counted_exchange_is_what_it_is_meant_to_be(rows: dict[str, Any]) -> None:
    """The control: nobody agrees on nothing."""
    told = {name: row["interim"].get("102", 0) / row["requests"] for name, row in rows.items()}
    silent = {"http/1.0 by curl", "h2 that did not ask"}
    assert told == {kind.name: 0 if kind.name in silent else HEADS for kind in KINDS}
    accepted = [name for name, row in rows.items() if list(row["codes"]) == ["202"]]
    assert accepted == ["http/1.0 by curl"]


def _scenario() -> str:
    clients = [
        f"""
[[clients]]
name     = {json.dumps(kind.name)}
protocol = {json.dumps(kind.protocol)}
path     = "/jobs/steps"
{"" if kind.prefer is None else f"prefer = {json.dumps(kind.prefer)}"}
"""
        for kind in KINDS
    ]
    head = """
summary  = "Counted by others as well"
about    = "Every exchange has the same heads."
duration = "2s"
grace    = "10s"

[arrival]
shape = "constant"
rate  = 30.0
"""
    return head + "".join(clients)


def _binary() -> Path:
    binary = Path(os.environ.get("PROGRESS_LOAD", WORKSPACE / "target/release/progress-load"))
    assert binary.exists(), f"{binary} is missing: `cargo build --release` makes it"
    return binary
