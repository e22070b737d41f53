"""Operations that belong to the certificate of their client's connection (SEC-02)."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pycurl
import pytest

from harness.gateway import serve
from harness.libcurl import VERSIONS
from harness.origin import Origin
from harness.process import PATIENCE, free_port, stop

_CONFIGURATION = """\
public-url = "https://127.0.0.1:{port}"
[[listeners]]
address = "127.0.0.1:{port}"
tls = {{ self-signed = ["localhost"], client-ca = "authority.pem" }}
[admin]
address = "127.0.0.1:{admin}"
[[upstreams]]
name = "origin"
servers = ["{origin}"]
[[routes]]
name = "jobs"
upstream = "origin"
[routes.progress]
"""


@dataclass(frozen=True)
class Person:
    """A certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Edge:
    url: str
    person: Callable[[str], Person]


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def authority(directory: Path, name: str) -> None:
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
    openssl("req", "-x509", *key, "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2", cwd=directory)


def signed(directory: Path, issuer: str, name: str) -> Person:
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
    openssl("req", *key, "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=directory)
    by = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial", "-days", "2"]
    # Version 3, as every client makes them.
    extension = directory / "usage.txt"
    extension.write_text("extendedKeyUsage = clientAuth\n")
    openssl(
        "x509", "-req", "-in", f"{name}.csr", *by, "-extfile", str(extension), "-out", f"{name}.pem", cwd=directory
    )
    return Person(directory / f"{name}.pem", directory / f"{name}.key")


@pytest.fixture(scope="module")
def edge(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    directory: Path = tmp_path_factory.mktemp("certificates")
    for name in ("authority", "elsewhere"):
        authority(directory, name)
    people = {name: signed(directory, "authority", name) for name in ("ann", "ben")}
    people["mallory"] = signed(directory, "elsewhere", "mallory")
    port, admin = free_port(), free_port()
    configuration = directory / "gateway.toml"
    configuration.write_text(_CONFIGURATION.format(port=port, admin=admin, origin=origin.url("http1")))
    with serve(configuration, f"http://127.0.0.1:{admin}") as child:
        yield Edge(f"https://127.0.0.1:{port}", people.__getitem__)
        assert stop(child) == 0, configuration.with_name("gateway.log").read_text()


def ask(url: str, version: str, person: Person | None, *fields: str) -> tuple[int, str]:
    """The status and `Location` of a request on a connection of its own."""
    heads: list[str] = []
    handle = pycurl.Curl()
    handle.setopt(pycurl.URL, url)
    handle.setopt(pycurl.HTTP_VERSION, VERSIONS[version])
    handle.setopt(pycurl.SSL_VERIFYPEER, 0)  # The certificate is self-signed.
    handle.setopt(pycurl.SSL_VERIFYHOST, 0)
    handle.setopt(pycurl.TIMEOUT, int(PATIENCE))
    handle.setopt(pycurl.HTTPHEADER, list(fields))
    handle.setopt(pycurl.HEADERFUNCTION, lambda line: heads.append(line.decode("latin-1").strip()))
    handle.setopt(pycurl.WRITEFUNCTION, lambda piece: len(piece))
    if person is not None:
        handle.setopt(pycurl.SSLCERT, str(person.certificate))
        handle.setopt(pycurl.SSLKEY, str(person.key))
    try:
        handle.perform()
        status: int = handle.getinfo(pycurl.RESPONSE_CODE)
    finally:
        handle.close()
    locations = [line.partition(": ")[2] for line in heads if line.lower().startswith("location:")]
    return status, locations[-1] if locations else ""


@pytest.mark.parametrize("version", ["http/1.1", "h2", "h3"])
def test_sec_02_who_shows_the_certificate_owns_the_operation(
    edge: Edge, origin: Origin, version: str
) -> None:
    ann, ben = edge.person("ann"), edge.person("ben")
    job = origin.job("/jobs/")
    # The certificate comes first: the token beside it binds nothing.
    token = "authorization: Bearer a"
    status, location = ask(edge.url + job.path, version, ann, "prefer: respond-async, wait=0", token)
    assert status == 202
    assert ask(location, version, ann)[0] == 202
    for other in ("http/1.1", "h2", "h3"):
        assert ask(location, other, ann)[0] == 202, "whatever the connection speaks"
        assert ask(location, other, ben, token)[0] == 404
        assert ask(location, other, None, token)[0] == 404
    job.finish()


@pytest.mark.parametrize("version", ["http/1.1", "h2", "h3"])
def test_who_has_no_certificate_is_served_all_the_same(edge: Edge, origin: Origin, version: str) -> None:
    job = origin.job("/jobs/")
    status, location = ask(edge.url + job.path, version, None, "prefer: respond-async, wait=0")
    assert status == 202
    assert ask(location, version, edge.person("ben"))[0] == 202, "its URI is a capability"
    job.finish()


@pytest.mark.parametrize("version", ["http/1.1", "h2", "h3"])
def test_a_certificate_of_somebody_elses_authority_ends_the_handshake(edge: Edge, version: str) -> None:
    with pytest.raises(pycurl.error):
        ask(f"{edge.url}/jobs/never", version, edge.person("mallory"))
