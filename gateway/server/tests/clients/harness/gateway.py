"""The gateway under test: the release binary with a configuration of its own."""

import http.client
import json
import os
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.process import PATIENCE, WORKSPACE, free_port, stop
from harness.transcript import Final, add_field

_CONFIGURATION = """\
public-url = "https://127.0.0.1:{tls}"

[[listeners]]
address   = "127.0.0.1:{tls}"
protocols = ["http/1.1", "h2", "h3"]
tls       = {{ self-signed = ["localhost"] }}

[[listeners]]
address = "127.0.0.1:{clear}"

[admin]
address = "127.0.0.1:{admin}"

[store]
kind = "memory"

[limits]
drain-timeout = "5s"

[[upstreams]]
name    = "node"
servers = ["{http1}"]

[[upstreams]]
name    = "node-h2c"
servers = ["{h2c}"]

[[upstreams]]
name    = "apache"
servers = ["{apache}"]

[[routes]]
name     = "jobs"
match    = {{ path = "/jobs/" }}
upstream = "node"
{progress}

[[routes]]
name     = "jobs-h2c"
match    = {{ path = "/jobs-h2c/" }}
upstream = "node-h2c"
{progress}

[[routes]]
name     = "odata"
match    = {{ path = "/odata/" }}
upstream = "node"
{progress}
profile = "odata"

[[routes]]
name     = "fhir"
match    = {{ path = "/fhir/" }}
upstream = "node"
{progress}
profile = "fhir"

[[routes]]
name     = "dav-slow"
match    = {{ path = "/dav/", methods = ["COPY", "MOVE", "DELETE"] }}
upstream = "apache"
{progress_at_once}

[[routes]]
name     = "dav"
match    = {{ path = "/dav/" }}
upstream = "apache"

[[routes]]
name     = "plain"
match    = {{ path = "/plain/" }}
upstream = "node"

[[routes]]
name     = "waiting"
match    = {{ path = "/waiting/" }}
upstream = "node"
"""

_PROGRESS = """\
[routes.progress]
interim-after       = "{interim_after}"
minimum-interval    = "100ms"
heartbeat-interval  = "1s"
http10-accept-after = "300ms"
"""


@dataclass(frozen=True)
class Origins:
    """Base URLs of the servers behind the gateway."""

    http1: str
    h2c: str
    apache: str


class Gateway:
    """A running gateway: `url` over TLS (all protocols), `clear` without."""

    def __init__(self, origins: Origins, directory: Path) -> None:
        tls, clear, admin = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{tls}"
        self.clear = f"http://127.0.0.1:{clear}"
        self.admin = f"http://127.0.0.1:{admin}"
        self.log = directory / "gateway.log"
        configuration = directory / "gateway.toml"
        text = _CONFIGURATION.format(
            tls=tls,
            clear=clear,
            admin=admin,
            http1=origins.http1,
            h2c=origins.h2c,
            apache=origins.apache,
            progress=_PROGRESS.format(interim_after="50ms"),
            progress_at_once=_PROGRESS.format(interim_after="1ms"),
        )
        configuration.write_text(text)
        self._child = serve(configuration, self.admin)

    def stop(self) -> int:
        """Drains the gateway and returns its exit code."""
        return stop(self._child)


def serve(configuration: Path, admin: str, starter: list[str] | None = None) -> "subprocess.Popen[bytes]":
    """Starts a gateway, perhaps by another program, and returns once it is ready; its log is `gateway.log` beside
    the configuration."""
    log = configuration.with_name("gateway.log")
    command = [*(starter or []), str(binary()), "run", "--config", str(configuration)]
    with log.open("ab") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=out)
    deadline = time.monotonic() + PATIENCE
    while not is_ready(admin):
        code = child.poll()
        assert code is None, f"the gateway ended with {code}:\n{log.read_text()}"
        if time.monotonic() >= deadline:
            child.kill()
            raise AssertionError(f"the gateway is not ready:\n{log.read_text()}")
        time.sleep(0.02)
    return child


def is_ready(admin: str) -> bool:
    try:
        return fetch(f"{admin}/readyz").status == 200
    except ConnectionRefusedError:
        return False


def binary() -> Path:
    """The gateway that is tested."""
    built = Path(os.environ.get("PROGRESS_GATEWAY", WORKSPACE / "target/release/progress-gateway"))
    assert built.exists(), f"{built} is missing: `cargo build --release` makes it"
    return built


def fetch(url: str, method: str = "GET", body: bytes | None = None, **fields: str) -> Final:
    """One request of Python's own `http.client` on a new connection; `if_none_match="x"` is a field."""
    parts = urlsplit(url)
    connection = connect(parts.scheme, parts.netloc)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, target, body, named)
        response = connection.getresponse()
        lines: dict[str, str] = {}
        for name, value in response.getheaders():
            add_field(lines, name, value)
        return Final(response.status, lines, response.read())
    finally:
        connection.close()


def connect(scheme: str, authority: str) -> http.client.HTTPConnection:
    """A connection of its own; the certificate is not checked."""
    if scheme == "http":
        return http.client.HTTPConnection(authority, timeout=PATIENCE)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # The certificate is self-signed.
    return http.client.HTTPSConnection(authority, timeout=PATIENCE, context=context)


def document(url: str) -> dict[str, Any]:
    """The JSON status document at a status URI."""
    told: dict[str, Any] = json.loads(fetch(url).body)
    return told


def poll_until_finished(url: str) -> Final:
    """Reads a status document until it is not 202, as a client that knows nothing of `Prefer`."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = fetch(url)
        if answer.status != 202:
            return answer
        assert answer.fields["retry-after"].isdigit(), answer.fields
        assert time.monotonic() < deadline, f"{url} never finished: {answer.body!r}"
        # Ten reads a second: more often than Retry-After asks, less often than the limit allows.
        time.sleep(0.1)
