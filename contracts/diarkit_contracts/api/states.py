"""The states of a task, the legal transitions, and the types of errors. When a transition happens is defined by a course.

As a diagram (a state that is too short to be observed may be skipped)::

    pending ──► running ──► done        the result is available
       │           ├──────► failed      an internal error; the same request may succeed
       │           ├──────► rejected    the input does not meet the requirements
       │           └──────► cancelled   from 5.0.0 on: being cleaned up, may be gone at the next poll
       └──► done, failed, rejected, cancelled
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class TaskState(StrEnum):
    """The state of a task.

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
"""The states that may follow the last observed one. Repeating a state is not a transition.

Source:
    DOC, life cycle overview (5.0.0) and guide (3.6.0): done, failed and rejected are terminal, hence their empty rows.
    DOC, guide (3.6.0): a task is "only scheduled" first, hence pending before running.
    INF: running may be shorter than the time between two polls, hence pending to each terminal state.
    INF: no transition leads back to pending; no page mentions requeued tasks.
"""

TERMINAL: frozenset[TaskState] = frozenset({TaskState.DONE, TaskState.FAILED, TaskState.REJECTED})
"""The terminal states (DOC, life cycle 5.0.0: not `cancelled`)."""


UNDER_WAY: frozenset[TaskState] = frozenset({TaskState.PENDING, TaskState.RUNNING})
"""The states before a terminal one."""


class TaskErrorType(StrEnum):
    """The type of error that ended a task.

    Source:
        DOC, reference page of the GET operation (3.6.0), schema TaskErrorType: these two.
    """

    INTERNAL = "internal"
    VALIDATION = "task.validation-error"


ERROR_TYPE_OF_STATE: Mapping[TaskState, TaskErrorType] = MappingProxyType(
    {TaskState.FAILED: TaskErrorType.INTERNAL, TaskState.REJECTED: TaskErrorType.VALIDATION}
)
"""The error type of failed and rejected tasks.

Source:
    INF: two such states and two types, and the texts agree (failed is an "internal error", rejected is "invalid input data").
"""


class ErrorType(StrEnum):
    """The type of an HTTP error.

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
"""The error type of each status.

Source:
    DOC for 400 (the only literal body on the reference pages); INF for the others: nine types and nine statuses that match by
    name. 405 is first declared in 5.0.0, 500 nowhere, but both have a type.
"""
