"""How many mistakes that nobody thought of `diarkit verify` sees: mutants of the fake's own code, drawn by a seed.

    python tests/peers/mutants.py draw NOW --number 120 --seed 7
    python tests/peers/mutants.py judge BEFORE --of NOW         # the same ones, with other contracts on the path
    python tests/peers/mutants.py table NOW BEFORE > tests/peers/mutants.txt

A mutant is one changed comparison, constant, operator or call. It counts if it changes an answer to a fixed trace of requests; the
tier lite then runs against it and, where that reports no error, full, in a process of its own. Longer than other files: one script,
to be read from top to end.
"""

from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import importlib.abc
import importlib.util
import json
import logging
import os
import random
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seeded.beside import Found, list_found, read_results, write_beside, write_results

from diarkit_contracts.rows.call import Attached, Call, Written
from diarkit_contracts.rows.plan import Tier, list_rows, make_plan
from diarkit_contracts.rows.uploads import FACTORS, Choice, write_config
from diarkit_contracts.runs.verify import verify_target

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mockserver" / "diarkit_mockserver"
SERVERS = ROOT / "tests" / "contracts" / "servers"
MODULES = (
    "intake.form", "intake.media", "intake.parameters", "intake.parts", "intake.refusals", "intake.request", "intake.submission",
    "intake.upload", "scenario.course", "world.counters", "world.diarize", "world.ids", "world.limits", "world.operations",
    "world.outcome", "world.place", "world.platform", "world.store", "world.task", "world.visit", "world.wire", "world.world",
)  # fmt: skip
"""The way of a request; the rest of the package is for scenarios, faults and people."""

COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "len": "id"}
NOTES = """\

Why those are missed that were drawn with seed 7, by what they change:

  the documents do not say what is right  words, places and types in errors (intake.parameters, intake.refusals, world.outcome)
                                          the name of a header that nobody has to send (world.platform)
                                          whether times count from the beginning of the file or of the range (world.diarize:70)
  no client may rely on it                how many looks a task takes (scenario.course), which ids a server makes (world.ids,
                                          world.counters, world.operations, world.world, intake.submission), what is drawn where
                                          no truth is known (world.outcome:46)
  below what rounding allows              the end of a range 1 % later (world.diarize:98)
  no Host is sent without a socket        intake.request:243
"""
RANDOM_UPLOADS = 60
SEED = 7
PATIENCE_S = 60
LONGEST = 56
"""Of a name in the table, but for the number of the node."""


@dataclass(frozen=True)
class Mutant:
    module: str
    line: int
    what: str
    tree: ast.Module
    number: int
    which: int

    @property
    def name(self) -> str:
        """As in the table, and the same for the same code."""
        return f"{self.module}:{self.line} {self.what} #{self.number}.{self.which}"

    def write_tree(self) -> ast.Module:
        """The module with the one change."""
        copied = copy.deepcopy(self.tree)
        node = next(each for each in ast.walk(copied) if getattr(each, "number", None) == self.number)
        list(list_changes(node))[self.which][0](node)
        return ast.fix_missing_locations(copied)


def find_file(module: str) -> Path:
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


def list_mutants() -> Iterator[Mutant]:
    """All mutants of all modules, in order."""
    for module in MODULES:
        tree = ast.parse(find_file(module).read_text(encoding="utf-8"))
        for number, node in enumerate(ast.walk(tree)):
            if hasattr(node, "lineno"):  # others, such as `Load`, are one object for all
                node.number = number  # type: ignore[attr-defined]
        skipped = set(find_skipped(tree))
        for node in list(ast.walk(tree)):
            if id(node) not in skipped and hasattr(node, "lineno"):
                for which, what in enumerate(describe_changes(node)):
                    yield Mutant(module, node.lineno, what, tree, node.number, which)  # type: ignore[attr-defined]


def find_skipped(tree: ast.Module) -> Iterator[int]:
    """What has no effect or only on types: docstrings, annotations, imports for types, decorators, exports, messages of errors."""
    for node in ast.walk(tree):
        dropped: list[ast.AST] = []
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            dropped.append(node)
        if isinstance(node, ast.AnnAssign | ast.arg) and node.annotation is not None:
            dropped.append(node.annotation)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            dropped += [*node.decorator_list, *([node.returns] if node.returns else [])]
        if isinstance(node, ast.ClassDef):
            dropped += node.decorator_list
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            dropped.append(node)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "log"
        ):
            dropped.append(node)
        if isinstance(node, ast.Assert):
            dropped.append(node)
        for each in dropped:
            yield from (id(inner) for inner in ast.walk(each))


def describe_changes(node: ast.AST) -> Iterator[str]:
    """The changes that a node allows, in the order of `apply`."""
    for _, said in list_changes(node):
        yield said


def list_changes(node: ast.AST) -> Iterator[tuple[Any, str]]:  # noqa: C901 - one case for each kind of change
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARISONS:
            other = COMPARISONS[type(op)]()
            yield (lambda n: setattr(n, "ops", [other])), f"{type(op).__name__} -> {type(other).__name__}"
        case ast.BoolOp(op=op):
            swapped = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield (lambda n: setattr(n, "op", swapped)), f"{type(op).__name__} -> {type(swapped).__name__}"
        case ast.BinOp(op=op) if type(op) in OPERATORS:
            operator = OPERATORS[type(op)]()
            yield (lambda n: setattr(n, "op", operator)), f"{type(op).__name__} -> {type(operator).__name__}"
        case ast.Constant(value=bool(value)):
            yield (lambda n: setattr(n, "value", not value)), f"{value} -> {not value}"
        case ast.Constant(value=int(value)):
            yield (lambda n: setattr(n, "value", value + 1)), f"{value} -> {value + 1}"
        case ast.Constant(value=str(value)) if value:
            yield (lambda n: setattr(n, "value", value + "x")), f"{value!r:.30} -> with an x"
        case ast.Constant(value=bytes(value)) if value:
            yield (lambda n: setattr(n, "value", value + b"x")), f"{value!r:.30} -> with an x"
        case ast.IfExp() | ast.If():
            yield (
                (lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))),
                f"if not {ast.unparse(node.test)[:40]}",
            )
        case ast.UnaryOp(op=ast.USub()):
            yield (lambda n: setattr(n, "op", ast.UAdd())), "- -> +"
        case ast.Call(func=ast.Name(id=name)) if name in CALLS and name != "len":
            yield (lambda n: setattr(n.func, "id", CALLS[name])), f"{name} -> {CALLS[name]}"
        case ast.Call(args=[first, second]) if not isinstance(first, ast.Starred) and not isinstance(
            second, ast.Starred
        ):
            yield (lambda n: n.args.reverse()), f"{ast.unparse(node)[:50]} with its arguments swapped"
        case _:
            return


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module of the fake its mutated code."""

    def __init__(self, mutant: Mutant) -> None:
        self.name = f"diarkit_mockserver.{mutant.module}"
        self.code = compile(mutant.write_tree(), str(find_file(mutant.module)), "exec")

    def find_spec(self, fullname: str, *_: Any) -> Any:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self.code, module.__dict__)  # noqa: S102 - that is what a mutant is


def make_trace() -> list[Call]:
    """Requests whose answers tell whether a mutant is another server: all rows, and uploads that are none."""
    draws = random.Random(11)  # noqa: S311
    calls = [row.call for row in list_rows()]
    for _ in range(RANDOM_UPLOADS):
        choice = Choice(**{name: draws.choice(values) for name, values in FACTORS.items() if name != "channels"})
        text = write_config(choice)
        start, _dash, end = choice.span.partition("-")
        query = {
            "channel_mode": choice.mode,
            "range_from": start,
            "range_to": end,
            "channels": draws.choice(("", "0", "1", "0,1")),
        }
        parts: list[Attached | Written] = [Attached(choice.audio, choice.filename)]
        if text:
            parts.append(Written(text))
        calls.append(Call(query=tuple((name, value) for name, value in query.items() if value), body=tuple(parts)))
    return calls


def record_trace(calls: list[Call]) -> str:
    """A digest of all answers of the fake to the trace; each task is looked at four times."""
    from contract_servers.fake import Asked, Fake  # noqa: PLC0415 - a mutant's own

    fake, digest = catch_crashes(Fake()), hashlib.sha256()
    for call in calls:
        content_type, body = call.write_body()
        headers = (("content-type", content_type), ("host", "127.0.0.1:8000"))
        told = fake(
            Asked(
                method=call.method,
                path=call.path,
                query=call.target.partition("?")[2],
                headers=headers,
                body=bytes(body),
            )
        )
        answers = [told]
        if told.status == 202:
            task_id = json.loads(told.body)["task"]["task_id"]
            path = f"{call.path}/{task_id}"
            answers += [fake(Asked(method="GET", path=path, headers=(("host", "127.0.0.1:8000"),))) for _ in range(4)]
        for answer in answers:
            digest.update(repr((answer.status, sorted(answer.headers.items()), answer.body)).encode())
    return digest.hexdigest()


def catch_crashes(server: Any) -> Any:
    """Answer 500 where the application crashes, as its server does."""
    from contract_servers.fake import Told  # noqa: PLC0415 - a mutant's own

    def answer(asked: Any) -> Any:
        try:
            return server(asked)
        except Exception:  # noqa: BLE001 - a mutant may do anything
            return Told(
                status=500, headers={"content-type": "text/plain; charset=utf-8"}, body=b"Internal Server Error"
            )

    return answer


def judge_mutant(mutant: Mutant | None, calls: list[Call], usual: str) -> dict[str, Any]:
    """In this process: load the mutant, hold it against the trace, verify it."""
    logging.disable(logging.CRITICAL)
    if mutant is not None:
        sys.meta_path.insert(0, Loader(mutant))
    try:
        digest = record_trace(calls)
    except Exception as error:  # noqa: BLE001 - a mutant may do anything
        digest, crashed = "", f"{type(error).__name__}: {error}"
    else:
        crashed = ""
    if mutant is None:
        return {"digest": digest, "crashed": crashed}
    if usual and digest == usual:
        return {"kind": "no effect"}
    from contract_servers.fake import Fake, verify  # noqa: PLC0415 - a mutant's own

    found: dict[str, Any] = {}
    for tier in (Tier.LITE, Tier.FULL):
        try:
            fake = Fake()
            found[tier.value] = asdict(list_found(verify(catch_crashes(fake), fake.clock, tier)))
        except Exception as error:  # noqa: BLE001
            found[tier.value] = asdict(Found(end="crash", warnings=()))
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        if found[tier.value]["errors"]:
            break
    return {"kind": "judged", "found": found}


def run_apart(mutant: Mutant | None, calls: list[Call], usual: str) -> dict[str, Any]:
    """In a forked process, which has the contracts loaded and the fake not yet."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(PATIENCE_S)
        try:
            answer = judge_mutant(mutant, calls, usual)
        except BaseException as error:  # noqa: BLE001
            sys.stderr.write(f"{error!r}\n")
            answer = {"kind": "judged", "found": {Tier.LITE.value: asdict(Found(end="crash"))}}
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    return json.loads(data) if data else {"kind": "judged", "found": {Tier.LITE.value: asdict(Found(end="hang"))}}


def load_servers() -> None:
    spec = importlib.util.spec_from_file_location(
        "contract_servers", SERVERS / "__init__.py", submodule_search_locations=[str(SERVERS)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


assert verify_target  # loaded before the forks, as all of the contracts is: only the fake is each mutant's own


def draw(number: int, seed: int) -> Iterator[tuple[Mutant, dict[str, Any]]]:
    """Draw mutants until so many had an effect, and judge them."""
    calls = make_trace()
    for call in calls:
        call.write_body()
    usual, again = (run_apart(None, calls, "") for _ in range(2))
    assert usual == again, "the fake does not answer the same twice"
    assert not usual["crashed"], usual
    mutants = list(list_mutants())
    random.Random(seed).shuffle(mutants)  # noqa: S311
    for mutant in mutants:
        answer = run_apart(mutant, calls, usual["digest"])
        if answer["kind"] != "no effect":
            yield mutant, answer["found"]
            number -= 1
        if not number:
            return


def judge_again(names: Container[str]) -> Iterator[tuple[Mutant, dict[str, Any]]]:
    """Judge mutants that had an effect before."""
    for mutant in list_mutants():
        if mutant.name in names:
            yield mutant, run_apart(mutant, [], "")["found"]


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=("draw", "judge", "table"))
    parser.add_argument("results", type=Path, help="to write; of today for `table`")
    parser.add_argument("before", type=Path, nargs="?", help="results of earlier contracts, for `table`")
    parser.add_argument("--of", type=Path, help="results whose mutants are judged again")
    parser.add_argument("--number", type=int, default=120)
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def shorten_name(name: str) -> str:
    place, _, number = name.replace(" with its arguments swapped", " swapped").rpartition(" #")
    return f"{place[:LONGEST]} #{number}"


def main() -> None:
    given = read_arguments()
    if given.do == "table":
        now, before = (
            {shorten_name(name): found for name, found in read_results(path).items()}
            for path in (given.results, given.before)
        )
        drawn = f"drawn with seed {given.seed} from {len(MODULES)} modules"
        sys.stdout.write(f"{len(now)} mutants of the fake's own code that change an answer, {drawn}\n\n")
        sys.stdout.writelines(f"{line}\n" for line in write_beside(before, dict(sorted(now.items()))))
        sys.stdout.write(NOTES if given.seed == SEED else "")
        return
    load_servers()
    make_plan(Tier.FULL).count_cost()
    judged = draw(given.number, given.seed) if given.do == "draw" else judge_again(read_results(given.of))
    results: dict[str, Any] = {}
    for mutant, found in judged:
        results[mutant.name] = {tier: Found(**of) for tier, of in found.items()}
        print(mutant.name, found, file=sys.stderr, flush=True)  # noqa: T201
    write_results(results, given.results)


if __name__ == "__main__":
    main()
