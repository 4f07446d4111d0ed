"""The engine with its real child process and the pocket checkpoint: runs, stops, crashes, refusals."""

import itertools
import multiprocessing
import os
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest

from tests.support import failing_child
from tests.support.canvas_samples import differing_fields, tiny_state
from tests.support.waiting import wait_until
from visualizer.bundled import POCKET_FOLDER
from visualizer.draft import Draft
from visualizer.errors import CheckpointError, EngineError, NotFiniteError, SettingsError
from visualizer.model import denoise as denoise_module
from visualizer.model import gpu_error, read_card
from visualizer.run import engine as engine_module
from visualizer.run.engine import Engine, Patience, check_settings, obituary
from visualizer.run.frames import frames
from visualizer.run.memory_kills import memory_kills
from visualizer.settings import Settings
from visualizer.trace.canvas import Finish, Phase

PROMPT = "Why is the sky blue?"
# A stop entropy of 0 is never reached: a block takes all of its steps.
SHORT = Settings(canvas_length=16, max_tokens=32, max_steps=3, stop_entropy=0.0, seed=4)
LONG = SHORT.changed(max_steps=500)


@pytest.fixture(scope="module")
def engine(card):
    engine = Engine(card)
    engine.start()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def expected(checkpoint):
    """The frames of the short run as this process computes them."""
    return list(frames(checkpoint, PROMPT, SHORT.changed(seed=4)))


def child_of(engine):
    """The process behind an engine; nothing public tells it, and a test must be able to kill it."""
    return engine._child._process


def differences(one, other):
    """Names of what differs between two frames, the clock aside."""
    names = [name for name in ("texts", "special", "overrides", "answer") if getattr(one, name) != getattr(other, name)]
    return differing_fields(one.state, other.state) + names


def assert_same_frames(one, other):
    assert len(one) == len(other)
    assert [differences(a, b) for a, b in zip(one, other, strict=True)] == [[]] * len(one)


def test_a_run_yields_every_frame_and_ends(engine):
    run = list(engine.run(PROMPT, SHORT))
    a_block = [Phase.NOISE, Phase.STEP, Phase.STEP, Phase.STEP, Phase.COMMIT]
    phases = [frame.state.phase for frame in run]
    assert phases[:5] == a_block
    assert phases in (a_block, a_block * 2)
    assert [frame.state.finish for frame in run[:-1]] == [None] * (len(run) - 1)
    assert run[-1].state.finish in Finish


def test_the_child_computes_what_this_process_computes(engine, expected):
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)


def test_the_child_is_told_what_stands_on_the_canvas(engine, checkpoint):
    draft = Draft({2: 204, 20: 71}, {4: 74})
    ours = list(frames(checkpoint, PROMPT, SHORT, draft))
    assert ours[0].state.canvas_ids[[2, 4]].tolist() == [204, 74]
    assert_same_frames(list(engine.run(PROMPT, SHORT, draft)), ours)
    with pytest.raises(SettingsError, match="The draft is longer than the canvas"):
        next(engine.run(PROMPT, SHORT, Draft(seeded={32: 7})))


def test_two_runs_after_one_another_are_the_same_and_another_seed_is_not(engine):
    one, other, changed = (list(engine.run(PROMPT, SHORT.changed(seed=seed))) for seed in (8, 8, 9))
    assert_same_frames(one, other)
    assert "canvas_ids" in differences(one[0], changed[0])


def test_a_stopped_run_leaves_nothing_behind(engine, expected):
    child = child_of(engine)
    run = engine.run(PROMPT, LONG)
    assert [frame.state.step for frame in itertools.islice(run, 2)] == [0, 1]
    run.close()
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
    assert child_of(engine) is child


def test_a_stopped_run_does_not_go_on_to_its_end(engine, expected, monkeypatch):
    run = engine.run(PROMPT, LONG)
    next(run)
    child, came = engine._child, []
    take = child._take
    monkeypatch.setattr(child, "_take", lambda reply: (came.append(reply), take(reply)))
    run.close()
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
    # Of the 500 steps that were asked for, only what the child had begun in the meantime is left to be read off.
    assert len(came) - len(expected) < 250


def test_a_run_that_was_asked_for_and_never_begun_changes_nothing(engine, expected):
    engine.run(PROMPT, LONG).close()
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)


def test_spaces_around_a_prompt_do_not_count(engine, expected):
    assert_same_frames(list(engine.run(f"\n  {PROMPT} ", SHORT)), expected)


def test_runs_from_two_threads_take_turns(engine, expected):
    run = engine.run(PROMPT, SHORT)
    mine = list(itertools.islice(run, 1))
    theirs = []
    other = threading.Thread(target=lambda: theirs.extend(engine.run(PROMPT, SHORT)))
    other.start()
    mine += list(run)
    other.join()
    assert_same_frames(mine, expected)
    assert_same_frames(theirs, expected)


def test_a_frame_tells_the_text_of_every_token_that_it_shows(engine, checkpoint):
    texts, special = {}, set()
    for frame in engine.run("Write a haiku about rain.", SHORT.changed(max_steps=6, temperature=1.5)):
        assert not frame.texts.keys() & texts.keys()
        assert frame.special <= frame.texts.keys()
        texts |= frame.texts
        special |= frame.special
        state = frame.state
        shown = [int(i) for i in (state.canvas_ids * state.accepted + state.candidate_ids * ~state.accepted)]
        assert state.token_ids() <= texts.keys()
        cells = [frame.overrides.get(position, texts[token_id]) for position, token_id in enumerate(shown)]
        assert "".join(cells) == checkpoint.tokenizer.decode(shown, skip_special_tokens=False)
    assert all(text == checkpoint.tokenizer.decode([token_id]) for token_id, text in texts.items())
    assert special == texts.keys() & checkpoint.special_ids()


def frames_of(checkpoint, monkeypatch, *states):
    """The frames that the engine makes of hand-made states; a fake loop stands in for the model's."""
    monkeypatch.setattr(denoise_module, "denoise", lambda *args, **kwargs: iter(states))
    return list(frames(checkpoint, PROMPT, SHORT))


def test_a_character_split_over_tokens_is_drawn_whole(checkpoint, monkeypatch):
    ids = checkpoint.tokenizer.encode("a🎉b", add_special_tokens=False)
    (frame,) = frames_of(checkpoint, monkeypatch, tiny_state(ids, [True] * 6))
    assert frame.overrides == {1: "🎉", 2: "", 3: "", 4: ""}
    assert (frame.texts[ids[0]], frame.texts[ids[1]]) == ("a", "\ufffd")


def test_the_answer_grows_from_block_to_block(checkpoint, monkeypatch):
    one, two = (checkpoint.tokenizer.encode(text, add_special_tokens=False) for text in ("the sky, ", "blue"))
    stop = sorted(checkpoint.card.stop_ids)[0]
    commits = [
        tiny_state(one, [True] * len(one), Phase.COMMIT, block=0),
        tiny_state([*two, stop], [True] * (len(two) + 1), Phase.COMMIT, block=1, answer_length=len(two)),
    ]
    answers = [frame.answer for frame in frames_of(checkpoint, monkeypatch, *commits)]
    assert answers == ["the sky, ", "the sky, blue"]


def test_a_child_killed_in_the_middle_is_an_error_and_the_next_run_is_fresh(engine, expected):
    run = engine.run(PROMPT, LONG)
    next(run)
    child = child_of(engine)
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match=r"killed from outside \(exit code -9\), not for lack of memory"):
        list(run)
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
    assert child_of(engine) is not child
    assert not child.is_alive()


@pytest.fixture
def faulty(card, monkeypatch):
    """An engine whose child has faults on demand, and with little patience."""
    monkeypatch.setattr(engine_module, "serve", failing_child.serve)
    engine = Engine(card, Patience(slowest=2.0, least=1.0, stop=0.5))
    yield engine
    engine.close()


def test_a_child_that_hangs_ends_its_run_at_the_stop_and_is_replaced_by_the_next(faulty, expected):
    run = faulty.run("stop", LONG)
    seen = [next(run), next(run)]
    child = child_of(faulty)
    os.waitpid(child.pid, os.WUNTRACED)  # it hangs; a stop before that would find it well
    rest = []
    waiting = threading.Thread(target=lambda: rest.extend(run))
    waiting.start()
    faulty.stop()
    waiting.join(5)
    assert not waiting.is_alive()
    assert [frame.state.step for frame in [*seen, *rest]][:2] == [0, 1]
    assert_same_frames(list(faulty.run(PROMPT, SHORT)), expected)
    assert child_of(faulty) is not child
    assert not child.is_alive()


def test_a_child_that_hangs_is_ended_without_a_stop_too(faulty, expected):
    seen = []
    with pytest.raises(
        EngineError, match=r"has not answered for \d+ seconds and was ended; the frames so far are kept"
    ):
        seen.extend(faulty.run("stop", LONG))
    assert not child_of(faulty).is_alive()
    assert_same_frames(list(faulty.run(PROMPT, SHORT)), expected)


def test_a_child_that_hung_while_nobody_asked_is_noticed_by_the_next_run(card, expected):
    with closing(Engine(card, Patience(taken=3.0))) as engine:  # its patience for a first step is ten minutes
        list(engine.run(PROMPT, SHORT))
        child = child_of(engine)
        os.kill(child.pid, signal.SIGSTOP)
        with pytest.raises(EngineError, match="The model process has not answered"):
            list(engine.run(PROMPT, SHORT))
        assert not child.is_alive()
        assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)


def test_the_first_step_has_the_time_that_it_takes(card, expected):
    # How long steps take is not known yet, and on a processor one of a large checkpoint takes minutes.
    with closing(Engine(card, Patience(slowest=1000.0, least=0.0))) as engine:
        assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)


def test_a_canvas_longer_than_any_before_is_not_measured_by_their_steps(engine):
    list(engine.run(PROMPT, SHORT))
    assert engine._child._slowest > 0
    longer = engine._child._longest + 8
    os.kill(child_of(engine).pid, signal.SIGSTOP)
    with ThreadPoolExecutor(max_workers=1) as thread:
        run = thread.submit(lambda: list(engine.run(PROMPT, SHORT.changed(canvas_length=longer))))
        wait_until(lambda: engine._child._longest == longer)
        assert engine._child._slowest == 0
        os.kill(child_of(engine).pid, signal.SIGCONT)
        assert run.result()


def test_a_stop_without_a_run_stops_nothing(engine, expected):
    engine.stop()
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
    engine.stop()
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)


def test_a_run_that_is_stopped_while_the_checkpoint_loads_never_begins(card, expected):
    engine = Engine(card)
    try:
        run = engine.run(PROMPT, LONG)
        got = []
        waiting = threading.Thread(target=lambda: got.extend(run))
        waiting.start()
        while engine._child is None or engine._child._pending is None:
            waiting.join(0.01)
        engine.stop()
        waiting.join(5)
        child = child_of(engine)
        assert (got, waiting.is_alive()) == ([], False)
        assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
        assert child_of(engine) is child
    finally:
        engine.close()


OUT_OF_MEMORY = "The GPU's memory ran out: try a shorter canvas or prompt"
METAL_SAYS = {
    "out of memory": (
        "[METAL] Command buffer execution failed: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackError"
        "OutOfMemory)",
        OUT_OF_MEMORY,
    ),
    "allocation": (
        "[metal::malloc] Attempting to allocate 24696061952 bytes which is greater than the maximum allowed buffer "
        "size of 22906503168 bytes.",
        OUT_OF_MEMORY,
    ),
    "allocation on a processor": (
        "[malloc_or_wait] Unable to allocate 24696061952 bytes.",
        "This machine's memory ran out: try a shorter",
    ),
    "timeout": (
        "[METAL] Command buffer execution failed: Caused GPU Timeout Error (00000002:kIOGPUCommandBufferCallback"
        "ErrorTimeout)",
        "macOS ended a computation that kept the GPU busy for too long",
    ),
    "interactivity": (
        "[METAL] Command buffer execution failed: Impacting Interactivity (0000000e:kIOGPUCommandBufferCallback"
        "ErrorImpactingInteractivity)",
        "macOS ended a computation that kept the GPU busy for too long",
    ),
    "anything else": ("[METAL] Command buffer execution failed: Page fault", "The GPU reported an error"),
}


@pytest.mark.parametrize("label", METAL_SAYS)
def test_what_metal_says_becomes_one_sentence_of_advice(label):
    raised, said = METAL_SAYS[label]
    message = str(gpu_error(RuntimeError(raised)))
    assert message.startswith(said) and message.endswith(".") and message.count(". ") == 0


@pytest.mark.parametrize("raised", [MemoryError(), MemoryError("std::bad_alloc"), RuntimeError("[malloc_or_wait] 1")])
def test_memory_that_runs_out_while_a_checkpoint_loads_is_told_with_what_helps_then(raised):
    assert str(gpu_error(raised, loading="x")) == (
        "This machine's memory ran out while x was loaded: choose a smaller checkpoint, or close other apps."
    )
    assert str(gpu_error(raised)).startswith("This machine's memory ran out: try a shorter canvas or prompt")


def test_first_steps_that_do_not_fit_the_memory_are_a_load_that_failed(card, monkeypatch):
    monkeypatch.setattr(engine_module, "serve", failing_child.serve_with_too_little_memory)
    with (
        closing(Engine(card)) as engine,
        pytest.raises(EngineError, match=rf"The GPU's memory ran out while {card.name} was loaded: choose a smaller"),
    ):
        list(engine.run(PROMPT, SHORT))


def test_what_is_not_about_the_gpu_is_left_as_it_is():
    assert gpu_error(RuntimeError("[matmul] Last dimension of first input must match")) is None
    assert gpu_error(KeyError("[METAL]")) is None


@pytest.mark.parametrize("label", ["out of memory", "timeout"])
def test_after_metal_has_failed_the_frames_are_kept_and_the_next_run_is_fresh(faulty, expected, label):
    raised, said = METAL_SAYS[label]
    seen = []
    with pytest.raises(EngineError, match=said):
        for frame in faulty.run(f"raise: {raised}", SHORT):
            seen.append(frame)
    assert [frame.state.step for frame in seen] == [0, 1]
    failed = child_of(faulty)
    assert_same_frames(list(faulty.run(PROMPT, SHORT)), expected)
    assert child_of(faulty) is not failed
    assert not failed.is_alive()


def test_another_error_is_no_reason_for_a_fresh_process(faulty, expected):
    with pytest.raises(EngineError, match="Something went wrong in the model process"):
        list(faulty.run("raise: a bug", SHORT))
    child = child_of(faulty)
    assert_same_frames(list(faulty.run(PROMPT, SHORT)), expected)
    assert child_of(faulty) is child


def test_how_a_child_died_is_told(faulty, expected):
    with pytest.raises(EngineError, match="The model process was ended by SIGABRT"):
        list(faulty.run("abort", SHORT))
    assert_same_frames(list(faulty.run(PROMPT, SHORT)), expected)


def test_a_child_that_dies_while_it_loads_is_told_apart(card):
    engine = Engine(card)
    engine.start()
    loading = child_of(engine).pid
    os.kill(loading, signal.SIGSTOP)
    with ThreadPoolExecutor(max_workers=1) as thread, closing(engine):
        run = thread.submit(lambda: list(engine.run(PROMPT, SHORT)))
        wait_until(lambda: engine._child._pending is not None)  # before that, a dead child would just be replaced
        os.kill(loading, signal.SIGKILL)
        with pytest.raises(EngineError, match=r"The process that loaded .* was killed from outside"):
            run.result()


@pytest.mark.parametrize(
    ("exit_code", "loading", "ran_out", "said"),
    [
        (-9, None, True, "The model process was killed by the system (exit code -9) because memory ran out: try a"),
        (
            -9,
            "x",
            True,
            "The process that loaded x was killed by the system (exit code -9) because memory ran out: cho",
        ),
        (
            -9,
            "x",
            None,
            "The process that loaded x was killed by the system (exit code -9), which it does where memory",
        ),
        (
            -9,
            "x",
            False,
            "The process that loaded x was killed from outside (exit code -9), not for lack of memory; the",
        ),
        (-6, "x", True, "The process that loaded x was ended by SIGABRT; the app's log says more, and the next"),
        (1, "x", True, "The process that loaded x ended unexpectedly (exit code 1); the app's log says more"),
    ],
)
def test_memory_is_said_to_have_run_out_only_where_it_did(exit_code, loading, ran_out, said):
    assert obituary(exit_code, loading, ran_out).startswith(said)


def test_the_systems_own_count_tells_whether_it_killed_for_memory(tmp_path):
    (tmp_path / "vmstat").write_text("nr_free_pages 12\noom_kill 3\nswap_ra 0\n")
    assert memory_kills(tmp_path / "vmstat") == 3
    (tmp_path / "vmstat").write_text("nr_free_pages 12\n")
    assert memory_kills(tmp_path / "vmstat") is None
    assert memory_kills(tmp_path / "none") is None


def test_a_start_tells_how_far_it_is_and_in_which_numbers_it_computes(card):
    engine = Engine(card)
    try:
        assert (engine.loading, engine.number_format, engine.block_seconds) == (None, None, None)
        engine.start()
        assert engine.loading is not None and engine.loading.done_bytes <= engine.loading.total_bytes
        list(engine.run(PROMPT, SHORT))
        assert (engine.loading, engine.number_format) == (None, "float32")
        assert engine.block_seconds > 0
    finally:
        engine.close()


def test_numbers_that_are_not_finite_end_the_run_in_words(checkpoint):
    decoder = checkpoint.model.model.decoder
    norm = decoder["norm"]
    decoder["norm"] = lambda hidden: norm(hidden) * float("nan")
    try:
        with pytest.raises(NotFiniteError, match=r"Step 1 of block 1 gave no finite numbers"):
            list(frames(checkpoint, PROMPT, SHORT))
    finally:
        decoder["norm"] = norm


@pytest.mark.parametrize(
    ("asked", "able", "sentence"),
    [
        ({"think": True}, {"thinks": True}, "cannot be asked to think: its chat template knows no thinking."),
        ({"system": "Be brief."}, {"takes_system": True}, "takes no system prompt: its chat template has no place for"),
    ],
)
def test_a_thought_and_a_system_prompt_are_refused_where_the_template_knows_none(card, asked, able, sentence):
    with pytest.raises(SettingsError, match=f"^{card.name} {sentence}"):
        check_settings(card, SHORT.changed(**asked))
    check_settings(replace(card, **able), SHORT.changed(**asked))


def test_a_prompt_that_is_too_long_is_refused_by_the_child_and_the_next_run_works(engine, expected):
    child = child_of(engine)
    with pytest.raises(SettingsError, match=r"The prompt is too long: \d+ tokens"):
        list(engine.run("sky " * 5000, SHORT))
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
    assert child_of(engine) is child


def test_the_longest_canvas_of_a_checkpoint_is_taken_and_a_longer_one_refused_before_a_process_starts(card):
    check_settings(card, SHORT.changed(canvas_length=card.canvas_length))
    with pytest.raises(SettingsError):
        check_settings(replace(card, canvas_length=15), SHORT)
    before = multiprocessing.active_children()
    with pytest.raises(SettingsError, match=r"from 8 to \d+ for this checkpoint, not 1024"):
        next(Engine(card).run(PROMPT, SHORT.changed(canvas_length=1024)))
    assert multiprocessing.active_children() == before


@pytest.fixture(scope="module")
def spoiled_engine(tmp_path_factory):
    folder = shutil.copytree(POCKET_FOLDER, tmp_path_factory.mktemp("checkpoints") / "spoiled")
    (folder / "model.safetensors").write_bytes(b"garbage")
    engine = Engine(read_card(folder))
    yield engine
    engine.close()


def test_a_checkpoint_that_does_not_load_says_so_through_the_pipe(spoiled_engine):
    for _ in range(2):
        with pytest.raises(CheckpointError, match="does not load"):
            list(spoiled_engine.run(PROMPT, SHORT))


def test_a_checkpoint_that_was_repaired_is_loaded_by_the_next_run(tmp_path, expected):
    folder = shutil.copytree(POCKET_FOLDER, tmp_path / "spoiled")
    (folder / "model.safetensors").write_bytes(b"garbage")
    engine = Engine(read_card(folder))
    try:
        with pytest.raises(CheckpointError, match="does not load"):
            list(engine.run(PROMPT, SHORT))
        failed = child_of(engine)
        assert not failed.is_alive()
        shutil.copy(POCKET_FOLDER / "model.safetensors", folder)
        assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
        assert child_of(engine) is not failed
    finally:
        engine.close()


def test_a_child_that_dies_just_before_it_is_asked_is_an_error_too(engine, expected, monkeypatch):
    engine.start()
    child_of(engine).kill()
    child_of(engine).join()
    with monkeypatch.context() as patched:
        # As if it had still been alive a moment before.
        patched.setattr(engine_module._Child, "settle", lambda self: True)
        with pytest.raises(EngineError, match="was killed"):
            list(engine.run(PROMPT, SHORT))
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)


def test_a_closed_engine_leaves_no_process_and_starts_again(engine, expected):
    child = child_of(engine)
    engine.close()
    assert child not in multiprocessing.active_children()
    engine.close()
    assert_same_frames(list(engine.run(PROMPT, SHORT)), expected)
