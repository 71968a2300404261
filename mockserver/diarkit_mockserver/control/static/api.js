// The control API and the platform's own, as functions. Knows no page.

const TOKEN = "diarkit-token";

/** A call that was refused: what was expected, what came, what to do; and each flaw with its line. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `the server answered ${status}`);
    this.status = status;
    this.flaws = problem.errors ?? [];
  }
}

// The address may bring the token behind its #, which no server sees; it is taken out of sight at once.
const given = new URLSearchParams(location.hash.slice(1));
if (given.has("token")) {
  keepToken(given.get("token"));
  given.delete("token");
  history.replaceState(null, "", `#${given}`);
}

/** Send this token from now on, until the tab is closed. */
export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

/** The token that is sent from now on; null without one. */
export const getToken = () => sessionStorage.getItem(TOKEN);

async function request(path, { method = "GET", world, query = {}, body, type = "application/json" } = {}) {
  const url = new URL(`v1${path}`, document.baseURI);
  for (const [name, value] of Object.entries({ world, ...query })) if (value) url.searchParams.set(name, value);
  const headers = {};
  const token = getToken();
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = type;
  const sent = type === "application/json" && body !== undefined ? JSON.stringify(body) : body;
  const answer = await fetch(url, { method, headers, body: sent });
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => ({})));
  return answer;
}

/** Make a call, and read its JSON; null where there is none. */
export async function call(path, options) {
  const answer = await request(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** Make a call, and take its answer as a text. */
export const read = async (path, options) => (await request(path, options)).text();

/** Make a call, and take its answer as a file. */
export const fetchFile = async (path, options) => (await request(path, options)).blob();

/** Write the address of a world's platform. */
export const addressOf = (world) => new URL(world ? `../worlds/${encodeURIComponent(world)}` : "..", document.baseURI).href.replace(/\/$/, "");

const PLATFORM = "/api/technology/speaker-diarization";

/** Upload a file as a client does. */
export async function upload(world, file, fields) {
  const form = new FormData();
  form.append("file", file);
  const url = new URL(addressOf(world) + PLATFORM);
  for (const [name, value] of Object.entries(fields)) {
    if (name === "config" && value) form.append(name, value);
    else if (value) url.searchParams.set(name, value);
  }
  return readPlatform(await fetch(url, { method: "POST", body: form }));
}

/** Poll a task as a client does. */
export const poll = async (world, id) => readPlatform(await fetch(`${addressOf(world)}${PLATFORM}/${id}`));

async function readPlatform(answer) {
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, { detail: `${answer.status}: ${body.message ?? "no message"}` });
  return body;
}
