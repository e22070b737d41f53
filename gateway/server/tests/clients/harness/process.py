"""Child processes that never outlive the test run, and ports for them."""

import os
import socket
import subprocess
from pathlib import Path

# Longest wait for anything that has to happen, in seconds. Nothing takes that long unless it is broken.
PATIENCE = 20.0

CLIENTS = Path(__file__).resolve().parent.parent
WORKSPACE = CLIENTS.parent.parent.parent.parent

# Below the range from which the kernel takes ports for outgoing connections, so that nobody gets a
# port between the moment it was found free and the moment its server binds it.
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
_next_port = _FIRST_PORT + os.getpid() * 16 % (_LAST_PORT - _FIRST_PORT)


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens, neither TCP nor UDP."""
    global _next_port
    for _ in range(_LAST_PORT - _FIRST_PORT):
        port = _next_port
        _next_port = port + 1 if port + 1 < _LAST_PORT else _FIRST_PORT
        if _is_free(port, socket.SOCK_STREAM) and _is_free(port, socket.SOCK_DGRAM):
            return port
    raise RuntimeError("no free port")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stop(child: "subprocess.Popen[bytes]") -> int:
    """Asks the child to end with SIGTERM, kills it if it does not, and returns its exit code."""
    child.terminate()
    try:
        return child.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
