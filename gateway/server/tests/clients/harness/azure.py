"""Azure's own poller, unchanged."""

import json

from azure.core import PipelineClient
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import ContentDecodePolicy, RequestIdPolicy, RetryPolicy, UserAgentPolicy
from azure.core.polling import LROPoller
from azure.core.polling.base_polling import LROBasePolling
from azure.core.rest import HttpRequest

from harness.gateway import Gateway
from harness.origin import Job
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


def location_of(poller: LROPoller) -> str:  # type: ignore[type-arg]
    """The status URI that it polls."""
    initial = poller.polling_method()._initial_response  # type: ignore[attr-defined]
    location: str = initial.http_response.headers["Operation-Location"]
    return location
