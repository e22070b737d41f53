"""On the clients' machine: HTTP/1.1 requests whose clients have little room and do not read.

Arguments: `tls` or `clear`, host, port, path, number of requests. It sends the requests and reads nothing
until a line comes in; then it reads each to its end, and tells the whole of it:

    {"sent": N}                 all requests are with the kernel
    {"end": K, "text": ...}     all that request K was told

It ends when its standard input does.
"""

import json
import socket
import ssl
import sys
from typing import Any

# The kernel makes of it the least that it gives anybody.
LEAST_ROOM = 1


def connect(kind: str, address: tuple[str, int]) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LEAST_ROOM)
    connection.settimeout(20)
    connection.connect(address)
    if kind == "clear":
        return connection
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # The certificate is self-signed.
    return context.wrap_socket(connection)


def read_to_end(connection: socket.socket) -> str:
    text = b""
    while not text.endswith(b"\r\n\r\ndone\n"):
        more = connection.recv(65536)
        if not more:
            break
        text += more
    return text.decode("latin-1")


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def main() -> None:
    kind, host, port, path, count = sys.argv[1:]
    connections = [connect(kind, (host, int(port))) for _ in range(int(count))]
    for number, connection in enumerate(connections):
        fields = f"Host: {host}:{port}\r\nPrefer: processing, progress\r\n"
        connection.sendall(f"GET {path}/{number} HTTP/1.1\r\n{fields}\r\n".encode())
    tell(sent=len(connections))
    sys.stdin.readline()
    for number, connection in enumerate(connections):
        tell(end=number, text=read_to_end(connection))
    sys.stdin.read()


main()
