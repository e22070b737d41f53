"""Azure's own poller, unchanged, over an operation of ours (SDM-08, ASY-02, LOC-09)."""

import json

import pytest
from azure.core import PipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import ContentDecodePolicy, RequestIdPolicy, RetryPolicy, UserAgentPolicy
from azure.core.polling import LROPoller
from azure.core.polling.base_polling import LROBasePolling
from azure.core.rest import HttpRequest

from harness.gateway import Gateway, fetch
from harness.origin import Job, Origin
from harness.process import PATIENCE


def begin(gateway: Gateway, job: Job) -> LROPoller:  # type: ignore[type-arg]
    policies = [UserAgentPolicy(), RequestIdPolicy(), RetryPolicy(), ContentDecodePolicy()]
    client = PipelineClient(gateway.url, policies=policies)  # type: ignore[var-annotated]
    fields = {"Prefer": "respond-async, wait=0"}
    request = HttpRequest("POST", gateway.url + job.path, json={}, headers=fields)
    initial = client._pipeline.run(request, connection_verify=False)
    assert initial.http_response.status_code == 202

    def result(answer: PipelineResponse) -> object:  # type: ignore[type-arg]
        return answer.http_response.status_code, json.loads(answer.http_response.text())

    method = LROBasePolling(timeout=PATIENCE, connection_verify=False)
    return LROPoller(client, initial, result, method)


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
    fetch(poller.polling_method()._initial_response.http_response.headers["Operation-Location"], "DELETE")
    with pytest.raises(HttpResponseError):
        poller.result(PATIENCE)
    assert poller.status() == "Canceled"
