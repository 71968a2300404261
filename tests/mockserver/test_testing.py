from __future__ import annotations

import inspect

from diarkit_mockserver import testing


def test_all_that_is_promised_is_there_and_nothing_is_made_here() -> None:
    promised = {name: getattr(testing, name) for name in testing.__all__}
    assert {"DiarizationServer", "Fake", "LiveServer", "UnavailableError", "find_fake", "read_course"} <= set(promised)
    assert sorted(testing.__all__) == testing.__all__
    made = [one for one in vars(testing).values() if inspect.isclass(one) or inspect.isfunction(one)]
    assert all(one.__module__ != testing.__name__ for one in made)
    assert set(made) <= set(promised.values())
