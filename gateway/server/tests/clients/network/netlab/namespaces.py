"""Two network namespaces and the veth pair between them: the gateway's machine and the clients'.

They have no names: each lives as long as the `cat` that holds it, which ends with the test run, however
that ends. With them go their addresses, their interfaces and their packet filters.
"""

import os
import shutil
import subprocess
from types import TracebackType
from typing import Self

from harness.process import PATIENCE

# Of the range for tests of networks (RFC 2544); nobody outside the two namespaces can reach them.
EDGE_ADDRESS = "198.18.0.1"
FAR_ADDRESS = "198.18.0.2"

_TOOLS = {"ip": "iproute2", "nft": "nftables", "nsenter": "util-linux", "unshare": "util-linux"}

# Where Debian has them, which is not on everybody's PATH.
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


class Unavailable(Exception):
    """This machine cannot make such networks; says what is missing."""


class Namespace:
    """One machine."""

    def __init__(self, holder: "subprocess.Popen[bytes]", *, of_user: bool) -> None:
        self._holder = holder
        self._of_user = of_user

    @property
    def pid(self) -> int:
        return self._holder.pid

    def command(self, *words: str) -> list[str]:
        """The words as a command of this machine. It becomes the process itself, not a child of it."""
        user = [f"--user=/proc/{self.pid}/ns/user", "--preserve-credentials"] if self._of_user else []
        return [_tool("nsenter"), *user, f"--net=/proc/{self.pid}/ns/net", "--", *words]

    def run(self, *words: str, stdin: str = "") -> str:
        """Runs a tool to its end; returns what it says."""
        command = self.command(_tool(words[0]), *words[1:])
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode != 0:
            raise Unavailable(f"`{' '.join(words)}` failed: {done.stderr.strip()}\n{stdin}")
        return done.stdout

    def end(self) -> None:
        """Nothing must run on it any more."""
        with self._holder:
            self._holder.kill()


class Network:
    """The two machines, `edge` and `far`, and what happens to the packets between them."""

    def __init__(self) -> None:
        how = _how_to_unshare()
        of_user = "--user" in how
        self.edge = Namespace(_hold(how), of_user=of_user)
        try:
            self.far = Namespace(_hold(self.edge.command(_tool("unshare"), "--net")), of_user=of_user)
        except BaseException:
            self.edge.end()
            raise
        try:
            self._connect()
        except BaseException:
            self.end()
            raise

    def _connect(self) -> None:
        peer = ("peer", "name", "far0", "netns", str(self.far.pid))
        self.edge.run("ip", "link", "add", "edge0", "type", "veth", *peer)
        ends = ((self.edge, "edge0", EDGE_ADDRESS), (self.far, "far0", FAR_ADDRESS))
        for machine, interface, address in ends:
            machine.run("ip", "address", "add", f"{address}/30", "dev", interface)
            machine.run("ip", "link", "set", "lo", "up")
            machine.run("ip", "link", "set", interface, "up")

    def swallow_from_far(self) -> None:
        """Nothing that the clients send arrives, acknowledgements included."""
        self.edge.run("nft", "-f", "-", stdin=_filter("edge0", "counter drop"))

    def lose(self, percent: int) -> None:
        """Of the packets of either direction so many are lost."""
        rule = f"numgen random mod 100 < {percent} counter drop"
        for machine, interface in ((self.edge, "edge0"), (self.far, "far0")):
            machine.run("nft", "-f", "-", stdin=_filter(interface, rule))

    def heal(self) -> None:
        """Everything arrives again."""
        for machine in (self.edge, self.far):
            machine.run("nft", "flush", "ruleset")

    def unplug(self) -> None:
        """The clients' machine has no network any more."""
        self.far.run("ip", "link", "set", "far0", "down")

    def plug(self) -> None:
        """It has one again."""
        self.far.run("ip", "link", "set", "far0", "up")

    def end(self) -> None:
        self.far.end()
        self.edge.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def _filter(interface: str, rule: str) -> str:
    """On arrival: a sender must not be told that its packet was dropped."""
    chain = f"type filter hook input priority 0\niifname {interface} {rule}\n"
    return f"flush ruleset\ntable inet faults {{\nchain arrival {{\n{chain}}}\n}}\n"


def _tool(name: str) -> str:
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise Unavailable(f"`{name}` is missing: Debian's package {_TOOLS[name]} has it")
    return found


def _how_to_unshare() -> list[str]:
    """As root, or as the root of a user namespace of one's own."""
    unshare = _tool("unshare")
    complaints = []
    for options in (["--net"], ["--user", "--map-root-user", "--net"]):
        tried = subprocess.run([unshare, *options, "true"], capture_output=True, text=True)
        if tried.returncode == 0:
            return [unshare, *options]
        complaints.append(f"`unshare {' '.join(options)}`: {tried.stderr.strip()}")
    raise Unavailable(
        "no network namespaces: the tests need root (CAP_SYS_ADMIN), or user namespaces for everybody "
        f"(sysctl kernel.unprivileged_userns_clone, user.max_user_namespaces). {'; '.join(complaints)}"
    )


def _hold(unshare: list[str]) -> "subprocess.Popen[bytes]":
    """A process in a namespace of its own, which is there when this returns."""
    command = [*unshare, "--", "sh", "-c", "echo here; exec cat"]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    if holder.stdout.readline() != b"here\n":
        with holder:
            holder.kill()
        raise Unavailable(f"no network namespace from {' '.join(unshare)}")
    return holder
