"""Azure's own poller, unchanged, over an operation of ours (SDM-08, ASY-02, LOC-09)."""

import pytest
from azure.core.exceptions import HttpResponseError

from harness.azure import begin, location_of
from harness.gateway import Gateway, fetch
from harness.origin import Origin
from harness.process import PATIENCE


def test_the_poller_completes(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    poller = begin(gateway, job)
    job.progress("1/2 (Half)")
    assert poller.status() in ("InProgress", "Running")
    job.finish(201, b'{"report": 881}', content_type="application/json")
    # The origin's own response, from `resourceLocation`, not the status document.
    assert poller.result(PATIENCE) == (201, {"report": 881})
    assert poller.status() == "Succeeded"


def test_the_poller_reports_a_failure(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    poller = begin(gateway, job)
    job.finish(500, b"out of paper\n", content_type="text/plain")
    with pytest.raises(HttpResponseError) as failed:
        poller.result(PATIENCE)
    assert failed.value.error is not None
    assert failed.value.error.code == "OriginError"
    assert poller.status() == "Failed"


def test_the_poller_reports_a_cancellation(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    poller = begin(gateway, job)
    fetch(location_of(poller), "DELETE")
    with pytest.raises(HttpResponseError):
        poller.result(PATIENCE)
    assert poller.status() == "Canceled"
