"""Headless Chromium, driven by playwright-core: one page."""

import json
import subprocess
from types import TracebackType
from typing import Any

from harness.process import CLIENTS, PATIENCE, stop


class Browser:
    """A page in a browser of its own; `noscript` for one that runs no scripts, `locale=de` for a German one."""

    def __init__(self, *modes: str) -> None:
        command = ["node", str(CLIENTS / "browser/page.mjs"), *modes]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._child:
            assert self._child.stdin is not None
            # The end of its commands: it closes Chromium and ends.
            self._child.stdin.close()
            try:
                self._child.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                stop(self._child)

    def open(self, url: str) -> int:
        """Goes there, and returns the status of the answer."""
        return int(self._do(open=url)["status"])

    def click(self, selector: str) -> None:
        self._do(click=selector)

    def state(self) -> dict[str, Any]:
        """What the page shows."""
        return self._do(state=True)

    def until(self, heading: str) -> dict[str, Any]:
        """The same, once the heading says this."""
        return self._do(until=heading)

    def label(self, text: str) -> dict[str, Any]:
        """The same, once the label has this in it."""
        return self._do(label=text)

    def screenshot(self, path: str, scheme: str = "light", width: int = 800) -> None:
        self._do(screenshot=path, scheme=scheme, width=width)

    def _do(self, **command: Any) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(command).encode() + b"\n")
        self._child.stdin.flush()
        told: dict[str, Any] = json.loads(self._child.stdout.readline())
        assert "error" not in told, told
        return told
