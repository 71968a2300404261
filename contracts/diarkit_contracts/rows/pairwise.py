"""Few combinations in which every two values of two factors meet. Knows nothing of what the factors are."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Value = TypeVar("Value")


def cover_pairs(
    factors: Mapping[str, Sequence[Value]],
    is_allowed: Callable[[Mapping[str, Value]], bool],
    covered: Iterable[Mapping[str, Value]] = (),
) -> Iterator[dict[str, Value]]:
    """Yield combinations until each allowed pair of values was in one.

    Greedy and without chance: the same factors give the same combinations in the same order.

    Args:
        factors: the values of each.
        is_allowed: whether a combination makes sense; asked for incomplete ones too, and only whole ones have all keys.
        covered: combinations that are there already.
    """

    def is_possible(chosen: Mapping[str, Value]) -> bool:
        """Return whether an allowed whole combination has the chosen values."""
        if not is_allowed(chosen):
            return False
        rest = next((factor for factor in factors if factor not in chosen), None)
        return rest is None or any(is_possible({**chosen, rest: value}) for value in factors[rest])

    choices = [[(factor, value) for value in values] for factor, values in factors.items()]
    pairs = [frozenset(pair) for one, other in combinations(choices, 2) for pair in product(one, other)]
    # A table and no set: its order is that of the factors.
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
