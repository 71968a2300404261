"""Reload a world's scenario file when its content changes, completely or not at all.

Before each upload the file is checked: first its metadata, then, if that changed, its bytes. Replaced files (by editors, mounts,
links) are detected as well as rewritten ones. New content is accepted when a second check, some time later, finds the same, so
that a file is not read while it is being written.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from diarkit_fixtures.texts.read import decode_text
from diarkit_mockserver.clock import SECOND, read_system_ticks
from diarkit_mockserver.scenario.load import ScenarioError, parse_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.setup import set_up
from diarkit_mockserver.world.world import World

log = logging.getLogger("diarkit")

COARSEST: Final = 2 * SECOND
"""Ticks: the coarsest time resolution of a file system (FAT). A file written twice within it may have the same metadata."""

REST: Final = SECOND // 5
"""Ticks between the two checks; programs do not pause longer while writing a file."""


class ScenarioFollower:
    """Keeps a world in sync with its scenario file, to which `overrule` applies command line settings.

    Create the follower before loading the file, so that no change is missed.
    """

    def __init__(
        self,
        path: Path,
        overrule: Callable[[Scenario], Scenario] = lambda scenario: scenario,
        read_ticks: Callable[[], int] = read_system_ticks,
    ) -> None:
        self._path = path
        self._overrule = overrule
        self._read_ticks = read_ticks
        self._files = self._list_files()
        self._looks: object = None
        self._looks_new_since = 0
        self._looks_settled = False
        self._seen: tuple[str, ...] = self._digest()
        self._found: tuple[str, ...] = self._seen
        self._found_at = 0

    def __call__(self, world: World) -> float:
        """Check the file, and the RTTM files that it names; return the seconds until a second check of new content, 0 if none.

        A new valid scenario replaces the world's. Errors of an invalid one are logged once, and the world is unchanged.
        """
        if not self._may_be_new() or self._digest() == self._seen:
            self._found = self._seen
            return 0.0
        self._files = self._list_files()
        found, now = self._digest(), self._read_ticks()
        if found != self._found:
            self._found, self._found_at = found, now
        if (rest := self._found_at + REST - now) > 0:
            return rest / SECOND
        problems: list[str] = []
        try:
            for file in self._files[1:]:
                if file.exists():  # a missing one is reported by its reader, which an irregular one would block
                    read_regular(file)
            scenario = self._overrule(load_file(self._path))
            set_up(world.name, scenario)  # what its generation lacks is refused here, before anything is replaced
        except (ScenarioError, OSError, ValueError) as error:
            scenario = None
            problems = _list_problems(error)
        if self._digest() != found:  # written while it was read
            return REST / SECOND
        self._seen = found
        if scenario is None:
            for problem in problems:
                log.error("%s", problem)
            log.error("%s was not loaded: the previous scenario stays active", self._path)
            return 0.0
        world.replace_scenario(scenario)
        world.origin = scenario
        log.info("%s loaded: %d rules", self._path, len(scenario.rules))
        return 0.0

    def _may_be_new(self) -> bool:
        """Check the metadata, which is not trusted until its times can distinguish two writes."""
        looks, now = [_stat(file) for file in self._files], self._read_ticks()
        if looks != self._looks:
            self._looks, self._looks_new_since, self._looks_settled = looks, now, False
        if self._looks_settled:
            return False
        self._looks_settled = now - self._looks_new_since > COARSEST
        return True

    def _digest(self) -> tuple[str, ...]:
        return tuple(map(_digest, self._files))

    def _list_files(self) -> tuple[Path, ...]:
        from diarkit_fixtures.texts.yaml import read_tree  # noqa: PLC0415
        from diarkit_mockserver.scenario.content import list_rttm_files  # noqa: PLC0415 - the reader of YAML comes with it

        try:
            tree, _ = read_tree(read_regular(self._path).decode())
        except (OSError, UnicodeDecodeError):
            tree = None
        return (self._path, *(() if tree is None else list_rttm_files(tree, self._path.parent)))


def load_file(path: Path) -> Scenario:
    """Read a scenario file."""
    text = decode_text(read_regular(path), source=str(path), error=ScenarioError)
    return parse_scenario(text, source=str(path), directory=path.parent)


def read_regular(path: Path) -> bytes:
    """Read a regular file; any other is an `OSError`, as a pipe would block the server."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "expected a regular file", str(path))
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read()


def _list_problems(error: Exception) -> list[str]:
    if isinstance(error, OSError):
        return [f"{error.filename or 'the file'}: can't read it: {error.strerror}"]
    return str(error).splitlines()


def _stat(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_regular(path)).hexdigest()
    except OSError as error:
        return str(error)
