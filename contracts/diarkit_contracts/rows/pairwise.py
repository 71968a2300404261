"""Few combinations in which every two values of two factors meet. Knows nothing of what the factors are."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

Value = TypeVar("Value")
Pair: TypeAlias = "tuple[tuple[str, Value], tuple[str, Value]]"


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
    missing = {pair: None for pair in _list_pairs(factors) if _find_whole(factors, is_allowed, dict(pair)) is not None}
    for combination in covered:
        for pair in _pairs_of(combination):
            missing.pop(pair, None)
    while missing:
        chosen: dict[str, Value] = dict(next(iter(missing)))
        for factor, values in factors.items():
            if factor not in chosen:
                possible = [value for value in values if _find_whole(factors, is_allowed, {**chosen, factor: value})]
                gains = [_count_new(factors, (factor, value), chosen, missing) for value in possible]
                chosen[factor] = possible[gains.index(max(gains))]
        for pair in _pairs_of({factor: chosen[factor] for factor in factors}):
            missing.pop(pair, None)
        yield {factor: chosen[factor] for factor in factors}


def _list_pairs(factors: Mapping[str, Sequence[Value]]) -> Iterator[Pair[Value]]:
    for one, other in combinations(factors, 2):
        for value in factors[one]:
            for with_value in factors[other]:
                yield (one, value), (other, with_value)


def _pairs_of(combination: Mapping[str, Value]) -> Iterator[Pair[Value]]:
    return combinations(combination.items(), 2)


def _count_new(
    factors: Mapping[str, Sequence[Value]],
    one: tuple[str, Value],
    chosen: Mapping[str, Value],
    missing: Container[Pair[Value]],
) -> int:
    return sum(_order(factors, one, other) in missing for other in chosen.items())


def _order(factors: Mapping[str, Sequence[Value]], one: tuple[str, Value], other: tuple[str, Value]) -> Pair[Value]:
    names = list(factors)
    return (one, other) if names.index(one[0]) < names.index(other[0]) else (other, one)


def _find_whole(
    factors: Mapping[str, Sequence[Value]],
    is_allowed: Callable[[Mapping[str, Value]], bool],
    chosen: Mapping[str, Value],
) -> Mapping[str, Value] | None:
    """Find an allowed whole combination that has the chosen values."""
    if not is_allowed(chosen):
        return None
    rest = next((factor for factor in factors if factor not in chosen), None)
    if rest is None:
        return chosen
    for value in factors[rest]:
        found = _find_whole(factors, is_allowed, {**chosen, rest: value})
        if found is not None:
            return found
    return None
