"""An origin that keeps no connection open while it works: it reports and finishes by callback.

    python3 origin.py 3000

`POST /any/path?steps=10&pause=1` is a job of ten steps of a second. It needs nothing but the standard library.
A request that comes without `Progress-Callback` is worked on and answered as by any other origin.
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Stop(Exception):
    """Nobody wants the work any more."""


def call(method: str, url: str, body: bytes = b"", **fields: str) -> None:
    """Calls the gateway back; what it could not take just now, also because it restarts, is sent again."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    while True:
        request = urllib.request.Request(url, body, named, method=method)
        try:
            with urllib.request.urlopen(request):
                return
        except urllib.error.HTTPError as error:
            with error:
                problem = json.load(error)
            if error.code in (404, 409):  # The operation is over, or was canceled.
                raise Stop(problem["detail"]) from error
            if error.code not in (429, 503, 507):
                raise
            time.sleep(float(error.headers.get("Retry-After", "1")))
        except OSError:  # Nobody answers: the gateway will be back.
            time.sleep(1)


def work(steps: int, pause: float, callback: str | None) -> bytes:
    """Does the work and returns its result."""
    for step in range(steps):
        if callback is not None:
            report = {"completed": step, "total": steps, "unit": "steps", "message": f"step {step + 1}"}
            call("POST", callback, json.dumps(report).encode(), Content_Type="application/json")
        time.sleep(pause)
    if callback is not None:
        call("POST", callback, Progress=f"{steps}/{steps} (done)")
    return b'{"steps":%d}\n' % steps


def finish(steps: int, pause: float, callback: str) -> None:
    try:
        result = work(steps, pause, callback)
        head = (
            "HTTP/1.1 201 Created\r\nLocation: /results/1\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(result)}\r\n\r\n"
        )
        call("PUT", f"{callback}/response", head.encode() + result, Content_Type="message/http")
    except Stop as stop:
        print(f"stopped: {stop}", flush=True)


class Jobs(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        asked = parse_qs(urlsplit(self.path).query)
        steps, pause = int(asked.get("steps", ["10"])[0]), float(asked.get("pause", ["1"])[0])
        callback = self.headers.get("Progress-Callback")
        if callback is None:
            self.answer(201, work(steps, pause, None), Location="/results/1", Content_Type="application/json")
            return
        self.answer(202, b"", Operation_Completion="callback")
        threading.Thread(target=finish, args=(steps, pause, callback)).start()

    def answer(self, status: int, body: bytes, **fields: str) -> None:
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Jobs)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
