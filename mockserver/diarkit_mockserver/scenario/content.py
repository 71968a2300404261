"""Check the outcomes of a scenario: results against the contract, and RTTM files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from diarkit_contracts.api.result import list_result_faults
from diarkit_fixtures.segments import SegmentError, cut_overlaps, merge_touching, number_by_appearance
from diarkit_fixtures.texts.rttm import load_rttm
from diarkit_fixtures.texts.tree import Entries, Flaw, Items, Leaf, Node, Place, as_plain, find_node
from diarkit_mockserver.scenario.model import SpokenSegment

Spoken: TypeAlias = tuple[tuple[SpokenSegment, ...], ...]
"""The segments of each channel."""


def check_content(tree: Node, directory: Path | None) -> tuple[dict[int, Spoken], tuple[Flaw, ...]]:
    """Check the outcomes of a scenario's rules and tasks, and read RTTM files: those of rules by position, and errors.

    Values of the wrong type are skipped, as they are reported elsewhere; without a directory RTTM files are refused.
    """
    files: dict[Path, Spoken | str] = {}
    spoken: dict[int, Spoken] = {}
    flaws = list(_check_tasks(tree))
    for index, then in _list_outcomes(tree):
        lax = _get(then, "breaks_contract")
        if not (isinstance(lax, Leaf) and lax.value is True):
            flaws += _check_result(_get(then, "result"), " (breaks_contract: true lets it pass)")
        for place, text in _read_text(then, "rttm"):
            if directory is None:
                flaws.append(Flaw(place, "rttm: expected segments, as files can't be referenced over the network"))
                continue
            path = directory / text
            if path not in files:
                files[path] = _read_spoken(path)
            if isinstance(read := files[path], str):
                flaws.append(Flaw(place, f"rttm: {read}"))
            else:
                spoken[index] = read
    return spoken, tuple(flaws)


def list_rttm_files(tree: Node, directory: Path) -> tuple[Path, ...]:
    """List the RTTM files of a scenario's rules, each once."""
    named = (text for _, then in _list_outcomes(tree) for _, text in _read_text(then, "rttm"))
    return tuple(dict.fromkeys(directory / text for text in named))


def _list_outcomes(tree: Node) -> Iterator[tuple[int, Entries]]:
    for index, rule in enumerate(_list_items(tree, "rules")):
        if isinstance(then := _get(rule, "then"), Entries):
            yield index, then


def _check_tasks(tree: Node) -> Iterator[Flaw]:
    ids: set[str] = set()
    for task in _list_items(tree, "tasks"):
        yield from _check_result(_get(task, "result"))
        for place, text in _read_text(task, "id"):
            if text.lower() in ids:
                yield Flaw(place, f"id: expected a unique id, got {text} again")
            ids.add(text.lower())


def _list_items(tree: Node, key: str) -> tuple[Node, ...]:
    return tuple(items.nodes) if isinstance(items := _get(tree, key), Items) else ()


def _get(node: Node, key: str) -> Node | None:
    return node.entries[key].node if isinstance(node, Entries) and key in node.entries else None


def _read_text(node: Node, key: str) -> Iterator[tuple[Place, str]]:
    """Yield the text of a key with its place; nothing for another value."""
    if isinstance(leaf := _get(node, key), Leaf) and isinstance(leaf.value, str):
        yield leaf.place, leaf.value


def _check_result(node: Node | None, hint: str = "") -> Iterator[Flaw]:
    """Yield violations of the reference and contradictions; mere differences from the examples (INF) are allowed."""
    if not isinstance(node, Entries):
        return
    for fault in list_result_faults(as_plain(node)):
        if fault.severity == "error":
            yield Flaw(find_node(node, fault.path).place, f"{fault}{hint}")


def _read_spoken(path: Path) -> Spoken | str:
    """Read an RTTM file, or return an error message."""
    try:
        return read_spoken(path)
    except OSError as error:
        return f"can't read {path}: {error.strerror or error}"
    except SegmentError as error:
        return str(error)


def read_spoken(path: Path) -> Spoken:
    """Read the segments that the platform would answer from an RTTM file, without overlap."""
    return tuple(
        tuple(
            SpokenSegment(speaker_id=one.speaker, start_time=one.start / 100, end_time=one.end / 100)
            for one in number_by_appearance(merge_touching(cut_overlaps(segments)))
        )
        for segments in load_rttm(path)
    )
