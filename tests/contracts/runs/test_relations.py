"""Somebody's own recordings: what is sent of them, what contradicts, and that they go to the server only."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner
from contract_servers.broken_relations import RELATIONS
from contract_servers.correct import CORRECT
from contract_servers.fake import URL, Fake, SharedClock, Transport

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.clauses import relations
from diarkit_contracts.clauses.catalogue import list_clauses
from diarkit_contracts.commands.verify import verify as verify_command
from diarkit_contracts.exchanges.exchange import Relation
from diarkit_contracts.exchanges.recording import read_recording as read_exchanges
from diarkit_contracts.exchanges.recording import write_recording
from diarkit_contracts.rows.audio import AudioError, read_recording
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.runs.relations import choose_caps, make_plan, verify_audio
from diarkit_contracts.runs.verdict import Cause, Ending, Exit
from diarkit_contracts.runs.verify import verify_recording
from diarkit_contracts.target.client import Target
from diarkit_fixtures.wav.file import write_wav
from diarkit_mockserver.scenario.model import Rule, Scenario, Then

if TYPE_CHECKING:
    from pathlib import Path

    from contract_servers.fake import Server

    from diarkit_contracts.runs.verdict import RunVerdict
    from diarkit_mockserver.clock import Clock

CLAUSES = list_clauses(relations)

NAMES = ("wav:1ch:12.0s:speakers=3", "wav:2ch:12.0s:speakers=3,2")
ALL = {clause.id for clause in CLAUSES}


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """A mono and a stereo recording, which carry their truth for the fake."""
    files = [tmp_path / f"secret-{number}.wav" for number in range(len(NAMES))]
    for file, name in zip(files, NAMES, strict=True):
        file.write_bytes(make_input(name))
    return files


def send(server: Server, clock: Clock, *paths: Path, **caps: Any) -> RunVerdict:
    recordings = [read_recording(path, number) for number, path in enumerate(paths, 1)]
    usual = choose_caps(make_plan(recordings).count_cost(), recordings)
    target = Target(url=URL, transport=Transport(server), caps=replace(usual, **caps), clock=SharedClock(clock))
    return verify_audio(recordings, target, DEFAULT)


def judge_as_private(verdict: RunVerdict) -> set[str]:
    """The clauses against it for whoever does not know what is said; of a recording of the run."""
    blind = [
        replace(
            each,
            request=replace(
                each.request,
                parts=each.request.parts
                and tuple(
                    replace(part, sound=part.sound and replace(part.sound, truth=None)) for part in each.request.parts
                ),
            ),
        )
        for each in verdict.recorded
    ]
    return {finding.clause.id for finding in verify_recording("", blind).findings}


@pytest.mark.parametrize("broken", RELATIONS, ids=lambda broken: broken.name.replace(" ", "-"))
def test_each_contradiction_is_seen_by_its_clause_alone(broken: Any, paths: list[Path]) -> None:
    server, clock = broken.build()
    verdict = send(server, clock, *paths)
    assert {finding.clause.id for finding in verdict.findings} & ALL == {broken.clause}
    assert judge_as_private(verdict) == {broken.clause}
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINDINGS


def test_there_is_a_server_for_every_relation() -> None:
    assert {broken.clause for broken in RELATIONS} == ALL


def test_the_fake_keeps_all_relations(paths: list[Path]) -> None:
    fake = Fake()
    verdict = send(fake, fake.clock, *paths)
    assert verdict.findings == ()
    assert {passed.clause.id for passed in verdict.passed} >= ALL
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINE
    assert {(each.name, each.reason) for each in verdict.unplanned} == {
        ("audio-1-swapped[1ch-12.0s]", "it has one channel"),
        ("audio-2-doubled[2ch-12.0s]", "it has 2 channels"),
    }


@pytest.mark.parametrize("correct", CORRECT, ids=lambda correct: correct.name.replace(" ", "-"))
def test_correct_servers_pass(correct: Any, paths: list[Path]) -> None:
    server, clock = correct.build()
    recordings = [read_recording(path, number) for number, path in enumerate(paths, 1)]
    caps = choose_caps(make_plan(recordings).count_cost(), recordings)
    target = Target(url=URL, transport=Transport(server), caps=caps, clock=SharedClock(clock))
    verdict = verify_audio(recordings, target, correct.profile)
    assert {finding.clause.id for finding in verdict.findings} <= correct.warns
    assert verdict.decide_exit() is Exit.FINE


@pytest.mark.parametrize(("times", "told"), [("file", "the beginning of the file"), ("range", "range_from")])
def test_what_times_of_a_range_count_from_is_reported(times: Any, told: str, paths: list[Path]) -> None:
    fake = Fake(Scenario(dialect=Dialect(times=times)))
    assert f"times of a range are relative to {told}" in send(fake, fake.clock, *paths).events


def test_what_no_recording_shows_is_not_settled(tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    silent.write_bytes(write_wav(np.zeros((80_000, 1), np.int16), 8_000, truth=((),)))
    fake = Fake()
    verdict = send(fake, fake.clock, silent)
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINE
    assert any("is undecided" in event for event in verdict.events)


def test_of_what_is_no_pcm_only_what_needs_no_decoding_is_sent(tmp_path: Path) -> None:
    file = tmp_path / "call.mp3"
    file.write_bytes(b"\xff\xfb\x90\x64" + bytes(413))
    fake = Fake()
    verdict = send(fake, fake.clock, file)
    sent = [row.name.partition("[")[0] for row in verdict.rows]
    assert sent == ["audio-1-given", "audio-1-again", "audio-1-limited"]
    assert len(verdict.unplanned) == 6
    assert all("its samples can't be read" in each.reason for each in verdict.unplanned)
    assert verdict.decide_exit() is Exit.FINE


def test_without_a_result_a_row_is_inconclusive(paths: list[Path]) -> None:
    fake = Fake(Scenario(rules=(Rule(then=Then(rejected="No speech.")),)))
    verdict = send(fake, fake.clock, paths[0])
    assert {each.cause for each in verdict.inconclusive} == {Cause.NEVER_SEEN}
    assert all(each.ending is Ending.INCONCLUSIVE for each in verdict.outcomes)
    assert [each.name for each in verdict.unplanned if each.cause is Cause.NEVER_SEEN] == ["audio-1-limited[1ch-12.0s]"]
    assert verdict.decide_exit() is Exit.VACUOUS


def test_a_run_keeps_within_its_caps(paths: list[Path]) -> None:
    fake = Fake()
    verdict = send(fake, fake.clock, *paths, tasks=3, spare=0)
    assert verdict.spent.tasks == 3
    assert verdict.decide_exit() is Exit.VACUOUS


def test_a_file_that_changes_while_it_is_sent_ends_the_run(paths: list[Path]) -> None:
    fake = Fake()

    def change(asked: Any) -> Any:
        paths[0].write_bytes(make_input(NAMES[1]))
        return fake(asked)

    with pytest.raises(AudioError, match="has changed"):
        send(change, fake.clock, paths[0])


def test_a_recording_of_the_run_is_judged_the_same(paths: list[Path], tmp_path: Path) -> None:
    broken = RELATIONS[0]
    server, clock = broken.build()
    verdict = send(server, clock, *paths)
    file = tmp_path / "run.ndjson"
    file.write_text("".join(write_recording(verdict.recorded)), encoding="utf-8")
    again = verify_recording(file.name, read_exchanges(file))
    assert broken.clause in {finding.clause.id for finding in again.findings}


def test_audio_and_its_name_are_in_no_report_and_no_recording(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as bytes, not as base64, not escaped, and not in a file beside them."""
    server, clock = RELATIONS[0].build()
    sent: list[bytes] = []

    class Listening:
        def __init__(self, *_: Any) -> None: ...

        def send(self, request: Any, content: bytes, within_s: float) -> Any:
            sent.append(bytes(content))
            return Transport(server).send(request, content, within_s)

        def connect(self, url: str) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr("diarkit_contracts.target.transport.HttpTransport", Listening)
    monkeypatch.setattr("diarkit_contracts.target.client.SystemClock", lambda: SharedClock(clock))
    out = tmp_path / "out"
    out.mkdir()
    reports = ",".join(f"{kind}={out / f'{kind}.txt'}" for kind in ("json", "junit", "html", "github"))
    flags = ["--audio", str(paths[0]), "--report", reports, "--record", str(out / "run.ndjson")]
    ended = CliRunner().invoke(verify_command, [URL, *flags, "--fail-on", "warning"])
    assert ended.exit_code == Exit.FINDINGS, ended.output
    audio = paths[0].read_bytes()[-20_000:]
    assert any(audio in content for content in sent)
    left = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len(left) == 5
    for text in (*left.values(), ended.output.encode()):
        assert b"relations.same-upload" in text or b'"request"' in text
        assert b"secret-" not in text
        for piece in (audio[at : at + 48] for at in range(0, len(audio) - 48, 4_800)):
            assert piece not in text
            assert base64.b64encode(piece) not in text
            assert json.dumps(piece.decode("latin-1")).encode()[1:-1] not in text
            assert piece.hex().encode() not in text


def test_each_relation_has_a_row_or_a_reason(paths: list[Path]) -> None:
    for path in paths:
        recording = read_recording(path, 1)
        rows = {part.made.relation for row in recording.rows for part in row.call.body or () if hasattr(part, "made")}
        assert rows | set(recording.obstacles) | {Relation.LIMITED} == set(Relation)
