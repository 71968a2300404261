"""What is known of values in the store."""

from __future__ import annotations

from diarkit_mockserver.store.cache import MOST_CACHED, Cache
from diarkit_mockserver.store.values import ABSENT, pack


def test_a_value_is_read_anew_when_its_version_is_another() -> None:
    cache = Cache()
    first = cache.read("k", "f", b"version1" + pack([1]))
    assert cache.read("k", "f", b"version1" + b"is not read") is first
    assert cache.read("k", "f", b"version2" + pack([2])) == [2]
    assert cache.get("k", "f") == (b"version2", [2])


def test_a_value_that_was_dropped_is_not_there() -> None:
    cache = Cache()
    cache.read("k", "f", b"version1" + pack([1]))
    cache.drop("k", "f")
    assert cache.get("k", "f") == (ABSENT, None)


def test_it_is_bounded_by_bytes() -> None:
    cache = Cache()
    for number in range(3):
        cache.put("k", str(number), b"version1", number, MOST_CACHED // 2)
    assert [cache.get("k", str(number))[1] for number in range(3)] == [None, 1, 2]
