from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from contract_servers.fake import Fake
from contract_servers.listening import listen

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.commands.generations import generations
from diarkit_contracts.commands.learn import learn
from diarkit_contracts.commands.verify import verify
from diarkit_mockserver.commands.settings import Settings
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "Bearer do-not-write-this-down"  # noqa: S105 - looked for in what is written


def run(command: Any, *words: object) -> Any:
    return CliRunner().invoke(command, list(map(str, words)))


def serve(**points: Any) -> Any:
    return listen(Fake(Scenario(course="immediate", dialect=Dialect(**points))))


def test_a_platform_is_learned_served_again_and_its_drift_is_named(tmp_path: Path) -> None:
    file = tmp_path / "platform.yaml"
    with serve(bad_mode=400, version="3.6.4") as url:
        ended = run(learn, url, "-o", file, "--header", f"Authorization: {SECRET}")
        assert ended.exit_code == 0, ended.output
        assert "plan learn: 15 tasks, 28 bad requests" in ended.output
        assert "not learned: rate_limit, " in ended.output
        again = run(learn, url, "--against", file)
        assert (again.exit_code, again.output.splitlines()[-1]) == (0, f"no drift from {file}")
        judged = run(verify, url, "--as", file)
        assert judged.exit_code == 0, judged.output
    text = file.read_text("utf-8")
    assert "do-not-write" not in text
    assert "127.0.0.1" not in text
    scenario = Settings(learned=file).overrule(Scenario())
    assert list_set(scenario.dialect)["bad_mode"] == 400
    shown = run(generations, "--as", file).output
    assert "400 (SEEN)" in shown
    with serve(version="3.6.5") as url:
        ended = run(learn, url, "--against", file)
    assert ended.exit_code == 1
    assert (
        "with 3.6.4: 400, now 422 (bad-12[mode=stereo]: POST /api/technology/speaker-diarization -> 422, version 3.6.5)"
        in ended.output
    )


def test_a_secret_that_the_platform_repeats_is_struck_out(tmp_path: Path) -> None:
    fake, file = Fake(Scenario(course="immediate")), tmp_path / "platform.yaml"

    def answer(asked: Any) -> Any:
        told = fake(asked)
        if told.status == 404:
            secret = dict(asked.headers).get("authorization", "")
            told.json = {"type": "resource.not-found", "message": f"not for {secret}", "detail": []}
        return told

    with listen(answer) as url:
        ended = run(learn, url, "-o", file, "--header", f"Authorization: {SECRET}")
    assert ended.exit_code == 0, ended.output
    text = file.read_text("utf-8")
    assert "not for " in text
    assert "do-not-write" not in text + ended.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("http://127.0.0.1:9",), 2, "expected -o FILE"),
        (("http://127.0.0.1:1", "-o", "x.yaml"), 4, ""),
        (("http://127.0.0.1:9", "--against", "nothing.yaml"), 2, "expected a point"),
        (("http://127.0.0.1:9", "--against", "inert.yaml"), 2, "inert.yaml: there is nothing `seen` to compare with"),
        (("http://127.0.0.1:9", "-o", "no/x.yaml"), 2, "expected a file in a folder that exists, got no/x.yaml"),
    ],
)
def test_wrong_usage_and_no_answer_have_exit_codes_of_their_own(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inert.yaml").write_text("dialect: {bad_mode: 400}")
    (tmp_path / "nothing.yaml").write_text("seen: [{point: x, value: 1, exchange: x, version: x, date: x}]")
    ended = run(learn, *words)
    assert ended.exit_code == code, ended.output
    assert said in ended.output
