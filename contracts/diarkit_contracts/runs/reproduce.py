"""Commands to repeat a finding: diarkit, curl and Python, with input files on request."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.exchanges.redaction import STRUCK
from diarkit_contracts.rows.call import Attached, Row, Written
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.rows.plan import list_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jinja2 import Template

    from diarkit_contracts.runs.verdict import Finding, RowRun, RunVerdict

RAW: Final = "body.bin"
"""Suffix of files with verbatim bodies."""

OF_TRUST: Final = frozenset({"--cacert", "--cert", "--insecure"})

LONGEST_BODY: Final = 300
"""Limit for bodies that are inlined in the Python code."""

ROWS: Final = "rows.json"
"""Placeholder for the file of generated rows if they were not saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Three ways to send a row again.

    Attributes:
        command: sends the row and judges it.
        curl: sends its first request.
        python: sends its first request and follows the task.
        unsaved: files that `curl` reads and that were not saved.
    """

    command: str
    curl: str
    python: str
    unsaved: tuple[str, ...]


def find_row(name: str, runs: Iterable[RowRun] = ()) -> Row | None:
    """Find a row by name among those sent and those of the plan; None for rows of a recording."""
    sent = (run.row for run in runs if run.row is not None)
    return next((row for row in (*sent, *list_rows()) if name in {row.name, row.id}), None)


def write_repeat(finding: Finding, verdict: RunVerdict, folder: Path | None = None) -> Repeat | None:
    """Return commands to repeat a finding, with the files of `save_inputs` or only their names.

    None if its row is unknown or sends an own recording.
    """
    row = find_row(finding.row, verdict.rows)
    if row is None or row.call.is_private:
        return None
    sent = verdict.find_exchange(finding.at[-1]).request.headers
    # Redacted headers must be filled in for a repetition.
    headers = tuple(dict.fromkeys(name for name, value in sent if value == STRUCK))
    return Repeat(
        command=_write_command(row, verdict, headers),
        curl=_write_curl(row, verdict, headers, folder),
        python=_write_python(row, verdict, dict.fromkeys(headers, STRUCK), folder),
        unsaved=() if folder is not None else tuple(_list_files(row)),
    )


def save_inputs(verdict: RunVerdict, folder: Path) -> tuple[Path, ...]:
    """Write the input files of a run's findings, and return their paths."""
    written: list[Path] = []
    rows = (find_row(finding.row, verdict.rows) for finding in verdict.findings)
    for row in {row.id: row for row in rows if row is not None}.values():
        for name, content in _list_files(row).items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
            written.append(folder / name)
    return tuple(dict.fromkeys(written))


def _list_files(row: Row) -> dict[str, bytes]:
    if (raw := row.call.raw) is not None:
        return {_name_raw(row): raw.content}
    parts = row.call.body if isinstance(row.call.body, tuple) else ()
    return {name_input(part.attach): make_input(part.attach) for part in parts if isinstance(part, Attached)}


def name_input(name: str) -> str:
    """Return the file name of an input: `wav:2ch:4.0s` is `wav-2ch-4.0s.wav`."""
    plain = re.sub(r"[^0-9A-Za-z.]+", "-", name)
    return f"{plain}.wav" if name.startswith("wav:") else f"{plain}.bin"


def _name_raw(row: Row) -> str:
    return f"{row.id}-{RAW}"


def _write_command(row: Row, verdict: RunVerdict, headers: Iterable[str]) -> str:
    # A finding of a fuzzed run may need everything that was sent with it.
    drawn = bool(verdict.rows_file) or row not in list_rows()
    words = ["diarkit", "verify", verdict.target]
    words += ["--rows", verdict.rows_file or ROWS] if drawn else ["--only", row.id]
    words += [] if verdict.profile == DEFAULT.name else ["--profile", verdict.profile]
    words += ["--fake"] if row.needs is not None else []
    words += _list_words(verdict)
    words += [word for name in headers for word in ("--header", f"{name}: {STRUCK}")]
    return shlex.join(words)


def _list_words(verdict: RunVerdict) -> list[str]:
    return [word for flag in verdict.flags for word in flag if word]


def _write_curl(row: Row, verdict: RunVerdict, headers: Iterable[str], folder: Path | None) -> str:
    call = row.call
    words = ["curl", "-i"]
    words += _list_words(verdict)  # curl's flags have the same names
    if call.method != ("GET" if call.body is None else "POST"):
        words += ["-X", call.method]
    for name in headers:
        words += ["-H", f"{name}: {STRUCK}"]
    raw = call.raw
    if raw is not None:
        for name, value in ((call.how.typed, raw.content_type), *call.how.headers):
            words += ["-H", f"{name}: {value}"]
        words += ["--data-binary", f"@{_place(_name_raw(row), folder)}"]
    for part in call.body if raw is None and isinstance(call.body, tuple) else ():
        if isinstance(part, Written):
            words += ["--form-string", f"{part.name}={part.text}"]
        elif isinstance(part, Attached) and part.filename is None:
            words += ["-F", f"{part.name}=<{_place(name_input(part.attach), folder)}"]
        elif isinstance(part, Attached) and part.filename is not None:
            filename = part.filename.replace("\\", "\\\\").replace('"', '\\"')
            path = _place(name_input(part.attach), folder)
            words += ["-F", f'{part.name}=@"{path}";filename="{filename}";type=application/octet-stream']
    return shlex.join([*words, verdict.target + call.target])


def _place(name: str, folder: Path | None) -> str:
    return name if folder is None else (folder / name).as_posix()


@cache
def _load_template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - comes with the extra `verify`

    environment = Environment(  # noqa: S701 - generates Python, with values written by `repr`
        loader=PackageLoader("diarkit_contracts", "runs"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["repr"] = repr
    return environment.get_template("repeat.py.jinja")


def _write_python(row: Row, verdict: RunVerdict, sent: dict[str, str], folder: Path | None) -> str:
    call, flags = row.call, dict(verdict.flags)
    raw = call.raw
    text = _load_template().render(
        call=call,
        target=verdict.target,
        flags=flags,
        trusts=bool(flags.keys() & OF_TRUST),
        sent=sent,
        raw=raw,
        raw_file=_place(_name_raw(row), folder) if raw is not None and len(raw.content) > LONGEST_BODY else "",
        parts=None if raw is not None or call.body is None else call.body,
        attaches=raw is None and isinstance(call.body, tuple) and any(isinstance(part, Attached) for part in call.body),
    )
    return text.rstrip("\n")
