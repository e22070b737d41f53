"""WebDAV by Apache's mod_dav behind the gateway: an origin that knows nothing of progress."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.apache import Apache
from harness.client import Request, Start
from harness.gateway import Gateway, fetch, poll_until_finished
from harness.libcurl import libcurl
from harness.programs import curl

CLIENTS = [
    pytest.param(curl("--http1.1"), id="curl-http1.1"),
    pytest.param(curl("--http2"), id="curl-http2"),
    pytest.param(libcurl("h3"), id="libcurl-h3"),
]

# Enough that copying takes far longer than the millisecond after which the route sends its first head.
DIRECTORIES, FILES = 50, 100


@pytest.fixture(scope="module")
def tree(apache: Apache) -> Iterator[Path]:
    """A tree of small files in the served directory."""
    tree = apache.tree / "tree"
    for directory in range(DIRECTORIES):
        inner = tree / f"directory-{directory}"
        inner.mkdir(parents=True)
        for file in range(FILES):
            (inner / f"file-{file}.txt").write_text(f"{directory}/{file}\n")
    yield tree
    shutil.rmtree(tree)


def contents(tree: Path) -> dict[str, bytes]:
    files = (path for path in tree.rglob("*.txt"))
    return {str(path.relative_to(tree)): path.read_bytes() for path in files}


# Where nothing is to replace, Apache answers 201 with a Location of its own, which together with the status
# URI is one too many for libcurl (`test_instruments.py`); where something is, it answers 204.
COPIES = [
    pytest.param(curl("--http1.1"), 201, id="curl-http1.1"),
    pytest.param(curl("--http2"), 201, id="curl-http2"),
    pytest.param(libcurl("h3"), 204, id="libcurl-h3"),
]


@pytest.mark.parametrize(("start", "status"), COPIES)
def test_copy_of_a_tree(
    start: Start, status: int, gateway: Gateway, apache: Apache, tree: Path, request: pytest.FixtureRequest
) -> None:
    name = f"copy-{request.node.callspec.id}"
    url = f"{gateway.url}/dav/{name}/"
    if status == 204:
        assert fetch(url, "MKCOL").status == 201
    fields = {"Destination": url, "Depth": "infinity"}
    copy = Request(f"{gateway.url}/dav/tree/", prefer="processing", method="COPY", fields=fields)
    client = start(copy)
    location = client.transcript.wait_location()
    assert client.done().status == status
    assert contents(apache.tree / name) == contents(tree)
    assert poll_until_finished(location).fields["status-uri"].startswith(f"{status} ")
    removed = start(Request(url, method="DELETE")).done()
    assert (removed.status, (apache.tree / name).exists()) == (204, False)


def test_copy_over_http10_is_accepted_or_done(gateway: Gateway, apache: Apache, tree: Path) -> None:
    """As quick as the origin, or a 202 once the route's patience ends; never a 1xx."""
    fields = {"Destination": f"{gateway.url}/dav/copy-http1.0/", "Depth": "infinity"}
    client = curl("--http1.0")(Request(f"{gateway.url}/dav/tree/", method="COPY", fields=fields))
    answer = client.done()
    assert client.transcript.interim == []
    if answer.status == 202:
        location = answer.fields["location"]
        assert poll_until_finished(location).status == 200
        answer = fetch(f"{location}/result")
    assert answer.status == 201
    assert contents(apache.tree / "copy-http1.0") == contents(tree)


@pytest.mark.parametrize("start", CLIENTS)
def test_put_get_and_list(
    start: Start, gateway: Gateway, apache: Apache, request: pytest.FixtureRequest
) -> None:
    name = f"note-{request.node.callspec.id}.txt"
    url = f"{gateway.url}/dav/{name}"
    text = b"a note\n" * 40_000
    assert start(Request(url, method="PUT", body=text)).done().status == 201
    assert (apache.tree / name).read_bytes() == text
    assert start(Request(url)).done().body == text
    fields = {"Depth": "1"}
    listed = start(Request(f"{gateway.url}/dav/", method="PROPFIND", fields=fields)).done()
    direct = fetch(f"{apache.url()}/dav/", "PROPFIND", depth="1")
    assert (listed.status, direct.status) == (207, 207)
    assert listed.body.count(b"<D:response") == direct.body.count(b"<D:response")
    assert name.encode() in listed.body
    assert start(Request(url, method="DELETE")).done().status == 204
    assert start(Request(url)).done().status == 404
