"""The player follows the plan of a recording's time; the clock is the test's own."""

import json

import pytest

from tests.support.played import live_messages, made_run, player_page, recording
from visualizer.bundled import RECORDINGS_FOLDER
from visualizer.measure import direction_of
from visualizer.measure.scaffold import scaffold_of
from visualizer.player import recording_message
from visualizer.trace.file import load_trace

TRACE = load_trace(RECORDINGS_FOLDER / "story.jsonl.gz")
SHOTS = direction_of(TRACE).shots
SEEN = """() => {
  const text = (selector) => document.querySelector(selector)?.textContent ?? "";
  const root = document.querySelector("#root");
  return {
    step: Number(root.dataset.drawn), caption: text(".dp-caption"), prompt: text(".dp-prompt"),
    pacing: text("[data-ui=pacing]"), captions: document.querySelectorAll(".dp-caption:not([hidden])").length,
    lit: [...document.querySelectorAll(".dp-canvas .dp-lit")].map((cell) => Number(cell.dataset.position)),
    raw: document.querySelectorAll(".dp-canvas .dp-raw").length,
    layout: document.querySelector(".dp-canvas").dataset.layout,
  };
}"""


@pytest.fixture
def opened(open_html):
    """Opens the player's page with messages, under a clock that stands until it is told to run."""

    def open_page(*messages, **options):
        page = open_html(player_page(), width=1100, prepare=lambda page: page.clock.install(time=0), **options)
        page.clock.pause_at(60_000)
        for message in messages:
            page.evaluate("message => send(message)", message)
        page.clock.run_for(20)
        return page

    return open_page


def story():
    return json.loads(recording_message(TRACE, "kept", "The story"))


def until(page, milliseconds):
    """What is seen every 100 ms."""
    for _ in range(milliseconds // 100):
        page.clock.run_for(100)
        yield page.evaluate(SEEN)


def test_a_replay_lights_the_scaffold_before_the_first_content_that_follows(opened):
    """What is counted are pictures of 100 ms: those of step 1 with the scaffold lit, before anything of step 2."""
    page = opened(story())
    seen = [page.evaluate(SEEN), *until(page, 4600)]
    assert [one["step"] for one in seen if one["raw"] and not one["lit"]].count(0) >= 15
    assert all(one["layout"] == "flow" for one in seen if one["step"] == 0)
    lit = [one for one in seen if one["lit"]]
    assert {one["step"] for one in lit} == {1}
    assert lit[0]["lit"] == [int(position) for position in SHOTS[1].lit]
    assert all(scaffold_of(TRACE)[0][position] for position in lit[0]["lit"])
    assert len(lit) >= 15
    assert seen[-1]["step"] > 1 and not seen[-1]["raw"] and seen[-1]["layout"] == "settled"


def test_one_line_says_what_the_plan_says_and_the_prompt_stands_above(opened):
    page = opened(story())
    for one in until(page, 13_000):
        assert one["caption"] == SHOTS[one["step"]].caption
        assert one["captions"] == 1
    assert one["step"] == len(SHOTS) - 1
    assert one["prompt"] == TRACE.info.prompt


def test_equal_steps_and_real_time_stay_a_click_away(opened):
    page = opened(story())
    names = []
    for _ in range(4):
        names.append(page.evaluate(SEEN)["pacing"])
        page.click("[data-ui=pacing]")
        page.clock.run_for(20)
    assert names == ["Directed", "Equal steps", "Real time", "Directed"]
    equal = page.evaluate(SEEN)
    assert equal["pacing"] == "Equal steps"
    assert not equal["lit"] and not equal["raw"]


def ended(opened, **options):
    """A live run of which the recording has just come."""
    frames = made_run(24, 6)
    page = opened(*live_messages(frames), recording(frames, play="r1", directed=True), **options)
    return page, len(frames) - 1


def test_a_live_run_is_replayed_once_when_it_has_ended(opened):
    page, last = ended(opened)
    assert page.evaluate(SEEN)["step"] == last
    page.clock.run_for(3000)
    assert page.evaluate(SEEN)["step"] == 0
    page.clock.run_for(30_000)
    assert page.evaluate(SEEN)["step"] == last
    page.clock.run_for(30_000)
    assert page.evaluate(SEEN)["step"] == last


def test_a_switch_turns_the_replay_off(opened):
    page, last = ended(opened)
    page.click("[data-ui=replays]")
    page.clock.run_for(6000)
    assert page.evaluate(SEEN)["step"] == last


def test_who_wants_less_motion_gets_no_replay(opened):
    page, last = ended(opened, reduced_motion="reduce")
    page.clock.run_for(6000)
    assert page.evaluate(SEEN)["step"] == last


def test_who_has_taken_the_timeline_is_not_taken_back(opened):
    page, last = ended(opened)
    page.focus(".dp-play")
    page.keyboard.press(",")
    page.clock.run_for(6000)
    assert page.evaluate(SEEN)["step"] == last - 1
