"""The gateway as it runs, seen by Prometheus from Debian: its metrics, and `make observe`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rules import DASHBOARDS, ROOT

GATEWAY = ROOT / "target/release/progress-gateway"
OBSERVE = DASHBOARDS / "observe"
PATIENCE = 120.0

# Ports are the system's to choose. Nobody listens at the upstream.
CONFIGURATION = """
public-url = "https://localhost"

[[listeners]]
address = "127.0.0.1:0"
tls     = { self-signed = ["localhost"] }

[admin]
address = "127.0.0.1:0"

[[upstreams]]
name    = "reports"
servers = ["http://127.0.0.1:9"]

[[routes]]
name     = "reports"
upstream = "reports"

[routes.progress]
"""


@contextmanager
def watched(program: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """Killed when it takes too long, which ends the reading of its output as well, and at the end."""
    alarm = threading.Timer(PATIENCE, program.kill)
    alarm.start()
    with program:
        try:
            yield program
        finally:
            alarm.cancel()
            program.kill()


def admin_address(log: IO[str]) -> str:
    for line in log:
        entry = json.loads(line)
        if entry["message"] == "serving metrics and health":
            return str(entry["address"])
    raise AssertionError("the gateway has no admin listener")


def test_promtool_has_nothing_to_say_about_the_metrics(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(CONFIGURATION)
    command = [str(GATEWAY), "--log-format", "json", "run", "--config", str(file)]
    with watched(subprocess.Popen(command, stderr=subprocess.PIPE, text=True)) as gateway:
        assert gateway.stderr is not None
        address = admin_address(gateway.stderr)
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
            exposition = answer.read()
    assert b"progress_gateway_build_info" in exposition
    verdict = subprocess.run(["promtool", "check", "metrics"], input=exposition, capture_output=True, check=False)
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, b"", b"")


def test_the_demo_is_scraped_and_every_rule_evaluated() -> None:
    with watched(subprocess.Popen([OBSERVE, "--check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)) as observe:
        printed, _ = observe.communicate()
    assert observe.returncode == 0, printed
    assert re.search(r"scraped 1 target and evaluated [1-9]\d* rules", printed), printed


def test_ctrl_c_leaves_nothing_behind() -> None:
    with watched(subprocess.Popen([OBSERVE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)) as observe:
        assert observe.stdout is not None
        for line in observe.stdout:
            if "/metrics" in line:
                break
        children = Path(f"/proc/{observe.pid}/task/{observe.pid}/children").read_text().split()
        observe.send_signal(signal.SIGINT)
        rest, _ = observe.communicate()
    assert observe.returncode == 0, rest
    assert children
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
