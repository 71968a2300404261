"""Use the models that datamodel-code-generator makes: they are pydantic's, so requests has to carry them."""

import sys

import requests
from models import SpeakerDiarizationConfig, SpeakerDiarizationTask, TaskStarted

endpoint = f"{sys.argv[1]}/api/technology/speaker-diarization"
with open(sys.argv[2], "rb") as file:
    config = SpeakerDiarizationConfig(max_speakers=2).model_dump_json(exclude_none=True)
    answer = requests.post(endpoint, files={"file": ("call.wav", file)}, data={"config": config}, timeout=60)
started = TaskStarted.model_validate_json(answer.text)
while True:
    task = SpeakerDiarizationTask.model_validate_json(
        requests.get(f"{endpoint}/{started.task.task_id}", timeout=60).text
    )
    if task.task.state.value not in {"pending", "running"}:
        break
assert task.result is not None
assert task.result.channels[0].segments[0].end_time > 0
assert requests.get(f"{endpoint}/00000000-0000-0000-0000-000000000000", timeout=60).status_code == 404
print("works")
