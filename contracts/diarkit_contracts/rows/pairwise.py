"""Pairwise testing: few combinations that include every pair of values of two factors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from typing import TypeVar

Value = TypeVar("Value")


def cover_pairs(
    factors: Mapping[str, Sequence[Value]],
    is_allowed: Callable[[Mapping[str, Value]], bool],
    covered: Iterable[Mapping[str, Value]] = (),
) -> Iterator[dict[str, Value]]:
    """Yield combinations until each allowed pair of values is covered.

    Greedy and deterministic. `is_allowed` is also called with incomplete combinations, which lack keys; `covered` are existing
    ones.
    """

    def is_possible(chosen: Mapping[str, Value]) -> bool:
        """Return whether an allowed complete combination has the chosen values."""
        if not is_allowed(chosen):
            return False
        rest = next((factor for factor in factors if factor not in chosen), None)
        return rest is None or any(is_possible({**chosen, rest: value}) for value in factors[rest])

    choices = [[(factor, value) for value in values] for factor, values in factors.items()]
    pairs = [frozenset(pair) for one, other in combinations(choices, 2) for pair in product(one, other)]
    # A dict and not a set, for a deterministic order.
    missing = {pair: None for pair in pairs if is_possible(dict(pair))}
    for combination in covered:
        _take_pairs(combination, missing)
    while missing:
        chosen: dict[str, Value] = dict(next(iter(missing)))
        for factor, values in factors.items():
            if factor not in chosen:
                possible = [value for value in values if is_possible({**chosen, factor: value})]
                gains = [
                    sum(frozenset({(factor, value), other}) in missing for other in chosen.items())
                    for value in possible
                ]
                chosen[factor] = possible[gains.index(max(gains))]
        _take_pairs(chosen, missing)
        yield {factor: chosen[factor] for factor in factors}


def _take_pairs(combination: Mapping[str, Value], missing: dict[frozenset[tuple[str, Value]], None]) -> None:
    for pair in combinations(combination.items(), 2):
        missing.pop(frozenset(pair), None)
