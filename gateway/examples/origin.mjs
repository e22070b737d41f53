// An origin that keeps no connection open while it works: it reports and finishes by callback.
//
//     node origin.mjs 3000
//
// `POST /any/path?steps=10&pause=1` is a job of ten steps of a second. It needs nothing but Node.
// A request that comes without `Progress-Callback` is worked on and answered as by any other origin.

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

// Nobody wants the work any more.
class Stop extends Error {}

// Calls the gateway back; what it could not take just now, also because it restarts, is sent again.
async function call(method, url, body, headers) {
  for (;;) {
    // Nobody answers: the gateway will be back.
    const answer = await fetch(url, { method, body, headers }).catch(() => undefined);
    if (answer === undefined) {
      await sleep(1000);
      continue;
    }
    if (answer.ok) return;
    const problem = await answer.json();
    // The operation is over, or was canceled.
    if ([404, 409].includes(answer.status)) throw new Stop(problem.detail);
    if (![429, 503, 507].includes(answer.status)) throw new Error(problem.detail);
    await sleep(1000 * Number(answer.headers.get("retry-after") ?? 1));
  }
}

// Does the work and returns its result.
async function work(steps, pause, callback) {
  for (let step = 0; step < steps; step += 1) {
    if (callback) {
      const report = { completed: step, total: steps, unit: "steps", message: `step ${step + 1}` };
      await call("POST", callback, JSON.stringify(report), { "content-type": "application/json" });
    }
    await sleep(1000 * pause);
  }
  if (callback) await call("POST", callback, undefined, { progress: `${steps}/${steps} (done)` });
  return `${JSON.stringify({ steps })}\n`;
}

async function finish(steps, pause, callback) {
  try {
    const result = await work(steps, pause, callback);
    const head = [
      "HTTP/1.1 201 Created",
      "Location: /results/1",
      "Content-Type: application/json",
      `Content-Length: ${Buffer.byteLength(result)}`,
    ];
    const message = `${head.join("\r\n")}\r\n\r\n${result}`;
    await call("PUT", `${callback}/response`, message, { "content-type": "message/http" });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.log(`stopped: ${error.message}`);
  }
}

const server = createServer(async (request, response) => {
  for await (const _ of request); // The content is not needed here.
  const asked = new URL(request.url, "http://origin").searchParams;
  const [steps, pause] = [Number(asked.get("steps") ?? 10), Number(asked.get("pause") ?? 1)];
  const callback = request.headers["progress-callback"];
  if (callback === undefined) {
    const result = await work(steps, pause);
    response.writeHead(201, { location: "/results/1", "content-type": "application/json" }).end(result);
    return;
  }
  response.writeHead(202, { "operation-completion": "callback", "content-length": 0 }).end();
  await finish(steps, pause, callback);
});

server.listen(Number(process.argv[2]), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
