"""Clients that know nothing of us but their own standard, on routes with its profile (SDM-12)."""

import http.client
import io
import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from harness.gateway import Gateway, fetch
from harness.origin import Job, Origin
from harness.process import PATIENCE
from harness.transcript import Final


def pause(answer: Final, began: float) -> None:
    """As long as the gateway asks for."""
    assert time.monotonic() < began + PATIENCE, f"it never ends: {answer}"
    time.sleep(int(answer.fields["retry-after"]))


@dataclass
class ODataClient:
    """Asynchronous requests as OData 4.01 has them (Protocol, 11.6)."""

    accept: str = "application/json"

    def begin(self, url: str) -> str:
        answer = fetch(url, "POST", b"{}", accept=self.accept, prefer="respond-async, wait=0")
        assert answer.status == 202
        assert "respond-async" in answer.fields["preference-applied"], "8.2.8.8"
        assert (answer.body, "content-type" in answer.fields) == (b"", False)
        return answer.fields["location"]

    def look(self, monitor: str) -> Final:
        return fetch(monitor, accept=self.accept)

    def result(self, monitor: str) -> Final:
        """The status monitor until it is done. Each 202 says where to ask next."""
        began = time.monotonic()
        while (answer := self.look(monitor)).status == 202:
            monitor = answer.fields["location"]
            pause(answer, began)
        assert answer.status == 200, "the monitor was read; what came of the request is another thing"
        return answer


class Enclosed(io.BytesIO):
    """Content that Python's own parser of responses reads."""

    def makefile(self, _mode: str) -> "Enclosed":
        return self


def enclosed(answer: Final) -> tuple[int, dict[str, str], bytes]:
    assert answer.fields["content-type"] == "application/http"
    response = http.client.HTTPResponse(Enclosed(answer.body))  # type: ignore[arg-type]
    response.begin()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def test_odata_follows_the_monitor_to_the_result(gateway: Gateway, origin: Origin) -> None:
    job = origin.job("/odata/")
    client = ODataClient()
    monitor = client.begin(gateway.url + job.path)
    job.progress("1/2 (Half)")
    running = client.look(monitor)
    assert (running.status, running.body, running.fields["location"]) == (202, b"", monitor)
    job.finish(201, b'{"id": 881}', content_type="application/json", location="/odata/881")
    done = client.result(monitor)
    assert (done.fields["asyncresult"], json.loads(done.body)) == ("201", {"id": 881})
    assert (done.fields["location"], done.fields["content-type"]) == ("/odata/881", "application/json")


def test_odata_has_the_result_as_a_message(gateway: Gateway, origin: Origin) -> None:
    job = origin.job("/odata/")
    client = ODataClient("application/http")
    monitor = client.begin(gateway.url + job.path)
    content = b"x" * 100_000
    job.finish(201, content, content_type="text/plain", location="/odata/881")
    status, fields, body = enclosed(client.result(monitor))
    assert (status, fields["location"], body) == (201, "/odata/881", content)
    # A client of 4.0 that names no type means the same.
    again = fetch(monitor, odata_maxversion="4.0")
    assert enclosed(again)[0] == 201


def test_odata_is_told_of_a_failure_by_asyncresult(gateway: Gateway, origin: Origin) -> None:
    job = origin.job("/odata/")
    client = ODataClient()
    monitor = client.begin(gateway.url + job.path)
    job.finish(400, b'{"error": {"code": "1"}}', content_type="application/json")
    done = client.result(monitor)
    assert (done.fields["asyncresult"], json.loads(done.body)["error"]["code"]) == ("400", "1")


@pytest.mark.parametrize(("route", "deleted"), [("/odata/", 204), ("/fhir/", 202)])
def test_what_is_deleted_is_not_there(gateway: Gateway, origin: Origin, route: str, deleted: int) -> None:
    job = origin.job(route)
    answer = fetch(gateway.url + job.path, "POST", b"{}", prefer="respond-async, wait=0")
    monitor = answer.fields["location"]
    job.arrived()
    assert fetch(monitor, "DELETE").status == deleted
    assert fetch(monitor).status == 404
    job.gone()
    assert fetch(monitor).status == 404


def test_odata_never_gets_a_202_unasked(gateway: Gateway, origin: Origin) -> None:
    """Not even over HTTP/1.0, which other routes answer so after 300 ms here."""
    job = origin.job("/odata/")
    connection = http.client.HTTPConnection(gateway.clear.removeprefix("http://"), timeout=PATIENCE)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]
    connection.request("POST", job.path, b"{}")
    job.arrived()
    time.sleep(0.5)
    job.finish(200, b"done\n")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"done\n")
    connection.close()


class FhirClient:
    """Asynchronous requests as FHIR has them: bulk data, and results of other interactions by redirect."""

    def begin(self, url: str) -> str:
        answer = fetch(url, "POST", b"{}", accept="application/fhir+json", prefer="respond-async, wait=0")
        assert (answer.status, answer.body) == (202, b"")
        return answer.fields["content-location"]

    def look(self, status: str) -> Final:
        return fetch(status, accept="application/json")

    def complete(self, status: str) -> Final:
        began = time.monotonic()
        while (answer := self.look(status)).status == 202:
            assert len(answer.fields["x-progress"]) < 100
            pause(answer, began)
        if answer.status == 303:
            return fetch(answer.fields["location"], accept="application/fhir+json")
        return answer


def fhir(gateway: Gateway, job: Job) -> tuple[FhirClient, str]:
    client = FhirClient()
    return client, client.begin(gateway.url + job.path)


def test_fhir_polls_to_the_manifest(gateway: Gateway, origin: Origin) -> None:
    job = origin.job("/fhir/")
    client, status = fhir(gateway, job)
    assert client.look(status).fields["x-progress"] == "in progress"
    job.progress("3/10 (Exporting Patient)")
    poll = fetch(status, accept="application/json", prefer="wait=1", if_none_match='W/"0"')
    assert (poll.status, poll.body, poll.fields["x-progress"]) == (202, b"", "30% Exporting Patient")
    manifest: dict[str, Any] = {"requiresAccessToken": True, "output": [], "error": []}
    job.finish(200, json.dumps(manifest).encode(), content_type="application/json")
    done = client.complete(status)
    assert (done.status, json.loads(done.body)) == (200, manifest)


def test_fhir_is_told_of_a_failure_by_its_status(gateway: Gateway, origin: Origin) -> None:
    job = origin.job("/fhir/")
    client, status = fhir(gateway, job)
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}
    job.finish(500, json.dumps(outcome).encode(), content_type="application/fhir+json")
    failed = client.complete(status)
    assert (failed.status, failed.fields["content-type"]) == (500, "application/fhir+json")
    assert json.loads(failed.body) == outcome


def test_fhir_finds_any_other_result_behind_a_redirect(gateway: Gateway, origin: Origin) -> None:
    job = origin.job("/fhir/")
    client, status = fhir(gateway, job)
    job.finish(201, b'{"resourceType": "Patient"}', content_type="application/fhir+json")
    made = client.complete(status)
    assert (made.status, json.loads(made.body)["resourceType"]) == (201, "Patient")


@pytest.mark.parametrize("route", ["/odata/", "/fhir/"])
def test_the_document_has_a_name_of_its_own(gateway: Gateway, origin: Origin, route: str) -> None:
    """For programs of ours, whatever the profile."""
    job = origin.job(route)
    answer = fetch(gateway.url + job.path, "POST", b"{}", prefer="respond-async, wait=0")
    own = "application/vnd.progress-gateway.operation+json"
    document = fetch(answer.fields["location"], accept=own)
    assert (document.status, document.fields["content-type"]) == (202, own)
    assert json.loads(document.body)["status"] == "Running"
    assert fetch(answer.fields["location"], accept="text/plain").body == b"Running\n"
    job.finish()
