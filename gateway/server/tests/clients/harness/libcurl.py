"""libcurl by way of pycurl: the client that also speaks HTTP/3."""

import io
import threading

import pycurl

from harness.client import Client, Request, Start
from harness.process import PATIENCE
from harness.transcript import Final, HeadReader, Transcript

VERSIONS = {
    "http/1.1": pycurl.CURL_HTTP_VERSION_1_1,
    "h2": pycurl.CURL_HTTP_VERSION_2_0,
    "h2c": pycurl.CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE,
    "h3": pycurl.CURL_HTTP_VERSION_3ONLY,
}


class LibCurl:
    """A transfer in a thread of its own."""

    def __init__(self, request: Request, version: int) -> None:
        self.transcript = Transcript()
        self._heads = HeadReader(self.transcript)
        self._body = io.BytesIO()
        self._leaving = False
        self._error: pycurl.error | None = None
        self._handle = self._prepare(request, version)
        self._thread = threading.Thread(target=self._perform, daemon=True)
        self._thread.start()

    def _prepare(self, request: Request, version: int) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, request.url)
        handle.setopt(pycurl.HTTP_VERSION, version)
        handle.setopt(pycurl.SSL_VERIFYPEER, 0)  # The certificate is self-signed.
        handle.setopt(pycurl.SSL_VERIFYHOST, 0)
        handle.setopt(pycurl.TIMEOUT, int(2 * PATIENCE))
        handle.setopt(pycurl.NOSIGNAL, 1)
        handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in request.all_fields.items()])
        if request.body is not None:
            handle.setopt(pycurl.POSTFIELDS, request.body)
        if request.verb == "HEAD":
            handle.setopt(pycurl.NOBODY, 1)
        handle.setopt(pycurl.CUSTOMREQUEST, request.verb)
        handle.setopt(pycurl.HEADERFUNCTION, lambda line: self._heads.line(line.decode("latin-1")))
        handle.setopt(pycurl.WRITEFUNCTION, self._body.write)
        handle.setopt(pycurl.NOPROGRESS, 0)
        handle.setopt(pycurl.XFERINFOFUNCTION, lambda *_: int(self._leaving))
        return handle

    def _perform(self) -> None:
        try:
            self._handle.perform()
        except pycurl.error as error:
            self._error = error
        finally:
            self._handle.close()
            self.transcript.end()

    def done(self) -> Final:
        self._thread.join(timeout=PATIENCE)
        assert not self._thread.is_alive(), f"still waiting; heard {self.transcript.heads}"
        assert self._error is None, f"{self._error}; heard {self.transcript.heads}"
        head = self.transcript.final
        return Final(head.status, head.fields, self._body.getvalue())

    def leave(self) -> None:
        self._leaving = True
        self._thread.join(timeout=PATIENCE)
        aborted = self._error is not None and self._error.args[0] == pycurl.E_ABORTED_BY_CALLBACK
        assert aborted, f"left by {self._error}"


def libcurl(version: str) -> Start:
    """libcurl held to one version of HTTP."""

    def start(request: Request) -> Client:
        return LibCurl(request, VERSIONS[version])

    return start
