// One request by Node's `http` or `http2`: node client.mjs MODULE '{"url","method","fields"}' < BODY
//
// Standard output: a line of JSON for each head, {"status","fields"}, and one with the body in base64.

import http from "node:http";
import http2 from "node:http2";
import https from "node:https";

async function readAll(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function tell(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

function tellHead(status, fields) {
  // Node gives repeated fields as lists.
  const joined = Object.entries(fields).filter(([name]) => !name.startsWith(":"));
  tell({ status, fields: Object.fromEntries(joined.map(([name, value]) => [name, String(value)])) });
}

const insecure = { rejectUnauthorized: false }; // The certificate is self-signed.

function byHttp({ url, method, fields }, body) {
  const { request } = url.startsWith("https:") ? https : http;
  const headers = body.length > 0 ? { ...fields, "Content-Length": body.length } : fields;
  const sent = request(url, { method, headers, ...insecure });
  return new Promise((resolve, reject) => {
    sent.on("information", ({ statusCode, headers }) => tellHead(statusCode, headers));
    sent.on("response", (response) => {
      tellHead(response.statusCode, response.headers);
      resolve(readAll(response));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

async function byHttp2({ url, method, fields }, body) {
  const { origin, pathname, search } = new URL(url);
  const session = http2.connect(origin, insecure);
  const headers = { ...fields, ":method": method, ":path": pathname + search };
  const stream = session.request(headers, { endStream: body.length === 0 });
  stream.on("headers", (interim) => tellHead(interim[":status"], interim));
  stream.on("response", (response) => tellHead(response[":status"], response));
  if (body.length > 0) stream.end(body);
  const received = await readAll(stream);
  session.close();
  return received;
}

const [module, asked] = process.argv.slice(2);
const ask = module === "http2" ? byHttp2 : byHttp;
const body = await ask(JSON.parse(asked), await readAll(process.stdin));
tell({ body: body.toString("base64") });
