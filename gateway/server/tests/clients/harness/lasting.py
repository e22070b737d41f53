"""A gateway with a store on disk, which is killed and started again on the same ports."""

import subprocess
import time
from pathlib import Path

from harness.gateway import fetch, serve
from harness.process import PATIENCE, free_port, stop

_CONFIGURATION = """\
public-url = "http://127.0.0.1:{clear}"
[[listeners]]
address = "127.0.0.1:{clear}"
[admin]
address = "127.0.0.1:{admin}"
[callback]
address = "127.0.0.1:{callback}"
"""

_UPSTREAM = """\
[[upstreams]]
name = "{name}"
servers = ["{server}"]
"""

_ROUTE = """\
[[routes]]
name = "{name}"
match = {{ path = "/{name}" }}
upstream = "{upstream}"
[routes.progress]
interim-after = "30ms"
minimum-interval = "20ms"
{more}
"""


class Lasting:
    """Its store is what it is without a word in the configuration: the directory `data` beside the file."""

    def __init__(self, directory: Path, upstreams: dict[str, str]) -> None:
        ports = {name: free_port() for name in ("clear", "admin", "callback")}
        self.url = f"http://127.0.0.1:{ports['clear']}"
        self.admin = f"http://127.0.0.1:{ports['admin']}"
        self.directory = directory
        self.configuration = directory / "gateway.toml"
        self._text = _CONFIGURATION.format(**ports)
        for name, server in upstreams.items():
            self._text += _UPSTREAM.format(name=name, server=server)
        # What the gateway is started by, if not by the test itself.
        self.starter: list[str] = []
        self._child: subprocess.Popen[bytes] | None = None

    def route(self, name: str, upstream: str, more: str = "") -> None:
        """A route with progress on `/name`."""
        self._text += _ROUTE.format(name=name, upstream=upstream, more=more)

    def start(self) -> None:
        """Returns once it serves."""
        assert self._child is None
        self.configuration.write_text(self._text)
        self._child = serve(self.configuration, self.admin, self.starter)

    def wait_metric(self, line: str) -> None:
        """Waits for a line of `/metrics`, without the prefix."""
        deadline = time.monotonic() + PATIENCE
        wanted = f"progress_gateway_{line}"
        while wanted not in (told := fetch(f"{self.admin}/metrics").body.decode().splitlines()):
            similar = [other for other in told if other.startswith(wanted.partition("{")[0])]
            assert time.monotonic() < deadline, f"never {wanted}: {similar}"

    def wait_entrusted(self, count: int) -> None:
        """Waits until so many operations of this life are marked as ending by callback."""
        self.wait_metric(f'store_operations_total{{operation="amend"}} {count}')

    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def kill(self) -> None:
        """kill -9."""
        assert self._child is not None
        with self._child:
            self._child.kill()
        self._child = None

    def killed_and_started(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> int:
        """SIGTERM; returns its exit code."""
        assert self._child is not None
        with self._child:
            code = stop(self._child)
        self._child = None
        return code

    def end(self) -> None:
        if self._child is not None:
            self.kill()
