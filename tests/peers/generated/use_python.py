"""Use the client that openapi-generator makes for Python: upload with config, poll, read a segment, meet a 404."""

import sys
from uuid import UUID

import openapi_client
from openapi_client.api.speaker_diarization_api import SpeakerDiarizationApi
from openapi_client.exceptions import NotFoundException
from openapi_client.models.speaker_diarization_config import SpeakerDiarizationConfig
from openapi_client.models.task_info_state import TaskInfoState

with openapi_client.ApiClient(openapi_client.Configuration(host=sys.argv[1])) as connection:
    api = SpeakerDiarizationApi(connection)
    with open(sys.argv[2], "rb") as file:
        started = api.speaker_diarization_start_api_technology_speaker_diarization_post(
            ("call.wav", file.read()), config=SpeakerDiarizationConfig(max_speakers=2)
        )
    look = api.speaker_diarization_result_api_technology_speaker_diarization_task_id_get
    task = look(started.task.task_id)
    while task.task.state in {TaskInfoState.PENDING, TaskInfoState.RUNNING}:
        task = look(started.task.task_id)
    assert task.result is not None
    assert task.error is None
    assert task.result.channels[0].segments[0].end_time > 0
    try:
        look(UUID(int=0))
    except NotFoundException as error:
        assert error.status == 404
        print("works")
