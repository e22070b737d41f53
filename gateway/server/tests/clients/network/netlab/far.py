"""On the clients' machine: requests that wait for their answers, and a log of what has come.

Arguments: version of HTTP, URL, number of requests. Standard output, one line of JSON each, by the one
monotonic clock of both machines:

    {"head": K, "status": 102, "location": ..., "at": T}   request K was told this
    {"drained": T}                                         what had come before T is all told
    {"end": K, "error": null, "body": ...}                 request K is over

It ends when its standard input does.
"""

import json
import select
import sys
import time
from typing import Any

import pycurl

VERSIONS = {
    "http/1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "h2": pycurl.CURL_HTTP_VERSION_2_0,
    "h3": pycurl.CURL_HTTP_VERSION_3ONLY,
}
# The longest time between two lines of the log.
TICK = 0.02


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


class Transfer:
    """One request."""

    def __init__(self, number: int, version: str, url: str) -> None:
        self.number = number
        self.body = b""
        self._head: dict[str, Any] = {}
        self.handle = handle = pycurl.Curl()
        handle.setopt(pycurl.URL, f"{url}/{number}")
        handle.setopt(pycurl.HTTP_VERSION, VERSIONS[version])
        # Not for HTTP/1.1, where it has no effect: the others share one connection.
        handle.setopt(pycurl.PIPEWAIT, 1)
        handle.setopt(pycurl.SSL_VERIFYPEER, 0)  # The certificate is self-signed.
        handle.setopt(pycurl.SSL_VERIFYHOST, 0)
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.HTTPHEADER, ["Prefer: processing, progress"])
        handle.setopt(pycurl.HEADERFUNCTION, self._line)
        handle.setopt(pycurl.WRITEFUNCTION, self._content)

    def _line(self, raw: bytes) -> None:
        line = raw.decode("latin-1").rstrip("\r\n")
        if line.startswith("HTTP/"):
            self._head = {"status": int(line.split()[1])}
        elif line.lower().startswith("location:"):
            self._head["location"] = line.partition(":")[2].strip()
        elif not line and self._head:
            tell(head=self.number, **self._head, at=time.monotonic())
            self._head = {}
            Transfer.news += 1

    def _content(self, content: bytes) -> None:
        self.body += content

    # Heads of all transfers.
    news = 0


def drain(multi: pycurl.CurlMulti) -> None:
    """Takes in all that has come."""
    while True:
        before = Transfer.news
        multi.perform()
        readable = select.select(multi.fdset()[0], [], [], 0)[0]
        if not readable and Transfer.news == before and multi.timeout() != 0:
            return


def tell_ends(multi: pycurl.CurlMulti, transfers: dict[pycurl.Curl, Transfer]) -> None:
    _, well, failed = multi.info_read()
    for handle, error in [(handle, None) for handle in well] + [(f[0], f[2]) for f in failed]:
        transfer = transfers[handle]
        tell(end=transfer.number, error=error, body=transfer.body.decode())


def main() -> None:
    version, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
    transfers = [Transfer(number, version, url) for number in range(count)]
    of_handle = {transfer.handle: transfer for transfer in transfers}
    for transfer in transfers:
        multi.add_handle(transfer.handle)
    while not select.select([sys.stdin], [], [], 0)[0]:
        now = time.monotonic()
        drain(multi)
        tell_ends(multi, of_handle)
        tell(drained=now)
        multi.select(TICK)


main()
