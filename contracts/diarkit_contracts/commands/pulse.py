"""A line on standard error every 10 s during a run, so that waiting does not look like hanging."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from diarkit_contracts.target.client import Target

BETWEEN_LINES_S: Final = 10.0


@contextmanager
def pulse(target: Target) -> Generator[None]:
    """Report the progress of a run while the context is open."""
    is_over = Event()
    thread = Thread(target=say_on, args=(target, is_over.wait), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def say_on(target: Target, wait: Callable[[float], bool]) -> None:
    """Report the progress of a run until `wait`, which blocks for at most so many seconds, returns that it is over."""
    from diarkit_contracts.runs.summary import describe_spent  # noqa: PLC0415 - imported on first use

    while not wait(BETWEEN_LINES_S):
        click.echo(f"still running: {describe_spent(target.spent)}", err=True)
