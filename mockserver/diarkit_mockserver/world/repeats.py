"""How often the same thing has come, for many things at once and in bounded memory. Knows not what they are."""

from __future__ import annotations

from typing import Final

MOST_COUNTED: Final = 100_000
"""Different things whose repetitions are counted: far more than a test suite's, in about 15 MB."""


class Repeats:
    """Counts each thing by itself; beyond a bound the one that came longest ago is forgotten.

    Args:
        most: how many different ones are counted.
    """

    __slots__ = ("_came", "_most")

    def __init__(self, most: int = MOST_COUNTED) -> None:
        self._came: dict[str, int] = {}
        self._most = most

    def count(self, key: str) -> int:
        """Count one more of a thing; 1 for the first."""
        count = self._came[key] = self._came.pop(key, 0) + 1
        if len(self._came) > self._most:
            self._came.pop(next(iter(self._came)))
        return count
