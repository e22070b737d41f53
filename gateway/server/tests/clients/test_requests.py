"""Python's `requests` as it is, which takes any 102 for the answer (`test_instruments.py` shows it)."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from harness.client import Request
from harness.gateway import Gateway, poll_until_finished
from harness.origin import Job, Origin
from harness.process import PATIENCE
from harness.programs import curl


class Asker:
    """One `Session`, so one kept-alive connection, used from a thread of its own."""

    def __init__(self, base: str, session: requests.Session, pool: ThreadPoolExecutor) -> None:
        self._base, self._session, self._pool = base, session, pool

    def ask(self, job: Job, **fields: str) -> Future[requests.Response]:
        return self._pool.submit(self._post, self._base + job.path, fields)

    def _post(self, url: str, fields: dict[str, str]) -> requests.Response:
        # Not verified, for the certificate is self-signed.
        return self._session.post(url, json={}, headers=fields, timeout=PATIENCE, verify=False)

    def connections(self) -> int:
        """How many connections the session has opened so far."""
        adapter = self._session.get_adapter(self._base)
        assert isinstance(adapter, requests.adapters.HTTPAdapter)
        pools = adapter.poolmanager.pools
        # urllib3's container has keys, but cannot be iterated over.
        keys = pools.keys()
        return sum(pools[key].num_connections for key in keys)


@pytest.fixture
def asker(gateway: Gateway) -> Iterator[Asker]:
    with ThreadPoolExecutor(max_workers=1) as pool, requests.Session() as session:
        yield Asker(gateway.url, session, pool)


def test_every_answer_belongs_to_its_request(asker: Asker, origin: Origin) -> None:
    """A is slow and its origin reports progress; B and C follow on the same connection."""
    for number in range(3):
        job = origin.job()
        answer = asker.ask(job)
        job.progress("1/2 (Collecting rows)")
        job.information(102)
        job.progress("2/2 (Rendering pages)")
        job.finish(200, f"answer {number}".encode(), content_type="text/plain")
        got = answer.result()
        assert (got.status_code, got.text) == (200, f"answer {number}")
    assert asker.connections() == 1


def test_not_even_a_heartbeat_reaches_it(gateway: Gateway, asker: Asker, origin: Origin) -> None:
    """While it waits, a neighbour that did opt in hears several."""
    slow, clock = origin.job(), origin.job()
    answer = asker.ask(slow)
    slow.arrived()
    neighbour = curl("--http1.1")(Request(gateway.url + clock.path, prefer="processing"))
    neighbour.transcript.wait_interim(3)
    slow.finish(200, b"slow but right")
    assert answer.result().text == "slow but right"
    clock.finish()
    neighbour.done()
    quick = origin.job()
    answer = asker.ask(quick)
    quick.finish(200, b"quick")
    assert answer.result().text == "quick"
    assert asker.connections() == 1


def test_asking_for_heads_by_mistake_does_it_no_harm(asker: Asker, origin: Origin) -> None:
    """It cannot read them whatever it asks for: the built-in client profile says so."""
    job = origin.job()
    answer = asker.ask(job, Prefer="processing")
    job.progress("1/2 (Collecting rows)")
    job.finish(200, b"the answer")
    assert (answer.result().status_code, answer.result().text) == (200, "the answer")


def test_it_can_wait_for_a_202_instead(asker: Asker, origin: Origin) -> None:
    """`respond-async` suits a client that cannot see interim heads."""
    job = origin.job()
    accepted = asker.ask(job, Prefer="respond-async, wait=0").result()
    assert (accepted.status_code, accepted.json()["status"]) == (202, "Running")
    job.finish(200, b"later")
    assert poll_until_finished(accepted.headers["Location"]).status == 200
    result = requests.get(accepted.headers["Location"] + "/result", verify=False, timeout=PATIENCE)
    assert (result.status_code, result.text) == (200, "later")
