"""`python tests/house/reference.py`: the pages of docs/reference, written from the code. Knows no word of it by heart.

A long file: it has a part for each page.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast, get_args, get_origin

import click
from click.testing import CliRunner

from diarkit_contracts.commands.flags import Command
from diarkit_contracts.runs import baseline
from diarkit_contracts.runs.verdict import MEANINGS, Exit
from diarkit_fixtures.texts.fields import list_fields
from diarkit_mockserver.commands.main import main
from diarkit_mockserver.control.call import parse_body
from diarkit_mockserver.control.calls import TABLE
from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.control.problem import LEAVES
from diarkit_mockserver.control.views import Problem
from diarkit_mockserver.harness import contract_plugin, plugin
from diarkit_mockserver.harness.fake import DiarizationServerFactory, Fake
from diarkit_mockserver.harness.server import DiarizationServer
from diarkit_mockserver.journal.conduct import RULES
from diarkit_mockserver.scenario.faults import EFFECTS, BodyDamage, Connection, ResultFault, TaskFault
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.schema import TYPES, list_schemas, scenario_schema
from diarkit_mockserver.scenario.shorthand import Matching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_mockserver.control.call import Call

EXAMPLES: Final = {
    "http": [
        "{on: submit, http: 429, times: 2}",
        "{on: poll, when: {headers: {authorization: null}}, http: 401}",
        "{on: poll, every: 3, http: 503}",
        "{on: poll, share: 0.1, http: {status: 503, retry_after: 5, retry_after_as: date}}",
        '{on: submit, ordinal: 1, http: {status: 307, headers: {Location: "https://other/"}}}',
    ],
    "latency": [
        "{on: poll, latency: {fixed: 2}}",
        "{latency: {uniform: [0.1, 0.5]}}",
        "{latency: {log_normal: {median: 0.2}}}",
    ],
    "connection": [f"{{on: poll, ordinal: 1, connection: {how}}}" for how in get_args(Connection)],
    "body": [f"{{on: poll, ordinal: 1, body: {how}}}" for how in get_args(BodyDamage)],
    "drip": ["{on: poll, drip: {bytes: 16, every: 0.1}}"],
    "outage": ["{on: submit, ordinal: 3, outage: {seconds: 10}}"],
    "task": [f'{{on: submit, when: {{filename: "*.wav"}}, task: {how}}}' for how in get_args(TaskFault)],
    "result": [f"{{on: submit, share: 0.05, result: {how}}}" for how in get_args(ResultFault)],
}
"""One or more for each effect of a fault; those with a word of its own have one for each word."""

BODIES: Final = {
    "NewWorld": '{"name": "alice", "scenario": {"course": "immediate"}, "frozen": true}',
    "Scenario": '{"seed": 7, "rules": [{"when": {"filename": "*.wav"}, "then": {"speakers": 2}}]}',
    "Answers": '{"rules": [{"then": {"failed": "Out of memory."}, "times": 1}]}',
    "NewState": '{"state": "failed", "message": "Out of memory."}',
    "Move": '{"seconds": 30}',
    "FaultList": '{"faults": [{"on": "poll", "http": 503, "times": 2}]}',
    "Expectations": '{"expected": [{"when": {"channel_mode": "mix"}, "times": 1}]}',
}
"""An example of each body that a call takes."""

COURSES: Final = (
    "immediate",
    "manual",
    "{polls: {pending: 1, running: 2}}",
    "{seconds: {pending: 0.5, running: 4}}",
    "{realtime_factor: 60, workers: 2}",
)


PUBLIC: Final = (
    "diarkit_mockserver.testing",
    "diarkit_mockserver.strategies",
    "diarkit_contracts.diarization",
    "diarkit_fixtures.seconds",
    "diarkit_fixtures.segments",
    "diarkit_fixtures.draws",
    "diarkit_fixtures.wav.file",
)

NOTE: Final = (
    "<!-- Written from the code by `python tests/house/reference.py`: change the docstrings, not this file. -->"
)


def write_pages() -> Iterator[tuple[str, str]]:
    """Write each page, and the schema beside them: name and text."""
    for name, (title, write) in PAGES.items():
        lines = re.sub(r"\n{3,}", "\n\n", "\n".join(write())).strip()
        yield name, f"{NOTE}\n\n# {title}\n\n{lines}\n"
    yield "scenario.schema.json", "\n".join(_run("scenario", "schema")).strip() + "\n"


def _write_fixture() -> Iterator[str]:
    for name, member in (vars(plugin) | vars(contract_plugin)).items():
        if name.startswith("diarization_") and (text := inspect.getdoc(member)):
            yield from ("", f"## `{name}`", "", text)
    markers: list[tuple[str, ...]] = [tuple(one.split(": ", 1)) for one in (*plugin.MARKERS, contract_plugin.MARKER)]
    rows = [(f"`@pytest.mark.{name}`", text) for name, text in markers]
    yield from ("", "## Markers", "", *_write_table(("Marker", "What it does"), rows))
    parser = _Parser()
    plugin.pytest_addoption(cast("Any", parser), cast("Any", parser))
    yield from ("", "## Options and settings", "", *_write_table(("Name", "What it does"), parser.rows))
    for cls in (DiarizationServer, DiarizationServerFactory, Fake):
        yield from ("", f"## `{cls.__name__}`", "", *_write_docstring(cls))
        for name, member in vars(cls).items():
            if name == "__call__" or not name.startswith("_"):
                called = member.fget if isinstance(member, property) else inspect.unwrap(member)
                signature = "" if isinstance(member, property) else _write_signature(called)
                yield from ("", f"### `{name}`", "")
                if signature:
                    yield from ("```text", f"{name}{signature}", "```", "")
                yield from _write_docstring(called)
    yield from ("", "## Matchers: `Matching`", "", *_write_docstring(Matching))


class _Parser:
    """Takes the options that the plugin adds."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def getgroup(self, *_: str) -> _Parser:
        """Return itself: groups do not matter here."""
        return self

    def addoption(self, name: str, *, help: str, **more: Any) -> None:  # noqa: A002 - pytest's name
        """Take an option that is for people, with its placeholder or its choices."""
        if help != argparse.SUPPRESS:
            takes = more.get("metavar") or "|".join(more.get("choices", ()))
            self.rows.append((f"`{name}{takes and ' '}{takes}`", help))

    def register(self, part: Any, _: str) -> None:
        """Take the options of another file of the plugin."""
        part.pytest_addoption(self)

    def addini(self, name: str, help: str, **_: Any) -> None:  # noqa: A002 - pytest's name
        """Take a setting."""
        self.rows.append((f"`{name}` (setting)", help))


def _write_signature(called: Any) -> str:
    parameters = [
        str(one).replace("'", "") for one in inspect.signature(called).parameters.values() if one.name != "self"
    ]
    return f"({', '.join(parameters)})"


def _write_docstring(documented: Any) -> Iterator[str]:
    """Write a docstring of Google's form: its sections as lists."""
    in_section = False  # elsewhere an indented line is an example's
    for line in (inspect.getdoc(documented) or "").splitlines():
        if re.fullmatch(r"(Args|Returns|Raises|Attributes|Yields):", line):
            in_section = True
            yield line
            yield ""
        elif entry := re.fullmatch(r" {4}(\w+): (.*)", line):
            yield f"- `{entry[1]}`: {entry[2]}"
        else:
            yield line.replace("    ", "  ", 1) if in_section and line.startswith("        ") else line


def _write_scenario() -> Iterator[str]:
    schema = cast("dict[str, Any]", scenario_schema())
    yield from (schema["description"], "", *_write_properties(schema))
    for name, one in sorted(schema["$defs"].items()):
        yield from ("", f"## `{name}`", "", one.get("description", ""), "", *_write_properties(one))
    yield from ("", "## Courses", "", "```yaml", *(f"course: {course}" for course in COURSES), "```")
    for course in COURSES:
        parse_scenario(f"course: {course}", source=course, directory=None)
    yield from _write_faults()
    yield from _write_baseline()


def _write_properties(schema: dict[str, Any]) -> Iterator[str]:
    rows = [
        (
            f"`{name}`",
            _name_type(one),
            f"`{json.dumps(one['default'])}`"
            if "default" in one
            else "required" * (name in schema.get("required", ())),
            one.get("description", ""),
        )
        for name, one in schema.get("properties", {}).items()
    ]
    yield from _write_table(("Key", "Takes", "Default", "What it is"), rows)


def _name_type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_name_type, schema["anyOf"])))
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(word)}`" for word in schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        return f"list of {_name_type(schema['items'])}"
    return str(schema.get("type", "anything"))


def _write_faults() -> Iterator[str]:
    yield from ("", "## Faults, an example each")
    for effect in EFFECTS:
        yield from ("", f"### `{effect}`", "", "```yaml", "faults:", *(f"- {one}" for one in EXAMPLES[effect]), "```")
        text = "faults:\n" + "".join(f"- {one}\n" for one in EXAMPLES[effect])
        parse_scenario(text, source=effect, directory=None)


def _write_baseline() -> Iterator[str]:
    texts = dict(re.findall(r"^ {4}(\w+): (.*)$", inspect.cleandoc(baseline.Entry.__doc__ or ""), re.MULTILINE))
    rows = [(f"`{one.name}`", "yes" if one.required else "", texts[one.name]) for one in list_fields(baseline.Entry)]
    yield from ("", "## Baseline files: each entry of `accepted`", "")
    yield from _write_table(("Key", "Required", "What it is"), rows)


def _write_conduct() -> Iterator[str]:
    rows = [(f"`{rule.id}`", rule.evidence.severity, rule.sentence, str(rule.evidence)) for rule in RULES]
    yield from ("`diarization_server.conduct()` judges a client by them; `ignore=` leaves one out.", "")
    yield from _write_table(("Rule", "Severity", "What a good client does", "Where from"), rows)


def _write_page_of_commands() -> Iterator[str]:
    yield from _write_commands(main, "diarkit")
    yield from ("", "## Exit codes of every command", "")
    common = (Exit.USAGE, Exit.CRASHED, Exit.INTERRUPTED, Exit.TERMINATED)
    rows = [(f"`{int(end)}`", MEANINGS[end].partition(":")[0]) for end in common]
    yield from _write_table(("Code", "Meaning"), rows)


def _write_commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[str]:
    """Write the whole help of a command: usage, groups of flags, its table, examples; and those below it."""
    context = click.Context(command, parent, info_name=name, **command.context_settings)
    usage = " ".join((name, *command.collect_usage_pieces(context)))
    yield from (
        "",
        f"## `{name}`",
        "",
        "```text",
        usage,
        "```",
        "",
        inspect.cleandoc(command.help or "").replace("\b\n", ""),
    )
    groups: dict[str, list[tuple[str, ...]]] = {}
    for one in command.get_params(context):
        if isinstance(one, click.Option) and (record := one.get_help_record(context)) is not None:
            groups.setdefault(getattr(one, "group", "Options"), []).append((f"`{record[0]}`", record[1]))
    for heading, rows in groups.items():
        yield from ("", f"**{heading}**", "", *_write_table(("Flag", "What it does"), rows))
    if isinstance(command, Command):
        if command.table is not None:
            heading, entries = command.table
            yield from ("", f"**{heading}**", "")
            yield from _write_table(
                (heading.partition(" ")[0], "Meaning"), [(f"`{key}`", text) for key, text in entries]
            )
        yield from ("", "**Examples**", "", "```console", *command.examples, "```")
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            if (below := command.get_command(context, each)) is not None:
                yield from _write_commands(below, f"{name} {each}", context)


def _write_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        for cells in (head, ("---",) * len(head), *rows):
            yield "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def _run(*words: str) -> Iterator[str]:
    """Take what a command prints."""
    printed = CliRunner().invoke(main, words)
    assert printed.exit_code == 0, printed.output
    # Its title is ours.
    yield from re.sub(r"\A# .*\n+", "", printed.output).splitlines()


def _write_rows() -> Iterator[str]:
    yield from (
        "What `diarkit verify` sends: the name says what is special about a row.",
        "",
        "```text",
        *_run("clauses", "--rows"),
        "```",
    )


def _write_control() -> Iterator[str]:
    yield from (
        f"Below `{CONTROL}`; `?world=NAME` means another world than the default one. A server shows pages of it at `{CONTROL}/docs`.",
        "",
        "Bodies are JSON, or YAML in the form of a [scenario file](scenario.md). Any call may be refused with `application/problem+json`, a",
        f"[`Problem`](#problem): 401 without the token that it needs, {', '.join(map(str, LEAVES))} with what was expected and what came.",
    )
    said: dict[str, type[Any]] = {}
    for call in TABLE:
        yield from ("", f"## `{call.method} {call.path}`", "", *_write_docstring(call.handle), "")
        yield from _write_table(("Parameter", "Takes", "Default", "What it is"), list(_list_parameters(call)))
        if call.body is not None:
            said[call.body.__name__] = call.body
            yield from ("", f"Body: {_link(call.body)}, such as", "", "```json", BODIES[call.body.__name__], "```", "")
            parse_body(call.body, BODIES[call.body.__name__], "")
        yield from ("", f"Answer: `{call.status}`{_name_answer(call.answer, said)}.")
    yield from ("", "## Bodies and answers")
    said["Problem"] = Problem
    schemas = cast("dict[str, dict[str, Any]]", list_schemas(*said.values()))
    scenario = cast("dict[str, Any]", scenario_schema())["$defs"]
    for name, schema in sorted(schemas.items()):
        if name not in scenario and name != Scenario.__name__:
            yield from ("", f"### `{name}`", "", schema["description"], "", *_write_properties(schema))


def _list_parameters(call: Call[..., Any]) -> Iterator[tuple[str, ...]]:
    for one in call.parameters:
        kind, *bounds = get_args(one.annotation) if get_origin(one.annotation) is Annotated else (one.annotation,)
        given = "" if one.default in (inspect.Parameter.empty, None) else f"`{json.dumps(one.default)}`"
        names = [TYPES[each] for each in get_args(kind) or (kind,) if each in TYPES]
        yield (f"`{one.name}`", " or ".join(names), given, bounds[0].text if bounds else "in the path")
    if call.forms:
        yield (
            "`format`",
            ", ".join(f"`{json.dumps(form)}`" for form in ("json", *call.forms)),
            '`"json"`',
            "Form of the answer",
        )


def _name_answer(answer: Any, said: dict[str, type[Any]]) -> str:
    """Name what a call answers, and take the type down."""
    if answer is None:
        return " without a body"
    many = get_origin(answer) is tuple
    one = get_args(answer)[0] if many else answer
    if not is_dataclass(one):
        return ", an object"
    said[cast("type[Any]", one).__name__] = cast("type[Any]", one)
    return f", {'a list of ' * many}{_link(cast('type[Any]', one))}"


def _link(named: type[Any]) -> str:
    page = "scenario.md" if named is Scenario else f"#{named.__name__.lower()}"
    return f"[`{named.__name__}`]({page})"


def _write_python() -> Iterator[str]:
    yield f"The site built by `nox -s docs` shows each name here. Without it, `python -m pydoc {PUBLIC[0]}.Submission` prints one."
    yield ""
    for module in PUBLIC:
        yield from (f"::: {module}", "")


PAGES: Final[dict[str, tuple[str, Callable[[], Iterator[str]]]]] = {
    "pytest.md": ("Fixtures and options of pytest", _write_fixture),
    "scenario.md": ("Scenario files", _write_scenario),
    "commands.md": ("Commands and exit codes", _write_page_of_commands),
    "conduct.md": ("Rules of conduct", _write_conduct),
    "clauses.md": ("Clauses", lambda: _run("clauses", "--markdown")),
    "rows.md": ("Rows", _write_rows),
    "generations.md": ("Generations", lambda: _run("generations", "--markdown")),
    "control.md": ("Control API", _write_control),
    "python.md": ("Python API", _write_python),
}

if __name__ == "__main__":
    for page, text in write_pages():
        Path(__file__).parents[2].joinpath("docs", "reference", page).write_text(text, "utf-8")
