"""What the page asks for, and the stream of messages that it gets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from tests.support.recorded import TINY_RUN, GatedEngine, RecordedEngine
from visualizer.bundled import POCKET_FOLDER
from visualizer.draft import Draft
from visualizer.errors import EngineError, MachineError, SettingsError, TraceError
from visualizer.hub import DIFFUSION_GEMMA, Partner
from visualizer.model import read_card
from visualizer.page.answers import Answers, typed_settings, varied
from visualizer.prompts import load_prompts
from visualizer.request import Request, new_run_id
from visualizer.run.gallery import Gallery
from visualizer.settings import Settings
from visualizer.trace import Writing, save_trace, typed_out

PROMPTS = load_prompts()
KNOBS = {"max_tokens": 64, "canvas_length": 32, "max_steps": 8, "sampler": "entropy-bound", "entropy_bound": 0.1,
         "temperature": 0, "seed": 7}  # fmt: skip


@pytest.fixture
def answers():
    return Answers(RecordedEngine(TINY_RUN), PROMPTS)


def answer(answers, **wish):
    """All messages that a wish is answered with."""
    whole = {"prompt": "hello", "knobs": KNOBS, "id": new_run_id()} | wish

    async def gather():
        return [json.loads(message) async for message in answers.stream(json.dumps(whole))]

    return asyncio.run(asyncio.wait_for(gather(), 60))


def asked():
    return Request(new_run_id(), "hello", Settings(canvas_length=8))


def kinds(messages):
    return [message["k"] for message in messages]


def run_once(answers):
    """The id of a finished run."""
    return answer(answers, do="denoise")[0]["run"]


def test_a_new_run_streams_and_ends_with_its_recording(answers):
    messages = answer(answers, do="denoise")
    assert kinds(messages) == ["start", "step", "step", "step", "end", "recording", "kept"]
    assert messages[0]["settings"]["seed"] == 7
    assert messages[0]["settings"]["canvas_length"] == 32


def test_a_run_has_the_id_that_the_browser_drew(answers):
    run_id = new_run_id()
    assert answer(answers, do="denoise", id=run_id)[0]["run"] == run_id
    assert answers.trace(run_id).answer == "ab"


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"prompt": " "}, "The prompt is empty"),
        ({"knobs": KNOBS | {"max_steps": "many"}}, "The number of steps must be"),
        ({"knobs": KNOBS | {"t_min": 0.1}}, "There is no knob called t_min"),
        ({"knobs": []}, "The page asked for something unknown"),
        ({"id": "7"}, "A run's id is 32 hexadecimal digits"),
    ],
)
def test_what_cannot_be_run_gets_a_sentence_and_the_run_that_it_was_to_replace_goes_on(wish, sentence):
    engine = GatedEngine()
    answers = Answers(engine, PROMPTS)
    before = answers.runs.begin(asked())
    engine.let(3)
    messages = answer(answers, do="denoise", instead=before.id, following=[before.id], **wish)
    assert messages[0]["k"] == "notice" and sentence in messages[0]["text"]
    assert kinds(messages)[-3:] in (["notice"], ["end", "recording", "kept"])
    assert (before.ended or "stop") == "stop"


def test_a_new_run_stops_the_one_that_it_replaces():
    engine = GatedEngine()
    answers = Answers(engine, PROMPTS)
    before = answers.runs.begin(asked())
    wish = {"do": "denoise", "prompt": "hello", "knobs": KNOBS, "id": new_run_id(), "instead": before.id}

    async def follow():
        seen = []
        async for message in answers.stream(json.dumps(wish)):
            if not seen:  # only now: until it was replaced, the run before must not end by itself
                engine.let(9)
            seen.append(json.loads(message))
        return seen

    assert kinds(asyncio.run(asyncio.wait_for(follow(), 60)))[-3:] == ["end", "recording", "kept"]
    assert before.ended == "stopped"


def test_a_page_that_opens_shows_its_last_run_or_else_a_recording_from_the_gallery(answers):
    for gone in ("", "0" * 32):
        (recording,) = answer(answers, do="open", first="yes", id=gone)
        assert recording["run"] == f"gallery-{PROMPTS[0].id}"
        assert recording["label"] == PROMPTS[0].title
        assert recording["messages"][0]["recorded"] is True
    run_id = run_once(answers)
    (recording,) = answer(answers, do="open", first="yes", id=run_id)
    assert (recording["run"], recording["label"]) == (run_id, "hello")


def test_a_page_without_gallery_opens_empty(tmp_path):
    assert answer(Answers(RecordedEngine(TINY_RUN), PROMPTS, recordings=tmp_path), do="open", first="yes") == []


def test_a_run_under_way_is_followed_from_its_beginning():
    engine = GatedEngine()
    answers = Answers(engine, PROMPTS)
    run = answers.runs.begin(asked())
    engine.let(1)

    async def follow():
        seen = []
        async for message in answers.stream(json.dumps({"do": "open", "id": run.id})):
            seen.append(json.loads(message))
            if len(seen) == 2:
                engine.let(2)
        return seen

    assert kinds(asyncio.run(follow())) == ["start", "step", "step", "step", "end", "recording", "kept"]


def test_a_run_that_is_gone_is_said_beside_what_is_on_show(answers):
    first, again = (answer(answers, do="open", id="0" * 32) for _ in range(2))
    assert [(one["k"], one["text"]) for one in first] == [("notice", "This run is not kept any more.")]
    assert first != again  # a browser is told of changes only


def test_a_run_that_could_not_be_kept_says_so_as_often_as_it_is_opened(tmp_path):
    (tmp_path / "file").write_text("in the way")
    answers = Answers(RecordedEngine(TINY_RUN), PROMPTS, tmp_path / "file" / "runs")
    run_id = run_once(answers)
    assert kinds(answer(answers, do="open", id=run_id)) == ["recording", "unkept", "kept"]
    assert answers.download(run_id).exists()


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.id)
def test_every_demo_prompt_has_a_recording_of_its_own_text(prompt):
    trace = Gallery(PROMPTS).trace(f"gallery-{prompt.id}")
    assert trace.info.prompt == prompt.text
    assert trace.ended == "stop"
    assert trace.answer
    assert trace.info.checkpoint
    assert len(trace.info.fingerprint) == 16


def test_two_runs_are_compared(answers):
    one, other = run_once(answers), run_once(answers)
    (message,) = answer(answers, do="compare", left=one, right=other)
    assert (message["k"], message["left"]["run"], message["right"]["run"]) == ("compare", one, other)
    left, right = answers.pair(message["run"])
    assert (left.info, right.info) == (answers.trace(one).info, answers.trace(other).info)
    assert answers.trace(message["run"]).info == right.info
    assert answers.pair(one) is None
    (again,) = answer(answers, do="compare", left=message["run"], right=one)
    assert again["left"]["run"] == other


def test_a_run_is_not_compared_with_itself(answers):
    run_id = run_once(answers)
    (notice,) = answer(answers, do="compare", left=run_id, right=run_id)
    assert "one and the same run" in notice["text"]


def racing(partner=None, engine=None):
    """Answers on a page whose checkpoint has this partner, or none."""
    return Answers(engine or RecordedEngine(TINY_RUN), PROMPTS, partner=lambda card: partner)


def test_a_run_races_the_same_answer_as_if_typed():
    answers = racing()
    run_id = run_once(answers)
    (message,) = answer(answers, do="race", left=run_id)
    assert (message["k"], message["run"], message["left"]["run"]) == ("race", f"{run_id}~", run_id)
    left, right = (message[side]["messages"] for side in ("left", "right"))
    assert (left[0].get("writing"), right[0]["writing"]) == (None, "drawn")
    assert [len([step for step in side if step["k"] == "step"]) for side in (left, right)] == [3, 4]
    race = message["race"]
    assert race["timed"] is False
    assert race["verdict"] == ["fewer forward passes: denoised, 1 to 2 if typed"]
    assert [side["passes"] for side in race["sides"]] == [[0, 1, 1], [0, 1, 2, 2]]
    assert [side["answer"] for side in race["sides"]] == [2, 2]
    assert "time is not compared" in race["notes"][0]
    left, right = answers.pair(message["run"])
    assert (left.info.writing, right.info.writing) == (Writing.DENOISED, Writing.DRAWN)
    assert answers.pair(run_id) is None
    assert answers.download(message["run"]).name == answers.download(run_id).name


TYPEWRITER = replace(read_card(POCKET_FOLDER), name="tiny-typewriter", writing=Writing.TYPED)


def test_a_run_races_its_partner_which_runs_alone_after_it_and_is_kept():
    answers = racing(Partner(TYPEWRITER, beside=True))
    run_id, typed_id = run_once(answers), new_run_id()
    messages = answer(answers, do="race", left=run_id, id=typed_id)
    assert kinds(messages) == ["start", "step", "step", "step", "end", "recording", "kept", "race"]
    assert (messages[0]["run"], messages[0]["writing"]) == (typed_id, "typed")
    race = messages[-1]
    assert (race["left"]["run"], race["right"]["run"]) == (run_id, typed_id)
    assert race["right"]["messages"][0]["checkpoint"] == "tiny-typewriter"
    assert race["right"]["messages"][0]["settings"]["seed"] == race["left"]["messages"][0]["settings"]["seed"] == 7
    assert race["race"]["timed"] is True
    assert race["race"]["notes"] == [
        "Both ran alone, one after the other, never at once; here they are replayed on one clock."
    ]
    assert answers.trace(typed_id).info.writing is Writing.TYPED
    assert [side.info.checkpoint for side in answers.pair(race["run"])] == [answers.engine.card.name, "tiny-typewriter"]
    assert kinds(answer(answers, do="again", left=race["run"], change="sampler"))[-1] == "compare"


class _FailingPartner(RecordedEngine):
    """Its partner dies after so many frames."""

    frames = 0

    def partner(self, card, beside):
        other = RecordedEngine(TINY_RUN, card=card)

        def run(prompt, settings, draft):
            yield from TINY_RUN[: self.frames]
            raise EngineError("The model process was killed.")

        other.run = run
        return other


@pytest.mark.parametrize(("frames", "writing"), [(1, "drawn"), (2, "typed")])
def test_a_partner_that_dies_says_so_and_the_other_side_is_kept(frames, writing):
    engine = _FailingPartner(TINY_RUN)
    engine.frames = frames
    answers = racing(Partner(TYPEWRITER, beside=True), engine)
    race = answer(answers, do="race", left=run_once(answers))[-1]
    assert race["k"] == "race"
    assert race["right"]["messages"][0]["writing"] == writing
    assert "The model process was killed." in " ".join(race["race"]["notes"])
    if writing == "typed":
        assert race["race"]["verdict"] == ["no winner: the typed side failed"]


def test_a_partner_that_cannot_work_here_is_said_and_the_race_goes_on_without():
    def refuse(card):
        raise MachineError("It needs 17 GB of memory.")

    answers = Answers(RecordedEngine(TINY_RUN), PROMPTS, partner=refuse)
    (race,) = answer(answers, do="race", left=run_once(answers))
    assert race["race"]["notes"][0] == "It needs 17 GB of memory."
    assert race["right"]["messages"][0]["writing"] == "drawn"


def test_a_partner_that_could_be_fetched_is_named():
    card = replace(read_card(POCKET_FOLDER), name=DIFFUSION_GEMMA)
    answers = racing(engine=RecordedEngine(TINY_RUN, card=card))
    (race,) = answer(answers, do="race", left=run_once(answers))
    assert race["race"]["notes"][0].startswith("mlx-community/gemma-4-26b-a4b-it-4bit, which types, is not on this")


def test_the_typed_side_is_asked_what_its_template_knows():
    asked_of = Settings(seed=3, max_tokens=40, think=True, system="Be brief.")
    assert typed_settings(TYPEWRITER, asked_of) == TYPEWRITER.defaults.changed(seed=3, max_tokens=40)
    knowing = replace(TYPEWRITER, thinks=True, takes_system=True)
    told = TYPEWRITER.defaults.changed(seed=3, max_tokens=40, think=True, system="Be brief.")
    assert typed_settings(knowing, asked_of) == told


def test_what_cannot_race_gets_a_sentence_and_a_run_under_way_goes_on(tmp_path):
    engine = GatedEngine()
    answers = Answers(engine, PROMPTS)
    run = answers.runs.begin(asked())
    engine.let(1)

    async def follow():
        seen = []
        async for message in answers.stream(json.dumps({"do": "race", "left": run.id, "following": [run.id]})):
            seen.append(json.loads(message))
            if len(seen) == 3:
                engine.let(2)
        return seen

    messages = asyncio.run(asyncio.wait_for(follow(), 60))
    assert "a race begins when it has ended" in messages[0]["text"]
    assert kinds(messages)[-3:] == ["end", "recording", "kept"]
    save_trace(typed_out(answers.trace(run.id)), tmp_path / "typed.jsonl")
    (notice,) = answer(answers, do="race", left=answers.take(tmp_path / "typed.jsonl"))
    assert "typed itself" in notice["text"]


def test_a_run_is_made_again_with_one_knob_changed_and_compared(answers):
    run_id = run_once(answers)
    messages = answer(answers, do="again", left=run_id, change="sampler")
    assert kinds(messages)[-1] == "compare"
    left, right = (messages[-1][side]["messages"][0] for side in ("left", "right"))
    assert left["prompt"] == right["prompt"] == "hello"
    differing = {name for name in left["settings"] if left["settings"][name] != right["settings"][name]}
    assert differing == {"sampler"}


def test_what_was_written_on_the_canvas_stands_there_again(answers):
    one, other, draft = new_run_id(), new_run_id(), Draft({0: 204})
    answers.runs.begin(Request(one, "hello", Settings(canvas_length=8), draft))
    answer(answers, do="open", id=one)
    answer(answers, do="again", left=one, id=other, change="sampler")
    assert answers.trace(other).info.draft == draft


def test_what_is_done_to_a_run_keeps_its_prompt_and_knobs_and_is_shown_beside_it(answers):
    run_id, other = run_once(answers), new_run_id()
    draft = {"from": run_id, "do": "hold", "places": [[0, 1]]}
    wish = {"do": "denoise", "id": other, "draft": draft, "knobs": {"seed": 9, "max_steps": 3}}

    async def gather():
        return [json.loads(message) async for message in answers.stream(json.dumps(wish))]

    messages = asyncio.run(gather())
    assert (messages[-1]["k"], messages[-1]["left"]["run"], messages[-1]["right"]["run"]) == ("compare", run_id, other)
    before, after = answers.trace(run_id).info, answers.trace(other).info
    assert (after.prompt, after.settings) == (before.prompt, before.settings.changed(seed=9))
    began = next(message for message in messages if message["k"] == "start")  # it may wait for the first to be put away
    assert (began["held"], began["origin"]) == ([[0, 1]], after.draft.origin)


def test_a_recording_that_another_checkpoint_made_is_not_written_on(answers):
    other = replace(answers.gallery.trace("gallery-why"))
    other = replace(other, info=replace(other.info, fingerprint="another", checkpoint="another"))
    draft = {"from": answers.runs.keep(other), "do": "hold", "places": [[0, 1]]}
    (notice,) = answer(answers, do="denoise", draft=draft)
    assert "made by another and not by" in notice["text"]


SETTINGS = Settings(canvas_length=100, max_steps=48, seed=5)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("sampler", {"sampler": "confidence-threshold"}),
        ("canvas", {"canvas_length": 50}),
        ("steps", {"max_steps": 24}),
        ("temperature", {"temperature": 0.7}),
        ("knobs", {"max_steps": 3}),
    ],
)
def test_one_knob_changes_and_the_seed_stays(change, expected):
    knobs = {"max_steps": 3, "seed": None, "max_tokens": 16}
    assert varied(SETTINGS, change, knobs) == SETTINGS.changed(**expected)


def test_a_system_prompt_that_is_gone_from_the_screen_is_gone_from_the_repeated_run():
    asked = replace(SETTINGS, system="Be brief.", think=True)
    assert varied(asked, "knobs", {"system": "", "think": False}) == SETTINGS
    assert varied(asked, "steps", {}) == replace(asked, max_steps=24)


def test_a_change_that_changes_nothing_is_refused():
    with pytest.raises(SettingsError, match="set one of them differently"):
        varied(SETTINGS, "knobs", {"max_steps": 48})
    with pytest.raises(SettingsError, match="cannot be changed by 'seeds'"):
        varied(SETTINGS, "seeds", {})


@pytest.mark.parametrize(
    "asked", ["", "null", "[]", '{"do":"rm"}', '{"do":["denoise"]}', '{"do":"open","id":7}', "[" * 9999]
)
def test_what_this_page_never_asks_gets_a_sentence(answers, asked):
    async def gather():
        return [json.loads(message) async for message in answers.stream(asked)]

    assert [one["text"] for one in asyncio.run(gather())] == ["The page asked for something unknown; reload it."]


def test_a_saved_run_can_be_opened_again(answers, tmp_path):
    path = answers.download(run_once(answers))
    assert path.name == "hello-seed-7.jsonl.gz"
    uploaded = tmp_path / path.name
    uploaded.write_bytes(path.read_bytes())
    run_id = answers.take(uploaded)
    assert not uploaded.exists()
    (recording,) = answer(answers, do="open", id=run_id)
    assert kinds(recording["messages"]) == ["start", "step", "step", "step", "report", "end"]


def test_a_typed_recording_is_opened_and_not_repeated_with_knobs_of_noise(answers, tmp_path):
    save_trace(typed_out(answers.trace(run_once(answers))), tmp_path / "typed.jsonl")
    run_id = answers.take(tmp_path / "typed.jsonl")
    (recording,) = answer(answers, do="open", id=run_id)
    assert recording["messages"][0]["writing"] == "drawn"
    assert not any("z" in message for message in recording["messages"])
    (notice,) = answer(answers, do="again", left=run_id, change="sampler")
    assert "was typed" in notice["text"]


def test_a_bad_upload_is_refused_and_removed(answers, tmp_path):
    (tmp_path / "bad.jsonl").write_text("hello\n")
    with pytest.raises(TraceError, match=r"bad\.jsonl cannot be read: line 1 is not JSON"):
        answers.take(tmp_path / "bad.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_no_file_and_no_run_are_said_so(answers):
    with pytest.raises(TraceError, match=r"No file was chosen\."):
        answers.take(None)
    answers.stop(None)


@pytest.mark.parametrize("run_id", [None, "", "0" * 32, "gallery-nothing", "../x"])
def test_nothing_is_saved_of_a_run_that_is_not_there(answers, run_id):
    with pytest.raises(TraceError):
        answers.download(run_id)


def test_a_damaged_recording_of_the_gallery_is_a_notice(tmp_path):
    prompt = PROMPTS[0]
    (tmp_path / f"{prompt.id}.jsonl.gz").write_bytes(b"damaged")
    (notice,) = answer(Answers(RecordedEngine(TINY_RUN), PROMPTS, recordings=tmp_path), do="open", first="yes")
    assert "is not a whole gzip file" in notice["text"]
