// Use the client that orval makes; its addresses are relative, as in a page.
import { readFileSync } from "node:fs";
import {
  speakerDiarizationResultApiTechnologySpeakerDiarizationTaskIdGet as look,
  speakerDiarizationStartApiTechnologySpeakerDiarizationPost as start,
} from "./client";

const [url, path] = process.argv.slice(2) as [string, string];
const plain = globalThis.fetch;
globalThis.fetch = (target, init) => plain(url + String(target), init);

async function main(): Promise<void> {
  const started = await start({ file: new File([readFileSync(path)], "call.wav"), config: { max_speakers: 2 } });
  if (started.status !== 202) throw new Error(String(started.status));
  for (;;) {
    const task = await look(started.data.task.task_id);
    if (task.status !== 200) throw new Error(String(task.status));
    if (task.data.task.state === "pending" || task.data.task.state === "running") continue;
    if (!(task.data.result!.channels[0]!.segments[0]!.end_time > 0)) throw new Error("no segment");
    break;
  }
  const missing = await look("00000000-0000-0000-0000-000000000000");
  if (missing.status !== 404 || missing.data.type !== "resource.not-found") throw new Error("no 404");
  console.log("works");
}
main().catch((error: unknown) => { console.error(error); process.exit(1); });
