"""A world that follows its scenario file: by content, whole or not at all. Knows files, and nothing of what is in them.

A file is looked at before each upload: first what the system says of it, then, if that is new, its bytes. A file that was
replaced (editors, mounts, links) is another one under the same name, and is seen as well as one that was written anew. What is
new is taken when a second look, a while after the first, sees the same: who writes a file in pieces is not done in between.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import stat
from typing import TYPE_CHECKING, Final

from diarkit_fixtures.texts.read import decode_text
from diarkit_mockserver.clock import SECOND, read_system_ticks
from diarkit_mockserver.scenario.load import ScenarioError, parse_scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diarkit_mockserver.scenario.model import Scenario
    from diarkit_mockserver.world.world import World

log = logging.getLogger("diarkit")

COARSEST: Final = 2 * SECOND
"""Ticks: as far as the times of a file system may be apart (FAT). A file that was written twice within them may look the same."""

REST: Final = SECOND // 5
"""Ticks between the two looks; writers that pause longer in the middle of a file are people."""


class ScenarioFollower:
    """Gives a world what its scenario file says now.

    Args:
        path: of the file. The world is given its scenario after the follower is made, so that no change is missed between.
        overrule: applies the settings of the command line over those of the file.
        read_ticks: a clock that only runs forward; the machine's own.
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
        """Look at the file, and at the RTTM files that it names; a scenario that is new and right replaces the world's.

        What is wrong with a new one goes to the log, once; the world keeps what it has.

        Returns:
            Seconds until the next look, if something is new and was seen once only; 0 if not.
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
            self._refuse_irregular()
            scenario = self._overrule(load_file(self._path))
        except (ScenarioError, OSError, ValueError) as error:
            scenario = None
            problems = str(error).splitlines()
        if self._digest() != found:  # written while it was read
            return REST / SECOND
        self._seen = found
        if scenario is None:
            for problem in problems:
                log.error("%s", problem)
            log.error("%s is not taken: what was there before stays", self._path)
            return 0.0
        world.replace_scenario(scenario)
        world.origin = scenario
        log.info("%s is taken: %d rules", self._path, len(scenario.rules))
        return 0.0

    def _refuse_irregular(self) -> None:
        """Refuse RTTM files that can't be read, before their reader waits for one of them; it names those that are missing."""
        for file in self._files[1:]:
            if file.exists():
                read_regular(file)

    def _may_be_new(self) -> bool:
        """Ask the system; what it says is not trusted before its own times can tell two writes apart."""
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
    """Read a scenario file.

    Raises:
        ScenarioError: with all that is wrong with it.
        OSError: if it can't be read, or is not a regular file.
    """
    text = decode_text(read_regular(path), source=str(path), error=ScenarioError)
    return parse_scenario(text, source=str(path), directory=path.parent)


def read_regular(path: Path) -> bytes:
    """Read a file.

    Raises:
        OSError: if it can't be read, or is something else, such as a pipe, for which the server would wait.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "expected a regular file", str(path))
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read()


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
