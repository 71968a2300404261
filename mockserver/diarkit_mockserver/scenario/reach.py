"""Detect unreachable rules: shadowed by others, or matching no possible upload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from fnmatch import fnmatchcase
from typing import Final

from diarkit_mockserver.intake.submission import PARAMETERS
from diarkit_mockserver.scenario.model import Rule
from diarkit_mockserver.scenario.when import When

CHANNELS: Final = re.compile(r"|(?:0|[1-9][0-9]*)(?:,(?:0|[1-9][0-9]*))*")
"""Canonical form of a rule's channels; empty for none."""

GLOB: Final = re.compile(r"[*?\[]")
"""Metacharacters of shell patterns."""


def list_unreachable(rules: Sequence[Rule]) -> Iterator[tuple[int, str]]:
    """Yield the unreachable rules by position, from 1, with the reason."""
    for place, rule in enumerate(rules, start=1):
        if reason := explain_unreachable(rule, enumerate(rules[: place - 1], start=1)):
            yield place, reason


def explain_unreachable(rule: Rule, before: Iterable[tuple[int, Rule]] = ()) -> str:
    """Return why a rule is unreachable; empty if it is not."""
    if reason := _find_contradiction(rule.when):
        return reason
    for number, earlier in before:
        if earlier.times is None and covers(earlier.when, rule.when):
            return f"rule {number} ({earlier}) comes first and matches everything that it does"
    return ""


def covers(wide: When, narrow: When) -> bool:  # noqa: C901 - one case for each kind of field
    """Return whether everything that `narrow` matches is certainly matched by `wide`."""
    for one in fields(When):
        asked, has = getattr(wide, one.name), getattr(narrow, one.name)
        if asked == has:
            continue
        if asked is None:
            if wide.exact and one.name in (*PARAMETERS, "config"):
                return False
            continue
        if has is None:
            if one.name == "filename" and asked == "*":
                continue
            return False
        match one.name:
            case "filename":
                fits = asked == "*" or (GLOB.search(has) is None and fnmatchcase(has, asked))
            case "sha256":
                fits = has.lower().startswith(asked.lower())
            case "config":
                fits = all(getattr(asked, key.name) in (None, getattr(has, key.name)) for key in fields(asked))
            case "query" | "headers":
                fits = asked.items() <= has.items()
            case _:
                fits = False
        if not fits:
            return False
    return True


def _find_contradiction(when: When) -> str:
    config = when.config
    if config is not None and config.max_speakers is not None and config.total_speakers is not None:
        return "the platform refuses max_speakers and total_speakers in one config"
    if when.channels is not None and CHANNELS.fullmatch(when.channels) is None:
        return f"channels are compared in the form 0,1 and never equal {when.channels!r}"
    return ""
