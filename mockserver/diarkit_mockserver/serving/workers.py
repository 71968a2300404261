"""Several processes that serve one port: started, replaced when one dies, ended together. Decides nothing about requests."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def run_workers(number: int, work: Callable[[int], None]) -> None:
    """Run so many copies of this process, until SIGINT or SIGTERM; one that is killed is replaced, one that fails ends all.

    Nothing may have been started yet that a copy has no use for: threads, event loops, connections.

    Args:
        number: of copies.
        work: what each does, with its place among them; it ends at SIGTERM.

    Raises:
        SystemExit: at the end, with 1 if one has failed.
    """
    workers: dict[int, int] = {}
    ends, code = False, 0

    def start(place: int) -> None:
        # A signal between would miss the new one, or be taken by it with what is ours to do.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        workers[_fork(place, work)] = place
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal ends
        ends = True
        for process in workers:
            os.kill(process, signal.SIGTERM)

    for name in ENDING:
        signal.signal(name, end)
    for place in range(number):
        start(place)
    while workers:
        process, status = os.wait()
        place = workers.pop(process)
        if os.WIFSIGNALED(status) and not ends:
            start(place)
        elif not ends:  # by itself, as it would again
            code = 1
            end(0, None)
    sys.exit(code)


def _fork(place: int, work: Callable[[int], None]) -> int:
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        for name in ENDING:
            signal.signal(name, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        work(place)
        code = 0
    except BaseException:  # noqa: BLE001 - the copy ends here, whatever happens
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)
