"""One gateway with an origin that reports all the time, and clients at the other end of a network."""

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harness.gateway import binary
from harness.process import stop
from netlab.namespaces import EDGE_ADDRESS, Network
from netlab.program import Line, Program

# Requests that a test holds open at a time.
HELD = 5

# Every port is free in a namespace of one's own.
_ORIGIN, _TLS, _CLEAR, _ADMIN = "8000", "8443", "8080", "9000"

# Two heads of an exchange are further apart than an acknowledgement may be late without being missed
# (50 ms), also where the earlier one went out late by as much as is forgiven (25 ms): so it is exact
# how many are unacknowledged, and not just bounded.
_CONFIGURATION = f"""\
public-url = "https://{EDGE_ADDRESS}:{_TLS}"

[[listeners]]
address   = "{EDGE_ADDRESS}:{_TLS}"
protocols = ["http/1.1", "h2", "h3"]
tls       = {{ self-signed = ["localhost"] }}

[[listeners]]
address = "{EDGE_ADDRESS}:{_CLEAR}"

[admin]
address = "127.0.0.1:{_ADMIN}"

[limits]
drain-timeout = "1s"
idle-timeout  = "3s"

[[upstreams]]
name    = "origin"
servers = ["http://127.0.0.1:{_ORIGIN}"]

[[routes]]
name     = "held"
upstream = "origin"

[routes.progress]
interim-after          = "50ms"
minimum-interval       = "100ms"
heartbeat-interval     = "1s"
maximum-unacknowledged = %d
"""


@dataclass(frozen=True)
class Wire:
    """A transport as clients speak it."""

    name: str
    version: str
    # The value of the label `protocol`.
    label: str
    kind: str = "tls"

    @property
    def url(self) -> str:
        if self.kind == "tls":
            return f"https://{EDGE_ADDRESS}:{_TLS}/held"
        return f"http://{EDGE_ADDRESS}:{_CLEAR}/held"

    def __str__(self) -> str:
        return self.name


H1_TLS = Wire("http1-tls", "http/1.1", "http11")
H1_CLEAR = Wire("http1-clear", "http/1.1", "http11", "clear")
H2 = Wire("http2", "h2", "h2")
H3 = Wire("http3", "h3", "h3")


@dataclass(frozen=True)
class Scrape:
    """What `/metrics` told of one protocol: between `began` and `ended`."""

    began: float
    ended: float
    # Heads that were written and not acknowledged.
    unacknowledged: int
    # Heads that were ever acknowledged.
    acknowledged: int
    # Heads that were ever written, and news that was withheld because of those not acknowledged.
    written: int
    withheld: int
    # Requests that are not over.
    in_flight: int

    @classmethod
    def of(cls, line: Line, label: str) -> "Scrape":
        names = ("unacknowledged", "acknowledged", "written", "withheld", "in_flight")
        return cls(line["began"], line["ended"], *(line[name].get(label, 0) for name in names))


class Clients:
    """`HELD` requests of one program, and its log."""

    def __init__(self, network: Network, wire: Wire) -> None:
        self.program = Program(network.far, "far", wire.version, wire.url, str(HELD))

    def heads(self, start: int = 0) -> list[Line]:
        """Interim heads that it was told, in its log from line `start` on."""
        return [line for line in self.program.lines(start) if line.get("status", 200) < 200]

    def wait_heads(self, each: int) -> None:
        """Returns once every request has been told so many heads from now on."""

        def enough(lines: list[Line]) -> bool:
            told = [line["head"] for line in lines if line.get("status", 200) < 200]
            return all(told.count(number) >= each for number in range(HELD))

        self.program.wait(f"{each} heads for each", enough, self.program.count())

    def locations(self) -> list[str]:
        """The status URI of each request."""
        found = {line["head"]: line["location"] for line in self.heads() if "location" in line}
        assert len(found) == HELD, f"a status URI for each: {found}"
        return list(found.values())

    def end_well(self) -> None:
        """Every request ends with the origin's answer."""

        def all_over(lines: list[Line]) -> bool:
            return sum("end" in line for line in lines) == HELD

        self.program.wait("the end of all requests", all_over)
        ends = [line for line in self.program.lines() if "end" in line]
        assert all((end["error"], end["body"]) == (None, "done\n") for end in ends), ends
        finals = [line["status"] for line in self.program.lines() if line.get("status", 0) >= 200]
        assert finals == [200] * HELD

    def received_by(self, instant: float) -> int | None:
        """How many interim heads had come by then at most: what it had told when all that came before had
        been taken in. `None`: it has not said yet."""
        told = 0
        for line in self.program.lines():
            if line.get("status", 200) < 200:
                told += 1
            elif line.get("drained", 0.0) >= instant:
                return told
        return None


class Stage:
    """Everything that one test needs; nothing of it is left when it is over."""

    def __init__(self, wire: Wire, maximum: int = 1) -> None:
        self.wire = wire
        self._directory = tempfile.TemporaryDirectory(prefix="progress-gateway-network-")
        self._log = Path(self._directory.name) / "gateway.log"
        self._maximum = maximum
        self._programs: list[Program] = []
        self._gateway: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.network = Network()
        try:
            configuration = Path(self._directory.name) / "gateway.toml"
            configuration.write_text(_CONFIGURATION % self._maximum)
            arguments = (_ORIGIN, f"{EDGE_ADDRESS}:{_CLEAR}", _ADMIN)
            self.edge = self._program(Program(self.network.edge, "edge", *arguments))
            command = [str(binary()), "run", "--config", str(configuration)]
            with self._log.open("wb") as log:
                self._gateway = subprocess.Popen(
                    self.network.edge.command(*command), stdin=subprocess.DEVNULL, stderr=log
                )
            self.wait("the first scrape", lambda scrape: True)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in self._programs:
            program.end()
        code = None if self._gateway is None else stop(self._gateway)
        self.network.end()
        log = self._log.read_text() if self._log.exists() else ""
        self._directory.cleanup()
        if error is not None:
            error.add_note("the gateway's last words:\n" + "\n".join(log.splitlines()[-20:]))
        else:
            assert code == 0, f"the gateway ended with {code}:\n{log}"

    def _program(self, program: Program) -> Program:
        self._programs.append(program)
        return program

    def clients(self) -> Clients:
        """Requests that are held, each with a few heads already."""
        clients = Clients(self.network, self.wire)
        self._program(clients.program)
        clients.wait_heads(3)
        return clients

    def deaf_clients(self) -> Program:
        """Requests that are sent, and whose clients read nothing until they are told to."""
        port = _TLS if self.wire.kind == "tls" else _CLEAR
        arguments = (self.wire.kind, EDGE_ADDRESS, port, "/held", str(HELD))
        program = self._program(Program(self.network.far, "deaf", *arguments))
        program.wait_line("the requests", lambda line: "sent" in line)
        return program

    def finish(self) -> None:
        """The origin answers."""
        self.edge.say("finish")

    def document(self, location: str) -> tuple[int, dict[str, Any]]:
        """A status document: its response's status, and itself."""
        start = self.edge.count()
        path = location.removeprefix(f"https://{EDGE_ADDRESS}:{_TLS}")
        self.edge.say(f"get {path}")
        line = self.edge.wait_line("the status document", lambda line: "body" in line, start)
        return line["status"], json.loads(line["body"])

    # --- what /metrics tells ---

    def mark(self) -> int:
        """Now, for `scrapes` and `wait`: what is scraped from now on. The scrape under way is left out."""
        return self.edge.count() + 1

    def scrapes(self, start: int = 0) -> list[Scrape]:
        lines = self.edge.lines(start)
        return [Scrape.of(line, self.wire.label) for line in lines if "began" in line]

    def wait(self, what: str, holds: Callable[[Scrape], bool], start: int | None = None) -> Scrape:
        """The first scrape, from now or `start` on, for which it holds."""

        def matches(line: Line) -> bool:
            return "began" in line and holds(Scrape.of(line, self.wire.label))

        line = self.edge.wait_line(what, matches, self.mark() if start is None else start)
        return Scrape.of(line, self.wire.label)

    def watch(self, seconds: float) -> list[Scrape]:
        """The scrapes of the next so many seconds."""
        start = self.mark()
        first = self.wait("a scrape", lambda scrape: True, start)
        self.wait(f"{seconds} s of scrapes", lambda scrape: scrape.began >= first.began + seconds, start)
        return self.scrapes(start)


