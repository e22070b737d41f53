"""On the gateway's machine: an origin that reports all the time, and a reader of the gateway's metrics.

Standard output: one line of JSON per scrape, and per answer to a command. Standard input: commands.

    finish         the origin answers every request that waits, and those to come
    get PATH       reads PATH at the gateway, and tells status and body

It ends when its standard input does. Its arguments are the ports of origin, gateway and admin listener.
"""

import http.client
import json
import re
import socket
import sys
import threading
import time
from typing import Any

# Between two reports of the origin: more often than any head may go out.
REPORT_EVERY = 0.03
# So long that a client which reads nothing is full after a few.
LABEL = "Working through all of the rows that have been asked for, one after the other " * 3
SCRAPE_EVERY = 0.04

_SAMPLE = re.compile(r"^(progress_gateway_\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
# What is told of each scrape: metric, and the label values that matter.
_TOLD = {
    "progress_gateway_interim_unacknowledged": "unacknowledged",
    "progress_gateway_interim_acknowledgement_seconds_count": "acknowledged",
    "progress_gateway_interim_responses_total": "written",
    "progress_gateway_interim_suppressed_total": "withheld",
    "progress_gateway_requests_in_flight": "in_flight",
}

_finish = threading.Event()
_speaking = threading.Lock()


def tell(line: dict[str, Any]) -> None:
    with _speaking:
        print(json.dumps(line), flush=True)


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=work, args=(connection,), daemon=True).start()


def work(connection: socket.socket) -> None:
    """One request: news all the time, then the answer."""
    with connection:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := connection.recv(4096)):
                    return
                head += more
            step = 0
            while not _finish.wait(REPORT_EVERY):
                step += 1
                progress = f"Progress: {step}/100000 ({LABEL})"
                connection.sendall(f"HTTP/1.1 102 Processing\r\n{progress}\r\n\r\n".encode())
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ndone\n")
        except OSError:
            return  # The gateway has given it up.


def scrape_on(port: int) -> None:
    """Until the process ends, or the gateway is gone. What happens before it is ready is not told."""
    while not is_ready(port):
        time.sleep(0.02)
    admin = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        try:
            tell(scrape(admin))
        except (OSError, http.client.HTTPException):
            return
        time.sleep(SCRAPE_EVERY)


def is_ready(port: int) -> bool:
    admin = http.client.HTTPConnection("127.0.0.1", port)
    try:
        admin.request("GET", "/readyz")
        return admin.getresponse().status == 200
    except OSError:
        return False
    finally:
        admin.close()


def scrape(admin: http.client.HTTPConnection) -> dict[str, Any]:
    began = time.monotonic()
    admin.request("GET", "/metrics")
    text = admin.getresponse().read().decode()
    line: dict[str, Any] = {"began": began, "ended": time.monotonic()}
    line |= {name: {} for name in _TOLD.values()}
    for metric, labels, value in _SAMPLE.findall(text):
        if metric not in _TOLD:
            continue
        label = dict(_LABEL.findall(labels))
        if _TOLD[metric] == "withheld" and label["reason"] != "unacknowledged":
            continue
        of = line[_TOLD[metric]]
        of[label["protocol"]] = of.get(label["protocol"], 0) + int(float(value))
    return line


def get(address: str, path: str) -> None:
    host, _, port = address.rpartition(":")
    gateway = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        gateway.request("GET", path)
        response = gateway.getresponse()
        tell({"status": response.status, "body": response.read().decode()})
    finally:
        gateway.close()


def main() -> None:
    origin, gateway, admin = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", int(origin)))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    threading.Thread(target=scrape_on, args=(int(admin),), daemon=True).start()
    for line in sys.stdin:
        match line.split():
            case ["finish"]:
                _finish.set()
            case ["get", path]:
                get(gateway, path)


main()
