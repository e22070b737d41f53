"""A disk that is full, and then is not (G-03): nothing new is promised, nothing that was promised is lost."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.client import Request
from harness.gateway import document, fetch, poll_until_finished
from harness.lasting import Lasting
from harness.origin import Origin
from harness.programs import curl

_DISK = 'mount -t tmpfs -o size=8m tmpfs "$1" && shift && exec "$@"'


def starter(directory: Path) -> list[str]:
    """A mount namespace with a small disk at `directory`: as root, or as root of a user namespace."""
    complaints = []
    for options in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        command = ["unshare", *options, "--", "sh", "-c", _DISK, "sh", str(directory)]
        tried = subprocess.run([*command, "true"], capture_output=True, text=True)
        if tried.returncode == 0:
            return command
        complaints.append(tried.stderr)
    raise AssertionError(f"no disk of its own for the gateway: {complaints}")


class Disk:
    """The disk as the gateway sees it."""

    def __init__(self, lasting: Lasting, directory: Path) -> None:
        self._filler = Path(f"/proc/{lasting.pid()}/root{directory}/filler")

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 9, 1):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def free(self) -> None:
        self._filler.unlink()


@pytest.fixture
def lasting(origin: Origin, tmp_path: Path) -> Iterator[Lasting]:
    lasting = Lasting(tmp_path, {"scripted": origin.url("http1")})
    (tmp_path / "data").mkdir()
    lasting.starter = starter(tmp_path / "data")
    lasting.route("jobs", "scripted")
    lasting.start()
    yield lasting
    lasting.end()


def test_g_03_a_full_disk_promises_nothing_and_loses_nothing(lasting: Lasting, origin: Origin) -> None:
    disk = Disk(lasting, lasting.directory / "data")
    held, job = origin.job("/jobs/"), origin.job("/jobs/")
    waiting = curl("--http1.1")(Request(lasting.url + held.path, prefer="processing", body=b"{}"))
    location = waiting.transcript.wait_location()
    early = origin.job("/jobs/")
    over = fetch(lasting.url + early.path, "POST", b"{}", prefer="respond-async, wait=0").fields["location"]
    early.finish()
    poll_until_finished(over)
    disk.fill()

    # Who comes now is served as by a plain proxy: nothing is promised, the response is the origin's.
    late = curl("--http1.1")(Request(lasting.url + job.path, prefer="respond-async, wait=0", body=b"{}"))
    job.arrived()
    lasting.wait_metric('store_errors_total{kind="unavailable",operation="accept"} 1')
    job.finish(200, b"served")
    answer = late.done()
    assert (answer.status, answer.body) == (200, b"served")
    assert not {"location", "link"} & set(answer.fields)

    # Who waits for an operation gets its response; the document does not call it over before that is on disk.
    held.finish(201, b"made")
    answer = waiting.done()
    assert (answer.status, answer.body) == (201, b"made")
    lasting.wait_metric('operations{state="running"} 1')
    told = fetch(location)
    assert (told.status, json.loads(told.body)["status"]) == (202, "Running")

    # What is over can be read, and is not called gone because it cannot be forgotten.
    assert fetch(over, "DELETE").status == 503
    assert fetch(over).status == 200

    disk.free()
    lasting.wait_metric('operations{state="succeeded"} 2')
    assert document(location)["status"] == "Succeeded"
    assert fetch(f"{location}/result").body == b"made"
    again = origin.job("/jobs/")
    assert fetch(lasting.url + again.path, "POST", b"{}", prefer="respond-async, wait=0").status == 202
