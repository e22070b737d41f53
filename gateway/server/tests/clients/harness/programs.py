"""The clients that are programs: curl, nghttp, and Node's `http` and `http2`."""

import base64
import json
import re

from harness.client import Listener, Program, Request, Start
from harness.process import CLIENTS
from harness.transcript import Final, Head, HeadReader, add_field


class Curl(Program):
    """curl with `--dump-header`, which writes each head as it arrives."""

    def __init__(self, request: Request, *options: str) -> None:
        command = ["curl", "--silent", "--show-error", "--dump-header", "/dev/stderr", "--insecure", *options]
        command += ["--head"] if request.verb == "HEAD" else ["--request", request.verb]
        command += [f"-H{name}: {value}" for name, value in request.all_fields.items()]
        command += ["--data-binary", "@-"] if request.body is not None else []
        super().__init__([*command, request.url], request.body, reports_on="stderr")

    def listener(self) -> Listener:
        return HeadReader(self.transcript).line

    def done(self) -> Final:
        body = self.end_well()
        head = self.transcript.final
        return Final(head.status, head.fields, body)


def curl(*options: str) -> Start:
    """curl with these options."""
    return lambda request: Curl(request, *options)


class Nghttp(Program):
    """nghttp with `--verbose`, which tells each frame."""

    def __init__(self, request: Request) -> None:
        fields = {":method": request.verb, **request.all_fields}
        command = ["nghttp", "--verbose", *(f"--header={name}: {value}" for name, value in fields.items())]
        command += ["--data=-"] if request.body is not None else []
        super().__init__([*command, request.url], request.body, reports_on="stdout")

    def listener(self) -> Listener:
        fields: dict[str, str] = {}

        def listen(line: str) -> None:
            if received := re.search(r"\] recv \(stream_id=\d+(?:, sensitive)?\) (:?[^:]+): (.*)", line):
                add_field(fields, *received.groups())
            elif "] recv HEADERS frame" in line:
                status = int(fields.pop(":status"))
                self.transcript.add(Head(status, dict(fields)))
                fields.clear()

        return listen

    def done(self) -> Final:
        self.end_well()
        head = self.transcript.final
        # The body stands between the frames: what is left without their lines and the handshake's.
        body = re.sub(r"\[ *\d+\.\d+\] [^\n]*\n(?: {10}[^\n]*\n)*", "", self.said)
        body = body.removeprefix("The negotiated protocol: h2\n")
        return Final(head.status, head.fields, body.encode("latin-1"))


class Node(Program):
    """One of Node's two client modules; each head and the body come as a line of JSON."""

    def __init__(self, request: Request, module: str) -> None:
        asked = {"url": request.url, "method": request.verb, "fields": request.all_fields}
        command = ["node", str(CLIENTS / "node/client.mjs"), module, json.dumps(asked)]
        self._body = b""
        super().__init__(command, request.body, reports_on="stdout")

    def listener(self) -> Listener:
        def listen(line: str) -> None:
            told = json.loads(line)
            if "body" in told:
                self._body = base64.b64decode(told["body"])
            else:
                self.transcript.add(Head(told["status"], told["fields"]))

        return listen

    def done(self) -> Final:
        self.end_well()
        head = self.transcript.final
        return Final(head.status, head.fields, self._body)


def node(module: str) -> Start:
    """Node's `http` or `http2`."""
    return lambda request: Node(request, module)
