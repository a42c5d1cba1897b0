"""Evidence that was kept with the program: one JSON file a dataset, so that a verdict can be shown without its runs.

Takes Evidence and a folder, gives Evidence back. What is stored are numbers, never a verdict: it is computed anew from
them (``claim_verdicts.judge``). An arm that several claims need is stored once.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from fashion_core import locks, rights, storage
from fashion_core.claims import definitions
from fashion_core.claims.evidence import DATASET_FIELDS, Evidence, Seeds
from fashion_core.errors import FashionError, RunError
from fashion_core.runs.record import TrainedOn

FORMAT = 1
#: The summaries that come with the program.
FOLDER = Path(__file__).parent / "claim_results"


def path_of(dataset_id: str, folder: Path = FOLDER) -> Path:
    return folder / f"{dataset_id}.json"


def save(found: Iterable[Evidence], folder: Path = FOLDER) -> Path:
    """Write the evidence beside what the dataset's file has of other claims; the path.

    A claim that is there already is replaced, and everything when the photos are other ones now."""
    rights.refuse_read_only("no result can be saved")
    found = list(found)
    dataset = found[0].dataset
    path = path_of(dataset.id, folder)
    order = [claim.name for claim in definitions.CLAIMS]
    try:
        with locks.hold(folder / ".lock", seconds=20):  # two that save at once keep both's claims
            before = load(path) if path.exists() else []
            told = storage.read_json(path) if path.exists() else {}
            same = told.get("dataset", {}).get("fingerprint") == dataset.fingerprint
            kept = {one.claim: one for one in [*(before if same else []), *found]}
            document = to_json(sorted(kept.values(), key=lambda one: order.index(one.claim)))
            if same:
                _keep_unknown(told, document)
            storage.write_json(path, document)
    except locks.Busy as busy:
        raise RunError("other results are being saved just now; nothing was saved; run the command again") from busy
    return path


def to_json(found: list[Evidence]) -> dict[str, Any]:
    """The document of one dataset's claims."""
    arms: dict[str, Any] = {}
    told = []
    for one in found:
        names = {}
        for name, seeds in one.arms.items():
            key = f"{seeds.settings}; {one.split}; {len(seeds.seeds)} seeds from {min(seeds.seeds)}"
            kept = {
                "seeds": list(seeds.seeds),
                "run_ids": list(seeds.run_ids),
                "seconds": list(seeds.seconds),
                "matrices": [[" ".join(map(str, row_K)) for row_K in matrix_KK] for matrix_KK in seeds.matrices_SKK],
                "settings": seeds.settings,
            }
            if arms.get(key, kept) != kept:  # a claim that was saved before had other runs of these settings
                key = f"{key}; {', '.join(seeds.run_ids)}"
            names[name], arms[key] = key, kept
        told.append(
            {
                "claim": one.claim,
                "split": one.split,
                "overrides": list(one.overrides),
                "about": one.about,
                "arms": names,
                "missing": one.missing,
                "variances": one.variances,
                "features": [
                    {**each, "matrix": [" ".join(map(str, row)) for row in each["matrix"]]} for each in one.features
                ],
            }
        )
    first = found[0]
    return {
        "format": FORMAT,
        "dataset": {name: getattr(first.dataset, name) for name in DATASET_FIELDS},
        "classes": list(first.classes),
        "train_counts": list(first.train_counts),
        "arms": arms,
        "claims": told,
    }


def load(path: Path) -> list[Evidence]:
    """The evidence of one dataset, in the order of the claims; RunError for a file that is none of ours. A claim that
    this version does not know is left out."""
    try:
        found = storage.read_json(path)
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}, this version reads {FORMAT}")
        return [_evidence(found, one) for one in found["claims"] if one["claim"] in _known()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise RunError(
            f"the saved results {path.name!r} cannot be read ({error}); remove {path}, then save them again"
        ) from error


def _keep_unknown(before: dict[str, Any], document: dict[str, Any]) -> None:
    """Carry the claims that this version does not know over into the new document, with their arms."""
    for one in before["claims"]:
        if one["claim"] not in _known():
            names = {
                name: f"{one['claim']}: {key.removeprefix(one['claim'] + ': ')}" for name, key in one["arms"].items()
            }
            document["arms"] |= {names[name]: before["arms"][key] for name, key in one["arms"].items()}
            document["claims"].append({**one, "arms": names})


def _known() -> set[str]:
    return {claim.name for claim in definitions.CLAIMS}


def _evidence(found: dict[str, Any], one: dict[str, Any]) -> Evidence:
    classes = tuple(str(name) for name in found["classes"])
    arms = {}
    for name, key in one["arms"].items():
        kept = found["arms"][key]
        arms[name] = Seeds(
            settings=str(kept["settings"]),
            seeds=tuple(int(seed) for seed in kept["seeds"]),
            run_ids=tuple(str(run) for run in kept["run_ids"]),
            seconds=tuple(float(second) for second in kept["seconds"]),
            matrices_SKK=np.stack([_matrix(rows, len(classes)) for rows in kept["matrices"]]),
        )
        definitions.find(one["claim"]).arm(name)
    features = [{**each, "matrix": _matrix(each["matrix"], len(each["classes"])).tolist()} for each in one["features"]]
    return Evidence(
        claim=one["claim"],
        dataset=TrainedOn(**{name: found["dataset"][name] for name in DATASET_FIELDS}),
        split=str(one["split"]),
        classes=classes,
        train_counts=tuple(int(count) for count in found["train_counts"]),
        arms=arms,
        variances={str(key): float(value) for key, value in one["variances"].items()},
        missing={str(name): str(why) for name, why in one["missing"].items()},
        features=tuple(features),
        overrides=tuple(str(text) for text in one["overrides"]),
        about=dict(one["about"]),
    )


def _matrix(rows: list[str], K: int) -> np.ndarray:
    matrix_KK = np.array([[int(count) for count in row.split()] for row in rows], np.int64)
    if matrix_KK.shape != (K, K) or (matrix_KK < 0).any():
        raise ValueError(f"a matrix of shape {matrix_KK.shape} where {K} classes are")
    return matrix_KK


def every(folder: Path = FOLDER) -> list[list[Evidence]]:
    """The evidence of every dataset that has a readable file, by the files' names."""
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", path.stem):
            continue
        try:
            told = load(path)
        except FashionError:
            continue
        found += [told] if told else []
    return found
