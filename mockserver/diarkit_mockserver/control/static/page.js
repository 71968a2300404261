// The page: what it shows is asked of the control API again and again, and what is done on it is a call of it.

import { addressOf, call, fetchFile, getToken, keepToken, poll, read, Refused, upload } from "./api.js";
import { find, make, match, save, write } from "./dom.js";
import { createEditor } from "./editor.js";
import { readEntry, showEntry, showFindings } from "./entry.js";
import { describeCourse, hasEnded, showTasks, stateOf } from "./task.js";

const EVERY = 1000; // milliseconds from one look to the next
const MOST = 200; // tasks and exchanges that are shown

const world = () => new URLSearchParams(location.hash.slice(1)).get("world") ?? "";
const fresh = () => ({ view: null, tasks: [], entries: [], born: new Map(), names: new Map(), seen: 0, chosen: null, drawn: null });
let here = fresh();

/** Do something that may be refused, then look what has come of it. */
async function attempt(action) {
  try {
    await action();
    showTrouble("");
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    showTrouble(error.message);
  }
  await look();
}

function showTrouble(text) {
  write(find("trouble"), text);
  find("trouble").hidden = !text;
}

let looking = null;

/** Ask for what is new; a look that is under way is followed by one more. */
function look() {
  looking = (looking ?? Promise.resolve()).then(lookOnce);
  return looking;
}

async function lookOnce() {
  const token = getToken();
  try {
    const name = world();
    const worlds = await call("/worlds");
    showWorlds(worlds, name);
    const view = worlds.find((one) => one.name === name);
    if (!view) return void (location.hash = "");
    await follow(name, view);
    if (find("trouble").dataset.lost) showTrouble("");
    delete find("trouble").dataset.lost;
  } catch (error) {
    if (error.status === 401) return void (token === getToken() && unlock()); // a token given meanwhile was not refused
    showTrouble(error instanceof Refused ? error.message : "The server does not answer. Trying again …");
    find("trouble").dataset.lost = "yes";
  }
}

/** Bring what is shown of a world up to what it is now. */
async function follow(name, view) {
  const before = here.view;
  if (before && (view.exchanges < here.seen || view.clock.ticks < before.clock.ticks)) here = fresh();
  const asked = here;
  const isNew = !asked.view || view.exchanges > asked.seen;
  const latest = { world: name, query: { latest: MOST } };
  const [tasks, page, conduct, scenario, text] = await Promise.all([
    call("/tasks", latest),
    isNew ? call("/journal", { world: name, query: { since: Math.max(asked.seen, view.exchanges - MOST) } }) : null,
    isNew ? call("/conduct", { world: name }) : null,
    call("/scenario", { world: name }),
    read("/scenario", { world: name, query: { format: "yaml" } }),
  ]);
  if (asked !== here) return;
  Object.assign(here, { view, tasks });
  if (page) takeEntries(page);
  if (conduct) showConduct(conduct);
  showClock(view.clock);
  showForce(scenario);
  if (!editors.scenario.isChanged) editors.scenario.show(text);
  showHere();
}

function takeEntries(page) {
  const entries = page.entries.map(readEntry);
  for (const { status, task, at, filename } of entries)
    if (status === 202 && task) {
      here.born.set(task, at * 1e6);
      here.names.set(task, filename);
    }
  const known = here.seen > 0;
  here.entries = [...here.entries, ...entries].slice(-MOST);
  here.seen = page.total;
  if (known && entries.length) write(find("news"), `${entries.length} new exchanges, the last one ${entries.at(-1).method} ${entries.at(-1).status}`);
}

function showHere() {
  const { tasks, view, born, chosen } = here;
  if (!view) return; // the world was just chosen; its first look shows all
  showTasks(tasks, { now: view.clock.ticks, born, chosen, choose });
  write(find("tasks-count"), tasks.length < view.tasks ? `the last ${tasks.length} of ${view.tasks}` : String(view.tasks || ""));
  find("no-tasks").hidden = tasks.length > 0;
  write(find("address"), addressOf(view.name));
  const only = find("only").checked && chosen;
  const shown = here.entries.filter((entry) => !only || entry.task === chosen).reverse();
  match(find("exchange-list"), shown, (entry) => entry.number, (entry) => showEntry(entry, entry.filename ?? here.names.get(entry.task)));
  write(find("exchanges-count"), shown.length < view.exchanges ? `${shown.length} of ${view.exchanges}` : String(view.exchanges || ""));
  find("no-exchanges").hidden = shown.length > 0;
  showTask(tasks.find((task) => task.task_id === chosen));
}

function showWorlds(worlds, name) {
  match(find("world"), worlds, (one) => one.name, (one) => make("option", { value: one.name }, one.name || "default"));
  if (document.activeElement !== find("world")) find("world").value = name;
}

function showClock({ ticks, frozen, epoch }) {
  const date = new Date(1000 * epoch + ticks / 1000).toISOString().replace("T", " ").slice(0, 19);
  write(find("time"), `${(ticks / 1e6).toFixed(frozen ? 3 : 0)} s ${frozen ? "❄ frozen" : ""}`);
  find("time").title = `${date} UTC`;
  write(find("freeze"), frozen ? "Run" : "Freeze");
  find("freeze").dataset.call = frozen ? "resume" : "freeze";
}

function showConduct(findings) {
  const rules = Map.groupBy(findings, (one) => one.rule);
  match(find("conduct-list"), [...rules], ([rule]) => rule, () => make("li"), (item, found) => showFindings(item, found, here.names));
  write(find("conduct-count"), String(findings.length || ""));
  find("no-conduct").hidden = findings.length > 0;
}

function showForce({ faults = [], limits = {} }) {
  const lines = [
    ...faults.map((fault, index) => [`Fault ${index + 1}`, describe(fault)]),
    ...Object.entries(limits).map(([name, value]) => [`Limit ${name}`, describe(value)]),
  ];
  match(find("force-list"), lines, String, ([name, text]) => make("li", {}, make("strong", {}, name), make("span", {}, text)));
  find("no-force").hidden = lines.length > 0;
  find("clear").hidden = faults.length === 0;
}

function describe(value) {
  if (value === null || typeof value !== "object") return String(value);
  const pairs = Object.entries(value).map(([key, inner]) => (Array.isArray(value) ? describe(inner) : `${key}: ${describe(inner)}`));
  return pairs.join(", ");
}

function choose(id) {
  here.chosen = here.chosen === id ? null : id;
  here.drawn = null;
  showHere();
  if (here.chosen && matchMedia("(max-width: 70rem)").matches) find("task").scrollIntoView({ block: "nearest" });
}

function showTask(task) {
  find("task").hidden = !task;
  if (!task) return;
  write(find("task-title"), `Task ${task.filename}`);
  write(find("task-facts"), `${task.task_id} · SHA-256 ${task.sha256.slice(0, 12)}… · ${stateOf(task)} · ${task.polls} polls`);
  find("step").disabled = find("state").disabled = !task.manual || hasEnded(task);
  write(find("moves"), describeCourse(task));
  const key = task.task_id + stateOf(task);
  if (here.drawn === key) return;
  here.drawn = key;
  find("picture").hidden = true;
  const error = here.entries.findLast((entry) => entry.task === task.task_id && ["failed", "rejected"].includes(entry.state));
  write(find("outcome"), stateOf(task) === "done" ? "" : error ? JSON.parse(error.body).error?.message ?? "" : "It has no result yet.");
  if (stateOf(task) === "done") draw(task);
}

async function draw(task) {
  const picture = await call(`/tasks/${task.task_id}/picture`, { world: world() }).catch((error) => ({ error }));
  if (here.chosen !== task.task_id) return;
  if (picture.error) return write(find("outcome"), picture.error.message);
  const figure = find("picture");
  const drawn = new DOMParser().parseFromString(picture.svg, "image/svg+xml").documentElement;
  figure.querySelector("div").replaceChildren(document.importNode(drawn, true));
  write(figure.querySelector("figcaption"), picture.has_truth
    ? "The truth above, the answer below, and the differences."
    : "The answer. The truth is unknown: it is neither embedded in the file nor set by a rule.");
  figure.hidden = false;
}

function unlock() {
  const dialog = find("locked");
  if (!dialog.open) dialog.showModal();
}

const EXAMPLES = {
  "Two speakers": "rules:\n- then: {speakers: 2}\n  times: 1\n",
  "DER 12 %": "rules:\n- then: {der: 0.12}\n  times: 1\n",
  "By hand": "rules:\n- then: {course: manual}\n  times: 1\n",
  "In 10 s": "rules:\n- then:\n    course: {seconds: {pending: 3, running: 7}}\n  times: 1\n",
  Fails: "rules:\n- then: {failed: Internal error.}\n  times: 1\n",
  "HTTP 429": "rules:\n- then: {http: {status: 429, retry_after: 2}}\n  times: 1\n",
};

const yaml = (path, method) => async (body) => {
  await call(path, { method, world: world(), body, type: "application/yaml" });
  look();
};
const editors = {
  answer: createEditor(find("answer"), { label: "Rules to add", button: "Queue", apply: yaml("/respond", "POST") }),
  scenario: createEditor(find("scenario"), { label: "Scenario", button: "Replace", apply: yaml("/scenario", "PUT") }),
};
editors.answer.show(EXAMPLES["Two speakers"]);
for (const [name, text] of Object.entries(EXAMPLES))
  find("examples").append(make("button", { type: "button", onclick: () => editors.answer.show(text) }, name));

const post = (path, body) => attempt(() => call(path, { method: "POST", world: world(), body }));
const advance = (seconds) => post("/clock/advance", { seconds: Number(seconds) });
const chosenTask = (rest) => `/tasks/${here.chosen}/${rest}`;

async function uploadAll(files) {
  const fields = Object.fromEntries(new FormData(find("parameters")));
  for (const file of files)
    await attempt(async () => {
      const { task } = await upload(world(), file, fields);
      here.chosen = task.task_id;
    });
}

find("freeze").addEventListener("click", () => post(`/clock/${find("freeze").dataset.call}`));
for (const button of document.querySelectorAll("[data-advance]")) button.addEventListener("click", () => advance(button.dataset.advance));
find("advance").addEventListener("submit", (event) => {
  event.preventDefault();
  advance(event.target.elements.seconds.value);
});
find("reset").addEventListener("click", () => post("/reset"));
find("clear").addEventListener("click", () => attempt(() => call("/faults", { method: "DELETE", world: world() })));
find("poll").addEventListener("click", () => attempt(() => poll(world(), here.chosen)));
find("step").addEventListener("click", () => post(chosenTask("step")));
find("state").addEventListener("change", ({ target }) => {
  const state = target.value;
  target.value = "";
  attempt(() => call(chosenTask("state"), { method: "PUT", world: world(), body: { state } }));
});
find("only").addEventListener("change", showHere);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address names the world, which stays
  find("tasks").focus();
});
find("world").addEventListener("change", ({ target }) => {
  location.hash = target.value ? `world=${encodeURIComponent(target.value)}` : "";
});
find("download").addEventListener("change", ({ target }) => {
  const form = target.value;
  target.value = "";
  attempt(async () => save(await fetchFile("/journal", { world: world(), query: { format: form } }), `journal.${form}`));
});
find("file").addEventListener("change", async ({ target }) => {
  await uploadAll([...target.files]);
  target.value = "";
});
for (const [kind, isOver] of [["dragover", true], ["dragleave", false], ["drop", false]])
  find("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    find("drop").classList.toggle("over", isOver);
    if (kind === "drop") uploadAll([...event.dataTransfer.files]);
  });
find("locked").querySelector("form").addEventListener("submit", ({ target }) => {
  keepToken(target.elements.token.value);
  target.reset();
  look();
});
addEventListener("hashchange", () => {
  here = fresh();
  editors.scenario.isChanged = false;
  look();
});
addEventListener("visibilitychange", () => document.hidden || look());

async function run() {
  if (!document.hidden) await look();
  setTimeout(run, EVERY);
}
run();
