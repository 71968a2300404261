"""A world that follows its scenario file: by content, whole or not at all. Knows files, and nothing of what is in them.

A file is looked at before each upload: first what the system says of it, then, if that is new, its bytes. A file that was
replaced (editors, mounts, links) is another one under the same name, and is seen as well as one that was written anew.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Final

from diarkit_mockserver.clock import SECOND, read_system_ticks
from diarkit_mockserver.scenario.load import ScenarioError, load_scenario

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from diarkit_mockserver.scenario.model import Scenario
    from diarkit_mockserver.world.world import World

log = logging.getLogger("diarkit")

COARSEST: Final = 2 * SECOND
"""Ticks: as far as the times of a file system may be apart (FAT). A file that was written twice within them may look the same."""


class ScenarioFollower:
    """Gives a world what its scenario file says now.

    Args:
        path: of the file. The world is given its scenario after the follower is made, so that no change is missed between.
        overrule: puts what was said on the command line over what the file says.
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
        self._seen = self._digest()

    def __call__(self, world: World) -> None:
        """Look at the file, and at the RTTM files that it names; a scenario that is new and right replaces the world's.

        What is wrong with a new one goes to the log, once; the world keeps what it has.
        """
        if not self._may_be_new():
            return
        if self._digest() == self._seen:
            return
        # What is written from here on is seen the next time.
        self._files = self._list_files()
        self._seen = self._digest()
        try:
            scenario = self._overrule(load_scenario(self._path))
        except (ScenarioError, OSError, ValueError) as error:
            for problem in str(error).splitlines():
                log.error("%s", problem)  # noqa: TRY400 - no trace helps here
            log.error("%s is not taken: what was there before stays", self._path)  # noqa: TRY400
            return
        world.replace_scenario(scenario)
        world.origin = scenario
        log.info("%s is taken: %d rules", self._path, len(scenario.rules))

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
            tree, _ = read_tree(self._path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            tree = None
        return (self._path, *(() if tree is None else list_rttm_files(tree, self._path.parent)))


def _stat(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return str(error)
