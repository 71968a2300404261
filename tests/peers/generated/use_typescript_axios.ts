// Use the client that openapi-generator makes for TypeScript with axios. It sends config as a Blob, hence as a file, which the platform
// refuses (INF): axios' own hook for requests puts the text in its place.
import { readFileSync } from "node:fs";
import axios, { isAxiosError } from "axios";
import { Configuration, SpeakerDiarizationApi, TaskInfoState } from "./client";

const [url, path] = process.argv.slice(2) as [string, string];
const connection = axios.create();
const api = new SpeakerDiarizationApi(new Configuration({ basePath: url }), undefined, connection);

async function main(): Promise<void> {
  const file = new File([readFileSync(path)], "call.wav");
  const send = () => api.speakerDiarizationStartApiTechnologySpeakerDiarizationPost(
    file, undefined, undefined, undefined, undefined, undefined, undefined, { max_speakers: 2 },
  );
  const refused = await send().catch((e: unknown) => e);
  if (!isAxiosError(refused) || refused.response?.status !== 422) throw new Error("a Blob is taken");
  connection.interceptors.request.use((request) => {
    if (request.data instanceof FormData) request.data.set("config", JSON.stringify({ max_speakers: 2 }));
    return request;
  });
  const started = await send();
  const look = (taskId: string) => api.speakerDiarizationResultApiTechnologySpeakerDiarizationTaskIdGet(taskId);
  let { data } = await look(started.data.task.task_id);
  while (data.task.state === TaskInfoState.Pending || data.task.state === TaskInfoState.Running) ({ data } = await look(data.task.task_id));
  if (!(data.result!.channels[0]!.segments[0]!.end_time > 0)) throw new Error("no segment");
  const missing = await look("00000000-0000-0000-0000-000000000000").catch((e: unknown) => e);
  if (!isAxiosError(missing) || missing.response?.status !== 404) throw new Error("no 404");
  console.log("works");
}
main().catch((error: unknown) => { console.error(error); process.exit(1); });
