from __future__ import annotations

import shlex
import shutil
import subprocess
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Fault
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.redaction import STRUCK
from diarkit_contracts.rows.call import Call, Raw, Row
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.rows.plan import list_rows
from diarkit_contracts.runs.reproduce import name_input, save_inputs, write_repeat
from diarkit_contracts.runs.verdict import Finding, RowRun, RunVerdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = [row for row in list_rows() if row.needs is None]
PICKED = [
    "row-02", "row-03", "row-04", "row-06", "row-07",
    *(row.id for row in ROWS if row.what in {"unknown-task", "no-file", "file-as-text", "broken-form", "put", "json-body", "no-body"}),
]  # fmt: skip


def make_verdict(
    target: str, name: str, headers: tuple[tuple[str, str], ...] = (), profile: str = "3.6", **more: Any
) -> RunVerdict:
    finding = Finding(clause=CLAUSES[0], row=name, at=(0,), fault=Fault("a", "b"))
    exchange = Exchange(Request(method="GET", url=target, headers=headers), Answer(status=200))
    return RunVerdict(target=target, tier="lite", profile=profile, exchanges=(exchange,), findings=(finding,), **more)


def repeat(target: str, name: str, folder: Path | None = None, **more: Any) -> Any:
    verdict = make_verdict(target, name, **more)
    return write_repeat(verdict.findings[0], verdict, folder)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_can_be_repeated(row: Any) -> None:
    told = repeat("http://h:1", row.name)
    assert told.command == f"diarkit verify http://h:1 --only {row.id}"
    assert shlex.split(told.curl)[-1] == "http://h:1" + row.call.target
    compile(told.python, "snippet", "exec")
    assert len(told.python.splitlines()) <= 18


@pytest.mark.parametrize("name", ["", "fuzz-12[something]"])
def test_what_is_no_row_can_not_be_repeated(name: str) -> None:
    assert repeat("http://h:1", name) is None


def test_a_row_that_was_drawn_is_repeated_with_the_file_it_is_kept_in() -> None:
    drawn = replace(ROWS[0], id="found-01", what="upload")
    run = RowRun(name=drawn.name, at=(0,), row=drawn)
    told = repeat("http://h:1", drawn.name, rows=(run,), rows_file="my rows.json")
    assert told.command == "diarkit verify http://h:1 --rows 'my rows.json'"
    assert told.curl == repeat("http://h:1", ROWS[0].name).curl
    assert repeat("http://h:1", drawn.name, rows=(run,)).command.endswith("--rows rows.json")


def test_a_secret_is_asked_for_by_its_name() -> None:
    told = repeat("http://h:1", "row-01", headers=(("Authorization", STRUCK), ("Accept", "*/*")))
    for text in (told.command, told.curl):
        assert "Authorization: ***" in shlex.split(text)
    assert "headers={'Authorization': '***'}" in told.python


def test_files_that_are_not_saved_are_named(tmp_path: Path) -> None:
    assert repeat("http://h:1", "row-01").unsaved == ("wav-2ch-4.0s.wav",)
    assert repeat("http://h:1", "row-01", tmp_path).unsaved == ()


def test_inputs_are_saved_once_and_as_they_are_sent(tmp_path: Path) -> None:
    findings = [*make_verdict("u", "row-01").findings, *make_verdict("u", "bad-03").findings] * 2
    verdict = replace(make_verdict("u", "row-01"), findings=tuple(findings))
    saved = save_inputs(verdict, tmp_path / "new" / "folder")
    assert [path.name for path in saved] == ["wav-2ch-4.0s.wav", "wav-1ch-0.5s.wav"]
    assert saved[0].read_bytes() == make_input("wav:2ch:4.0s")


def test_every_input_has_a_file_name_of_its_own() -> None:
    inputs = {
        part.attach
        for row in ROWS
        if isinstance(row.call.body, tuple)
        for part in row.call.body
        if hasattr(part, "input")
    }
    names = {name_input(name) for name in inputs}
    assert len(names) == len(inputs)
    assert all(name.replace("-", "").replace(".", "").isalnum() for name in names)


@pytest.fixture
def sent(diarization_server: Any) -> Callable[[], Any]:
    """What a server got last: status and, for an upload that it took, what was in it."""

    def look() -> Any:
        submissions = diarization_server.submissions
        if not submissions:
            return None
        last = submissions[-1]
        return last.filename, last.sha256, last.parameters

    return look


@pytest.mark.parametrize("row_id", PICKED)
@pytest.mark.parametrize("way", ["curl", "python"])
def test_both_ways_send_what_the_row_sends(
    diarization_server: Any, sent: Any, make_exchange: Any, row_id: str, way: str, tmp_path: Path
) -> None:
    row = next(row for row in ROWS if row.id == row_id)
    status = make_exchange(diarization_server.url, row)
    expected = sent()
    verdict = make_verdict(diarization_server.url, row.name)
    save_inputs(verdict, tmp_path)
    told = write_repeat(verdict.findings[0], verdict, tmp_path)
    assert told is not None
    if way == "curl":
        curl = shutil.which("curl")
        if curl is None:
            pytest.skip("curl is not installed")
        words = [curl, "-s", "--noproxy", "*", *shlex.split(told.curl)[1:]]
        output = subprocess.run(words, capture_output=True, timeout=60, check=True).stdout.decode()
        assert output.splitlines()[0].split()[1] == str(status)
    else:
        out = StringIO()
        with redirect_stdout(out):
            exec(told.python.replace("time.sleep(1)", "pass"), {})  # noqa: S102 - it is what is tested
        assert out.getvalue().split()[0] == str(status)
    assert sent() == expected


@pytest.fixture
def make_exchange() -> Any:
    """Send a row itself and return the status."""
    from diarkit_contracts.target.transport import HttpTransport, Way  # noqa: PLC0415

    def send(url: str, row: Any) -> int:
        transport = HttpTransport(Way(url=url))
        kind, content = row.call.write_body()
        headers = (("Content-Type", kind),) if kind else ()
        try:
            return transport.send(
                Request(method=row.call.method, url=url + row.call.target, headers=headers), content
            ).status
        finally:
            transport.close()

    return send


FLAGS = (
    ("--cacert", "my ca.pem"),
    ("--cert", "c.pem"),
    ("--key", "k.pem"),
    ("--insecure", ""),
    ("--proxy", "http://***@p:1"),
)


def test_what_led_to_the_server_leads_there_again(tmp_path: Path) -> None:
    told = repeat("https://h:1", "row-01", tmp_path, flags=FLAGS)
    for text in (told.command, told.curl):
        words = shlex.split(text)
        for name, value in FLAGS:
            assert words[words.index(name) + 1] == value or not value
    assert told.python.splitlines()[0] == "import ssl"
    compile(told.python, "snippet", "exec")
    for said in (
        "create_default_context(cafile='my ca.pem')", "ssl.CERT_NONE", "load_cert_chain('c.pem', 'k.pem')",
        "files=form, verify=trust, proxy='http://***@p:1')",
    ):  # fmt: skip
        assert said in told.python


@pytest.mark.parametrize("flags", [(), (("--proxy", "http://p:1"),)])
def test_trust_is_not_spoken_of_where_it_is_the_usual_one(flags: Any) -> None:
    assert "trust" not in repeat("http://h:1", "row-01", flags=flags).python


def test_the_generation_and_the_force_that_a_row_needs_are_told() -> None:
    assert repeat("http://h:1", "row-01").command == "diarkit verify http://h:1 --only row-01"
    assert repeat("http://h:1", "row-01", profile="4.0").command.endswith("--only row-01 --profile 4.0")
    forced = next(row for row in list_rows() if row.needs is not None)
    assert repeat("http://h:1", forced.name).command.endswith(f"--only {forced.id} --fake")


def test_a_long_body_is_read_from_the_file_that_is_saved(tmp_path: Path) -> None:
    row = Row(id="x-1", what="x", call=Call(body=Raw("text/plain", b"x" * 999)))
    run = RowRun(name=row.name, at=(0,), row=row)
    told = repeat("http://h:1", row.name, tmp_path, rows=(run,), rows_file="r.json")
    assert f"open('{tmp_path.as_posix()}/x-1-body.bin', 'rb')" in told.python
    assert f"@{tmp_path.as_posix()}/x-1-body.bin" in told.curl
