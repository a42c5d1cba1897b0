"""What can be compared: a run, a group of seeds, or a published result. Takes runs; needs no torch.

A side knows its settings; what it answered on a split stands in ``answers``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fashion_core.data import published
from fashion_core.data.published import Published
from fashion_core.errors import RunError
from fashion_core.labels import nearest
from fashion_core.runs.runs import Run
from fashion_core.settings import config, recipes

#: Settings that do not change what a recipe is: where and how it ran, what it wrote down, and luck.
NOT_THE_RECIPE = ("recipe", *(field.name for field in config.FIELDS if field.changes != "learning"))

#: What is known of the training behind a published matrix, as settings of the recipe that repeats it.
_TOLD = ("model", "image_size", "resize", "channels", "batch_size", "learning_rate", "flip", "rotation_degrees",
         "sampler", "loss")  # fmt: skip
_REPEATED_BY = {"published-report": "report", "published-paper": "paper"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One side of a comparison. ``members`` are its trained models (one, or several seeds; none of a published one)."""

    id: str
    name: str
    kind: str  # run | seeds | published
    members: tuple[Run, ...] = ()
    result: Published | None = None
    left_out: tuple[Run, ...] = ()  # of its group, but without an answer to any photo

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the side's own order."""
        return self.result.classes if self.result else self.members[0].classes

    @property
    def drawn(self) -> bool:
        """Whether its photos are drawn."""
        return any(run.dataset.synthetic for run in self.members)


def groups_of(found: Iterable[Run]) -> dict[str, list[Run]]:
    """Group id -> its runs by seed, for every group of seeds of which two runs or more can be compared: those that have
    answered photos, or all while none has. A run that was taken out of the queue or stopped stands in no group."""
    return {name: ready for name, (ready, _) in seeds_of(found).items() if len(ready) > 1}


def seeds_of(found: Iterable[Run]) -> dict[str, tuple[list[Run], list[Run]]]:
    """Group id -> its runs by seed: those that stand for it, and those that are left out because they have answered no
    photo while others have."""
    members: dict[str, list[Run]] = {}
    for run in found:
        if name := run.record.seeds:
            members.setdefault(name, []).append(run)
    told = {}
    for name, runs_ in members.items():
        runs_.sort(key=lambda run: (run.settings.seed, run.id))
        ready = [run for run in runs_ if run.prediction_splits()]
        told[name] = (ready, [run for run in runs_ if run not in ready]) if ready else (runs_, [])
    return told


def find_side(name: str, found: Sequence[Run]) -> Side:
    """The run, group of seeds or published result with this id; RunError with the nearest id when there is none."""
    for run in found:
        if run.id == name:
            return side_of_run(run)
    groups = seeds_of(found)
    if name in groups:
        ready, left_out = groups[name]
        if len(ready) == 1:
            raise RunError(
                f"of group {name!r} only run {ready[0].id!r} is there and trained to its end, so it is no group; "
                f"compare {ready[0].id!r} instead"
            )
        return side_of_group(name, ready, left_out=left_out)
    result = published.find(name)
    if result:
        return side_of_result(result)
    meant = nearest(name, [*(run.id for run in found), *groups, *(result.id for result in published.every())])
    tail = f"did you mean {meant!r}?" if meant else "see what is there with: python -m fashion_core runs"
    raise RunError(f"no run, group of seeds or published result is called {name!r}; {tail}")


def side_of_run(run: Run, name: str | None = None) -> Side:
    return Side(id=run.id, name=name or run.id, kind="run", members=(run,))


def side_of_group(group: str, members: Sequence[Run], name: str | None = None, left_out: Sequence[Run] = ()) -> Side:
    """A group of seeds. RunError where its runs differ by more than their seed, so that they are not one recipe."""
    for other in members[1:]:
        changed = [what for what, _, _ in differing(recipe_of(members[0]), recipe_of(other))]
        if changed or set(other.classes) != set(members[0].classes):
            raise RunError(
                f"the runs of group {group!r} are not seeds of one recipe: {changed[0] if changed else 'classes'} "
                f"differs between {members[0].id} and {other.id}"
            )
    return Side(
        id=group,
        name=name or f"{len(members)} seeds of {group}",
        kind="seeds",
        members=tuple(members),
        left_out=tuple(left_out),
    )


def left_out_words(side: Side) -> list[str]:
    """That runs of the side's group stand for nothing in it, where there are such."""
    if not side.left_out:
        return []
    num, whole = len(side.left_out), len(side.left_out) + len(side.members)
    were = "was" if num == 1 else "were"
    return [f"{num} of the {whole} runs of group {side.id} {were} not trained to the end and {were} left out."]


def side_of_result(result: Published) -> Side:
    return Side(id=result.id, name=result.name, kind="published", result=result)


def recipe_of(run: Run) -> dict[str, Any]:
    """What makes a run repeatable but for its luck: its settings without seed and machine, and the photos."""
    settings = {name: value for name, value in run.settings.to_json().items() if name not in NOT_THE_RECIPE}
    return {**settings, "dataset": run.dataset.fingerprint}


def differing(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """(name, first value, second value) of what both name and differs."""
    return [(name, first[name], second[name]) for name in first if name in second and first[name] != second[name]]


def same_recipe(first: Side, second: Side) -> bool:
    """Whether the two sides differ in nothing but their seeds."""
    return bool(first.members and second.members) and recipe_of(first.members[0]) == recipe_of(second.members[0])


def settings_of(side: Side) -> dict[str, str]:
    """Every setting of a side in words, the seeds of a group together; of a published matrix what is known of it."""
    if side.result:
        recipe = _REPEATED_BY.get(side.result.id)
        told = recipes.recipe(recipe).to_json() if recipe else {}
        model = {"model": side.result.model} if side.result.model else {}
        return {**{name: _words(told[name]) for name in _TOLD if name in told}, **model, "dataset": side.result.data}
    run = side.members[0]
    found = {name: _words(value) for name, value in run.settings.to_json().items()}
    found["seed"] = ", ".join(str(member.settings.seed) for member in side.members)
    return {**found, "dataset": f"{run.dataset.name} ({run.dataset.fingerprint})"}


def _words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_that_differ(first: Side, second: Side) -> list[tuple[str, str, str]]:
    """(setting, first value, second value) in the order of the settings."""
    mine, other = settings_of(first), settings_of(second)
    if first.result or second.result:  # one of them names its data by a word, not by its photos
        run_side = first if first.members else second if second.members else None
        if run_side:
            (mine if run_side is first else other)["dataset"] = run_side.members[0].dataset.name
    return differing(mine, other)


def other_classes(first: Sequence[str], second: Sequence[str], where: str) -> str:
    """One sentence that says how two class lists differ."""
    here, there = sorted(set(first) - set(second)), sorted(set(second) - set(first))
    parts = [
        f"{words} {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
        for words, names in ((f"only {where} has", here), (f"{where} lacks", there))
        if names
    ]
    return f"the two have other classes, so nothing can be compared: {'; '.join(parts)}"
