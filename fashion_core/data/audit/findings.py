"""What an audit finds: photos that stand out, copies, copies in two splits, and photos under two labels.

Takes a manifest and the measures of its photos (row for row); gives one table of findings. Reads and writes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fashion_core.data import pixels
from fashion_core.data.audit import duplicates, matches
from fashion_core.data.sources.layout import TRAIN_FIRST

#: kind -> what it means, in the words that pages and the command line print.
KINDS = {
    "damaged": "Damaged or too large: the file cannot be decoded, or holds more than is opened",
    "missing": "Missing: no file at the path that the source names",
    "size": "Size: more than 4 times the area of the median photo, or less than a quarter",
    "shape": "Shape: width to height more than twice, or less than half, the median photo's",
    "colour": "Colour: grey among colour photos, or the reverse (fewer than 1 in 20)",
    "blank": "Blank: one even surface",
    "dark": "Very dark: 99 of 100 pixels below a quarter of full brightness",
    "blurred": "Very blurred: no sharp edge anywhere",
    "exact_duplicate": "The same file: the same bytes",
    "near_duplicate": "The same photo: edges and colours coincide (saved again, resized, cropped, or lighter)",
    "mirrored_duplicate": "The same photo, flipped left to right",
    "variant": "One shot in another colour, or saved again roughly: outlines coincide, colours do not; check them",
    "leak": "Leaks: the same photo in an earlier split, or one address or product there",
    "look_alike": "Looks like one shot in two splits: check them; not counted as leaks",
    "conflict": "Label conflicts: one photo, or one address, under two labels",
    "group": "Groups in several splits: photos that a column puts together, such as a product; not counted as leaks",
}
SINGLES, COPIES = tuple(KINDS)[:8], ("exact_duplicate", "near_duplicate", "mirrored_duplicate")
#: Why two photos are taken for the same, surest first.
CAUSES = ("exact", "url", "near", "mirrored", "product")
#: cause -> what a leak is said to be; no cause says more than what was compared
LEAKS = {
    "exact": "the same file",
    "url": "the same image address",
    "near": "the same photo",
    "mirrored": "the same photo, flipped",
    "product": "the same brand and title",
}
COLUMNS = "kind cause group image_id other split other_split label other_label agreement difference reason".split()

DARK, BLANK, BLURRED, GREY = 64.0, 10.0, 0.15, 2.0  # see KINDS; clothing photos blurred by 1.5 % of their width: 0.15
RARE = 0.05


@dataclass(frozen=True)
class Pairs:
    """Pairs of photos, or of groups of photos with one key: for each the agreement of their edges (1 of one file, NaN
    where looks were not asked) and how far their colours differ, in levels."""

    first: np.ndarray
    second: np.ndarray
    agreement: np.ndarray
    difference: np.ndarray
    num_crowded: int = 0  # photos that had more look-alikes than were compared

    def kept(self, rows: np.ndarray) -> "Pairs":
        return Pairs(self.first[rows], self.second[rows], self.agreement[rows], self.difference[rows])


def find(
    manifest: pd.DataFrame,
    measured_N: np.ndarray,
    pixels_NHW3: np.ndarray,
    tell: matches.Tell = lambda done, total: None,
) -> pd.DataFrame:
    """Every finding, COLUMNS; ``measured_N`` has a measures.RECORD and ``pixels_NHW3`` a picture for each row.

    ``image_id`` of a leak is the photo of the later split (test after val after train), so leaving those out ends every
    leak. ``agreement`` is of the edges, at most 1, and ``difference`` in levels of colour; null where unknown.
    ``attrs["crowded"]`` is how many photos had more look-alikes than were compared.
    """
    usable = np.flatnonzero(manifest["status"] == "ok")
    photos = manifest.iloc[usable].reset_index(drop=True)
    unread = manifest[manifest["status"].isin(["damaged", "missing"])]
    found = [
        _singles(unread[unread["status"] == status], status, unread.loc[unread["status"] == status, "reason"])
        for status in ("damaged", "missing")
    ]
    found += list(_outliers(photos, measured_N[usable]))
    copy_N = pd.factorize(photos["sha256"])[0]  # photos with the same bytes have one number
    firsts = np.flatnonzero(~photos["sha256"].duplicated().to_numpy())  # the first photo of each number
    alike = _matches(photos, measured_N, pixels_NHW3, usable, firsts, tell)
    found.append(_pairs(photos, "exact_duplicate", "exact", _stars(copy_N, 1.0)))
    for kind, cause in (("near_duplicate", "near"), ("mirrored_duplicate", "mirrored"), ("variant", "variant")):
        pairs = alike[cause]
        rows = Pairs(firsts[pairs.first], firsts[pairs.second], pairs.agreement, pairs.difference)
        found.append(_pairs(photos, kind, cause, rows))
    found.append(across_splits(photos, list(_links(photos, copy_N, alike))))
    found.append(_look_alikes(photos, copy_N, alike["variant"], found[-1]))
    found.append(_conflicts(photos, firsts, _links(photos, copy_N, alike)))
    table = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
    table.attrs["crowded"] = alike["near"].num_crowded
    return table


def _matches(
    photos: pd.DataFrame,
    measured_N: np.ndarray,
    pixels_NHW3: np.ndarray,
    usable: np.ndarray,
    firsts: np.ndarray,
    tell: matches.Tell,
) -> dict[str, Pairs]:
    """near, mirrored and variant: pairs among the photos ``firsts``, as places in ``firsts``."""
    rows = usable[firsts]
    candidates = np.flatnonzero(measured_N["contrast"][rows] >= BLANK)  # an even surface has no edges to compare
    rows = rows[candidates]
    sizes_N2 = photos[["width", "height"]].to_numpy()[firsts[candidates]]
    found = matches.find(measured_N[rows], sizes_N2, lambda some: pixels.read_rows(pixels_NHW3, rows[some]), tell)
    told = {}
    for cause, kind in (("near", matches.SAME), ("mirrored", matches.MIRRORED), ("variant", matches.VARIANT)):
        one = found.of(kind)
        told[cause] = Pairs(candidates[one.first], candidates[one.second], one.edges, one.colour, one.num_crowded)
    return told


def _singles(photos: pd.DataFrame, kind: str, reasons: Iterable[str]) -> pd.DataFrame:
    return _table(kind=kind, image_id=photos["image_id"], split=photos["split"], label=photos["label"], reason=reasons)


def _outliers(photos: pd.DataFrame, measured_N: np.ndarray) -> Iterable[pd.DataFrame]:
    width, height = photos["width"].to_numpy(float), photos["height"].to_numpy(float)
    area, shape = width * height, width / height
    size, aspect = (np.median(values) if len(photos) else 1.0 for values in (area, shape))
    grey = measured_N["colour"] < GREY
    odd_grey = grey if grey.mean() < RARE else ~grey if grey.mean() > 1 - RARE else np.zeros_like(grey)
    blank = measured_N["contrast"] < BLANK

    def dimensions(row: int) -> str:
        return f"{width[row]:.0f} x {height[row]:.0f} pixels"

    rules: dict[str, tuple[np.ndarray, Callable[[int], str]]] = {
        "size": ((area > 4 * size) | (area < size / 4), dimensions),
        "shape": ((shape > 2 * aspect) | (shape < aspect / 2), dimensions),
        "colour": (odd_grey, lambda row: "grey" if grey[row] else "in colour"),
        "blank": (blank, lambda row: f"{measured_N['contrast'][row]:.0f} of 255 levels of contrast"),
        "dark": (
            (measured_N["brightest"] < DARK) & ~blank,
            lambda row: f"99 % of it is at most {measured_N['brightest'][row]:.0f} of 255",
        ),
        "blurred": (
            (measured_N["sharpness"] < BLURRED) & ~blank,
            lambda row: f"its sharpest edges step by {measured_N['sharpness'][row]:.0%} of its contrast",
        ),
    }
    for kind, (outlier_N, reason) in rules.items():
        rows = np.flatnonzero(outlier_N)
        yield _singles(photos.iloc[rows], kind, [reason(row) for row in rows.tolist()])


def _stars(key_N: np.ndarray, agreement: float) -> Pairs:
    """Each later photo of a key beside the first one of that key; a key of -1 is none."""
    rows = np.flatnonzero(key_N >= 0)
    _, first, inverse = np.unique(key_N[rows], return_index=True, return_inverse=True)
    first_of = rows[first][inverse]
    later = np.flatnonzero(first_of != rows)
    num = len(later)
    return Pairs(first_of[later], rows[later], np.full(num, agreement), np.zeros(num, np.float32))


def _pairs(photos: pd.DataFrame, kind: str, cause: str | Iterable[str], pairs: Pairs) -> pd.DataFrame:
    """A row a pair, the photo that came second first; ``group`` is one number for all that pairs connect."""
    group = duplicates.groups_of(len(photos), pairs.first, pairs.second)[pairs.first]
    images, others = photos.iloc[pairs.second], photos.iloc[pairs.first]
    known = ~np.isnan(pairs.agreement)
    causes = [cause] * len(group) if isinstance(cause, str) else list(cause)
    reasons = [_SAID[said].format(agreement, levels) for said, agreement, levels in zip(
        causes, (100 * pairs.agreement).tolist(), pairs.difference.tolist(), strict=True)]  # fmt: skip
    table = _table(
        kind=kind,
        cause=causes,
        group=pd.factorize(group)[0],
        image_id=images["image_id"],
        other=others["image_id"],
        split=images["split"],
        other_split=others["split"],
        label=images["label"],
        other_label=others["label"],
        agreement=pairs.agreement,
        difference=np.where(known, pairs.difference.astype(float), np.nan),
        reason=reasons,
    )
    return table.sort_values("agreement", ascending=False, kind="stable", ignore_index=True)


_SAID = {
    "exact": "the same file",
    "url": "the same image address",
    "near": "the same photo: edges agree to {:.1f} %, colours to {:.0f} of 255 levels",
    "mirrored": "the same photo, flipped: edges agree to {:.1f} %, colours to {:.0f} of 255 levels",
    "variant": "looks like one shot: edges agree to {:.1f} %, colours differ by up to {:.0f} of 255 levels",
    "product": "the same brand and product title",
    "group": "they belong together",
}


def _agreement_of(cause: str) -> float:
    return 1.0 if cause == "exact" else np.nan


def _keys(photos: pd.DataFrame, columns: list[str]) -> np.ndarray | None:
    """One number for each value of ``columns``, -1 where any is null or empty; None where the source has not them."""
    if not set(columns) <= set(photos.columns):
        return None
    texts = photos[columns].apply(lambda column: column.astype("string").str.strip().str.casefold().replace("", pd.NA))
    whole = texts.notna().all(axis=1).to_numpy(bool)
    key_N = np.full(len(photos), -1)
    if whole.any():
        key_N[whole] = texts[whole].groupby(columns, sort=False).ngroup()
    return key_N


def _links(photos: pd.DataFrame, copy_N: np.ndarray, alike: dict[str, Pairs]) -> Iterable[tuple]:
    """(cause, key of each photo, pairs of keys; None: a key with itself) for each way that makes two photos one."""
    yield "exact", copy_N, None
    yield "url", _keys(photos, ["image_url"]), None
    yield "near", copy_N, alike["near"]
    yield "mirrored", copy_N, alike["mirrored"]
    yield "product", _keys(photos, ["brand", "product_title"]), None


def across_splits(photos: pd.DataFrame, links: list[tuple], kind: str = "leak") -> pd.DataFrame:
    """One row for each photo and earlier split that has it, with the surest cause and the nearest photo there."""
    rank_N = photos["split"].map({split: rank for rank, split in enumerate(TRAIN_FIRST)}).to_numpy()
    parts = []
    for rank, (cause, key_N, pairs) in enumerate(links):
        if key_N is None:
            continue
        keyed = pd.DataFrame({"row": np.arange(len(photos)), "key": key_N, "rank": rank_N})[key_N >= 0]
        witnesses = keyed.drop_duplicates(["key", "rank"]).rename(columns={"row": "other", "rank": "other_rank"})
        if pairs is None:
            both = keyed.merge(witnesses, on="key").assign(agreement=_agreement_of(cause), difference=0.0)
        else:
            edges = pd.DataFrame({"key": np.r_[pairs.first, pairs.second], "there": np.r_[pairs.second, pairs.first]})
            edges["agreement"] = np.tile(pairs.agreement.astype(float), 2)
            edges["difference"] = np.tile(pairs.difference.astype(float), 2)
            both = keyed.merge(edges, on="key").merge(witnesses.rename(columns={"key": "there"}), on="there")
        parts.append(both[both["rank"] > both["other_rank"]].assign(cause=rank))
    leaks = pd.concat(parts, ignore_index=True)
    leaks = leaks.sort_values(["cause", "agreement", "row"], ascending=[True, False, True], kind="stable")
    leaks = leaks.drop_duplicates(["row", "other_rank"])
    pairs = Pairs(*(leaks[name].to_numpy() for name in ("other", "row", "agreement", "difference")))
    causes = [cause for cause, _, _ in links]
    table = _pairs(photos, kind, [causes[rank] for rank in leaks["cause"]], pairs)
    surest = table["cause"].map(causes.index)
    return table.iloc[np.argsort(surest.to_numpy(), kind="stable")].reset_index(drop=True)


def _look_alikes(photos: pd.DataFrame, copy_N: np.ndarray, variants: Pairs, leaks: pd.DataFrame) -> pd.DataFrame:
    """As across_splits, of shots in another colour; a photo that leaks into that split anyway is not told twice."""
    found = across_splits(photos, [("variant", copy_N, variants)], "look_alike")
    known = set(zip(leaks["image_id"], leaks["other_split"], strict=True))
    new = [key not in known for key in zip(found["image_id"], found["other_split"], strict=True)]
    return found[np.array(new, bool)].reset_index(drop=True)


def _conflicts(photos: pd.DataFrame, firsts: np.ndarray, links: Iterable[tuple]) -> pd.DataFrame:
    """One photo, and photos of one address, whose label differs from the first one's: each beside that one."""
    label_N = photos["label"].to_numpy()
    parts = []
    for cause, key_N, found in links:
        if key_N is None or cause == "product":  # one product may well be two garments
            continue
        if found is None:
            pairs = _stars(key_N, _agreement_of(cause))
        else:
            pairs = Pairs(firsts[found.first], firsts[found.second], found.agreement, found.difference)
        pairs = pairs.kept(np.flatnonzero(label_N[pairs.first] != label_N[pairs.second]))
        parts.append(_pairs(photos, "conflict", cause, pairs))
    return pd.concat(parts, ignore_index=True).drop_duplicates(["image_id", "other"], ignore_index=True)


def _table(**columns: object) -> pd.DataFrame:
    kind = columns["kind"]
    given = {name: list(values) for name, values in columns.items() if not isinstance(values, str)}  # type: ignore[call-overload]
    table = pd.DataFrame(given).reindex(columns=list(COLUMNS)).assign(kind=kind)
    table["group"] = table["group"].astype("Int64")
    table["agreement"] = table["agreement"].astype("Float32")
    table["difference"] = table["difference"].astype("Float32")
    for name in ("kind", "cause", "image_id", "other", "split", "other_split", "label", "other_label", "reason"):
        table[name] = table[name].astype("string")
    return table


def leaks_by_splits(findings: pd.DataFrame) -> list[dict]:
    """For each pair of splits that share photos: how many photos of the later one, in all and by cause."""
    leaks = findings[findings["kind"] == "leak"]
    counts = leaks.groupby(["split", "other_split", "cause"]).size()
    found: dict[tuple[str, str], dict[str, int]] = {}
    for (split, other, cause), number in counts.items():
        found.setdefault((split, other), {})[cause] = int(number)
    return [
        {"split": split, "other_split": other, "images": sum(causes.values()), "causes": causes}
        for (split, other), causes in found.items()
    ]
