"""Holds the programs of those servers that are libraries: each runs in the environment of its own peer, not in this one."""

from __future__ import annotations

FASTAPI = """
import hashlib, uuid
from pathlib import Path
from typing import Annotated
import uvicorn
from fastapi import FastAPI, File, Form, HTTPException, Response, UploadFile
from pydantic import BaseModel

class Segment(BaseModel):
    speaker_id: int
    start_time: float
    end_time: float

class Channel(BaseModel):
    channel_number: int
    speakers_count: int
    segments: list[Segment]

class Result(BaseModel):
    channels: list[Channel]

class Info(BaseModel):
    task_id: uuid.UUID
    state: str

class Accepted(BaseModel):
    task: Info

class Task(BaseModel):
    task: Info
    result: Result | None = None
    error: dict | None = None

app = FastAPI()
tasks: dict[uuid.UUID, str] = {}
result = Task.model_validate_json(Path("done.json").read_text()).result

@app.post("/api/technology/speaker-diarization", status_code=202)
async def start(file: Annotated[UploadFile, File()], response: Response, config: Annotated[str | None, Form()] = None) -> Accepted:
    digest = hashlib.sha256()
    while piece := await file.read(65536):
        digest.update(piece)
    task_id = uuid.uuid4()
    tasks[task_id] = digest.hexdigest()
    response.headers["X-Location"] = f"/api/technology/speaker-diarization/{task_id}"
    return Accepted(task=Info(task_id=task_id, state="pending"))

@app.get("/api/technology/speaker-diarization/{task_id}")
async def look(task_id: uuid.UUID) -> Task:
    if task_id not in tasks:
        raise HTTPException(404)
    return Task(task=Info(task_id=task_id, state="done"), result=result)

uvicorn.run(app, host="127.0.0.1", port=@PORT@, log_level="error", access_log=False)
"""
"""uvicorn[standard] brings uvloop and httptools; the result is prepared, its models are not."""

PYTEST_HTTPSERVER = """
import threading
from pathlib import Path
from pytest_httpserver import HTTPServer

path = "/api/technology/speaker-diarization"
server = HTTPServer(host="127.0.0.1", port=@PORT@, threaded=True)
accepted, done = Path("accepted.json").read_text(), Path("done.json").read_text()
server.expect_request(path, method="POST").respond_with_data(accepted, 202, content_type="application/json")
server.expect_request(path + "/123e4567-e89b-12d3-a456-426614174000", method="GET").respond_with_data(
    done, content_type="application/json"
)
server.start()
threading.Event().wait()
"""

MOTO = """
import logging, threading
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel("ERROR")
ThreadedMotoServer(ip_address="127.0.0.1", port=@PORT@, verbose=False).start()
threading.Event().wait()
"""
