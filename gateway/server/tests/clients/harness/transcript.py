"""What a client has been told so far: response heads in the order of their arrival."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.process import PATIENCE


@dataclass(frozen=True)
class Head:
    """One response head. Field names are in lower case; several lines of a field are joined by commas."""

    status: int
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def progress(self) -> str | None:
        return self.fields.get("progress")


@dataclass(frozen=True)
class Final:
    """A complete final response."""

    status: int
    fields: dict[str, str]
    body: bytes


class Transcript:
    """Heads as they arrive, from the thread that reads for the client; the test waits for them."""

    def __init__(self) -> None:
        self._heads: list[Head] = []
        self._ended = False
        self._changed = threading.Condition()

    def add(self, head: Head) -> None:
        with self._changed:
            self._heads.append(head)
            self._changed.notify_all()

    def end(self) -> None:
        """Nothing more will come: whoever waits for a head can give up at once."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def heads(self) -> list[Head]:
        with self._changed:
            return list(self._heads)

    @property
    def interim(self) -> list[Head]:
        return [head for head in self.heads if head.status < 200]

    @property
    def final(self) -> Head:
        finals = [head for head in self.heads if head.status >= 200]
        assert len(finals) == 1, f"one final head, not {finals}"
        assert self.heads[-1] == finals[0], "nothing follows the final head"
        return finals[0]

    def wait(self, what: str, seen: Callable[[list[Head]], bool]) -> None:
        """Returns once `seen` holds for the heads so far; fails after `PATIENCE`."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or seen(self._heads), timeout=PATIENCE)
            assert seen(self._heads), f"never saw {what}; saw {self._heads}"

    def wait_for(self, what: str, matches: Callable[[Head], bool]) -> Head:
        """The first head that matches, as soon as it is there."""
        self.wait(what, lambda heads: any(map(matches, heads)))
        return next(filter(matches, self.heads))

    def wait_progress(self, value: str) -> Head:
        """The 102 whose `Progress` is exactly this."""
        return self.wait_for(f"Progress: {value}", lambda head: head.status == 102 and head.progress == value)

    def wait_location(self) -> str:
        """The status URI that a 102 announced."""
        return self.wait_for("a 102 with Location", _announces).fields["location"]

    def wait_interim(self, count: int) -> None:
        self.wait(f"{count} interim heads", lambda heads: sum(head.status < 200 for head in heads) >= count)


def _announces(head: Head) -> bool:
    return head.status == 102 and "location" in head.fields


class HeadReader:
    """Puts heads together from lines of a header block, as curl and libcurl hand them out."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._status: int | None = None
        self._fields: dict[str, str] = {}

    def line(self, line: str) -> None:
        line = line.rstrip("\r\n")
        if line.startswith("HTTP/"):
            self._status, self._fields = int(line.split()[1]), {}
        elif self._status is None:
            return  # A trailer: no head is open.
        elif line:
            name, _, value = line.partition(":")
            self.field(name, value.strip())
        else:
            self._transcript.add(Head(self._status, self._fields))
            self._status = None

    def field(self, name: str, value: str) -> None:
        add_field(self._fields, name, value)


def add_field(fields: dict[str, str], name: str, value: str) -> None:
    """Adds a field line, joined to an earlier one of the same name."""
    name = name.lower()
    fields[name] = f"{fields[name]}, {value}" if name in fields else value
