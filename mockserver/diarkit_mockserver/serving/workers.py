"""Several processes that serve one port: started, replaced if killed, stopped together. Independent of requests."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from itertools import count
from threading import Thread
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGINT, signal.SIGTERM)


def run_workers(number: int, work: Callable[[int], None]) -> None:
    """Fork workers and wait until SIGINT or SIGTERM. A killed worker is replaced; one that exits by itself stops all.

    Workers also stop if this process is killed. Must be called before any threads, event loops or connections exist, as they don't survive a fork.

    `work` is run by each worker with its index, from 0, replacements included, and must return at SIGTERM.

    Raises:
        SystemExit: at the end; code 1 if a worker exited by itself.
    """
    workers: set[int] = set()
    indices = count()
    alive, held = os.pipe()  # the end of this process closes it
    ends, code = False, 0

    def start() -> None:
        # A signal before the worker is recorded would not reach it, or would run this handler in the worker.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        workers.add(_fork(next(indices), work, alive, held))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal ends
        ends = True
        for process in workers:
            os.kill(process, signal.SIGTERM)

    for name in ENDING:
        signal.signal(name, end)
    for _ in range(number):
        start()
    while workers:
        process, status = os.wait()
        workers.discard(process)
        if os.WIFSIGNALED(status) and not ends:
            start()
        elif not ends:  # exited by itself, and would again
            code = 1
            end(0, None)
    sys.exit(code)


def _fork(index: int, work: Callable[[int], None], alive: int, held: int) -> int:
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        for name in ENDING:
            signal.signal(name, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        os.close(held)
        Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
        work(index)
        code = 0
    except BaseException:  # noqa: BLE001 - the worker must exit here in any case
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _end_with_parent(alive: int) -> None:
    os.read(alive, 1)
    os.kill(os.getpid(), signal.SIGTERM)
