"""A client as the tests see it: a request under way with a transcript of what it has been told."""

import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Literal, Protocol

from harness.process import PATIENCE, stop
from harness.transcript import Final, Transcript


@dataclass(frozen=True)
class Request:
    """What to ask for. With a body it is a POST unless the method says otherwise."""

    url: str
    prefer: str | None = None
    method: str | None = None
    body: bytes | None = None
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        return self.method or ("GET" if self.body is None else "POST")

    @property
    def all_fields(self) -> dict[str, str]:
        return self.fields if self.prefer is None else {**self.fields, "Prefer": self.prefer}


class Client(Protocol):
    """A request under way."""

    transcript: Transcript

    def done(self) -> Final:
        """Waits for the complete final response; fails if the client reports any error."""

    def leave(self) -> None:
        """Goes away without waiting for the answer."""


# How a kind of client begins a request.
Start = Callable[[Request], Client]
# Takes in one line of a program's output.
Listener = Callable[[str], None]


class Program:
    """A client that is a process. It reports on one pipe, which a thread of its own reads."""

    def __init__(
        self, command: list[str], body: bytes | None, *, reports_on: Literal["stdout", "stderr"]
    ) -> None:
        self.transcript = Transcript()
        self._listener = self.listener()
        self._said: list[str] = []
        self._other = tempfile.TemporaryFile()
        # From a file, so that a program that never reads its input holds nobody up.
        with tempfile.TemporaryFile() as stdin:
            stdin.write(body or b"")
            stdin.seek(0)
            stdout = subprocess.PIPE if reports_on == "stdout" else self._other
            stderr = subprocess.PIPE if reports_on == "stderr" else self._other
            self._child = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr)
        report = self._child.stdout or self._child.stderr
        assert report is not None
        self._reader = threading.Thread(target=self._read, args=(report,), daemon=True)
        self._reader.start()
        _running.append(self)

    def listener(self) -> Listener:
        """What turns lines into heads of the transcript."""
        raise NotImplementedError

    def _read(self, report: IO[bytes]) -> None:
        try:
            with report:
                for raw in report:
                    line = raw.decode("latin-1")
                    self._said.append(line)
                    self._listener(line)
        finally:
            self.transcript.end()

    @property
    def said(self) -> str:
        """The report so far."""
        return "".join(self._said)

    def exit_code(self) -> int:
        """Waits for the program's end."""
        code = self._child.wait(timeout=PATIENCE)
        self._reader.join(timeout=PATIENCE)
        return code

    def end_well(self) -> bytes:
        """Waits for a successful end and returns what went to the other pipe."""
        code = self.exit_code()
        other = self._take_other()
        assert code == 0, f"{self._child.args!r} ended with {code}:\n{self.said}\n{other.decode('latin-1')}"
        return other

    def leave(self) -> None:
        stop(self._child)
        self._reader.join(timeout=PATIENCE)
        self._take_other()

    def _take_other(self) -> bytes:
        _running.remove(self)
        with self._other as file:
            file.seek(0)
            return file.read()


# Programs that nobody has waited for yet.
_running: list[Program] = []


def end_leftovers() -> None:
    """Ends the programs that a failed test did not get to."""
    for program in list(_running):
        program.leave()
