"""The page in a real browser: what a person sees and does, and what the server has of it. As long as the page has parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_fixtures.samples.catalogue import find_sample
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from diarkit_mockserver.scenario.model import Scenario

pytestmark = pytest.mark.slow

API = "/api/technology/speaker-diarization"
SCENARIO = """
rules:
- {when: {filename: 'Laura*'}, then: {der: 0.12}}
- {when: {filename: 'slow*'}, then: {course: {seconds: {pending: 5, running: 20}}}}
- {when: {filename: 'hand*'}, then: {course: manual}}
- {when: {filename: 'bad*'}, then: {failed: Out of memory.}}
- {when: {filename: 'many*'}, then: {http: {status: 429, retry_after: 2}}}
faults: [{on: poll, ordinal: 40, http: 503}]
limits: {queue_length: 50}
"""
TWO_CHANNELS = "Laura_Harry_Veronika.wav"
REFUSED = "Failed to load resource: the server responded with a status of"


@pytest.fixture(scope="session")
def recording() -> bytes:
    """Of two channels, with its truth."""
    return b"".join(find_sample(TWO_CHANNELS).make())


@pytest.fixture
def platform() -> Platform:
    """With a world whose time stands still."""
    return Platform(World(scenario=read_scenario(SCENARIO), clock=Clock(frozen=True)))


@pytest.fixture
def url(start: Callable[..., Any], platform: Platform) -> str:
    server: Any = start(platform=platform)
    return server.url  # type: ignore[no-any-return]


def read_scenario(text: str) -> Scenario:
    """Read what a person writes."""
    return parse_scenario(text, source="scenario.yaml", directory=Path())


def choose(page: Page, name: str) -> None:
    """Choose a task."""
    page.locator("button.task", has_text=name).click()


def expect_text(page: Page, selector: str, text: str) -> None:
    """Wait until there is an element with a text."""
    page.locator(selector, has_text=text).first.wait_for()


def drop(page: Page, name: str, content: bytes) -> None:
    """Upload a file by the page."""
    page.set_input_files("#file", {"name": name, "mimeType": "audio/wav", "buffer": content})
    expect_text(page, "button.task", name)


def judge(page: Page) -> list[tuple[str, list[str]]]:
    """List what axe has against the page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    violations: Any = axe.run(page).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in violations]


@pytest.mark.parametrize("look", ["light", "dark", "390 px"])
def test_everybody_can_use_it_in_each_of_its_states(
    url: str,
    open_page: Callable[..., Page],
    submit: Callable[..., Any],
    recording: bytes,
    ask: Callable[..., Any],
    look: str,
) -> None:
    page = open_page(url, look, failing=REFUSED)
    expect_text(page, "#address", url)
    assert judge(page) == [], "empty"
    for name in (TWO_CHANNELS, "slow.wav", "hand.wav", "bad.wav", "many.wav"):
        task = json.loads(submit(url, recording, filename=name).body).get("task")
        for _ in range(2 if name in {TWO_CHANNELS, "bad.wav"} else 0):
            ask(url, "GET", f"{API}/{task['task_id']}")
    expect_text(page, "button.task", "bad.wav")
    assert judge(page) == [], "tasks in flight"
    choose(page, TWO_CHANNELS)
    expect_text(page, "#picture svg", "DER 12.0%")
    page.locator(".exchanges summary").first.click()
    assert judge(page) == [], "a result with two channels and its truth"
    page.fill("#scenario textarea", "seed: 7\nrules:\n- then: {speakers: two}\n")
    page.click("#scenario button.main")
    expect_text(page, "#scenario-errors", "Line 3, column 20")
    assert judge(page) == [], "a scenario error at its line"
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], "nothing makes the page wider than the window"


def test_an_upload_by_the_page_is_one_of_the_platform(
    url: str, open_page: Callable[..., Page], platform: Platform, recording: bytes
) -> None:
    page = open_page(url)
    page.get_by_text("Parameters of the upload").click()
    page.select_option("[name=channel_mode]", "mix")
    page.fill("[name=range_to]", "12")
    page.fill("[name=config]", '{"total_speakers": 3}')
    drop(page, "own.wav", recording)
    (task,) = platform.world.tasks
    asked = task.parameters
    assert (asked.channel_mode, asked.range_to, asked.total_speakers) == ("mix", 12.0, 3)
    # It is chosen, and what is asked for next is about it.
    expect_text(page, "#task-facts", task.task_id)
    page.click("#poll")
    expect_text(page, "button.task", "poll 1 of 2")
    page.click("#poll")
    expect_text(page, "#picture figcaption", "The truth above")
    assert page.locator("#picture svg title").count() > 10
    assert [entry.state for entry in platform.world.journal] == ["pending", "running", "done"]


def test_a_file_can_be_dropped(url: str, open_page: Callable[..., Page], platform: Platform) -> None:
    page = open_page(url)
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["no audio"], "dropped.txt"));
          document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
        }"""
    )
    expect_text(page, "button.task", "dropped.txt")
    assert [task.filename for task in platform.world.tasks] == ["dropped.txt"]


def test_a_refusal_of_the_platform_is_shown(url: str, open_page: Callable[..., Page]) -> None:
    page = open_page(url, failing=REFUSED)
    page.set_input_files("#file", {"name": "many.wav", "mimeType": "audio/wav", "buffer": b"x"})
    expect_text(page, "#trouble", "429:")
    expect_text(page, "#exchange-list", "by the rule")


def test_a_task_is_moved_by_hand(url: str, open_page: Callable[..., Page], recording: bytes) -> None:
    page = open_page(url)
    drop(page, "hand.wav", recording)
    assert page.locator(".task .track i:not(.ahead)").count() == 1
    page.click("#step")
    expect_text(page, ".task .state", "running")
    page.select_option("#state", "rejected")
    expect_text(page, ".task .state", "rejected")
    assert page.locator("#step").is_disabled()


def test_a_task_of_another_course_is_not_moved_by_hand(
    url: str, open_page: Callable[..., Page], recording: bytes
) -> None:
    page = open_page(url)
    drop(page, "slow.wav", recording)
    expect_text(page, "#moves", "Moves with the time of the world")
    assert page.locator("#step").is_disabled()
    assert page.locator("#state").is_disabled()


def test_time_is_moved_and_tasks_move_with_it(
    url: str, open_page: Callable[..., Page], platform: Platform, recording: bytes
) -> None:
    page = open_page(url)
    drop(page, "slow.wav", recording)
    expect_text(page, "#time", "0.000 s ❄ frozen")
    expect_text(page, ".task", "ends in 25.0 s")
    page.click("text='+10 s'")
    expect_text(page, ".task .state", "running")
    expect_text(page, ".task", "ends in 15.0 s")
    # Bars of what lies behind and ahead share the axis of 25 s.
    widths = page.eval_on_selector_all(".track i", "bars => bars.map((bar) => [bar.className, bar.style.width])")
    assert widths[:3] == [["pending", "20%"], ["running", "20%"], ["running ahead", "60%"]]
    page.fill("#advance input", "15.5")
    page.press("#advance input", "Enter")
    expect_text(page, ".task .state", "done")
    assert platform.world.clock.now() == 25_500_000
    page.click("#freeze")
    expect_text(page, "#freeze", "Freeze")
    assert not platform.world.clock.frozen


def test_an_answer_is_queued(
    url: str, open_page: Callable[..., Page], submit: Callable[..., Any], recording: bytes
) -> None:
    page = open_page(url, failing=REFUSED)
    page.fill("#answer textarea", "rules:\n- then: {http: 700}\n")
    page.click("#answer button.main")
    expect_text(page, "#answer-errors", "Line 2, column 16 expected an HTTP status from 200 to 599, got 700")
    page.click("text='HTTP 429'")
    page.click("#answer button.main")
    expect_text(page, "#answer [role=status]", "Done.")
    assert [submit(url, recording).status for _ in range(2)] == [429, 202]


def test_a_scenario_is_replaced_and_its_errors_stand_at_their_lines(
    url: str, open_page: Callable[..., Page], platform: Platform
) -> None:
    page = open_page(url, failing=REFUSED)
    expect_text(page, "#scenario .lines", "8")
    assert read_scenario(page.input_value("#scenario textarea")) == platform.world.scenario
    page.fill("#scenario textarea", "version: 1\nseedd: 3\nrules:\n- then: {speakers: -1}\n")
    page.press("#scenario textarea", "Control+Enter")
    expect_text(page, "#scenario-errors", "did you mean seed?")
    assert page.locator("#scenario .bad").all_inner_texts() == ["✕ 2\n", "✕ 4\n"]
    assert page.get_attribute("#scenario textarea", "aria-invalid") == "true"
    page.click("text='Line 2, column 1'")
    assert page.evaluate("document.activeElement.selectionStart") == len("version: 1\n")
    before = platform.world.scenario
    page.fill("#scenario textarea", "seed: 3\n")
    assert platform.world.scenario is before
    page.click("#scenario button.main")
    expect_text(page, "#scenario [role=status]", "Done.")
    assert platform.world.scenario == read_scenario("seed: 3")


def test_a_text_that_somebody_writes_is_left_alone(
    url: str, open_page: Callable[..., Page], submit: Callable[..., Any], ask: Callable[..., Any]
) -> None:
    page = open_page(url)
    expect_text(page, "#no-tasks", url)
    page.fill("#scenario textarea", "seed: 4\n")
    ask(url, "PUT", "/__diarkit/v1/scenario", b"seed: 5", {"Content-Type": "application/yaml"})
    submit(url, b"x", filename="later.wav")
    expect_text(page, "button.task", "later.wav")
    assert page.input_value("#scenario textarea") == "seed: 4\n"


def test_faults_and_limits_are_listed_and_faults_cleared(
    url: str, open_page: Callable[..., Page], platform: Platform
) -> None:
    page = open_page(url)
    expect_text(page, "#force-list", "on: poll, ordinal: 40, http: 503")
    expect_text(page, "#force-list", "Limit queue_length50")
    page.click("#clear")
    page.locator("#clear").wait_for(state="hidden")
    assert platform.world.scenario.faults == ()


def test_an_exchange_says_which_rule_answered_or_came_closest(
    url: str, open_page: Callable[..., Page], submit: Callable[..., Any]
) -> None:
    submit(url, b"x", filename="hand.wav", config='{"max_speakers": 2}')
    submit(url, b"x", filename="other.wav")
    page = open_page(url)
    expect_text(page, "#exchange-list .note", "the closest is rule 1 (filename='Laura*')")
    page.locator(".exchanges summary").last.click()
    expect_text(page, ".inside dd", "the rule for filename='hand*'")
    expect_text(page, ".inside dd", '{"max_speakers": 2}')


def test_what_is_against_the_client_is_said_by_the_names_of_its_files(
    url: str, open_page: Callable[..., Page], submit: Callable[..., Any]
) -> None:
    page = open_page(url)
    expect_text(page, "#no-conduct", "No findings.")
    submit(url, b"x", filename="unread.wav")
    expect_text(page, "#conduct-list", "never polled task unread.wav")


def test_worlds_are_apart(
    url: str, open_page: Callable[..., Page], platform: Platform, submit: Callable[..., Any], recording: bytes
) -> None:
    platform.open_world("other-one")
    submit(url, b"x", filename="of-default.wav")
    page = open_page(url)
    expect_text(page, "button.task", "of-default.wav")
    page.select_option("#world", "other-one")
    expect_text(page, "#address", f"{url}/worlds/other-one")
    page.locator(".skip").press("Enter")  # leads to the tasks of this world
    assert page.evaluate("document.activeElement.id + location.hash") == "tasks#world=other-one"
    assert page.locator("button.task").count() == 0
    drop(page, "of-other.wav", recording)
    assert [task.filename for task in platform.worlds["other-one"].tasks] == ["of-other.wav"]
    page.reload()
    expect_text(page, "button.task", "of-other.wav")
    # A world that is gone leads back to the default one.
    platform.drop_world("other-one")
    expect_text(page, "button.task", "of-default.wav")


@pytest.mark.parametrize("form", ["json", "ndjson", "har"])
def test_the_journal_is_downloaded(
    url: str, open_page: Callable[..., Page], submit: Callable[..., Any], ask: Callable[..., Any], form: str
) -> None:
    submit(url, b"x")
    page = open_page(url)
    expect_text(page, "button.task", "call.wav")
    with page.expect_download() as download:
        page.select_option("#download", form)
    assert download.value.suggested_filename == f"journal.{form}"
    assert download.value.path().read_bytes() == ask(url, "GET", f"/__diarkit/v1/journal?format={form}").body


def test_a_world_begins_again(url: str, open_page: Callable[..., Page], submit: Callable[..., Any]) -> None:
    submit(url, b"x")
    page = open_page(url)
    expect_text(page, "button.task", "call.wav")
    page.click("#reset")
    expect_text(page, "#no-tasks", "No task yet.")
    expect_text(page, "#no-exchanges", "No requests yet")


@pytest.mark.parametrize("way", ["dialog", "address"])
def test_a_token_is_asked_for_or_taken_from_the_address(
    start: Callable[..., Any], open_page: Callable[..., Page], way: str
) -> None:
    server: Any = start(platform=Platform(World(), control_token="s3cret"))  # noqa: S106 - of this test
    page = open_page(server.url, failing=REFUSED, tail="#token=s3cret" if way == "address" else "")
    if way == "dialog":
        for token in ("wrong", "s3cret"):
            page.fill("#locked input", token)
            page.click("#locked button")
    expect_text(page, "#address", server.url)
    page.locator("#locked").wait_for(state="hidden")
    assert "s3cret" not in page.evaluate("location.href")


def test_a_refusal_of_no_token_that_comes_after_the_token_was_given_does_not_ask_for_it_again(
    start: Callable[..., Any], open_page: Callable[..., Page]
) -> None:
    server: Any = start(platform=Platform(World(), control_token="s3cret"))  # noqa: S106 - of this test
    page = open_page(server.url, failing=REFUSED)
    late: list[Any] = []
    page.fill("#locked input", "s3cret")
    page.route("**/v1/worlds", lambda route: late.append(route) if not late else route.continue_())
    while not late:
        page.wait_for_timeout(20)  # the page looks by itself
    page.click("#locked button")
    assert "authorization" not in late[0].request.headers
    late[0].continue_()
    expect_text(page, "#address", server.url)
    assert not page.locator("#locked").is_visible()


def test_a_keyboard_is_enough_and_its_place_is_not_lost(
    url: str, open_page: Callable[..., Page], submit: Callable[..., Any]
) -> None:
    submit(url, b"x", filename="first.wav")
    page = open_page(url)
    expect_text(page, "button.task", "first.wav")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the tasks"
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert "first.wav" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    expect_text(page, "#task-title", "first.wav")
    submit(url, b"x", filename="second.wav")
    expect_text(page, "button.task", "second.wav")
    assert "first.wav" in page.evaluate("document.activeElement.textContent")
    assert page.locator("button.task[aria-pressed=true]").count() == 1


def test_a_click_before_the_first_look_at_a_world_does_nothing(
    url: str, open_page: Callable[..., Page], submit: Callable[..., Any], platform: Platform
) -> None:
    platform.open_world("other-one")
    submit(url, b"x", filename="first.wav")
    page = open_page(url)
    expect_text(page, "button.task", "first.wav")
    # Both in one turn: no answer comes between them.
    page.evaluate(
        """() => {
            dispatchEvent(new HashChangeEvent("hashchange"));
            document.querySelector("button.task").click();
        }"""
    )
    expect_text(page, "button.task", "first.wav")


def test_it_works_behind_a_prefix(url: str, open_page: Callable[..., Page], browser: Any, recording: bytes) -> None:
    context = browser.new_context()
    outside = "http://diarkit.example/some/where"
    context.route(
        "**/*", lambda route: route.fulfill(response=route.fetch(url=route.request.url.replace(outside, url)))
    )
    page = context.new_page()
    page.goto(f"{outside}/__diarkit/")
    expect_text(page, "#address", outside)
    drop(page, "far.wav", recording)
    context.unroute_all(behavior="ignoreErrors")  # the page goes on asking
    context.close()


def test_a_server_that_does_not_answer_is_said(start: Callable[..., Any], open_page: Callable[..., Page]) -> None:
    server: Any = start()
    page = open_page(server.url, failing="net::ERR_")
    expect_text(page, "#address", server.url)
    server.stop()
    expect_text(page, "#trouble", "The server does not answer.")


def test_a_result_that_breaks_the_contract_has_no_picture_but_a_reason(
    start: Callable[..., Any], open_page: Callable[..., Page], submit: Callable[..., Any], recording: bytes
) -> None:
    scenario = read_scenario("course: immediate\nfaults: [{result: null_result}]")
    server: Any = start(scenario)
    submit(server.url, recording)
    page = open_page(server.url, failing=REFUSED)
    choose(page, "call.wav")
    expect_text(page, "#outcome", "expected a result")
    assert not page.locator("#picture").is_visible()
