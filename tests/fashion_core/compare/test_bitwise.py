"""The benchmark that a new machine is asked first, here on the CPU: it calls equal what is, and nothing else."""

from benchmarks.quality import same_bits
from fashion_core.settings import recipes
from fashion_core.training import input_pipeline, steps

SMALL = ("image_size=16", "batch_size=8", "epochs=2", "device=cpu", "log_every=1")


def test_a_training_repeats_when_it_was_stopped_and_when_its_batches_are_made_one_at_a_time(
    tiny, tmp_path, monkeypatch
):
    for module in (input_pipeline, steps):  # as on a GPU
        monkeypatch.setattr(module, "can_be_ahead", lambda settings, device: True)
    monkeypatch.setattr(input_pipeline, "BYTES_AHEAD", 3 * 8 * 16 * 16 * 3 * 4)  # three of the five batches in one go
    taken, real = [], input_pipeline.Ahead.take
    monkeypatch.setattr(
        input_pipeline.Ahead, "take", lambda self, batch: taken.append(batch.number) or real(self, batch)
    )
    found = dict(same_bits.trials(tiny, recipes.settings_for("report", SMALL), tmp_path))
    assert list(found) == ["again", "stopped after step 7 and resumed", "one batch at a time"]
    assert taken == [0, 1, 2, 3, 4] * 6, "three trainings of two epochs, and none of the fourth"
    assert all(sentence.startswith("bit-equal") for sentence in found.values()), found


def test_a_training_that_does_not_repeat_is_told_with_the_gap(tiny, tmp_path, monkeypatch):
    numbers = iter(range(10_000))
    monkeypatch.setattr(steps, "step_seed", lambda *_: next(numbers))  # dropout drops others each time
    found = dict(same_bits.trials(tiny, recipes.settings_for("report", SMALL), tmp_path))
    assert len(found) == 2 and all(sentence.startswith("not bit-equal") for sentence in found.values()), found
