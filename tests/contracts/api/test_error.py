from __future__ import annotations

import importlib
import pkgutil

import pytest

import diarkit_contracts
from diarkit_contracts.api.error import ContractsError

PRIVATE = {"_FoundError", "OverError", "TerminatedError", "UnwritableError"}
"""Signals to Hypothesis and click, and one of the system, which nobody else gets to see."""


@pytest.mark.parametrize(
    "module",
    [
        each.name
        for each in pkgutil.walk_packages(diarkit_contracts.__path__, "diarkit_contracts.")
        if "hooks" not in each.name
    ],
)
def test_what_a_module_raises_on_purpose_has_the_one_base(module: str) -> None:
    own = [
        each
        for each in vars(importlib.import_module(module)).values()
        if isinstance(each, type) and each.__module__ == module
    ]
    assert [
        each
        for each in own
        if issubclass(each, BaseException) and not issubclass(each, ContractsError) and each.__name__ not in PRIVATE
    ] == []
