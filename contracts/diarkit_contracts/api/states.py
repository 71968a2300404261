"""The states of a task, the legal steps between them, and the names of errors. Knows no time: when a step happens is a course.

Read as a drawing (a task may skip what it passes too fast to be seen)::

    pending ──► running ──► done        the result is there
       │           ├──────► failed      an internal error; the same request may succeed
       │           ├──────► rejected    the input does not meet the requirements
       │           └──────► cancelled   from 5.0.0 on: is being cleaned up, and may be gone at the next look
       └──► done, failed, rejected, cancelled
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class TaskState(StrEnum):
    """Where a task is.

    Source:
        DOC, reference page of the GET operation, 3.5 and 3.6: five. DOC, life cycle (5.0.0): `cancelled`, the sixth.
    """

    PENDING = "pending"
    RUNNING = "running"
    REJECTED = "rejected"
    FAILED = "failed"
    DONE = "done"
    CANCELLED = "cancelled"


STEPS: Mapping[TaskState, frozenset[TaskState]] = MappingProxyType(
    {
        TaskState.PENDING: frozenset(
            {TaskState.RUNNING, TaskState.DONE, TaskState.FAILED, TaskState.REJECTED, TaskState.CANCELLED}
        ),
        TaskState.RUNNING: frozenset({TaskState.DONE, TaskState.FAILED, TaskState.REJECTED, TaskState.CANCELLED}),
        TaskState.REJECTED: frozenset(),
        TaskState.FAILED: frozenset(),
        TaskState.DONE: frozenset(),
        TaskState.CANCELLED: frozenset(),
    }
)
"""The states a task may show after the one it showed last. Showing the same state again is no step.

Source:
    DOC, life cycle overview (5.0.0) and guide (3.6.0): done, failed and rejected end a task, hence their empty rows.
    DOC, guide (3.6.0): a task is "only scheduled" first, hence pending before running.
    INF: running is passed unseen when it is shorter than the time between two polls, hence pending to each end.
    INF: nothing leads back to pending; no page tells of a task that is queued again.
"""

TERMINAL: frozenset[TaskState] = frozenset({TaskState.DONE, TaskState.FAILED, TaskState.REJECTED})
"""The states that end a task (DOC, life cycle 5.0.0: `cancelled` is none of them)."""


UNDER_WAY: frozenset[TaskState] = frozenset({TaskState.PENDING, TaskState.RUNNING})
"""The states after which an end is to come."""


class TaskErrorType(StrEnum):
    """What kind of error ended a task.

    Source:
        DOC, reference page of the GET operation (3.6.0), schema TaskErrorType: these two.
    """

    INTERNAL = "internal"
    VALIDATION = "task.validation-error"


ERROR_TYPE_OF_STATE: Mapping[TaskState, TaskErrorType] = MappingProxyType(
    {TaskState.FAILED: TaskErrorType.INTERNAL, TaskState.REJECTED: TaskErrorType.VALIDATION}
)
"""The type of error a task that ended badly carries.

Source:
    INF: two such states and two types, and the texts agree (failed is an "internal error", rejected is "invalid input data").
"""


class ErrorType(StrEnum):
    """What kind of refusal an HTTP error is.

    Source:
        DOC, reference page of GET /api/system/info (3.5 and 3.6), error schema: these nine.
    """

    INTERNAL = "internal"
    NOT_FOUND = "resource.not-found"
    METHOD = "method.invalid"
    FORBIDDEN = "request.forbidden"
    INVALID = "request.invalid"
    VALIDATION = "request.validation-error"
    RATE_LIMIT = "request.rate-limit-exceeded"
    SIZE_LIMIT = "request.size-limit-exceeded"
    STORAGE = "storage.capacity-exceeded"


ERROR_TYPE_OF_STATUS: Mapping[int, ErrorType] = MappingProxyType(
    {
        400: ErrorType.INVALID,
        403: ErrorType.FORBIDDEN,
        404: ErrorType.NOT_FOUND,
        405: ErrorType.METHOD,
        413: ErrorType.SIZE_LIMIT,
        422: ErrorType.VALIDATION,
        429: ErrorType.RATE_LIMIT,
        500: ErrorType.INTERNAL,
        507: ErrorType.STORAGE,
    }
)
"""The type in the envelope of each status.

Source:
    DOC for 400 (the one literal body on the reference pages); INF for the others: nine types and nine statuses that match by
    name. 405 is first declared in the 5.0.0 generation, 500 nowhere; both have a type all the same.
"""
