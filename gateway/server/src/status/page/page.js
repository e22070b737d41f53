// Keeps the page of an operation alive. What others wrote is set as text, never as markup.
"use strict";

const WORDS = { NotStarted: "Not started" };
// How long to wait where nobody has said it, in seconds.
const COME_BACK = 5;

const page = document.getElementById("operation");
const part = (name) => document.getElementById(name);
const uri = page.dataset.uri;
// The gateway's clock, whatever this machine's says.
const skew = Number(page.dataset.now) - performance.now();
const created = Number(page.dataset.created);
let ended = page.dataset.ended ? Number(page.dataset.ended) : null;
let revision = -1;

function elapsed() {
  const now = ended ?? performance.now() + skew;
  const seconds = Math.max(0, Math.floor((now - created) / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = two(seconds % 60);
  part("elapsed").textContent = hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function showStatus(status, done) {
  const words = WORDS[status] ?? status;
  page.dataset.status = status;
  if (part("status").textContent !== words) part("status").textContent = words;
  part("cancel").hidden = done || status === "Canceling";
  return words;
}

function showBar(percent, progress, done) {
  const bar = part("bar");
  bar.hidden = done && percent === null;
  if (percent === null) {
    bar.removeAttribute("value");
    bar.removeAttribute("aria-valuenow");
  } else {
    bar.value = percent;
    bar.setAttribute("aria-valuenow", percent);
  }
  const { completed, total, unit } = progress;
  const counts = [completed, total == null ? null : `of ${total}`, unit].filter((word) => word != null);
  part("fraction").textContent = completed == null ? "" : counts.join(" ");
}

function show(told) {
  const progress = told.progress ?? {};
  // An older state that took another way, such as the answer to a DELETE, says nothing new.
  if (!told.done && (ended !== null || (progress.sequence ?? 0) < revision)) return;
  revision = progress.sequence ?? revision;
  const percent = told.percentComplete ?? null;
  const words = showStatus(told.status, told.done);
  document.title = percent === null ? words : `${percent} % · ${words}`;
  showBar(percent, progress, told.done);
  part("label").textContent = progress.message ?? "";
  part("label").lang = progress.language ?? "";
  part("problem").textContent = told.error?.message ?? "";
  part("result").hidden = !told.response;
  if (told.done) {
    ended = Date.parse(told.endTime);
    elapsed();
  }
}

function gone() {
  part("problem").textContent = "The operation is not known any more: it has expired or was deleted.";
  part("cancel").hidden = part("result").hidden = true;
  clearInterval(ticking);
}

async function ask(method) {
  // The document by its own name: on some routes JSON is something else.
  const fields = { Accept: "application/vnd.progress-gateway.operation+json" };
  return fetch(uri, { method, headers: fields, cache: "no-store", credentials: "same-origin" });
}

// Where there is no stream: one look, and the stream again if it goes on.
async function look() {
  let wait = COME_BACK;
  try {
    const answer = await ask("GET");
    if (answer.status === 404 || answer.status === 410) return gone();
    wait = Number(answer.headers.get("Retry-After")) || COME_BACK;
    if (answer.ok) {
      const told = await answer.json();
      show(told);
      if (told.done) return;
    }
  } catch {
    // The gateway cannot be reached: later, perhaps.
  }
  setTimeout(follow, wait * 1000);
}

function follow() {
  const stream = new EventSource(uri);
  stream.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  stream.addEventListener("done", () => stream.close());
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) look();
  });
}

async function cancel() {
  part("cancel").disabled = true;
  try {
    const answer = await ask("DELETE");
    // While it runs, the answer is the document; 204: it was over, and is forgotten.
    if (answer.status === 202) show(await answer.json());
    else if (answer.status === 204 || answer.status === 404 || answer.status === 410) gone();
    else part("problem").textContent = "The operation could not be canceled.";
  } catch {
    part("problem").textContent = "The gateway cannot be reached.";
  }
  part("cancel").disabled = false;
}

const ticking = setInterval(elapsed, 1000);
if (ended === null) {
  part("cancel").hidden = page.dataset.status === "Canceling";
  part("cancel").addEventListener("click", cancel);
  follow();
}
