"""The JSON inside a report's file, which its script and whoever reads it by machine take the numbers from.

Takes a report; gives plain values. Knows no HTML and no pictures.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from fashion_core.compare.comparison import Comparison
from fashion_core.compare.sides import Side
from fashion_core.labels import display_name, shortened
from fashion_core.metrics.intervals import flattened
from fashion_core.report.facts import Beside, Board, Epoch, Report, RunFacts, Standing, bins_of

FORMAT = 1
LONGEST = 28  # letters of a class's name beside the cells of a matrix; the whole one is in the title of its button
SCORED = ("precision", "recall", "f1")


def document_of(report: Report) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made": report.made.isoformat(timespec="seconds"),
        "lab": report.lab,
        "split": report.split,
        "drawn": report.drawn,
        "board": _board(report.board),
        "sides": [_standing(standing) for standing in report.standings],
        "comparisons": [_comparison(*pair) for pair in report.pairs()],
        "runs": [_run(facts) for facts in report.runs],
        "command": report.command,
    }


def _board(board: Board) -> dict[str, Any]:
    picture = board.picture
    return {
        "title": board.title,
        "numbers": [flattened(number) for number in board.numbers],
        "verdict": board.verdict,
        "care": board.care,
        **({"required": board.required} if board.required else {}),
        "picture": {"kind": picture.kind, "title": picture.title, "rows": [flattened(row) for row in picture.rows]},
    }


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        **{key: getattr(standing.side, key) for key in ("id", "name", "kind", "drawn")},
        "runs": [run.id for run in standing.side.members],
        "n": standing.n,
        "score": flattened(standing.score) if standing.score else None,
    }


def _comparison(first: Side, second: Side, compared: Comparison | str) -> dict[str, Any]:
    if isinstance(compared, str):
        return {"first": first.id, "second": second.id, "error": compared}
    document = compared.to_json()
    flips = {name: len(document.pop(name)) for name in ("right_to_wrong", "wrong_to_right")}
    return {**document, "flips": flips, "error": None}


def _run(facts: RunFacts) -> dict[str, Any]:
    run, names = facts.run, [display_name(label) for label in facts.run.classes]
    cost = ("status", "epochs", "seconds", "images_per_second", "device")
    document = {
        "run_id": run.id,
        "name": facts.name,
        "recipe": run.recipe,
        "created": run.created,
        "drawn": facts.drawn,
        "split": facts.split,
        "classes": run.classes,
        "scores": {"run_id": run.id, "split": facts.split, **_scores(facts)},
        "macro": {score: facts.macro(score).value for score in SCORED},
        "intervals": _intervals(facts),
        "confused": facts.confused,
        "closer": facts.closer.to_json(),
        "reliability": _reliability(facts),
        "curves": asdict(facts.curves) | {"epochs": [_epoch(epoch) for epoch in facts.curves.epochs]},
        "dataset": _dataset(facts),
        "published": [_published(beside) for beside in facts.published],
        "settings": [asdict(setting) for setting in facts.settings],
        "versions": run.record.versions,
        "pretrained": run.record.pretrained,
        "seed": run.settings.seed,
        "cost": {key: getattr(facts.summary, key) for key in cost},
        "limits": facts.limits,
        "commands": facts.commands,
        "photos": {
            "ids": facts.photos["id"].tolist(),
            **{name: facts.photos[name].tolist() for name in ("true", "predicted", "sure")},
        },
        "names": names,
        "first": facts.first_cell,
        "missing": None,
    }
    return document | ({"short": shortened(names, LONGEST)} if facts.has_many_classes else {})


def _scores(facts: RunFacts) -> dict[str, Any]:
    """A matrix of many classes is kept as its cells that are not empty: [true, predicted, photos]."""
    document, counts_KK = facts.scores.to_json(), facts.scores.matrix_KK
    if facts.has_many_classes:
        del document["confusion_matrix"]
        cells = np.argwhere(counts_KK).tolist()
        document["confusion_cells"] = [[*cell, int(counts_KK[*cell])] for cell in cells]
    return document


def _intervals(facts: RunFacts) -> dict[str, Any]:
    """[low, high] each, None for a class without photos."""
    own = facts.intervals
    per_class = {
        score: [
            [end if np.isfinite(end) else None for end in facts.score_of(score, k).bounds]
            for k in range(len(own.recall[0]))
        ]
        for score in SCORED
    }
    return {f"macro_{score}": getattr(own, f"macro_{score}") for score in SCORED} | {"per_class": per_class}


def _epoch(epoch: Epoch) -> dict[str, Any]:
    share = epoch.val_accuracy
    bounds = share.bounds if share and share.has_interval else (None, None)
    return {
        "epoch": epoch.epoch,
        "train_loss": epoch.train_loss,
        "val_loss": epoch.val_loss,
        "val_accuracy": share.value if share else None,
        "low": bounds[0],
        "high": bounds[1],
    }


def _reliability(facts: RunFacts) -> dict[str, Any]:
    own = facts.reliability
    return {
        **{key: getattr(own, key) for key in ("words", "said", "accuracy", "error")},
        "bins": [
            {
                "from": one.start,
                "to": one.end,
                "n": one.share.n,
                "right": one.right,
                "sure": one.sure,
                "low": one.share.low,
                "high": one.share.high,
            }
            for one in bins_of(own)
        ],
    }


def _dataset(facts: RunFacts) -> dict[str, Any]:
    own, here = facts.run.dataset, facts.here
    return {
        **{key: getattr(own, key) for key in ("id", "name", "fingerprint", "bring")},
        "splits": {name: int(count) for name, count in own.splits.items()},
        "counts": facts.counts(),
        "here": here is not None,
        "asked": here.name if here else None,
        "asked_fingerprint": here.fingerprint if here else None,
    }


def _published(beside: Beside) -> dict[str, Any]:
    result, compared = beside.result, beside.compared
    own = {name: getattr(result, name) for name in ("id", "name", "data", "source", "note", "accuracy")}
    own |= {"n": result.num_images, "low": None, "high": None, "word": None}
    if isinstance(compared, str):
        return own | {"sentence": compared, "scope": ""}
    verdict, score = compared.verdict, compared.score_first.accuracy
    own |= {"low": score.low, "high": score.high, "word": verdict.word}
    return own | {"sentence": verdict.sentence, "scope": verdict.scope, "difference": compared.difference.flat()}
