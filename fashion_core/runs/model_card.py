"""A run as a model card in Markdown: what it is, what it was shown, how good it is, what it cannot do.

Takes a run; gives text. The headings are those of Mitchell et al. (2019), "Model cards for model reporting". Every
number has its interval and its n; every name from a file is escaped. Needs no torch.
"""

import re
from collections.abc import Callable

from fashion_core.data import published
from fashion_core.errors import RunError
from fashion_core.labels import and_more, listed, num_equal
from fashion_core.metrics import enough, scoring
from fashion_core.metrics.intervals import Estimate, proportion, score_intervals
from fashion_core.metrics.scoring import Scores
from fashion_core.metrics.wording import as_number, with_interval
from fashion_core.runs import runs
from fashion_core.settings import recipes


def card(run: runs.Run) -> str:
    """The card of a run that has predictions of test, or else of val; RunError when it has neither."""
    split = next((name for name in ("test", "val") if name in run.prediction_splits()), None)
    if split is None:
        raise RunError(
            f"run {run.id!r} has no predictions to report; run: python -m fashion_core evaluate {run.id} --split test"
        )
    scores = run.scores(split)
    parts = [_title(run), _data(run), _results(run, split, scores), _limits(run, split, scores), _use(), _made(run)]
    return "\n\n".join(parts) + "\n"


def _title(run: runs.Run) -> str:
    drawn = "\n\n**Trained on drawings, not on photographs: it says nothing about real clothes.**"
    network, (width, height) = run.settings.model, run.settings.image_size
    return (
        f"# {plain(run.id)}\n\nA classifier of clothes with {len(run.classes)} classes: network `{network}`, input "
        f"{width} x {height} pixels, recipe `{run.recipe}`, made with Vastra Lab."
        f"{drawn if run.dataset.synthetic else ''}\n\nClasses, in the order of its outputs: "
        + ", ".join(plain(name) for name in run.classes)
        + "."
    )


def _data(run: runs.Run) -> str:
    splits = ", ".join(f"{plain(split)} {count:,}" for split, count in run.dataset.splits.items())
    name, fingerprint = plain(run.dataset.name), plain(run.dataset.fingerprint)
    return (
        f"## Data\n\n{name}: {splits} photos. Fingerprint {fingerprint}.\n\n"
        f"To bring it back:\n\n{_code(run.dataset.bring)}"
    )


def _results(run: runs.Run, split: str, scores: Scores) -> str:
    bounds = score_intervals(scores.matrix_KK)
    over = f" {scoring.absent_words(scores, plain)}" if scores.absent else ""
    lines = [
        f"## Results on {split}",
        f"Accuracy **{with_interval(scores.accuracy)}**, macro F1 "
        f"{as_number(Estimate(scores.macro_f1, *bounds.macro_f1), 3)}{over}, n = {scores.n:,}. In "
        "brackets the 95 % interval: Wilson, for precision and F1 over as many photos as they are worth.",
        "| Class | n | Recall | Precision | F1 |\n|---|---|---|---|---|\n"
        + "\n".join(
            f"| {plain(row.label)} | {row.support:,} "
            + "".join(
                f"| {as_number(Estimate(getattr(row, name), low[k], high[k]), 3)} " if row.support else "| no photos "
                for name, (low, high) in (
                    ("recall", bounds.recall),
                    ("precision", bounds.precision),
                    ("f1", bounds.f1),
                )
            )
            + "|"
            for k, row in enumerate(scores.per_class)
        ),
    ]
    if few := enough.few_answers(scores.matrix_KK, run.classes, plain):
        lines.append(f"{few}.")
    if published.fits(run.classes):
        beside = "; ".join(
            f"{one.name} {100 * one.accuracy:.2f} %" for one in published.results() if one.matrix_KK is not None
        )
        lines.append(
            f"Published on IndoFashion's 7,500 test photos, which is another experiment unless this run was tested on "
            f"the same ones: {beside}."
        )
    return "\n\n".join(lines)


def _limits(run: runs.Run, split: str, scores: Scores) -> str:
    return "## Limits\n\n" + "\n".join(f"* {sentence}" for sentence in limits(run, split, scores, plain))


def limits(run: runs.Run, split: str, scores: Scores, shown: Callable[[str], str] = str) -> list[str]:
    """What the run cannot do and what its scores do not tell, a sentence each; a class's name goes through ``shown``.
    Code stands in backticks."""
    recalls = [row.recall or 0.0 for row in scores.shown]
    lowest = min(recalls)
    worst, as_weak = scores.shown[recalls.index(lowest)], num_equal(recalls, lowest)
    recall = with_interval(proportion(round(lowest * worst.support), worst.support))
    told = [
        f"It must choose among its {len(run.classes)} classes, also for a photo of something else.",
        "The numbers hold for photos of the same kind as its data. A published network fell from 86.2 % to 63.9 % on "
        "another collection of photos, made two years later.",
        f"It recognises {and_more(shown(worst.label), as_weak)} least often: {recall} of {worst.support:,}"
        f"{' photos of the first' if as_weak else ''}.",
        "The interval is about which photos were tested. Training again with another seed moves the result too.",
        "Its probabilities are not calibrated; in the lab, where its validation predictions are, `Classifier(RUN, "
        "calibrated=True)` gives those of the temperature that fits them.",
    ]
    if scores.absent:
        told.insert(
            1,
            f"Its {split} photos show nothing of {listed([shown(name) for name in scores.absent])}: of that "
            "nobody knows how good it is.",
        )
    if split == "val":
        told.insert(0, "There is no test split: these are validation photos, on which choices may have been made.")
    return told


def _use() -> str:
    return (
        "## Use\n\n```python\nfrom fashion_core.models.classifier import Classifier\n\n"
        'for answer in Classifier("FOLDER")(["photo.jpg"]):\n    print(answer.label, answer.probability)\n```'
    )


def _made(run: runs.Run) -> str:
    changed = ", ".join(f"{name} = {new}" for name, _, new in recipes.changes(run.settings)) or "nothing"
    versions = ", ".join(f"{name} {version}" for name, version in run.record.versions.items())
    return (
        f"## How it was made\n\nRecipe `{run.recipe}`; changed from it: {plain(changed)}. Seed {run.settings.seed}, "
        f"launched {run.created}. {plain(versions)}.\n\n{_started_from(run)}"
        f"{_code('python -m fashion_core train DATASET ' + recipes.to_flags(run.settings))}"
    )


def _started_from(run: runs.Run) -> str:
    """A paragraph about the weights that training began with; empty when they were random."""
    told = run.record.pretrained
    if not told:
        return ""
    mean, std = (", ".join(f"{value:g}" for value in told[name]) for name in ("mean", "std"))
    return (
        f"It did not start from nothing: its first weights are those of {plain(told['backbone'])} "
        f"({plain(told['library'])}), trained on {plain(told['weights'])} at {told['size']} x {told['size']} pixels; "
        f"from {plain(told['source'])}, sha256 {plain(told['sha256'])}, licence {plain(told['licence'])}. Its input is "
        f"brought to their mean {mean} and deviation {std} inside the network.\n\n"
    )


def plain(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    text = " ".join(str(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]()#|~$])", r"\\\1", text)


def _code(text: str) -> str:
    """A code block that its text cannot end."""
    text = " ".join(text.split())
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}\n{text}\n{fence}"
