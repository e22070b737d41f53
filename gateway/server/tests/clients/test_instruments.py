"""The clients against the origins themselves: what they report there is what the later tests rely on."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from harness.apache import Apache
from harness.client import Request, Start
from harness.gateway import fetch
from harness.libcurl import libcurl
from harness.origin import Origin
from harness.process import PATIENCE
from harness.programs import Nghttp, curl, node

CLIENTS = [
    pytest.param(curl("--http1.1"), "http1", id="curl-http1.1"),
    pytest.param(curl("--http2-prior-knowledge"), "h2c", id="curl-h2c"),
    pytest.param(Nghttp, "h2c", id="nghttp"),
    pytest.param(node("http"), "http1", id="node-http"),
    pytest.param(node("http2"), "h2c", id="node-http2"),
    pytest.param(libcurl("http/1.1"), "http1", id="libcurl-http1.1"),
    pytest.param(libcurl("h2c"), "h2c", id="libcurl-h2c"),
]


@pytest.mark.parametrize(("start", "kind"), CLIENTS)
def test_a_client_tells_each_head_as_it_arrives(start: Start, kind: str, origin: Origin) -> None:
    job = origin.job()
    client = start(Request(origin.url(kind) + job.path, prefer="processing", body=b"{}"))
    seen = job.arrived()
    assert (seen["method"], seen["length"], seen["headers"]["prefer"]) == ("POST", 2, "processing")
    # The second head is sent only once the first has been reported.
    for step in ("1/2 (Collecting rows)", '2/2 "Rendering"'):
        job.progress(step)
        client.transcript.wait_progress(step)
    job.information(102)
    client.transcript.wait_interim(3)
    job.information(103, {"link": "</style.css>; rel=preload"})
    job.finish(201, b"first line\nlast line", content_type="text/plain")
    final = client.done()
    assert [head.status for head in client.transcript.heads] == [102, 102, 102, 103, 201]
    assert client.transcript.heads[2].progress is None
    assert client.transcript.heads[3].fields["link"] == "</style.css>; rel=preload"
    assert (final.body, final.fields["content-type"]) == (b"first line\nlast line", "text/plain")


@pytest.mark.parametrize(("start", "kind"), CLIENTS)
def test_the_origin_notices_a_client_that_leaves(start: Start, kind: str, origin: Origin) -> None:
    job = origin.job()
    client = start(Request(origin.url(kind) + job.path))
    job.arrived()
    client.leave()
    job.gone()


def test_curl_speaks_http10_when_told_so(origin: Origin) -> None:
    job = origin.job()
    client = curl("--http1.0")(Request(origin.url() + job.path))
    assert job.arrived()["version"] == "1.0"
    job.finish()
    assert client.done().body == b"done\n"


@pytest.mark.skipif(sys.version_info >= (3, 13, 1), reason="this http.client may skip interim heads")
def test_requests_takes_a_102_for_the_answer(origin: Origin) -> None:
    """The control for `test_requests.py`: without a gateway that holds heads back, it does break."""
    job = origin.job()
    with ThreadPoolExecutor() as pool, requests.Session() as session:
        answer = pool.submit(session.get, origin.url() + job.path, timeout=PATIENCE)
        job.progress("1/2")
        assert (answer.result().status_code, answer.result().content) == (102, b"")
        job.finish()


def test_libcurl_wants_one_location_in_all_heads(origin: Origin) -> None:
    """Since 8.17 it fails with error 8 where a 102 and the final response have different ones."""
    job = origin.job()
    client = libcurl("http/1.1")(Request(origin.url() + job.path))
    job.information(102, {"Location": "/operations/1"})
    job.finish(201, location="/reports/881")
    with pytest.raises(AssertionError, match="Multiple Location headers"):
        client.done()


def test_apache_answers_webdav(apache: Apache) -> None:
    assert fetch(f"{apache.url()}/dav/from/", "MKCOL").status == 201
    assert fetch(f"{apache.url()}/dav/from/hello.txt", "PUT", b"hello").status == 201
    listing = fetch(f"{apache.url()}/dav/from/", "PROPFIND", depth="1")
    assert (listing.status, b"hello.txt" in listing.body) == (207, True)
    # As a client writes it that only knows the gateway.
    destination = "https://127.0.0.1:443/dav/to/"
    copied = fetch(f"{apache.url()}/dav/from/", "COPY", destination=destination, depth="infinity")
    assert copied.status == 201
    assert (apache.tree / "to/hello.txt").read_bytes() == b"hello"
    for name in ("from", "to"):
        assert fetch(f"{apache.url()}/dav/{name}/", "DELETE").status == 204
