// A task as the page shows it: its state, and how far it is on its course. Knows no server.

import { find, make, match, write } from "./dom.js";

const GLYPHS = { pending: "○", running: "◐", done: "✓", failed: "✕", rejected: "⊘", cancelled: "⌫", lost: "?" };
const MOST_CELLS = 24;

/** Name the state of a task; one that is lost has none for its client. */
export const stateOf = (task) => (task.lost ? "lost" : task.state);

/** Whether a task is over. */
export const hasEnded = (task) => task.lost || ["done", "failed", "rejected"].includes(task.state);

/** Show tasks, the newest first; `born` says when each was accepted, as far as the journal still knows. */
export function showTasks(tasks, { now, born, chosen, choose }) {
  const timed = tasks.filter((task) => task.counts === "ticks" && born.has(task.task_id));
  const from = Math.min(now, ...timed.map((task) => born.get(task.task_id)));
  const until = Math.max(now, ...timed.map((task) => task.ends_at ?? now));
  const axis = { from, width: Math.max(1, until - from), now };
  find("axis").hidden = timed.length === 0;
  write(find("axis").firstElementChild, `${(from / 1e6).toFixed(1)} s`);
  write(find("axis").lastElementChild, `${(until / 1e6).toFixed(1)} s of the world's time`);
  match(find("task-list"), [...tasks].reverse(), (task) => task.task_id, () => createRow(choose), (row, task) => {
    row.firstElementChild.setAttribute("aria-pressed", String(task.task_id === chosen));
    updateRow(row, task, axis, born.get(task.task_id));
  });
}

function createRow(choose) {
  const parts = ["state", "name", "track", "place"].map((name) => make("span", { class: name }));
  const row = make("li", {}, make("button", { type: "button", class: "task", onclick: () => choose(row.dataset.key) }, ...parts));
  return row;
}

function updateRow(row, task, axis, born) {
  const [state, name, track, place] = row.firstElementChild.children;
  const now = stateOf(task);
  state.className = `state ${now}`;
  write(state, `${GLYPHS[now]} ${now}`);
  write(name, task.occurrence > 1 ? `${task.filename} (${task.occurrence}.)` : task.filename);
  write(place, describePlace(task, axis.now));
  const spans = task.counts === "ticks" ? laySpans(task, axis, born) : layCells(task);
  // What a track shows is said in words beside it.
  track.setAttribute("aria-hidden", "true");
  track.classList.toggle("timed", task.counts === "ticks");
  while (track.children.length > spans.length) track.lastElementChild.remove();
  while (track.children.length < spans.length) track.append(make("i"));
  spans.forEach(({ kind, left, width }, index) => {
    const cell = track.children[index];
    cell.className = kind;
    cell.style.left = left === undefined ? "" : `${left}%`;
    cell.style.width = width === undefined ? "" : `${width}%`;
  });
}

/** Lay a course of time out as bars on the axis: what lies ahead is pale. */
function laySpans(task, axis, born = axis.from) {
  const place = (moment) => (100 * (Math.min(moment, axis.from + axis.width) - axis.from)) / axis.width;
  const runs = task.runs_at ?? Infinity;
  const ends = task.ends_at ?? Infinity;
  const spans = [];
  for (const [state, start, end] of [["pending", born, Math.min(runs, ends)], ["running", runs, ends]]) {
    for (const [ahead, a, b] of [["", start, Math.min(end, axis.now)], [" ahead", Math.max(start, axis.now), end]])
      if (a < b && a < axis.from + axis.width) spans.push({ kind: state + ahead, left: place(a), width: place(b) - place(a) });
  }
  if (task.ends_at !== null) spans.push({ kind: `end ${hasEnded(task) ? stateOf(task) : "ahead"}`, left: place(ends) });
  return [...spans, { kind: "now", left: place(axis.now) }];
}

/** Lay a course of polls or moves out as cells, one for each look; what lies ahead is pale. */
function layCells(task) {
  const moved = task.state === "pending" ? 0 : hasEnded(task) ? task.ends_at : task.runs_at;
  const at = task.counts === "moves" ? moved : task.polls;
  const last = Math.min(task.ends_at ?? at + 3, MOST_CELLS);
  return Array.from({ length: last + 1 }, (_, step) => {
    // The 202 says pending, whatever the first look will see.
    const state = step === 0 || step < task.runs_at ? "pending" : step < (task.ends_at ?? Infinity) ? "running" : "end";
    return { kind: step > at ? `${state} ahead` : state === "end" ? stateOf(task) : state };
  });
}

function describePlace(task, now) {
  if (task.lost) return "unknown to its client";
  const left = task.ends_at === null ? "never ends" : `ends in ${((task.ends_at - now) / 1e6).toFixed(1)} s`;
  if (task.counts === "moves") return hasEnded(task) ? "moved by hand" : "waits to be moved by hand";
  if (task.counts === "ticks") return hasEnded(task) ? `${task.polls} polls` : left;
  if (hasEnded(task)) return `${task.polls} polls`;
  return task.ends_at === null ? `${task.polls} polls, never ends` : `poll ${task.polls} of ${task.ends_at}`;
}

/** Say how a task is moved that no hand can move. */
export function describeCourse(task) {
  if (task.manual) return "Moves by hand.";
  return task.counts === "ticks" ? "Moves with the time of the world: advance it above." : "Moves with each poll.";
}
