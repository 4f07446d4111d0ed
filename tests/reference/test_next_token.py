"""A typewriter that was trained here for two steps types as its torch model does."""

import shutil
from itertools import pairwise
from types import SimpleNamespace

import mlx.core as mx
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from training.convert import TYPEWRITER_NAME, export_checkpoint
from training.muon import Muon
from training.next_token import NextToken, draw_sequences
from training.train import NEXT_TOKEN, OBJECTIVES, Recipe, train
from visualizer.bundled import POCKET_FOLDER
from visualizer.model import load_checkpoint, read_card
from visualizer.run import run_info
from visualizer.run.frames import frames
from visualizer.trace import Phase, Writing, trace_of

PROMPT = "Why is the sky blue?"
RECIPE = Recipe(steps=2, batch_size=4, save_every=1)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_file(str(POCKET_FOLDER / "tokenizer.json"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two steps."""
    folder = new_run(tmp_path_factory.mktemp("runs") / "whole")
    train(folder, RECIPE, NEXT_TOKEN)
    return folder


@pytest.fixture(scope="module")
def sides(trained, tokenizer):
    """The run's averaged weights in torch, and the checkpoint made of them."""
    theirs = NextToken(tokenizer).model
    theirs.load_state_dict(state_of(trained)["average"], strict=False)
    export_checkpoint(trained, trained / "checkpoint", dtype="float32")
    return SimpleNamespace(theirs=theirs.eval(), ours=load_checkpoint(read_card(trained / "checkpoint")))


def new_run(folder):
    """A run's folder with the pocket's tokenizer, which takes a while to make."""
    folder.mkdir()
    shutil.copy(POCKET_FOLDER / "tokenizer.json", folder / "tokenizer.json")
    return folder


def state_of(folder):
    return torch.load(folder / "state.pt", weights_only=True)


def torch_logits(model, ids):
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0].numpy()


def test_the_checkpoint_has_the_logits_of_the_torch_model(sides):
    assert (sides.ours.card.name, sides.ours.card.writing) == (TYPEWRITER_NAME, Writing.TYPED)
    ids = sides.ours.prompt_ids(PROMPT, sides.ours.card.defaults)
    theirs = torch_logits(sides.theirs, ids)
    np.testing.assert_allclose(np.array(sides.ours.model(mx.array([ids])))[0], theirs, atol=1e-3)
    assert theirs.std() > 0.1


def test_it_types_what_the_torch_model_finds_likeliest(sides):
    settings = sides.ours.card.defaults.changed(temperature=0.0, max_tokens=12)
    states = trace_of(run_info(sides.ours.card, PROMPT, settings), frames(sides.ours, PROMPT, settings)).states
    typed = [int(state.canvas_ids[at]) for at, state in enumerate(s for s in states if s.phase is Phase.STEP)]
    ids = sides.ours.prompt_ids(PROMPT, settings)
    likeliest = torch_logits(sides.theirs, ids + typed).argmax(axis=-1)[len(ids) - 1 : -1]
    assert typed == likeliest.tolist()


def test_a_run_that_was_interrupted_goes_on_to_the_same_weights(trained, tmp_path, monkeypatch):
    class Interrupted(NextToken):
        def backward(self, step, size):
            if step == 1:
                raise KeyboardInterrupt
            return super().backward(step, size)

    folder = new_run(tmp_path / "interrupted")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setitem(OBJECTIVES, NEXT_TOKEN, Interrupted)
        train(folder, RECIPE, NEXT_TOKEN)
    assert state_of(folder)["step"] == 1
    train(folder, RECIPE, NEXT_TOKEN)
    whole, resumed = state_of(trained), state_of(folder)
    assert whole["step"] == resumed["step"] == 2
    for part in ("model", "average"):
        assert all(torch.equal(resumed[part][name], value) for name, value in whole[part].items())


def test_a_run_does_not_go_on_with_another_objective(trained, monkeypatch):
    monkeypatch.setitem(OBJECTIVES, "denoising", NextToken)
    with pytest.raises(ValueError, match="holds a run of the objective 'next-token', not 'denoising'"):
        train(trained, RECIPE)


def test_the_answer_alone_is_learned_to_its_end_and_each_token_from_the_one_before(tokenizer):
    for ids, targets in draw_sequences(7, 20, tokenizer):
        for row, wanted in zip(ids.tolist(), targets.tolist(), strict=True):
            learned = [at for at, target in enumerate(wanted) if target >= 0]
            assert all(after == before + 1 for before, after in pairwise(learned))
            assert [wanted[at] for at in learned[:-1]] == [row[at + 1] for at in learned[:-1]]
            text = tokenizer.decode(row[: learned[0] + 1], skip_special_tokens=False)
            assert text.startswith("<bos><|turn>user\n") and text.endswith("<turn|>\n<|turn>model\n")
            assert tokenizer.decode([wanted[at] for at in learned], skip_special_tokens=False).endswith("<turn|><eos>")


@pytest.mark.parametrize("shape", [(6, 10), (10, 6)])
def test_our_muon_is_torchs_but_for_its_rounding(shape):
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(shape, generator=generator)
    matrices = [torch.nn.Parameter(start.clone()) for _ in range(2)]
    ours = Muon(matrices[:1], lr=0.1)
    theirs = torch.optim.Muon(matrices[1:], lr=0.1, adjust_lr_fn="match_rms_adamw", weight_decay=0.01)
    for _ in range(3):
        gradient = torch.randn(shape, generator=generator)
        for matrix, optimizer in zip(matrices, (ours, theirs), strict=True):
            matrix.grad = gradient.clone()
            optimizer.step()
    torch.testing.assert_close(matrices[0], matrices[1], atol=5e-3, rtol=0)
    assert (matrices[0] - start).abs().max() > 0.05
