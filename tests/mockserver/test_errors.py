from __future__ import annotations

import importlib
import pkgutil

import diarkit_mockserver
from diarkit_mockserver.errors import FakeError


def test_whatever_this_package_raises_of_its_own_has_one_base() -> None:
    """A failed check is an `AssertionError`, as it is for whoever tests."""
    names = [one.name for one in pkgutil.walk_packages(diarkit_mockserver.__path__, "diarkit_mockserver.")]
    found = {
        value
        for name in names
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type)
        and issubclass(value, Exception)
        and value.__module__.startswith("diarkit_mockserver.")
    }
    assert len(found) > 8
    assert {one.__name__ for one in found if not issubclass(one, (FakeError, AssertionError))} == set()
