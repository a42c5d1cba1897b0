"""Draw the demo set: fifteen IndoFashion classes made by our own code. A label and an image id go in, a 128 x 128 picture comes out.

Each picture depends on (VERSION, seed, label, image_id) alone: not on order, processes or machine. Classes are mixtures of
templates, and some templates are shared: a long kurta is sold as a gown, a dupatta is shown on somebody in a kurta. That is why
a classifier cannot reach 100 %. How often is set by hand after the published confusion matrix; it is art, not data.
"""

import hashlib
import io
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from fashion_core.errors import WrongUse
from fashion_core.fabrics import BRIGHT, SOBER, SOFT, pick
from fashion_core.garments import EVERYDAY, FESTIVE, blouse, dress, lehenga, man, saree
from fashion_core.labels import INDOFASHION, did_you_mean
from fashion_core.pieces import legwear, mojaris, petticoat, scarf
from fashion_core.published import train_counts
from fashion_core.scenes import Scene, photograph

VERSION = "1"  # part of every fingerprint of a drawn set: change it whenever a pixel may change

Template = Callable[[np.random.Generator], Scene]


def _kurta(rng) -> Scene:
    lower = pick(rng, ("leggings", "leggings", "palazzos", "salwar"))
    return dress(rng, rng.uniform(0.62, 0.84), rng.uniform(0, 0.05), lower=lower, bottom=pick(rng, (1.03, 1.03, 0.9)))


def _kurta_set(rng) -> Scene:
    return dress(rng, rng.uniform(0.66, 0.82), rng.uniform(0, 0.05), scarf=pick(rng, ("side", "u", "pair", "side")))


def _kurta_near(rng) -> Scene:
    return dress(rng, rng.uniform(0.62, 0.8), rng.uniform(0, 0.04), bottom=rng.uniform(0.6, 0.75))


def _anarkali(rng) -> Scene:
    return dress(
        rng,
        rng.uniform(0.8, 0.94),
        rng.uniform(0.08, 0.2),
        False,
        pick(rng, (0.0, 0.3, 0.42)),
        prints=EVERYDAY + FESTIVE,
        scarf=pick(rng, ("", "", "side", "u")),
    )


def _gown(rng) -> Scene:
    return dress(
        rng,
        0.972,
        rng.uniform(0.05, 0.22),
        False,
        pick(rng, (0.0, 0.28, 0.4)),
        "",
        pick(rng, ("", "", "", "", "side")),
        prints=FESTIVE,
    )


def _slim_gown(rng) -> Scene:
    return dress(
        rng,
        rng.uniform(0.88, 0.972),
        rng.uniform(0.01, 0.05),
        rng.random() < 0.4,
        lower="leggings",
        prints=EVERYDAY + FESTIVE,
    )


def _dupatta_worn(rng) -> Scene:
    how = pick(rng, ("open", "open", "arms", "pair", "u"))
    return dress(
        rng,
        rng.uniform(0.66, 0.84),
        rng.uniform(0, 0.05),
        scarf=how,
        quiet=True,
        wide=rng.uniform(1.3, 1.9),
        bottom=pick(rng, (1.03, 0.85, 0.72)),
    )


def _dupatta_gown(rng) -> Scene:
    return dress(
        rng, 0.97, rng.uniform(0.08, 0.2), False, lower="", scarf=pick(rng, ("side", "arms", "u")), prints=FESTIVE
    )


def _legs(low: float, high: float) -> Template:
    """Straight legwear of a width between legging (0) and palazzo (1)."""

    def template(rng) -> Scene:
        w = float(np.clip(rng.normal((low + high) / 2, (high - low) / 2), 0, 1.25))
        hem = rng.uniform(0.84, 0.97) if w > 0.4 else None
        return legwear(rng, 0.05 + 0.02 * w, 0.034 + 0.045 * w, 0.02 + 0.08 * w, hem=hem)

    return template


def _salwar(rng) -> Scene:
    return legwear(
        rng,
        rng.uniform(0.065, 0.09),
        rng.uniform(0.06, 0.085),
        rng.uniform(0.024, 0.036),
        rng.uniform(0.56, 0.68),
        "salwar",
    )


def _dhoti(rng) -> Scene:
    return legwear(
        rng,
        rng.uniform(0.075, 0.1),
        rng.uniform(0.07, 0.095),
        rng.uniform(0.022, 0.032),
        rng.uniform(0.66, 0.82),
        "dhoti",
        hem=rng.uniform(0.88, 0.96),
    )


def _kurta_salwar(rng) -> Scene:
    return dress(rng, rng.uniform(0.58, 0.72), rng.uniform(0, 0.04), lower="salwar")


def _saree_skirt(rng) -> Scene:
    return saree(rng, 0.34, 1.04)


def _kurta_men(rng) -> Scene:
    return man(rng, "kurta", 0.12, rng.uniform(0.6, 0.74), bottom=pick(rng, (1.03, 1.03, 0.8)))


def _sherwani(rng) -> Scene:
    return man(
        rng,
        "sherwani",
        0.85,
        rng.uniform(0.66, 0.77),
        buttons=rng.uniform(0.44, 0.55),
        stole=rng.random() < 0.4,
        turban=rng.random() < 0.35,
        bottom=pick(rng, (1.03, 1.03, 0.85)),
    )


def _between_men(rng) -> Scene:
    return man(
        rng,
        pick(rng, ("kurta", "sherwani")),
        0.5,
        rng.uniform(0.62, 0.74),
        buttons=rng.uniform(0.3, 0.5),
        bottom=pick(rng, (1.03, 0.85)),
    )


def _nehru(rng) -> Scene:
    return man(
        rng,
        "kurta",
        0.08,
        rng.uniform(0.6, 0.7),
        jacket=True,
        bottom=pick(rng, (0.62, 0.68, 0.8, 1.03)),
        jacket_low=rng.uniform(0.46, 0.54),
    )


def _long_jacket(rng) -> Scene:
    return man(
        rng, "sherwani", 0.5, rng.uniform(0.66, 0.74), buttons=0.5, jacket=True, jacket_low=rng.uniform(0.54, 0.64)
    )


def _mojaris(mean: float) -> Template:
    """A pair somewhere between a man's (-1) and a woman's (+1): broad, plain, closed and curled against slim, embroidered and open."""

    def template(rng) -> Scene:
        g = float(np.clip(rng.normal(mean, 0.85), -2.4, 2.4))
        colours = SOBER + ("tan", "brown", "madder") if g < rng.normal(0, 0.6) else BRIGHT + SOFT
        ornament = float(np.clip(0.5 + 0.28 * g + rng.normal(0, 0.1), 0, 1))
        slim = 0.178 - 0.019 * g + rng.normal(0, 0.006)
        return mojaris(
            rng,
            slim,
            ornament,
            0.5 + 0.3 * g + rng.normal(0, 0.15),
            float(np.clip(0.1 - 0.035 * g, 0.02, 0.19)),
            colours,
        )

    return template


MIXTURES: dict[str, tuple[tuple[float, Template], ...]] = {
    "blouse": ((0.95, blouse), (0.05, lambda rng: saree(rng, 0.04, 0.5))),
    "dhoti_pants": (
        (0.7, _dhoti),
        (0.12, _salwar),
        (0.1, _kurta_salwar),
        (0.04, _legs(0.1, 0.4)),
        (0.04, _dupatta_worn),
    ),
    "dupattas": (
        (0.34, scarf),
        (0.44, _dupatta_worn),
        (0.11, _kurta_set),
        (0.05, _dupatta_gown),
        (0.06, _legs(0.0, 0.5)),
    ),
    "gowns": (
        (0.66, _gown),
        (0.1, _anarkali),
        (0.1, _slim_gown),
        (0.06, _kurta),
        (0.05, _dupatta_gown),
        (0.03, lehenga),
    ),
    "kurta_men": ((0.92, _kurta_men), (0.06, _between_men), (0.02, _nehru)),
    "leggings_and_salwars": ((0.64, _legs(0.05, 0.3)), (0.24, _salwar), (0.06, _legs(0.3, 0.7)), (0.06, _dhoti)),
    "lehenga": ((0.96, lehenga), (0.04, _gown)),
    "mojaris_men": ((1.0, _mojaris(-1.0)),),
    "mojaris_women": ((1.0, _mojaris(1.0)),),
    "nehru_jackets": ((0.94, _nehru), (0.04, _between_men), (0.02, _long_jacket)),
    "palazzos": ((0.84, _legs(0.55, 0.95)), (0.12, _legs(0.15, 0.5)), (0.04, petticoat)),
    "petticoats": ((0.9, petticoat), (0.05, _saree_skirt), (0.05, lambda rng: petticoat(rng, rich=True))),
    "saree": (
        (0.82, saree),
        (0.06, lambda rng: saree(rng, -0.02, 0.62)),
        (0.05, _saree_skirt),
        (0.05, scarf),
        (0.02, blouse),
    ),
    "sherwanis": ((0.86, _sherwani), (0.1, _between_men), (0.04, _long_jacket)),
    "women_kurta": (
        (0.5, _kurta),
        (0.12, _kurta_near),
        (0.14, _anarkali),
        (0.06, _slim_gown),
        (0.14, _kurta_set),
        (0.04, _dupatta_worn),
    ),
}


def plan(seed: int = 0, num_train: int = 3000, num_val: int = 40, num_test: int = 40) -> pd.DataFrame:
    """The rows of a drawn set: image_id (which is also its path), path, split, label.

    Train counts follow the published train proportions, rounded so that they add up to `num_train` (largest remainder);
    `num_val` and `num_test` are per class. The rows do not depend on `seed`, which only changes the pixels.
    """
    for name, value in (("num_train", num_train), ("num_val", num_val), ("num_test", num_test)):
        if not 0 <= value <= 1_000_000:
            raise WrongUse(f"{name} must be between 0 and 1000000, got {value}")
    published = train_counts()
    exact = np.array([published[label] for label in INDOFASHION]) * (num_train / sum(published.values()))
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: num_train - counts.sum()]] += 1
    rows = [
        (f"{split}/{label}/{number:04d}.jpg", split, label)
        for split, per_class in (("train", counts), ("val", [num_val] * 15), ("test", [num_test] * 15))
        for label, count in zip(INDOFASHION, per_class, strict=True)
        for number in range(1, int(count) + 1)
    ]
    table = pd.DataFrame(rows, columns=["image_id", "split", "label"])
    table.insert(1, "path", table["image_id"])
    return table


def draw(label: str, image_id: str, seed: int = 0) -> Image.Image:
    """One picture, RGB 128 x 128, the same for the same (VERSION, seed, label, image_id) wherever it is drawn."""
    if label not in MIXTURES:
        raise WrongUse(f"no drawing is known for class {label!r}; {did_you_mean(label, MIXTURES)}")
    digest = hashlib.sha256(f"{VERSION}\n{seed}\n{label}\n{image_id}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:16], "little"))
    weights, templates = zip(*MIXTURES[label], strict=True)
    return photograph(pick(rng, templates, weights)(rng))


def write(
    folder: Path,
    plan: pd.DataFrame,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    num_workers: int | None = None,
) -> None:
    """Draw every row of `plan` as a JPEG below `folder`, on all cores; `progress(done, total)` is called as pictures are finished.

    Only command-line processes call this: the workers are spawned, which a Streamlit script must not do. The files are not
    synced one by one; the import that asked for them syncs the whole folder before it publishes it.
    """
    folder, total, done = Path(folder), len(plan), 0
    report = progress or (lambda done, total: None)
    for parent in sorted({Path(path).parent for path in plan["path"]}):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    rows = list(zip(plan["label"], plan["image_id"], plan["path"], strict=True))
    chunks: Iterator[list[tuple[str, str, str]]] = (rows[at : at + 32] for at in range(0, total, 32))
    workers = min(num_workers or os.cpu_count() or 1, max(1, total // 64))
    report(0, total)
    if workers == 1:
        for chunk in chunks:
            done += _write_chunk(folder, chunk, seed)
            report(done, total)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending = {pool.submit(_write_chunk, folder, chunk, seed) for chunk in chunks}
        try:
            while pending:
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                done += sum(future.result() for future in finished)
                report(done, total)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write_chunk(folder: Path, rows: list[tuple[str, str, str]], seed: int) -> int:
    for label, image_id, path in rows:
        encoded = io.BytesIO()
        draw(label, image_id, seed).save(encoded, "JPEG", quality=90, subsampling=0)
        (folder / path).write_bytes(encoded.getvalue())
    return len(rows)
