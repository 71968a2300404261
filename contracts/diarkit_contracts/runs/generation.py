"""Choose the generation to judge a server by from the version that it reports."""

from __future__ import annotations

from collections.abc import Iterable

from diarkit_contracts.api.points import INFO
from diarkit_contracts.api.profiles import DEFAULT, Profile, choose_profile
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import find_operation, find_value, read_object
from diarkit_contracts.rows.call import Call
from diarkit_contracts.target.client import Target, TargetError


def ask_generation(target: Target) -> tuple[Profile, str]:
    """Request the version of a server: its generation, and a sentence if that is assumed. The answer is not judged here."""
    method, _, path = INFO.partition(" ")
    try:
        exchange = target.ask_aside(Call(method=method, path=path))
    except TargetError:
        return DEFAULT, f"no answer to {INFO}: assuming {DEFAULT.name}"
    return find_generation([exchange])


def find_generation(exchanges: Iterable[Exchange]) -> tuple[Profile, str]:
    """Find the generation in recorded answers, by the first reported version; returns the same as `ask_generation`."""
    for exchange in exchanges:
        operation = find_operation(exchange)
        if operation is not None and f"{operation.method} {operation.path}" == INFO:
            version = find_value(read_object(exchange.answer.body), "version")
            if isinstance(version, str):
                profile = choose_profile(version)
                if profile is not None:
                    return profile, ""
                return DEFAULT, f"unknown generation of version {version!r:.60}: assuming {DEFAULT.name}"
    return DEFAULT, f"no version was reported by {INFO}: assuming {DEFAULT.name}"
