"""The loop: resumable at any iteration to the same bytes, one process a run, one sentence on divergence."""

import errno
import fcntl
import hashlib
import math
import os
import signal

import numpy as np
import pytest
import torch
from safetensors import safe_open

from encore import files
from encore.files import write_atomically
from encore.methods.piad import PIAD
from encore.papers.find import find_experiment
from encore.papers.layout import LOCK
from encore.runs import loop
from encore.runs.checkpoint import (
    DivergedError,
    load_checkpoint,
    load_model,
    save_checkpoint,
    to_bytes,
)
from encore.runs.lock import RunIsLockedError, run_lock, who_holds
from encore.script import UserError

ITERATIONS = 30


class Killed(BaseException):
    """Stands for a process that ends between two iterations."""


class Stateless:
    """What the loop asks of a method besides its steps, of one that has nothing to keep."""

    def state(self):
        return {}


def method():
    settings = find_experiment("demo-piad").values("code")
    return PIAD(settings | {"iterations": ITERATIONS, "n_weight": 4, "batch_size": 4}, (1, 16, 16), 0, "cpu")


def pixels(count=50):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 1, 16, 16), dtype=np.uint8))


def train(folder, model, **changed):
    arguments = {
        "pixel_range": [-1, 1],
        "device": "cpu",
        "seed": 7,
        "folder": folder,
        "key": "k",
        "checkpoint_seconds": 1e9,
        "label": "test",
    }
    return loop.train(model, pixels(), **arguments | changed)


def digest(model, training):
    return hashlib.sha256(to_bytes(model.model()) + training.history.to_csv().encode()).hexdigest()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    model = method()
    return digest(model, train(tmp_path_factory.mktemp("whole"), model))


@pytest.mark.parametrize("last", [1, 3, 4, 17, 29])
def test_a_training_that_ends_anywhere_goes_on_to_the_same_bytes(last, tmp_path, uninterrupted):
    first = method()
    step = first.step

    def dying_step(images):
        if first.iteration == last:
            raise Killed
        return step(images)

    first.step = dying_step
    with pytest.raises(Killed):
        train(tmp_path, first, checkpoint_seconds=0)  # a checkpoint after every iteration
    second = method()
    training = train(tmp_path, second)
    assert training.restarts == 1
    assert digest(second, training) == uninterrupted


def test_a_checkpoint_of_other_code_or_settings_is_no_start(tmp_path, uninterrupted, capsys):
    train(tmp_path, method(), checkpoint_seconds=0, key="other")
    model = method()
    training = train(tmp_path, model)
    assert training.restarts == 0
    assert digest(model, training) == uninterrupted
    assert "belongs to other code, settings or data" in capsys.readouterr().out


def test_a_broken_checkpoint_is_no_start(tmp_path, uninterrupted, capsys):
    (tmp_path / loop.CHECKPOINT).write_bytes(b"not a checkpoint")
    model = method()
    assert digest(model, train(tmp_path, model)) == uninterrupted
    assert "cannot be read" in capsys.readouterr().out


def test_the_seed_decides(tmp_path, uninterrupted):
    model = method()
    assert digest(model, train(tmp_path, model, seed=8)) != uninterrupted


def test_history_has_the_mean_losses_of_each_stretch(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "HISTORY_ROWS", 2)

    class Counter(Stateless):
        iterations, images_per_step = 7, 1

        def __init__(self):
            self.n = 0

        def step(self, images):
            self.n += 1
            return {"loss": torch.tensor(float(self.n))}

    training = train(tmp_path, Counter())
    assert training.history.to_dict("list") == {"iteration": [3, 6, 7], "loss": [2.0, 5.0, 7.0]}


def test_history_keeps_the_order_of_losses_over_a_checkpoint_before_its_first_row():
    first = loop.History("cpu")
    first.add({"b": torch.tensor(1.0), "a": torch.tensor(2.0)})
    second = loop.History("cpu")
    second.load_state(dict(sorted(first.state().items())))  # as safetensors gives them back
    second.add({"b": torch.tensor(3.0), "a": torch.tensor(4.0)})
    assert list(second.log(2).items()) == [("b", 2.0), ("a", 3.0)]


class Labelled(Stateless):
    """Notes which image and which labels each step is given, over 11 steps of 3; ends after step `last`."""

    iterations, images_per_step = 11, 3

    def __init__(self, last=11):
        self.last, self.images, self.labels = last, [], []

    def step(self, x, y):
        if len(self.images) == self.last:
            raise Killed
        self.images.append((x[:, 0, 0, 0] * 255).round().tolist())
        self.labels.append(y.tolist())
        return {"loss": y.nansum()}

    def load_state(self, tensors):
        pass


def train_labelled(folder, model, **changed):
    """Seven images, number k of grey k with the labels k and -k; image 4 lacks its second one."""
    numbers = torch.arange(7)
    images = numbers.byte().reshape(7, 1, 1, 1)
    labels = torch.stack([numbers, -numbers], dim=1).float()
    labels[4, 1] = math.nan
    arguments = {"pixel_range": [0, 1], "device": "cpu", "seed": 7, "folder": folder, "key": "k",
                 "checkpoint_seconds": 0, "label": "test"}  # fmt: skip
    return loop.train(model, images, labels, **arguments | changed)


def test_labels_come_in_the_order_of_their_images_over_all_passes(tmp_path):
    model = Labelled()
    train_labelled(tmp_path, model)
    images = np.array(model.images)
    assert images.shape == (11, 3)
    assert {tuple(sorted(one_pass)) for one_pass in images.ravel()[:28].reshape(4, 7)} == {tuple(range(7))}
    expected = np.stack([images, np.where(images == 4, math.nan, -images)], axis=2)
    np.testing.assert_array_equal(model.labels, expected)


@pytest.mark.parametrize("last", [1, 2, 6, 10])
def test_labels_and_images_go_on_together_after_a_resume(last, tmp_path):
    whole, first, second = Labelled(), Labelled(last), Labelled()
    train_labelled(tmp_path / "whole", whole)
    with pytest.raises(Killed):
        train_labelled(tmp_path / "ended", first)
    assert train_labelled(tmp_path / "ended", second).restarts == 1
    assert len(second.images) == 11 - last
    assert first.images + second.images == whole.images
    np.testing.assert_array_equal(first.labels + second.labels, whole.labels)


def test_all_images_at_once_come_with_all_labels(tmp_path):
    model = Labelled()
    model.iterations, model.images_per_step = 1, None
    train_labelled(tmp_path, model)
    assert model.images == [[float(number) for number in range(7)]]
    assert [first for first, _ in model.labels[0]] == model.images[0]


def test_divergence_ends_the_training_with_a_sentence_that_says_where(tmp_path):
    class Diverging(Stateless):
        iterations, images_per_step = 500, 1

        def step(self, images):
            return {"fine": torch.tensor(1.0), "broken": torch.tensor(math.nan)}

    training = train(tmp_path, Diverging())
    assert training.diverged == "test diverged: broken not finite at iteration 5."
    assert training.history["iteration"].tolist() == [5]


def test_a_model_that_diverged_cannot_be_loaded(tmp_path):
    (tmp_path / "model").write_bytes(to_bytes({}, {"diverged": "it diverged."}))
    with pytest.raises(DivergedError, match=r"^it diverged\.$"):
        load_model(tmp_path / "model")
    (tmp_path / "model").write_bytes(to_bytes({"a": torch.tensor(1.5)}))
    assert load_model(tmp_path / "model") == {"a": torch.tensor(1.5)}


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_model_that_is_missing_or_broken_is_one_sentence(content, tmp_path):
    if content is not None:
        (tmp_path / "model").write_bytes(content)
    with pytest.raises(UserError, match="model cannot be read as a model: "):
        load_model(tmp_path / "model")


@pytest.mark.parametrize("number", loop.STOPPING)
@pytest.mark.parametrize("last", [1, 4, 29])
def test_a_signal_leaves_a_checkpoint_and_the_training_goes_on_to_the_same_bytes(
    number, last, tmp_path, uninterrupted
):
    first = method()
    step, before = first.step, signal.getsignal(number)

    def signalled_step(images):
        losses = step(images)
        if first.iteration == last:
            signal.raise_signal(number)
        return losses

    first.step = signalled_step
    with pytest.raises(loop.StoppedError, match=f"{number.name} at iteration {last} of {ITERATIONS}; "):
        train(tmp_path, first)
    assert signal.getsignal(number) is before
    second = method()
    training = train(tmp_path, second)
    assert training.restarts == 1
    assert digest(second, training) == uninterrupted


def test_a_fit_of_one_step_answers_signals_as_ever():
    before = signal.getsignal(signal.SIGTERM)
    with loop.signals_collected(False):
        assert signal.getsignal(signal.SIGTERM) is before


def test_every_image_comes_once_a_pass_and_passes_join_without_a_gap():
    order = loop.ImageOrder(10, seed=0, device="cpu")
    taken = torch.cat([order.take(4) for _ in range(10)]).reshape(4, 10)
    assert all(sorted(row.tolist()) == list(range(10)) for row in taken)
    assert not torch.equal(taken[0], taken[1])
    assert order.take(None).tolist() == list(range(10))


# --- checkpoints -------------------------------------------------------------------------------------


def test_a_checkpoint_round_trips(tmp_path):
    tensors = {"a": torch.tensor([1.5, -0.0]), "b": torch.tensor(3), "empty": torch.empty(0)}
    save_checkpoint(tmp_path / "c", tensors, {"key": "k", "x": "é"})
    found, metadata = load_checkpoint(tmp_path / "c", "k")
    assert metadata["x"] == "é"
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert load_checkpoint(tmp_path / "none", "k") is None


def test_no_flipped_bit_of_a_checkpoint_is_gone_on_from(tmp_path, capsys):
    """In its header, its metadata or its tensors: it is told of, and the training begins again."""
    tensors = {"a": torch.arange(6.0), "b": torch.tensor(3), "random": torch.arange(9, dtype=torch.uint8)}
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, tensors, {"key": "k", "iteration": "7", "restarts": "0", "history": "[]"})
    whole = path.read_bytes()
    assert load_checkpoint(path, "k") is not None
    for place in range(0, len(whole), 3):
        broken = bytearray(whole)
        broken[place] ^= 1 << place % 8
        path.write_bytes(broken)
        assert load_checkpoint(path, "k") is None, place
        assert "starting from the beginning" in capsys.readouterr().out


@pytest.mark.parametrize("forged", [{}, {"iteration": "9999"}, {"iteration": "many"}, {"sha256": "0" * 64}])
def test_a_checkpoint_that_this_program_did_not_write_is_not_gone_on_from(tmp_path, forged, uninterrupted):
    """Not one without metadata, and not one that claims to be at the end already."""
    train(tmp_path, method(), checkpoint_seconds=0)
    path = tmp_path / loop.CHECKPOINT
    with safe_open(path, framework="pt") as stream:
        metadata = stream.metadata() | forged if forged else None
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    path.write_bytes(to_bytes(tensors, metadata))
    model = method()
    training = train(tmp_path, model)
    assert (training.restarts, digest(model, training)) == (0, uninterrupted)


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match=r"No space.*file"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# --- lock --------------------------------------------------------------------------------------------


def test_a_second_process_is_refused_and_told_who_holds_the_run(tmp_path):
    with (
        run_lock(tmp_path),
        pytest.raises(RunIsLockedError, match=r"in use by process \d+ on .*; `kill \d+` there ends it\."),
        run_lock(tmp_path),
    ):
        pass
    assert who_holds(tmp_path) is None
    with run_lock(tmp_path):  # free again
        assert f"process {os.getpid()} on" in who_holds(tmp_path)


def test_the_job_that_holds_a_run_is_named_with_what_ends_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    with (
        run_lock(tmp_path),
        pytest.raises(
            RunIsLockedError, match=r"SLURM job 4711 \(process \d+ on .*; `scancel 4711` ends it\."
        ),
        run_lock(tmp_path),
    ):
        pass


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_one_sentence(tmp_path, monkeypatch, code):
    def refused(stream, how):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", refused)
    with (
        pytest.raises(UserError, match=rf"^{tmp_path} cannot be locked \({os.strerror(code)}\), .*`flock`"),
        run_lock(tmp_path),
    ):
        pass
    assert who_holds(tmp_path) is None


def test_a_lock_that_was_removed_before_it_was_taken_is_made_again(tmp_path, monkeypatch):
    flock, lock, kept = fcntl.flock, tmp_path / LOCK, tmp_path / "kept"

    def remove_first(stream, how):
        if not kept.exists():
            lock.rename(kept)
        flock(stream, how)

    monkeypatch.setattr("fcntl.flock", remove_first)
    with run_lock(tmp_path):
        assert f"process {os.getpid()} on" in who_holds(tmp_path)


def test_a_lock_that_is_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / LOCK)
    assert who_holds(tmp_path) is None


def test_a_lock_that_cannot_be_read_counts_as_held(tmp_path, monkeypatch):
    def refused(path, flags):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    (tmp_path / LOCK).touch()
    monkeypatch.setattr("encore.runs.lock._open_at_once", refused)
    assert who_holds(tmp_path) == "another user's process"


def test_a_run_that_nobody_began_is_held_by_nobody(tmp_path):
    assert who_holds(tmp_path / "none") is None
