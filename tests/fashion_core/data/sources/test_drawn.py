"""The drawn set: the same picture everywhere, the published proportions, classes that differ but not perfectly."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_core.data.sources import drawn
from fashion_core.data.sources.drawing.catalogue import MIXTURES
from fashion_core.errors import WrongUse
from fashion_core.labels import INDOFASHION
from tests.support.places import ROOT



def digest(label: str, image_id: str, seed: int = 0) -> str:
    return hashlib.sha256(drawn.draw(label, image_id, seed).tobytes()).hexdigest()


@pytest.fixture(scope="module")
def sample() -> tuple[np.ndarray, np.ndarray]:
    """Fourteen small pictures of every class and their labels."""
    rows = [(label, number) for label in INDOFASHION for number in range(1, 15)]
    pixels = [drawn.draw(label, f"train/{label}/{number:04d}.jpg").reduce(8) for label, number in rows]
    return np.stack([np.asarray(image) for image in pixels]), np.array([label for label, _ in rows])


def test_another_process_that_draws_in_another_order_draws_the_same_pictures():
    rows = [(label, f"test/{label}/0007.jpg") for label in ("saree", "mojaris_men", "gowns", "palazzos")]
    code = (
        "import hashlib, sys; from fashion_core.data.sources import drawn\n"
        f"for label, image_id in {rows[::-1]!r}:\n"
        "    print(hashlib.sha256(drawn.draw(label, image_id).tobytes()).hexdigest())\n"
    )
    there = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout.split()[::-1] == [digest(label, image_id) for label, image_id in rows]


def test_seed_label_and_image_id_each_change_the_picture():
    pictures = [("saree", "a", 0), ("saree", "a", 1), ("saree", "b", 0), ("lehenga", "a", 0)]
    assert len({digest(*picture) for picture in pictures}) == 4


def test_drawing_leaves_numpys_global_random_state_alone():
    before = np.random.get_state()[1].copy()
    drawn.draw("saree", "train/saree/0001.jpg")
    assert (np.random.get_state()[1] == before).all()


def test_every_class_is_drawn_at_128_by_128_in_colour():
    assert set(MIXTURES) == set(INDOFASHION)
    for label in INDOFASHION:
        image = drawn.draw(label, f"val/{label}/0001.jpg")
        assert (image.mode, image.size) == ("RGB", (128, 128))
        assert np.asarray(image).std() > 8  # not one flat colour


def test_every_template_of_every_class_can_be_drawn():
    for label, mixture in MIXTURES.items():
        assert sum(weight for weight, _ in mixture) == pytest.approx(1), label
        for _, template in mixture:
            template(np.random.default_rng(5))


def test_the_plan_follows_the_published_train_proportions_to_less_than_one_image():
    published = {  # copied by hand from the IndoFashion paper's repository, as its own check
        "blouse": 9174, "dhoti_pants": 4145, "dupattas": 6587, "gowns": 5211, "kurta_men": 6951,
        "leggings_and_salwars": 7787, "lehenga": 5753, "mojaris_men": 2546, "mojaris_women": 3228,
        "nehru_jackets": 6491, "palazzos": 3375, "petticoats": 4441, "saree": 10791, "sherwanis": 2992,
        "women_kurta": 11694,
    }  # fmt: skip
    counts = drawn.plan().groupby(["split", "label"]).size()
    assert counts["train"].sum() == 3000
    for label, count in published.items():
        assert abs(counts["train"][label] - 3000 * count / sum(published.values())) < 1
    assert set(counts["val"]) == set(counts["test"]) == {40}
    assert len(counts["val"]) == len(counts["test"]) == 15


def test_image_ids_are_unique_and_are_the_paths():
    rows = drawn.plan(num_train=200, num_val=2, num_test=3)
    assert list(rows.columns) == ["image_id", "path", "split", "label"]
    assert rows["image_id"].is_unique and (rows["image_id"] == rows["path"]).all()
    assert rows.iloc[0]["image_id"] == "train/blouse/0001.jpg"
    assert len(rows) == 200 + 15 * 5


def test_a_negative_count_and_an_unknown_class_are_refused_by_name():
    with pytest.raises(WrongUse, match="num_val must be between 0 and 1000000, got -1"):
        drawn.plan(num_val=-1)
    with pytest.raises(WrongUse, match="'sari'.*'saree'"):
        drawn.draw("sari", "train/sari/0001.jpg")


def test_two_processes_write_the_same_files_as_one(tmp_path: Path):
    rows = drawn.plan(num_train=100, num_val=1, num_test=1)
    calls: list[tuple[int, int]] = []
    drawn.write(tmp_path / "two", rows, progress=lambda done, total: calls.append((done, total)), num_workers=2)
    few = rows.iloc[::13]
    drawn.write(tmp_path / "one", few, num_workers=1)
    assert calls[0] == (0, 130) and calls[-1] == (130, 130) and calls == sorted(calls)
    assert sorted(p.relative_to(tmp_path / "two").as_posix() for p in (tmp_path / "two").rglob("*.jpg")) == sorted(
        rows["path"]
    )
    for path in few["path"]:
        assert (tmp_path / "two" / path).read_bytes() == (tmp_path / "one" / path).read_bytes()
    with Image.open(tmp_path / "two" / "test/saree/0001.jpg") as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (128, 128))


def test_no_two_pictures_are_alike(sample):
    pixels, _ = sample
    flat = pixels.reshape(len(pixels), -1).astype(np.float32)
    distance = np.sqrt(((flat[:, None] - flat[None]) ** 2).mean(2)) + 1000 * np.eye(len(flat))
    assert distance.min() > 4


def test_simple_features_tell_the_classes_apart_better_than_chance_but_not_perfectly(sample):
    pixels, labels = sample
    grey = pixels.mean(3)
    grey = grey - grey.mean((1, 2), keepdims=True)
    mirrored = (np.abs(np.diff(grey, axis=2)) + np.abs(np.diff(grey, axis=2))[:, :, ::-1]).reshape(len(grey), -1)
    known, held = np.arange(len(labels)) % 14 < 10, np.arange(len(labels)) % 14 >= 10
    classes = np.array(sorted(set(labels)))
    centroids = np.stack([mirrored[known & (labels == name)].mean(0) for name in classes])
    nearest = classes[((mirrored[held][:, None] - centroids[None]) ** 2).sum(2).argmin(1)]
    share = (nearest == labels[held]).mean()
    assert 3 / 15 < share < 0.9, share
