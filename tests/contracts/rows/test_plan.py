from __future__ import annotations

import pytest
from contract_servers.fake import Fake, verify

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.clauses.catalogue import judge_all
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.rows.plan import UnknownRowError, choose_rows, list_rows, make_forced, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.target.client import CAPS


def test_a_probe_starts_no_task() -> None:
    cost = make_plan(Tier.PROBE).count_cost()
    assert (cost.tasks, cost.polls) == (0, 0)
    assert cost.mistakes == 17


def test_a_short_run_costs_what_was_promised() -> None:
    cost = make_plan(Tier.LITE).count_cost()
    assert cost.tasks <= 10
    assert cost.polls <= 60
    assert cost.bytes_up < 1_500_000


def test_a_short_run_leaves_spare_tasks_for_a_server_that_takes_a_mistake() -> None:
    assert make_plan(Tier.LITE).count_cost().tasks <= CAPS[Tier.LITE].tasks
    assert CAPS[Tier.LITE].spare > 0


def test_a_full_run_sends_every_row_once_and_the_short_run_first() -> None:
    full, lite = make_plan(Tier.FULL).rows, make_plan(Tier.LITE).rows
    assert sorted(row.id for row in full) == sorted(row.id for row in list_rows())
    unforced = [row for row in lite if row.needs is None]
    assert full[: len(unforced)] == tuple(unforced)


def test_mistakes_lie_between_the_uploads_and_none_behind_the_last() -> None:
    steps = make_plan(Tier.LITE).steps
    kinds = "".join("u" if step[0].accepted else "m" for step in steps if step[0].needs is None)
    assert kinds == "mmmummmummmmummmummmmu"


def test_a_cost_is_said_in_one_line() -> None:
    assert str(make_plan(Tier.LITE).count_cost()) == "10 tasks, 17 bad requests, about 60 polls, 1.2 MB"


def test_a_target_that_can_be_made_to_fail_costs_a_task_more() -> None:
    plan = make_plan(Tier.LITE)
    assert plan.count_cost({Capability.FAIL}).tasks == plan.count_cost().tasks + 1


def test_rows_are_chosen_by_id_or_name() -> None:
    plan = choose_rows(["row-07", "bad-03[both-limits]"])
    assert [[row.id for row in step] for step in plan.steps] == [["row-07"], ["bad-03"]]
    assert plan.name == "only row-07, bad-03"


def test_an_unknown_row_is_refused_by_name() -> None:
    with pytest.raises(UnknownRowError, match="'row-700'"):
        choose_rows(["row-700"])


def test_what_a_row_is_about_is_judged_on_the_fake() -> None:
    fake = Fake()
    verdict = verify(fake, fake.clock, Tier.FULL)
    seen = {
        each.clause.id: {kept.at for kept in each.observations} for each in judge_all(read_history(verdict.exchanges))
    }
    for run in verdict.rows:
        assert run.row is not None
        if run.row.about.startswith("refusal."):
            assert seen[run.row.about] & set(run.at), run.name


def test_there_is_one_row_for_each_capability() -> None:
    assert sorted(row.needs or "" for row in make_forced()) == sorted(Capability)
