"""The origins under `gateway/examples`, as programs."""

import subprocess

from harness.process import WORKSPACE

PROGRAMS = {"python": ["python3", "origin.py"], "node": ["node", "origin.mjs"]}


def example(name: str) -> tuple["subprocess.Popen[bytes]", str]:
    """One of them, on a port of its own choice, and its URL."""
    program, file = PROGRAMS[name]
    command = [program, str(WORKSPACE / "gateway/examples" / file), "0"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    return child, child.stdout.readline().decode().strip()
