"""An EventSource as browsers have it: reads events, keeps the last id, comes back with it."""

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from harness.gateway import connect


@dataclass(frozen=True)
class Event:
    """One event."""

    name: str
    id: str
    data: dict[str, Any]


class EventSource:
    """One connection to a stream. `last_id` is what it is told to go on after."""

    def __init__(self, url: str, last_id: str | None = None) -> None:
        parts = urlsplit(url)
        self._connection = connect(parts.scheme, parts.netloc)
        fields = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        fields |= {} if last_id is None else {"Last-Event-ID": last_id}
        self._connection.request("GET", parts.path, headers=fields)
        self.response: http.client.HTTPResponse = self._connection.getresponse()
        self.comments = 0

    def next(self) -> Event | None:
        """The next event; `None` at the end of the stream."""
        fields: dict[str, str] = {}
        while line := self.response.readline():
            text = line.decode().removesuffix("\n")
            if text.startswith(":"):
                self.comments += 1
            elif text:
                name, _, value = text.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                return Event(fields["event"], fields["id"], json.loads(fields["data"]))
        self.close()
        return None

    def rest(self) -> list[Event]:
        """Everything up to the end."""
        events = []
        while event := self.next():
            events.append(event)
        return events

    def close(self) -> None:
        self.response.close()
        self._connection.close()


class Following(threading.Thread):
    """A client that reads a stream to its end beside the test."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._source = EventSource(url)
        self.events: list[Event] = []
        self.start()

    def run(self) -> None:
        while event := self._source.next():
            self.events.append(event)
