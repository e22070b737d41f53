// An origin whose jobs do only what a test tells them: HTTP/1.1 by Node's `http`, h2c by its `http2`.
//
// Requests to /plain/… are answered at once with their own body. Any other request is a job, named by the
// last segment of its path, and waits. The control server takes POST /NAME/ACTION with a JSON body:
//
//   arrived      waits for the job's request and tells what it was
//   information  { status, fields }  sends an interim head
//   finish       { status, fields, body }  sends the final response (body in base64)
//   gone         waits until whoever sent the request has left before the job was finished
//
// Standard output: one line of JSON with the three port numbers. Ends when standard input does.

import { createHash } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";

// Longest wait of the control server, in milliseconds: a test that waits longer has failed.
const PATIENCE = 20_000;
// Longer than any test run, so that no pooled connection closes just as a request is sent on it.
const KEEP_ALIVE = 600_000;

const jobs = new Map();

/** The job of that name, made by whoever asks first: the test or the request. */
function job(name) {
  if (!jobs.has(name)) {
    const made = {};
    made.arrived = new Promise((resolve) => (made.arrive = resolve));
    made.gone = new Promise((resolve) => (made.leave = resolve));
    jobs.set(name, made);
  }
  return jobs.get(name);
}

/** The name of the job that a request is for: a repetition of the same path is a job of its own. */
function turn(name, plain) {
  if (plain || !job(name).asked) {
    job(name).asked = true;
    return name;
  }
  return turn(`${name}-again`, plain);
}

async function readAll(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/** Takes in the request that `source` brings; `exchange` closes with it, `wire` knows how to answer. */
async function accept(source, exchange, request, wire) {
  const path = request.url.split("?")[0];
  const plain = path.startsWith("/plain/");
  const name = turn(path.split("/").pop(), plain);
  let finished = false;
  exchange.on("close", () => plain || finished || job(name).leave({}));
  exchange.on("error", () => {}); // "close" follows and says what matters.
  let body;
  try {
    body = await readAll(source);
  } catch {
    return; // The sender left before its request was complete; "close" tells.
  }
  if (plain) {
    await wire.finish(200, { "content-type": "application/octet-stream", "x-method": request.method }, body);
    return;
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  const finish = (status, fields, content) => {
    finished = true;
    return wire.finish(status, fields, content);
  };
  job(name).arrive({ ...wire, finish, request: { ...request, sha256, length: body.length } });
}

/** How Node's `http` says it. It has a call for a bare 102 and for 103; other heads go out by hand. */
function http1Wire(response) {
  return {
    information(status, fields) {
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
      if (status === 102 && lines.length === 0) {
        response.writeProcessing();
      } else if (status === 103) {
        response.writeEarlyHints(fields);
      } else {
        response.socket.write(`HTTP/1.1 ${status} Interim\r\n${lines.join("")}\r\n`);
      }
    },
    finish(status, fields, content) {
      response.writeHead(status, { ...fields, "content-length": content.length });
      return new Promise((resolve) => response.end(content, resolve));
    },
  };
}

/** How Node's `http2` says it. */
function http2Wire(stream) {
  return {
    information: (status, fields) => stream.additionalHeaders({ ":status": status, ...fields }),
    finish(status, fields, content) {
      stream.respond({ ":status": status, ...fields, "content-length": content.length });
      return new Promise((resolve) => stream.end(content, resolve));
    },
  };
}

const http1 = http.createServer((request, response) => {
  const { method, url, headers, httpVersion: version } = request;
  accept(request, response, { method, url, headers, version }, http1Wire(response));
});
http1.keepAliveTimeout = KEEP_ALIVE;

const h2c = http2.createServer();
h2c.on("stream", (stream, headers) => {
  const { ":method": method, ":path": url } = headers;
  accept(stream, stream, { method, url, headers: { ...headers }, version: "2.0" }, http2Wire(stream));
});

const actions = {
  arrived: async (target) => (await target.arrived).request,
  gone: async (target) => await target.gone,
  information: async (target, { status, fields }) => {
    (await target.arrived).information(status, fields);
    return {};
  },
  finish: async (target, { status, fields, body }) => {
    await (await target.arrived).finish(status, fields, Buffer.from(body, "base64"));
    return {};
  },
};

const control = http.createServer(async (request, response) => {
  const [, name, action] = request.url.split("/");
  const parameters = JSON.parse((await readAll(request)).toString() || "{}");
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE)));
  const done = await Promise.race([actions[action](job(name), parameters), late]);
  clearTimeout(timer);
  response.writeHead(done === undefined ? 504 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(done ?? {}));
});

const servers = { http1, h2c, control };
for (const server of Object.values(servers)) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
}
const ports = Object.entries(servers).map(([name, server]) => [name, server.address().port]);
console.log(JSON.stringify(Object.fromEntries(ports)));
process.stdin.on("end", () => process.exit(0)).resume();
