// One exchange of the journal as the page shows it. Knows the journal's form, and no other file does.

import { make, write } from "./dom.js";

/** Read what the page needs of a journal's entry. */
export function readEntry({ number, request, submission, ...rest }) {
  const { asked_at, task_id, state, rule, note, status, body, headers } = rest;
  const parameters = submission && {
    file: `${submission.filename} (${submission.size.toLocaleString("en")} bytes, ${(submission.media.length / 100).toFixed(2)} s, ${submission.media.loud.length} channels)`,
    ...submission.query,
    ...(submission.config && { config: JSON.stringify(submission.config) }),
  };
  return {
    number, rule, note, status, state, parameters,
    method: request.method,
    path: request.path + (request.query_string ? `?${request.query_string}` : ""),
    at: asked_at / 1e6,
    task: task_id,
    isUpload: request.method === "POST",
    sent: Object.entries(request.headers),
    headers,
    body: body.text ?? `${body.size} bytes that are no text`,
  };
}

const kindOf = (status) => (status === 0 ? "lost" : status < 400 ? "fine" : status < 500 ? "refused" : "broken");

/** Make the element of an exchange; what is inside is made when it is first opened. */
export function showEntry(entry) {
  const summary = make("summary", {},
    make("span", { class: "number" }, String(entry.number)),
    make("span", { class: "at" }, `${entry.at.toFixed(3)} s`),
    make("span", { class: `status ${kindOf(entry.status)}` }, entry.status ? String(entry.status) : "cut"),
    make("span", { class: "what" }, `${entry.method} ${entry.path.replace("/api/technology", "…")}`),
    entry.state && make("span", { class: `state ${entry.state}` }, entry.state),
    entry.note && make("span", { class: "note" }, entry.note));
  const details = make("details", {}, summary);
  details.addEventListener("toggle", () => details.children.length > 1 || details.append(showInside(entry)));
  return make("li", {}, details);
}

function showInside(entry) {
  const rows = [
    ["Answered by", entry.isUpload && entry.status ? entry.rule ? `the rule for ${entry.rule}` : "no rule" : ""],
    ["What shaped it", entry.note],
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

/** Say in a list item what is against a client. */
export function showFinding(item, { severity, rule, text, sentence }) {
  const [head, body] = item.children.length ? item.children : [make("strong", { class: severity }), make("span", { title: sentence })];
  write(head, `${severity === "error" ? "✕" : "!"} ${rule}`);
  write(body, text);
  item.append(head, body);
}
