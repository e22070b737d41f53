"""Runs the tests of this folder beside each other: nearly all of their time is waiting.

Each has a network, a gateway and clients of its own, so that none notices the others. Their functions take
parameters and no fixtures.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent

# Tests at a time: what two cores do with ease.
AT_ONCE = 10

_running: dict[str, Future[None]] = {}


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)
    _running.clear()


@pytest.fixture(autouse=True)
def beside_each_other(request: pytest.FixtureRequest, pool: ThreadPoolExecutor) -> None:
    """With the first test of this folder begin all that were asked for."""
    if not _running:
        here = [item for item in request.session.items if HERE in item.path.parents]
        for item in sorted(here, key=_is_short):
            assert isinstance(item, pytest.Function)
            _running[item.nodeid] = pool.submit(item.obj, **item.callspec.params)


def _is_short(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is None


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """What the test has come to."""
    _running[pyfuncitem.nodeid].result()
    return True
