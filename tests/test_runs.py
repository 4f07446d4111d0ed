"""A run that has been watched is never lost: it goes on without its listeners, and is found again."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import re
import signal

import pytest

from tests.support.recorded import GatedEngine
from visualizer.bundled import POCKET_FOLDER
from visualizer.errors import EngineError, SettingsError, TraceError
from visualizer.model import read_card
from visualizer.request import Request, new_run_id
from visualizer.run import Run, Runs, cache_folder
from visualizer.run import runs as runs_module
from visualizer.run.child import Loading
from visualizer.run.engine import Engine
from visualizer.settings import Settings
from visualizer.trace.trace import Trace

SHORT = Settings(canvas_length=16, max_tokens=16, max_steps=3, seed=4)


def asked(prompt, settings=SHORT, run_id=None):
    return Request(run_id or new_run_id(), prompt, settings)


@pytest.fixture
def engine():
    return GatedEngine()


def listen(run):
    """All messages of a run, once it is over."""

    async def gather():
        return [json.loads(message) async for message in run.messages()]

    return asyncio.run(asyncio.wait_for(gather(), 300))


def kinds(messages):
    return [message["k"] for message in messages]


def head(run, count):
    """A listener that goes away after some messages, as a tab that is closed."""

    async def gather():
        seen, stream = [], run.messages()
        async for message in stream:
            seen.append(json.loads(message))
            if len(seen) == count:
                break
        await stream.aclose()
        return seen

    return asyncio.run(asyncio.wait_for(gather(), 300))


WHOLE = ["start", "step", "step", "step", "end", "recording", "kept"]


def test_a_run_goes_on_when_its_listener_has_gone_and_the_next_one_hears_it_from_the_beginning(engine):
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    engine.let(1)
    assert kinds(head(run, 2)) == ["start", "step"]
    found = runs.find(run.id)
    assert found is run
    engine.let(2)
    assert kinds(listen(found)) == WHOLE
    assert runs.trace(run.id).answer == "ab"


def test_two_listeners_hear_the_same(engine):
    run = Runs(engine).begin(asked("hello"))
    engine.let(3)
    assert listen(run) == listen(run)


def test_the_recording_at_the_end_is_the_run_on_show_with_its_noise(engine):
    run = Runs(engine).begin(asked("hello"))
    engine.let(3)
    start, noise, *_, end, recording, kept = listen(run)
    assert recording["run"] == run.id == kept["run"]
    inside = recording["messages"]
    assert kinds(inside) == ["start", "step", "step", "step", "report", "end"]
    assert inside[0] == start
    assert "z" in inside[1]
    assert "z" not in noise
    assert (end["reason"], inside[-1]["reason"]) == ("stop", "stop")


def test_stop_ends_a_run_at_once_and_what_comes_later_is_not_taken(engine):
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    engine.let(2)
    head(run, 3)
    runs.stop(run.id)
    assert run.ended == "stopped"
    engine.let(1)
    assert kinds(listen(run)) == ["start", "step", "step", "end", "recording", "kept"]
    assert runs.trace(run.id).ended == "stopped"
    assert len(runs.trace(run.id).states) == 2
    engine.let(3)
    # It may have to wait for the forward that was under way.
    assert [kind for kind in kinds(listen(runs.begin(asked("again")))) if kind != "waiting"] == WHOLE
    assert engine.left == 2


def test_a_stop_before_the_first_step_needs_no_step(engine):
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    engine.begun.acquire()
    runs.stop(run.id)
    assert [message["k"] for message in head(run, 2)] == ["start", "end"]
    engine.let(1)
    assert kinds(listen(run)) == ["start", "end"]


def test_runs_wait_for_their_turn_and_see_their_place(engine):
    runs = Runs(engine)
    one = runs.begin(asked("one"))
    engine.begun.acquire()
    two, three, four = (runs.begin(asked(prompt)) for prompt in ("two", "three", "four"))
    assert [head(run, 1)[0]["place"] for run in (two, three, four)] == [1, 2, 3]
    runs.stop(two.id)
    assert kinds(listen(two)) == ["waiting", "end"]
    assert [message["place"] for message in head(four, 2)] == [3, 2]
    engine.let(3)
    assert kinds(listen(one)) == WHOLE
    engine.let(6)
    assert kinds(listen(three)) == ["waiting"] * 2 + WHOLE
    assert [message.get("place") for message in listen(four)][:4] == [3, 2, 1, None]


def test_who_waits_is_told_what_a_block_takes(engine):
    runs = Runs(engine)
    runs.begin(asked("one"))
    engine.begun.acquire()
    engine.block_seconds = 17.04
    assert [head(runs.begin(asked(prompt)), 1)[0]["block_seconds"] for prompt in ("two", "three")] == [17.0, 17.0]


def test_a_run_that_waits_for_its_checkpoint_tells_how_far_it_is_until_its_first_frame(engine):
    engine.loading = Loading(6_600_000_000, 15_400_000_000)
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    assert [message.get("text") for message in head(run, 2)] == [None, "Loading 15.4 GB, 42 %…"]
    engine.loading = Loading(15_400_000_000, 15_400_000_000)
    assert head(run, 3)[-1]["text"] == "15.4 GB loaded, warming up…"
    engine.loading = None
    engine.let(3)
    assert kinds(listen(run)) == ["start", "loading", "loading", *WHOLE[1:]]


def test_a_run_that_is_stopped_while_its_checkpoint_loads_tells_no_more_of_it(engine):
    engine.loading = Loading()
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    assert head(run, 2)[-1]["text"] == "Loading the checkpoint…"
    runs.stop(run.id)
    engine.loading = Loading(1, 2)
    engine.let(1)
    assert kinds(listen(run)) == ["start", "loading", "end"]


def test_too_many_waiting_runs_are_refused_with_a_sentence(engine, monkeypatch):
    monkeypatch.setattr(runs_module, "MAX_WAITING", 1)
    runs = Runs(engine)
    runs.begin(asked("one"))
    engine.begun.acquire()
    runs.begin(asked("two"))
    with pytest.raises(EngineError, match="1 runs are waiting already"):
        runs.begin(asked("three"))


def test_one_client_has_so_many_waiting_runs_and_leaves_room_for_others(engine, monkeypatch):
    monkeypatch.setattr(runs_module, "MAX_WAITING_OF_ONE", 2)
    runs = Runs(engine)
    runs.begin(asked("one"), client="a")
    engine.begun.acquire()
    waiting = [runs.begin(asked("two"), client="a") for _ in range(2)]
    with pytest.raises(EngineError, match="2 of your runs are waiting already"):
        runs.begin(asked("three"), client="a")
    runs.begin(asked("another's"), client="b")
    runs.begin(asked("nobody's"))
    runs.begin(asked("instead"), instead=waiting[0].id, client="a")


def test_what_the_checkpoint_cannot_run_is_refused_before_it_waits_and_replaces_nothing(engine):
    runs = Runs(engine)
    before = runs.begin(asked("before"))
    with pytest.raises(SettingsError, match="canvas length must be"):
        runs.begin(asked("hello", SHORT.changed(canvas_length=1024)), instead=before.id)
    assert before.ended is None


def test_a_stop_that_comes_before_its_run_keeps_it_from_beginning(engine):
    runs = Runs(engine)
    early, late = new_run_id(), new_run_id()
    runs.stop(early)
    never = runs.begin(asked("never", run_id=early))
    assert kinds(listen(never)) == ["end"]
    assert (never.ended, runs.find(early)) == ("stopped", never)
    run = runs.begin(asked("hello", run_id=late))
    engine.let(3)
    assert kinds(listen(run)) == WHOLE
    assert engine.left == 1


def test_a_run_that_is_replaced_before_it_was_asked_for_never_begins(engine):
    runs = Runs(engine)
    first = new_run_id()
    second = runs.begin(asked("second"), instead=first)
    assert runs.begin(asked("first", run_id=first)).ended == "stopped"
    engine.let(3)
    assert kinds(listen(second)) == WHOLE


def test_only_so_many_stops_ahead_of_their_runs_are_remembered(engine, monkeypatch):
    monkeypatch.setattr(runs_module, "_STOPPED_AHEAD", 2)
    runs = Runs(engine)
    ids = [new_run_id() for _ in range(3)]
    for run_id in (*ids, "no id", "0" * 5000):
        runs.stop(run_id)
    assert [runs.begin(asked("hello", run_id=run_id)).ended for run_id in ids] == [None, "stopped", "stopped"]


def test_an_id_is_taken_once(engine, tmp_path):
    runs = Runs(engine, tmp_path)
    run_id = finished(runs, engine)
    for other in (runs, Runs(engine, tmp_path)):
        with pytest.raises(SettingsError, match="There is a run of this id already"):
            other.begin(asked("hello", run_id=run_id))


def test_a_run_that_its_only_listener_leaves_is_stopped_and_one_with_others_goes_on(engine):
    runs = Runs(engine)
    run = runs.begin(asked("hello"))

    async def leave_twice():
        first, second = run.news(), run.news()
        engine.let(1)
        assert (await anext(first)).frame is not None
        assert (await anext(second)).frame is not None
        await first.aclose()
        runs.leave(run)
        assert run.ended is None
        await second.aclose()
        runs.leave(run)

    asyncio.run(asyncio.wait_for(leave_twice(), 60))
    assert run.ended == "stopped"


def test_a_program_hears_its_places_and_then_every_frame(engine):
    runs = Runs(engine)
    runs.begin(asked("one"))
    engine.begun.acquire()
    run = runs.begin(asked("two"))

    async def gather():
        return [(news.place, news.frame and news.frame.answer) async for news in run.news()]

    engine.let(6)
    assert asyncio.run(asyncio.wait_for(gather(), 300)) == [(1, None), (0, None), (0, None), (0, "ab")]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (EngineError("The model process ended."), "The model process ended."),
        (RuntimeError("/secret/path"), "Something went wrong; the app's log says more."),
    ],
)
def test_a_run_that_fails_says_why_and_keeps_its_steps(error, sentence):
    engine = GatedEngine(error)
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    engine.let(2)
    messages = listen(run)
    assert kinds(messages) == ["start", "step", "end", "recording", "kept"]
    assert (messages[2]["reason"], messages[2]["message"]) == ("failed", sentence)
    assert runs.trace(run.id).problem == sentence


@pytest.mark.parametrize("broken", ["save_trace", "recording_message"])
def test_what_fails_after_a_run_ends_it_for_its_listeners_and_the_next_run_has_its_turn(
    broken, engine, tmp_path, monkeypatch, caplog
):
    room = {"save_trace": "visualizer.run.kept", "recording_message": "visualizer.run.run"}[broken]
    runs = Runs(engine, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(f"{room}.{broken}", lambda *args, **kwargs: {}["nobody foresaw this"])
        run = runs.begin(asked("hello"))
        engine.let(3)
        assert kinds(listen(run))[:5] == WHOLE[:5]
    following = runs.begin(asked("hello"))
    engine.let(3)
    assert kinds(listen(following))[-len(WHOLE) :] == WHOLE  # it may have waited for the other's last words in the log
    assert "nobody foresaw this" in caplog.text


def test_a_run_that_another_checkpoint_makes_says_so(engine):
    other = read_card(POCKET_FOLDER)
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    engine.begun.acquire()
    object.__setattr__(other, "name", "another")
    engine.card = other
    engine.let(3)
    starts = [message["checkpoint"] for message in listen(run) if message["k"] == "start"]
    assert starts == [read_card(POCKET_FOLDER).name, "another"]
    assert runs.trace(run.id).info.checkpoint == "another"


def finished(runs, engine, prompt="hello"):
    run = runs.begin(asked(prompt))
    engine.let(3)
    listen(run)
    return run.id


def test_a_finished_run_is_found_after_the_server_has_gone(engine, tmp_path):
    run_id = finished(Runs(engine, tmp_path / "runs"), engine, "Wieso? 🎈")
    found = Runs(engine, tmp_path / "runs").find(run_id)
    assert isinstance(found, Trace)
    assert (found.info.prompt, found.answer, len(found.states)) == ("Wieso? 🎈", "ab", 3)
    assert (tmp_path / "runs").stat().st_mode & 0o077 == 0


def test_a_run_that_cannot_be_kept_says_why_and_is_in_memory(engine, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    runs = Runs(engine, tmp_path / "file" / "runs")
    with caplog.at_level(logging.WARNING):
        run = runs.begin(asked("hello"))
        engine.let(3)
        messages = listen(run)
    assert kinds(messages) == [*WHOLE[:-1], "unkept", "kept"]
    said = messages[-2]["text"]
    assert re.search(r"could not be kept \(its folder cannot be made\): save it before others take its place", said)
    assert runs.trace(run.id).answer == "ab"
    assert "kept in memory only" in caplog.text


def test_a_run_that_is_in_memory_only_is_the_last_to_go_from_there(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(runs_module, "_IN_MEMORY", 2)
    runs = Runs(engine, tmp_path)
    monkeypatch.setattr(runs._kept, "_folder", tmp_path / "file" / "runs")
    (tmp_path / "file").write_text("in the way")
    unkept = finished(runs, engine)
    monkeypatch.setattr(runs._kept, "_folder", tmp_path / "runs")
    kept = [finished(runs, engine) for _ in range(3)]
    assert isinstance(runs.find(unkept), Run)
    assert isinstance(runs.find(kept[0]), Trace)


def test_memory_of_finished_runs_is_bounded_in_bytes(engine, monkeypatch):
    runs = Runs(engine)
    first = finished(runs, engine, "x" * 10_000)
    size = runs.find(first).memory_bytes
    assert size > 20_000  # the prompt stands in two messages
    monkeypatch.setattr(runs_module, "MAX_MEMORY_BYTES", int(size * 1.5))
    second = finished(runs, engine, "x" * 10_000)
    third = finished(runs, engine, "x" * 10_000)
    with pytest.raises(TraceError):
        runs.find(first)
    assert runs.find(third).ended == "stop"
    assert second != third


def test_a_deleted_run_is_gone_from_memory_and_disk(engine, tmp_path):
    runs = Runs(engine, tmp_path)
    run_id, other = finished(runs, engine), finished(runs, engine)
    runs.forget(run_id)
    for gone in (runs, Runs(engine, tmp_path)):
        with pytest.raises(TraceError):
            gone.find(run_id)
    assert Runs(engine, tmp_path).trace(other).answer == "ab"
    for nothing in ("", run_id, "../../etc/passwd"):
        runs.forget(nothing)


def test_a_run_under_way_is_not_deleted(engine):
    runs = Runs(engine)
    run = runs.begin(asked("hello"))
    with pytest.raises(SettingsError, match="stop it first"):
        runs.forget(run.id)
    assert runs.find(run.id) is run


def test_a_run_that_is_deleted_while_it_is_written_is_not_kept(engine, tmp_path, monkeypatch):
    runs = Runs(engine, tmp_path)
    keep = runs._kept.keep

    def forget_first(run_id, trace):
        runs.forget(run_id)
        keep(run_id, trace)

    monkeypatch.setattr(runs._kept, "keep", forget_first)
    run_id = finished(runs, engine)
    assert run_id not in runs._kept


def test_a_run_is_one_line_in_the_log_without_its_prompt(engine, caplog):
    runs = Runs(engine)
    with caplog.at_level(logging.INFO):
        run_id = finished(runs, engine, "a secret")
        finished(runs, engine)  # the first has been logged when a second one ends
    (line,) = [line for line in caplog.messages if run_id in line]
    assert line.startswith(f"Run {run_id} on {engine.card.name} (max_tokens 16, canvas_length 16, max_steps 3, ")
    assert "sampler entropy-bound): 1 steps in 0." in line
    assert line.endswith(" s, ended: stop")
    assert "secret" not in caplog.text


@pytest.mark.parametrize("run_id", ["", "0" * 32, "../../etc/passwd", "0" * 31 + "/", "x" * 32])
def test_an_id_that_nobody_has_finds_nothing(engine, tmp_path, run_id):
    with pytest.raises(TraceError, match="This run is not kept any more"):
        Runs(engine, tmp_path).find(run_id)


def test_ids_cannot_be_guessed(engine):
    runs = Runs(engine)
    ids = {runs.begin(asked("hello")).id for _ in range(10)}
    assert len(ids) == 10
    assert all(len(run_id) == 32 for run_id in ids)


def test_memory_holds_the_last_runs_and_every_run_that_is_not_over(engine, monkeypatch):
    monkeypatch.setattr(runs_module, "_IN_MEMORY", 3)
    runs = Runs(engine)
    ids = [finished(runs, engine) for _ in range(5)]
    under_way = runs.begin(asked("hello"))
    waiting = [runs.begin(asked("hello")) for _ in range(4)]
    for run in (under_way, *waiting):
        assert runs.find(run.id) is run
    with pytest.raises(TraceError):
        runs.find(ids[0])


def test_a_trace_from_elsewhere_is_kept_under_an_id_of_its_own(engine, tmp_path):
    runs = Runs(engine, tmp_path)
    trace = runs.trace(finished(runs, engine))
    run_id = runs.keep(trace)
    assert runs.find(run_id) is trace
    assert Runs(engine, tmp_path).trace(run_id).answer == "ab"


def test_the_cache_folder_follows_the_platforms_custom(monkeypatch, tmp_path):
    monkeypatch.setattr(runs_module.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "diffusiongemma-visualizer" / "runs"
    monkeypatch.setattr(runs_module.sys, "platform", "darwin")
    assert "Library/Caches" in str(cache_folder())


def test_a_real_run_is_stopped_within_a_step_and_the_next_one_is_whole():
    engine = Engine(read_card(POCKET_FOLDER))
    try:
        runs = Runs(engine)
        run = runs.begin(asked("Why is the sky blue?", SHORT.changed(max_steps=500, stop_entropy=0)))
        head(run, 4)
        runs.stop(run.id)
        steps = len(runs.trace(run.id).states)
        assert kinds(listen(run))[-3:] == ["end", "recording", "kept"]
        assert len(runs.trace(run.id).states) == steps < 500
        assert kinds(listen(runs.begin(asked("Why is the sky blue?"))))[-3:] == ["end", "recording", "kept"]
    finally:
        engine.close()


def test_a_run_knows_what_it_was_made_with(engine):
    run = Runs(engine).begin(asked(" hello "))
    assert isinstance(run, Run)
    assert (run.info.prompt, run.info.settings) == ("hello", SHORT)
    assert run.info.fingerprint == engine.card.fingerprint


def test_a_stop_frees_the_queue_even_where_the_model_process_hangs():
    engine = Engine(read_card(POCKET_FOLDER))
    try:
        runs = Runs(engine)
        run = runs.begin(asked("Why is the sky blue?", SHORT.changed(max_steps=500, stop_entropy=0)))
        head(run, 4)
        (process,) = multiprocessing.active_children()
        os.kill(process.pid, signal.SIGSTOP)
        runs.stop(run.id)
        assert kinds(listen(run))[-3:] == ["end", "recording", "kept"]
        assert run.ended == "stopped"
        assert kinds(listen(runs.begin(asked("Why is the sky blue?"))))[-3:] == ["end", "recording", "kept"]
    finally:
        engine.close()
