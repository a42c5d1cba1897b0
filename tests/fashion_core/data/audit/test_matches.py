"""What is called one photo is one: copies are found, garments of one cut in other colours are told apart from them."""

import io
import os
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageOps

from fashion_core import storage
from fashion_core.data import importing
from fashion_core.data.audit import audit, matches, measures, nearest, outlines, pixelwise
from tests.support.pages import open_page, written
from tests.support.places import SHARED
from tests.support.planted import recompressed, scene

SAMPLE = SHARED / "data" / "catalogue-sample.zip"


def garment(seed: int, colour: tuple[int, int, int]) -> Image.Image:
    """A patterned shirt on white; the seed decides cut and pattern, not the colour."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (200, 260), "white")
    draw = ImageDraw.Draw(image)
    left, right, top, bottom = (int(value + rng.integers(-12, 13)) for value in (55, 145, 60, 210))
    sleeves = (right + 30, top + 60), (left - 30, top + 60)
    draw.polygon([(left, top), (right, top), sleeves[0], (right, bottom), (left, bottom), sleeves[1]], fill=colour)
    dark = tuple(int(channel * 0.55) for channel in colour)
    for _ in range(14):
        x, y = int(rng.integers(left, right - 12)), int(rng.integers(top, bottom - 12))
        draw.rectangle((x, y, x + int(rng.integers(4, 12)), y + int(rng.integers(4, 30))), fill=dark)
    return image


def kinds_between(first: Image.Image, second: Image.Image) -> list[int]:
    """What ``matches.find`` calls two pictures, as a dataset of just these would be read."""
    pictures = [picture.convert("RGB").resize((128, 128), Image.Resampling.BILINEAR) for picture in (first, second)]
    pixels_N = np.stack([np.asarray(picture) for picture in pictures])
    sizes = np.array([first.size, second.size])
    return matches.find(measures.measure(pixels_N), sizes, lambda rows: pixels_N[rows]).kind.tolist()


def written_as_jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def lit(image: Image.Image, *gains: float) -> Image.Image:
    return Image.fromarray(np.clip(np.asarray(image) * np.array(gains), 0, 255).astype(np.uint8))


def cut(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_a_photo_are_one_photo_and_recoloured_ones_are_another_colour(seed):
    for photo in (garment(seed, (170, 60, 60)), scene(seed)):
        copies = {
            "saved again": recompressed(photo),
            "halved": photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.LANCZOS),
            "lighter": lit(photo, 1.1, 1.1, 1.1),
            "warmer": lit(photo, 1.1, 1.0, 0.9),
            "cropped all around": cut(photo, 0.025, 0.025, 0.025, 0.025),
            "cropped at two sides": cut(photo, 0.0, 0.0, 0.05, 0.05),
        }
        for name, copy in copies.items():
            assert kinds_between(photo, copy) == [matches.SAME], name
        assert kinds_between(photo, ImageOps.mirror(photo)) == [matches.MIRRORED]
    assert kinds_between(garment(seed, (170, 60, 60)), garment(seed, (60, 90, 170))) == [matches.VARIANT]
    assert kinds_between(garment(seed, (170, 60, 60)), garment(seed + 100, (170, 60, 60))) == []


@pytest.mark.parametrize("seed", range(3))
def test_another_shade_of_one_shot_on_white_is_not_the_same_photo(seed):
    """Light of another colour tints the white around too; a garment in the next shade leaves it white."""
    teal, blue = garment(seed, (70, 84, 92)), garment(seed, (70, 80, 98))
    assert kinds_between(teal, blue) == [matches.VARIANT]
    assert kinds_between(teal, lit(teal, 1.0, 0.9, 0.95)) == [matches.SAME]


@pytest.mark.parametrize("size", [(60, 80), (28, 28)])
def test_photos_too_small_to_tell_are_not_called_one(size):
    """At 28 pixels two patterned shirts of unlike pattern and one cut are not one photo; a lighter copy still is."""
    first, second = (garment(seed, (120, 120, 120)).resize(size, Image.Resampling.LANCZOS) for seed in (1, 2))
    assert kinds_between(first, second) == []
    assert kinds_between(first, lit(first, 0.9, 0.9, 0.9)) == [matches.SAME]


def kinds_of_tiny(first: Image.Image, second: Image.Image) -> list[int]:
    """As ``kinds_between``, of a dataset whose photos all have 32 x 32 pixels at most."""
    pictures = [picture.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR) for picture in (first, second)]
    pixels_N = np.stack([np.asarray(picture) for picture in pictures])
    sizes = np.array([first.size, second.size])
    return matches.find(measures.measure(pixels_N), sizes, lambda rows: pixels_N[rows]).kind.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_copies_of_a_photo_of_28_pixels_are_found_and_other_prints_on_its_garment_are_none(seed):
    photo = garment(seed, (170, 60, 60)).resize((28, 28), Image.Resampling.LANCZOS)
    copies = {
        "saved at quality 40": recompressed(photo, 40),
        "saved at quality 57": recompressed(photo, 57),
        "halved": photo.resize((14, 14), Image.Resampling.LANCZOS),
        "halved by another filter": photo.resize((14, 14), Image.Resampling.BICUBIC),
        "lighter": lit(photo, 1.1, 1.1, 1.1),
        "warmer": lit(photo, 1.1, 1.0, 0.9),
        "without a column and a row": photo.crop((0, 1, 27, 28)),
        "without its outermost pixels": photo.crop((1, 1, 27, 27)),
        "without three columns, saved at quality 57": recompressed(photo.crop((2, 0, 27, 28)), 57),
    }
    for told in (kinds_between, kinds_of_tiny):
        for name, copy in copies.items():
            assert told(photo, copy) == [matches.SAME], name
            assert told(copy, photo) == [matches.SAME], name
        assert told(photo, ImageOps.mirror(photo)) == [matches.MIRRORED]
        printed = photo.copy()
        ImageDraw.Draw(printed).rectangle((13, 11, 15, 13), fill="white")
        assert told(photo, printed) == []
        assert told(photo, printed.crop((1, 1, 27, 27))) == []
        assert told(photo, garment(seed + 100, (170, 60, 60)).resize((28, 28))) == []


@pytest.mark.parametrize("seed", range(3))
def test_of_60_x_80_pixels_a_copy_is_one_photo_however_rough_and_a_shade_of_a_small_part_is_not(seed):
    photo = garment(seed, (170, 60, 60)).resize((60, 80), Image.Resampling.LANCZOS)
    photo = Image.open(io.BytesIO(written_as_jpeg(photo, 90))).convert("RGB")  # as shops send them
    for copy in (recompressed(photo, 40), recompressed(photo, 61), lit(photo, 1.1, 1.1, 1.1), lit(photo, 1.1, 1, 0.9)):
        assert kinds_between(photo, copy) == [matches.SAME]
    assert kinds_between(photo, photo.resize((30, 40), Image.Resampling.BICUBIC)) == [matches.SAME]
    levels = np.asarray(photo, np.int16).copy()
    levels[34:44, 26:32] += np.array([-5, 2, 3], np.int16)
    shade = Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))
    assert kinds_between(photo, shade) == [matches.VARIANT]


def test_a_small_photo_without_its_outermost_pixels_is_found_among_many_of_many_sizes():
    """Also where there are more sizes than are worth a look each."""
    rng = np.random.default_rng(0)
    pictures = [garment(seed, (170, 60, 60)).resize(tuple(rng.integers(30, 48, 2))) for seed in range(300)]
    pictures += [garment(1000 + seed, (60, 60, 170)).resize((40, 44)) for seed in range(40)]
    pictures += [picture.crop((1, 1, 39, 43)) for picture in pictures[300:]]
    pixels_N = np.stack([np.asarray(picture.resize((128, 128), Image.Resampling.BILINEAR)) for picture in pictures])
    sizes = np.array([picture.size for picture in pictures])
    pairs = matches.find(measures.measure(pixels_N), sizes, lambda rows: pixels_N[rows])
    same = pairs.of(matches.SAME)
    assert set(zip(same.first, same.second, strict=True)) == {(300 + number, 340 + number) for number in range(40)}


def test_a_plain_tie_is_no_copy_of_a_striped_one_whose_stripes_a_rough_file_loses():
    plain, striped = (Image.new("RGB", (60, 80), "white") for _ in range(2))
    for image, colour in ((plain, None), (striped, (176, 178, 190))):
        draw = ImageDraw.Draw(image)
        draw.polygon([(28, 8), (32, 8), (36, 68), (30, 76), (24, 68)], fill=(186, 188, 200))
        for row in range(8, 76, 3) if colour else ():
            draw.line((24, row, 36, row + 2), fill=colour)
    assert matches.SAME not in kinds_between(plain, striped)


def test_plain_garments_of_one_cut_in_other_colours_are_no_copies_no_leaks_and_no_conflicts(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("shirt", "dress", "shoe"):
        for number in range(20):
            image = Image.new("RGB", (200, 260), "white")
            draw, colour = ImageDraw.Draw(image), tuple(int(value) for value in rng.integers(0, 255, 3))
            a, b, c, d = (int(value) for value in rng.integers(-6, 7, 4))
            box = (60 + a, 80 + b, 140 + c, 190 + d)
            if name == "dress":
                draw.polygon([(100, box[1]), (box[0], box[3]), (box[2], box[3])], fill=colour)
            else:
                (draw.rectangle if name == "shirt" else draw.ellipse)(box, fill=colour)
            (tmp_path / "white" / name).mkdir(parents=True, exist_ok=True)
            image.save(tmp_path / "white" / name / f"{number}.png")
    dataset = importing.import_source(tmp_path / "white", data_dir=tmp_path / "data", name="white")
    counts = audit.run(dataset).counts
    told = {
        kind: counts[kind] for kind in ("exact_duplicate", "near_duplicate", "mirrored_duplicate", "leak", "conflict")
    }
    assert set(told.values()) == {0}, told


def test_pairs_that_a_person_judged_are_told_as_the_person_told_them(tmp_path):
    """242 pairs of catalogue photos of 60 x 80 pixels on white: shoes of one angle, lipsticks of one shot."""
    if not SAMPLE.exists():
        assert not os.environ.get("FASHION_REQUIRE_ALL"), f"{SAMPLE} is not here"
        pytest.skip(f"{SAMPLE.name} is not here")
    with zipfile.ZipFile(SAMPLE) as archive:
        name = next(name for name in archive.namelist() if name.endswith("pairs.csv"))
        judged = pd.read_csv(io.BytesIO(archive.read(name)))
        for photo in sorted({*judged["photo"], *judged["other"]}):
            path = tmp_path / "photos" / photo
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name.removesuffix("pairs.csv") + photo))
    found = audit.run(importing.import_source(tmp_path / "photos", data_dir=tmp_path / "data")).findings()
    kinds = ["exact_duplicate", "near_duplicate", "mirrored_duplicate", "variant"]
    pairs = found[found["kind"].isin(kinds)]
    told = {frozenset(pair) for pair in zip(pairs["image_id"], pairs["other"], strict=True)}
    said = np.array([frozenset(pair) in told for pair in zip(judged["photo"], judged["other"], strict=True)])
    one_shot = judged["same_shot"].to_numpy() == 1
    assert one_shot[said].mean() >= 0.95 and said[one_shot].mean() >= 0.95


def test_the_nearest_of_many_are_those_that_comparing_all_with_all_finds():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(3000, outlines.FEATURES))
    features[1500:1600] = features[:100] + 0.3 * rng.normal(size=(100, outlines.FEATURES))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    query, row, cosine, crowded = nearest.pairs(features, features, 0.8)
    whole = features @ features.T
    np.fill_diagonal(whole, 0)
    expected = set(zip(*np.nonzero(whole >= 0.8), strict=True))
    found = set(zip(query.tolist(), row.tolist(), strict=True))
    assert found <= expected and len(found) >= 0.98 * len(expected) and len(expected) >= 180 and crowded == 0
    assert np.allclose(cosine, whole[query, row], atol=1e-5)


def test_the_nearest_among_others_leave_out_a_photo_itself_and_what_does_not_fit():
    rng = np.random.default_rng(4)
    rows, queries = rng.normal(size=(800, 8)), rng.normal(size=(300, 8))
    rows, queries = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (rows, queries))
    ids, asked = np.arange(800), np.arange(200, 500)
    fits = lambda query, row, cosine: (query + row) % 3 != 0  # noqa: E731
    query, row, cosine, _ = nearest.among(rows, queries, 0.6, asked, ids, fits=fits, most=5, probes=28)
    whole = queries @ rows.T
    expected = set()
    for number in range(300):
        likely = [at for at in np.argsort(-whole[number]) if ids[at] != asked[number] and (number + at) % 3]
        expected |= {(number, int(at)) for at in likely[:5] if whole[number, at] >= 0.6}
    assert set(zip(query.tolist(), row.tolist(), strict=True)) == expected and len(expected) > 500
    assert np.allclose(cosine, whole[query, row], atol=1e-5)


@pytest.mark.parametrize("size", [(28, 28), (60, 80), (31, 17)])
def test_pixels_that_a_cache_drew_out_are_had_back(size):
    photo = scene(1).resize(size)
    drawn = np.asarray(photo.resize((128, 128), Image.Resampling.BILINEAR))[None]
    back = pixelwise.as_filed(drawn, *size)[0].transpose(1, 2, 0)
    assert np.abs(back - np.asarray(photo, np.float32)).max() < 2.5


def test_a_picture_saved_again_parts_by_steps_of_a_file_and_a_lighter_one_by_none():
    photo = scene(2).resize((64, 64))
    planes = [np.asarray(x, np.float32).transpose(2, 0, 1)[None] for x in (photo, recompressed(photo, 40))]
    brightness, colours = pixelwise.steps_apart(*planes)
    assert 0.1 < brightness.mean() < 0.35 and colours.max() < 0.5  # at most half a step, evenly: 0.29
    lighter = np.minimum(planes[0] * np.array([1.1, 1.0, 0.9], np.float32)[:, None, None], 255)
    brightness, colours = pixelwise.steps_apart(*pixelwise.same_light(planes[0], lighter))
    assert max(brightness.max(), colours.max()) < 0.02


def test_a_description_of_a_flipped_picture_is_the_flipped_description():
    pictures = np.stack([np.asarray(scene(seed, (32, 32)).convert("L"), np.float32) for seed in range(20)])
    straight, box = outlines.describe(outlines.edges(pictures))
    flipped, flipped_box = outlines.describe(outlines.edges(pictures[:, :, ::-1].copy()))
    assert np.allclose(outlines.mirrored(straight), flipped, atol=1e-3)
    assert np.allclose(outlines.mirrored_window(box), flipped_box, atol=1e-3)


def test_an_audit_of_the_earlier_way_is_not_read_and_the_page_offers_another(tmp_path, monkeypatch):
    for number in range(12):
        path = tmp_path / "photos" / ("a" if number % 2 else "b") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scene(number).save(path)
    dataset = importing.import_source(tmp_path / "photos", data_dir=tmp_path / "data", name="few")
    audit.run(dataset)
    assert not audit.outdated(dataset)
    path = audit.folder_of(dataset) / "audit.json"
    storage.write_json(path, storage.read_json(path) | {"version": 1})
    assert audit.load(dataset) is None and audit.outdated(dataset)
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    app = open_page("dataset", tab="Audit")
    assert "audited in an earlier way" in written(app) and not app.exception
    assert audit.run(dataset).version == audit.VERSION and not audit.outdated(dataset)
