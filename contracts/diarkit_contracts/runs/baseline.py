"""The findings that a team has accepted, each with a reason and a last day. Decides which findings of a verdict are among them.

```yaml
version: 1
accepted:
  - clause: task.location-host
    row: row-01            # left out: every row
    reason: the gateway in front of it names itself
    expires: 2026-12-31
```
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NoReturn

import yaml

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.runs.verdict import Accepted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from diarkit_contracts.runs.verdict import Finding, RunVerdict

KEYS: Final = ("clause", "row", "reason", "expires")
OPTIONAL: Final = ("row",)


class BaselineError(ContractsError, ValueError):
    """A file is no baseline.

    Attributes:
        file: its name.
        line: from 1.
        reason: what was expected and what came.
    """

    def __init__(self, file: str, line: int, reason: str) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One accepted finding.

    Attributes:
        clause: id.
        row: name or id of the row; empty for every one, and for recordings.
        reason: for those who ask later.
        expires: the last day on which it is accepted.
        line: of the file.
    """

    clause: str
    row: str
    reason: str
    expires: date
    line: int

    def covers(self, finding: Finding) -> bool:
        """Tell whether a finding is this one."""
        row = finding.row.partition("[")[0]
        return finding.clause.id == self.clause and self.row in {"", finding.row, row}

    def __str__(self) -> str:
        """Name it as a report does."""
        return f"{self.clause}{f' in {self.row}' if self.row else ''}"


@dataclass(frozen=True, slots=True)
class Baseline:
    """All entries of a file, in its order."""

    file: str
    entries: tuple[Entry, ...]


def load_baseline(path: Path) -> Baseline:
    """Read a baseline, YAML or JSON.

    Raises:
        BaselineError: it is none; file and line are told.
        OSError: it can't be read at all.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BaselineError(
            str(path), data[: error.start].count(b"\n") + 1, f"expected UTF-8: {error.reason}"
        ) from None
    return read_baseline(text, str(path))


def read_baseline(text: str, file: str) -> Baseline:
    """Read a baseline.

    Args:
        text: YAML or JSON.
        file: its name, for errors.

    Raises:
        BaselineError: it is none.
    """
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise BaselineError(file, line, f"expected YAML or JSON: {error.problem}") from None
    except yaml.YAMLError as error:
        raise BaselineError(file, 1, f"expected YAML or JSON: {error}") from None
    return _Reader(file).read(node)


def apply_baseline(verdict: RunVerdict, baseline: Baseline, today: date) -> RunVerdict:
    """Take accepted findings out of a verdict's findings.

    Args:
        verdict: with all findings.
        baseline: what is accepted.
        today: entries whose last day lies before it accept nothing.

    Returns:
        The verdict with `accepted` and `stale` filled in.
    """
    open_entries = [entry for entry in baseline.entries if entry.expires >= today]
    findings: list[Finding] = []
    accepted: list[Accepted] = []
    used: set[Entry] = set()
    for finding in verdict.findings:
        # The most particular entry counts: one for a row before one for every row.
        covering = sorted((each for each in open_entries if each.covers(finding)), key=lambda each: not each.row)
        if covering:
            used.update(covering)
            entry = covering[0]
            accepted.append(Accepted(finding=finding, reason=entry.reason, expires=entry.expires.isoformat()))
        else:
            findings.append(finding)
    return replace(
        verdict,
        findings=tuple(findings),
        accepted=tuple(accepted),
        stale=tuple(_say_stale(baseline, used, verdict, today)),
    )


def _say_stale(baseline: Baseline, used: set[Entry], verdict: RunVerdict, today: date) -> Iterable[str]:
    sent = {name for row in verdict.rows for name in (row.name, row.name.partition("[")[0])}
    for entry in baseline.entries:
        place = f"{baseline.file}:{entry.line}"
        if entry.expires < today:
            yield f"{place}: {entry} was accepted until {entry.expires}: mend the server, or say a later day"
        # An entry for a row that this run left out may be needed by another run.
        elif entry not in used and (not entry.row or entry.row in sent):
            yield f"{place}: {entry} was not found: if it is mended, drop the entry"


class _Reader:
    """Reads the nodes of a file, and says which line is wrong."""

    def __init__(self, file: str) -> None:
        self._file = file

    def read(self, node: yaml.Node | None) -> Baseline:
        if node is None:
            raise BaselineError(self._file, 1, "expected `version: 1` and `accepted: [...]`, got nothing")
        top = self._read_mapping(node, "the file", ("version", "accepted"))
        if "version" not in top or getattr(top["version"], "value", None) != "1":
            self._fail(top.get("version", node), "expected `version: 1`")
        listed = top.get("accepted")
        if not isinstance(listed, yaml.SequenceNode):
            self._fail(listed or node, "expected a list under `accepted`")
        return Baseline(self._file, tuple(self._read_entry(each) for each in listed.value))

    def _read_entry(self, node: yaml.Node) -> Entry:
        found = self._read_mapping(node, "an entry", KEYS)
        missing = [key for key in KEYS if key not in found and key not in OPTIONAL]
        if missing:
            self._fail(node, f"expected {' and '.join(missing)} in each entry")
        texts = {key: self._read_text(value, key) for key, value in found.items()}
        known = [clause.id for clause in CLAUSES]
        if texts["clause"] not in known:
            near = get_close_matches(texts["clause"], known, 1)
            hint = f"; did you mean {near[0]}?" if near else " (see `diarkit clauses`)"
            self._fail(found["clause"], f"expected the id of a clause, got {texts['clause']!r}{hint}")
        try:
            expires = date.fromisoformat(texts["expires"])
        except ValueError:
            self._fail(found["expires"], f"expected a day such as 2026-12-31 for expires, got {texts['expires']!r}")
        return Entry(
            clause=texts["clause"],
            row=texts.get("row", ""),
            reason=texts["reason"],
            expires=expires,
            line=node.start_mark.line + 1,
        )

    def _read_mapping(self, node: yaml.Node, what: str, keys: tuple[str, ...]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"expected {what} to have the keys {', '.join(keys)}")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in keys:
                self._fail(key, f"expected one of {', '.join(keys)}, got {name!r}")
            if name in found:
                self._fail(key, f"{name} is there twice")
            found[name] = value
        return found

    def _read_text(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or not str(node.value).strip():
            self._fail(node, f"expected a text for {key}")
        return str(node.value).strip()

    def _fail(self, node: yaml.Node, reason: str) -> NoReturn:
        raise BaselineError(self._file, node.start_mark.line + 1, reason)
