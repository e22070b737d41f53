"""The Node origin and its jobs, moved step by step by the test."""

import base64
import itertools
import json
import subprocess
import urllib.request
from typing import Any

from harness.process import CLIENTS, PATIENCE, stop


class Job:
    """One request at the origin. Every call waits until the request has arrived."""

    def __init__(self, origin: "Origin", path: str) -> None:
        self._origin = origin
        self.path = path
        self.name = path.rpartition("/")[2]

    def arrived(self) -> dict[str, Any]:
        """The request as the origin saw it: method, url, headers, version, sha256 and length of its body."""
        return self._do("arrived")

    def next(self) -> "Job":
        """The next request for the same path."""
        return Job(self._origin, f"{self.path}-again")

    def progress(self, value: str) -> None:
        """A 102 with `Progress`."""
        self.information(102, {"Progress": value})

    def information(self, status: int, fields: dict[str, Any] | None = None) -> None:
        """An interim head; a bare 102 is Node's own `writeProcessing`, a 103 its `writeEarlyHints`."""
        self._do("information", status=status, fields=fields or {})

    def finish(self, status: int = 200, body: bytes = b"done\n", **fields: str) -> None:
        """The final response; `content_type="text/plain"` and the like are its fields."""
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self._do("finish", status=status, fields=named, body=base64.b64encode(body).decode())

    def gone(self) -> None:
        """Returns once the gateway has given the request up."""
        self._do("gone")

    def _do(self, action: str, **parameters: Any) -> dict[str, Any]:
        return self._origin.control(f"{self.name}/{action}", parameters)


class Origin:
    """The process with its HTTP/1.1, h2c and control servers."""

    def __init__(self) -> None:
        command = ["node", str(CLIENTS / "origins/origin.mjs")]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._child.stdout is not None
        self.ports: dict[str, int] = json.loads(self._child.stdout.readline())
        self._numbers = itertools.count(1)

    def url(self, kind: str = "http1") -> str:
        return f"http://127.0.0.1:{self.ports[kind]}"

    def job(self, route: str = "/jobs/") -> Job:
        """A job of its own name below the route's prefix; its request has not been sent yet."""
        return Job(self, f"{route}job-{next(self._numbers)}")

    def control(self, target: str, parameters: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.url('control')}/{target}"
        request = urllib.request.Request(url, data=json.dumps(parameters).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=2 * PATIENCE) as response:
            told: dict[str, Any] = json.load(response)
            return told

    def stop(self) -> None:
        with self._child:
            stop(self._child)
