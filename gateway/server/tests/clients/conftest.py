"""What every test shares: one origin, one Apache, one gateway, for the whole run."""

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from harness import client
from harness.apache import Apache
from harness.gateway import Gateway, Origins
from harness.origin import Origin

# Every server here is on this machine, whatever proxy the environment names for others.
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"


@pytest.fixture(scope="session")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="progress-gateway-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def origin() -> Iterator[Origin]:
    origin = Origin()
    yield origin
    origin.stop()


@pytest.fixture(scope="session")
def apache() -> Iterator[Apache]:
    # Not inside `directory`, which only its owner may enter: Apache is another user.
    with tempfile.TemporaryDirectory(prefix="progress-gateway-apache-") as name:
        apache = Apache(Path(name))
        apache.wait_ready()
        yield apache
        apache.stop()


@pytest.fixture(scope="session")
def gateway(origin: Origin, apache: Apache, directory: Path) -> Iterator[Gateway]:
    # `h2c` is the gateway's own scheme; every client says `http`.
    h2c = origin.url("h2c").replace("http:", "h2c:")
    origins = Origins(http1=origin.url("http1"), h2c=h2c, apache=apache.url())
    gateway = Gateway(origins, directory)
    yield gateway
    code = gateway.stop()
    assert code == 0, f"the gateway ended with {code}:\n{gateway.log.read_text()}"


@pytest.fixture(autouse=True)
def no_client_stays() -> Iterator[None]:
    yield
    client.end_leftovers()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Puts the gateway's words beside a failure."""
    report = yield
    gateway = getattr(item, "funcargs", {}).get("gateway")
    if report.failed and gateway is not None:
        last = gateway.log.read_text().splitlines()[-40:]
        report.sections.append(("the gateway's last words", "\n".join(last)))
    return report
