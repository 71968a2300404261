// Use the client that openapi-typescript types and openapi-fetch carries.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Config = components["schemas"]["SpeakerDiarizationConfig"];
const [url, file] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl: url });
const config: Config = { max_speakers: 2 };
const form = new FormData();
form.append("file", new Blob([readFileSync(file)]), "call.wav");
form.append("config", JSON.stringify(config));

async function main(): Promise<void> {
  const started = await client.POST("/api/technology/speaker-diarization", {
    body: { file: "", config }, bodySerializer: () => form,
  });
  const task_id = started.data!.task.task_id;
  const look = (id: string) => client.GET("/api/technology/speaker-diarization/{task_id}", { params: { path: { task_id: id } } });
  let task = await look(task_id);
  while (task.data!.task.state === "pending" || task.data!.task.state === "running") task = await look(task_id);
  if (!(task.data!.result!.channels[0]!.segments[0]!.end_time > 0)) throw new Error("no segment");
  const missing = await look("00000000-0000-0000-0000-000000000000");
  if (missing.response.status !== 404 || missing.error!.type !== "resource.not-found") throw new Error("no 404");
  console.log("works");
}
main().catch((error: unknown) => { console.error(error); process.exit(1); });
