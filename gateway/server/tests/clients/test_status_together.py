"""One operation, followed by everybody at once: Azure's poller, an EventSource, curl in a loop, and our own client."""

import json
import subprocess
import threading
import time
from typing import Any

from harness.azure import begin, location_of
from harness.events import Following
from harness.gateway import Gateway, binary
from harness.origin import Origin
from harness.process import PATIENCE

RESULT = {"report": 881}


class Polling(threading.Thread):
    """What a shell script does: `curl` until the status is not 202."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.documents: list[dict[str, Any]] = []
        self.start()

    def run(self) -> None:
        command = ["curl", "--silent", "--insecure", "--write-out", "\n%{http_code}", self._url]
        code = "202"
        while code == "202":
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
            body, _, code = told.stdout.rpartition("\n")
            self.documents.append(json.loads(body))
            time.sleep(0.1)  # Less often than 20 a second, which is too often.


def test_all_of_them_agree(gateway: Gateway, origin: Origin) -> None:
    job = origin.job()
    azure = begin(gateway, job)
    location = location_of(azure)
    stream, polling = Following(location), Polling(location)
    ours = subprocess.Popen(
        [str(binary()), "request", "--json", "--insecure", "--http2", location],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ours.stdout is not None
    heads = [json.loads(ours.stdout.readline())]  # It is held now.
    for step in range(1, 6):
        job.progress(f"{step}/5 (Step {step})")
        while heads[-1]["progress"] is None or heads[-1]["progress"]["completed"] < step:
            heads.append(json.loads(ours.stdout.readline()))
    job.finish(201, json.dumps(RESULT).encode(), content_type="application/json", location="/reports/881")

    with ours:
        heads += [json.loads(line) for line in ours.stdout]
        assert ours.wait(PATIENCE) == 0
    polling.join(PATIENCE)
    stream.join(PATIENCE)
    assert (azure.result(PATIENCE), azure.status()) == ((201, RESULT), "Succeeded")

    finished = polling.documents[-1]
    assert (finished["status"], finished["done"], finished["percentComplete"]) == ("Succeeded", True, 100)
    assert finished["response"]["status"] == 201
    assert (stream.events[-1].name, stream.events[-1].data) == ("done", finished)
    final = heads[-1]
    assert (final["kind"], final["status"]) == ("final", 200)
    assert final["fields"]["status-uri"][0].startswith("201 ")
    # Whoever saw a step saw the same of it, and nobody saw one before another had it taken back.
    by_step: dict[int, set[tuple[int, str]]] = {}
    for head in heads:
        if told := head["progress"]:
            by_step.setdefault(told["completed"], set()).add((told["total"], told["message"]))
    for document in [*polling.documents, *(event.data for event in stream.events)]:
        if told := document.get("progress"):
            by_step.setdefault(told["completed"], set()).add((told["total"], told["message"]))
    assert by_step == {step: {(5, f"Step {step}")} for step in range(1, 6)}
    for row in (polling.documents, [event.data for event in stream.events]):
        counts = [document["progress"]["completed"] for document in row if "progress" in document]
        assert counts == sorted(counts)
