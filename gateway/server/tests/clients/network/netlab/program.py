"""Programs of this folder on one of the machines: commands go in, lines of JSON come out."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.process import PATIENCE
from netlab.namespaces import Namespace

Line = dict[str, Any]


class Program:
    """A running program, and all that it has said."""

    def __init__(self, machine: Namespace, name: str, *arguments: str) -> None:
        script = Path(__file__).with_name(f"{name}.py")
        command = machine.command(sys.executable, "-B", str(script), *arguments)
        self._name = name
        self._lines: list[Line] = []
        self._changed = threading.Condition()
        self._ended = False
        self._errors = tempfile.TemporaryFile()
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        for raw in self._child.stdout:
            # What is killed may leave half a line.
            if raw.endswith(b"\n"):
                with self._changed:
                    self._lines.append(json.loads(raw))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def say(self, command: str) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(f"{command}\n".encode())
        self._child.stdin.flush()

    def lines(self, start: int = 0) -> list[Line]:
        """What it has said, from its `start`th line on."""
        with self._changed:
            return self._lines[start:]

    def count(self) -> int:
        """How many lines it has said."""
        with self._changed:
            return len(self._lines)

    def wait(self, what: str, seen: Callable[[list[Line]], bool], start: int = 0) -> None:
        """Returns once `seen` holds for the lines from `start` on; fails after `PATIENCE`."""
        deadline = time.monotonic() + PATIENCE
        with self._changed:
            while not seen(self._lines[start:]):
                left = deadline - time.monotonic()
                assert left > 0 and not self._ended, self._complaint(what, start)
                self._changed.wait(left)

    def wait_line(self, what: str, matches: Callable[[Line], bool], start: int = 0) -> Line:
        """The first line from `start` on that matches, as soon as it is there."""
        self.wait(what, lambda lines: any(map(matches, lines)), start)
        return next(filter(matches, self.lines(start)))

    def _complaint(self, what: str, start: int) -> str:
        self._errors.seek(0)
        told = [json.dumps(line) for line in self._lines[start:]]
        shown = [*told[:3], "...", *told[-3:]] if len(told) > 6 else told
        said = "\n".join(shown)
        return f"never saw {what} from {self._name}:\n{said}\n{self._errors.read().decode()}"

    def stop(self) -> None:
        """SIGSTOP: the process does nothing more, its kernel goes on."""
        self._child.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """It is gone from one moment to the next."""
        self._child.kill()
        self._child.wait()

    def end(self) -> None:
        """Nothing of it is left."""
        with self._child:
            self._child.kill()
            # Before its pipe is closed.
            self._reader.join(timeout=PATIENCE)
        self._errors.close()
