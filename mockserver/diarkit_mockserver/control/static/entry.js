// One exchange of the journal as the page shows it. Knows the journal's form, and no other file does.

import { make, match, write } from "./dom.js";

const MOST_CASES = 4; // of one rule

/** Read what the page needs of a journal's entry. */
export function readEntry({ request, answer, entry: own }) {
  const { number, asked_at, task_id, state, rule, faults, limit, submission, note } = own;
  const url = new URL(request.url);
  const part = (name) => (request.parts ?? []).find((one) => one.name === name);
  const file = part("file");
  const shaped = [...faults.map((name) => `fault ${name}`), ...(limit ? [`limit ${limit}`] : [])];
  return {
    number, rule, note, state, shaped,
    status: answer.status,
    lost: answer.lost,
    method: request.method,
    path: url.pathname + url.search,
    filename: submission && file.filename,
    at: asked_at / 1e6,
    task: task_id,
    isUpload: request.method === "POST",
    parameters: submission && {
      file: `${file.filename}, ${file.size.toLocaleString("en")} bytes, ${(submission.media.length / 100).toFixed(2)} s, channels: ${submission.media.loud.length}`,
      ...Object.fromEntries(url.searchParams),
      config: part("config")?.text,
    },
    sent: request.headers,
    headers: answer.headers,
    body: answer.body.text ?? "The body is not text.",
  };
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

const kindOf = ({ status, lost }) => (lost ? "lost" : status < 400 ? "fine" : status < 500 ? "refused" : "broken");

/** Make the element of an exchange about a file; what is inside is made when it is first opened. */
export function showEntry(entry, filename) {
  const path = entry.path.replace(/^.*\/api\/technology\//, "…/").replace(UUID, (id) => `${id.slice(0, 8)}…`);
  const summary = make("summary", {},
    make("span", { class: "number" }, String(entry.number)),
    make("span", { class: "at" }, `${entry.at.toFixed(3)} s`),
    make("span", { class: `status ${kindOf(entry)}` }, entry.status ? String(entry.status) : "–"),
    make("span", { class: "what" }, `${entry.method} ${path}`),
    filename && make("span", { class: "about" }, filename),
    entry.state && make("span", { class: `state ${entry.state}` }, entry.state),
    entry.note && make("span", { class: "note" }, entry.note));
  const details = make("details", {}, summary);
  details.addEventListener("toggle", () => details.children.length > 1 || details.append(showInside(entry)));
  return make("li", {}, details);
}

function showInside(entry) {
  const rows = [
    ["Answered by", entry.isUpload && entry.status ? entry.rule ? `the rule for ${entry.rule}` : "no rule" : ""],
    ["What shaped it", [...entry.shaped, entry.note].filter(Boolean).join("\n")],
    ["Lost", entry.lost],
    ...Object.entries(entry.parameters ?? {}),
    ["Task", entry.task],
    ["Request", entry.sent.map(([name, value]) => `${name}: ${value}`).join("\n")],
    ["Answer", entry.headers.map(([name, value]) => `${name}: ${value}`).join("\n")],
  ];
  const list = make("dl", {});
  for (const [name, value] of rows) if (value) list.append(make("dt", {}, name), make("dd", {}, String(value)));
  return make("div", { class: "inside" }, list, make("pre", { tabindex: "0" }, layOut(entry.body)));
}

/** Lay JSON out over lines, but a segment stays on one. */
function layOut(text) {
  try {
    const laid = JSON.stringify(JSON.parse(text), null, 1);
    return laid.replace(/\{\s+"speaker_id"[^}]*\}/g, (segment) => segment.replace(/\s+/g, " "));
  } catch {
    return text;
  }
}

/** Say in a list item what is against a client by one rule; its tasks are called by their files, where those are known. */
export function showFindings(item, [rule, findings], names) {
  const [{ severity, sentence }] = findings;
  const cases = findings.slice(0, MOST_CASES).map(({ text }) => text.replace(UUID, (id) => names.get(id) ?? id));
  if (findings.length > MOST_CASES) cases.push(`and ${findings.length - MOST_CASES} more`);
  if (!item.firstChild) item.append(make("strong", { class: severity }), make("span", { class: "hint" }, sentence), make("ul"));
  write(item.firstElementChild, `${severity === "error" ? "✕" : "!"} ${rule}`);
  match(item.lastElementChild, cases, String, () => make("li"), write);
}
