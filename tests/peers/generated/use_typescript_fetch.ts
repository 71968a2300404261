// Use the client that openapi-generator makes for TypeScript with fetch. It sends config as a Blob, hence as a file, which the platform
// refuses (INF): the hook that it has for each request puts the text in its place.
import { readFileSync } from "node:fs";
import { Configuration, ResponseError, SpeakerDiarizationApi, TaskInfoState } from "./client";

const [url, path] = process.argv.slice(2) as [string, string];
const api = new SpeakerDiarizationApi(new Configuration({ basePath: url }));

async function main(): Promise<void> {
  const file = new File([readFileSync(path)], "call.wav");
  const config = { maxSpeakers: 2 };
  const refused = await api.speakerDiarizationStartApiTechnologySpeakerDiarizationPost({ file, config }).catch((e: unknown) => e);
  if (!(refused instanceof ResponseError) || refused.response.status !== 422) throw new Error("a Blob is taken");
  const started = await api.speakerDiarizationStartApiTechnologySpeakerDiarizationPost({ file }, async ({ init }) => {
    (init.body as FormData).set("config", JSON.stringify({ max_speakers: 2 }));
    return {};
  });
  const look = (taskId: string) => api.speakerDiarizationResultApiTechnologySpeakerDiarizationTaskIdGet({ taskId });
  let task = await look(started.task.taskId);
  while (task.task.state === TaskInfoState.Pending || task.task.state === TaskInfoState.Running) task = await look(started.task.taskId);
  if (!(task.result!.channels[0]!.segments[0]!.endTime > 0)) throw new Error("no segment");
  const missing = await look("00000000-0000-0000-0000-000000000000").catch((e: unknown) => e);
  if (!(missing instanceof ResponseError) || missing.response.status !== 404) throw new Error("no 404");
  console.log("works");
}
main().catch((error: unknown) => { console.error(error); process.exit(1); });
