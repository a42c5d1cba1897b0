"""The two pickers of the Compare page: runs, groups of seeds and published results, and what each is called.

Takes runs; gives sides. The choice lives in the address under ``first`` and ``second``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import streamlit as st

from fashion_core import published, sides
from fashion_core.runs import Run
from fashion_core.sides import Side
from ui import address, audience, loaders, pickers, run_names


class Offer:
    """Everything that can stand on a side, by id in the order offered: runs and groups of seeds newest first, then what
    was published on the class lists of these runs."""

    def __init__(self, found: Sequence[Run]) -> None:
        self._words: dict[str, str] = {}
        self.runs = {run.id: run for run in found}
        self.groups = sides.groups_of(found)
        self._left_out = {name: left_out for name, (_, left_out) in sides.seeds_of(found).items() if left_out}
        lists = dict.fromkeys(frozenset(run.classes) for run in found)
        self.results = {
            result.id: result
            for result in published.every()
            if frozenset(result.classes) in lists and (result.num_images or 0) > 0
        }
        # a group stands before the first of its runs
        self.ids: list[str] = []
        for run in found:
            group = sides.group_id(run)
            if group in self.groups and group not in self.ids:
                self.ids.append(group)
            self.ids.append(run.id)
        self.ids += self.results

    def words(self, name: str) -> str:
        """What the pickers call it. Two pickers ask three times for each of a thousand names, so it is kept."""
        if name not in self._words:
            self._words[name] = self._worded(name)
        return self._words[name]

    def _worded(self, name: str) -> str:
        if name in self.results:
            return f"{self.results[name].name} · published"
        if name in self.groups:
            members = self.groups[name]
            trained = audience.told(classroom="seeds", review="trainings")
            out = len(self._left_out.get(name, ()))
            of = f" of {len(members) + out}" if out else ""
            return f"{len(members)}{of} {trained} · {_with_changes(members[0])}"
        return run_names.run_words(self.runs[name])

    def side(self, name: str) -> Side:
        """The side; RunError where the runs of a group differ by more than their seed."""
        if name in self.results:
            return sides.side_of_result(self.results[name])
        if name in self.groups:
            return sides.side_of_group(name, self.groups[name], left_out=self._left_out.get(name, ()))
        return sides.side_of_run(self.runs[name])

    def classes(self, name: str) -> frozenset[str]:
        if name in self.results:
            return frozenset(self.results[name].classes)
        return frozenset((self.groups[name][0] if name in self.groups else self.runs[name]).classes)

    def fitting(self, name: str) -> list[str]:
        """The other ids, those over the same classes first."""
        others = [other for other in self.ids if other != name]
        return sorted(others, key=lambda other: self.classes(other) != self.classes(name))

    def default_second(self) -> str:
        """The newest run that was scored, with the other seeds of its group."""
        scored = (self._whole(run) for run in self.runs.values() if run.prediction_splits())
        return next(scored, self.ids[0])

    def default_first(self, second: str) -> str:
        """What one most likely wants to hold it against: its twin, another recipe on the same photos, another seed, a
        published result."""
        if second in self.results:
            return self.fitting(second)[0]
        members = self.groups.get(second) or [self.runs[second]]
        own, group, recipe = {run.id for run in members}, members[0].config.get("group"), sides.recipe_of(members[0])
        same = [
            other
            for other in self.runs.values()
            if other.id not in own and other.dataset["fingerprint"] == recipe["dataset"]
        ]

        def scored(some: Iterable[Run]) -> Run | None:
            return next((run for run in some if run.prediction_splits()), None)

        found = scored(run for run in same if group and not sides.group_id(run) and run.config.get("group") == group)
        if found := found or scored(run for run in same if sides.recipe_of(run) != recipe):
            return self._whole(found)
        seed = scored(same)
        return seed.id if seed else self.fitting(second)[0]

    def _whole(self, run: Run) -> str:
        """The group of seeds that a run belongs to, where all of it was scored, else the run."""
        group = sides.group_id(run)
        if group in self._left_out:
            return run.id
        members = self.groups.get(group or "", [])
        return group if group and members and all(one.prediction_splits() for one in members) else run.id


def _with_changes(run: Run) -> str:
    """``report, epochs=10 on demo (drawn)``: what it is, for a sentence in which the time says little."""
    changed = ", ".join(f"{name}={value}" for name, value in list(run.config.get("changed", {}).items())[:2])
    drawn = " (drawn)" if run.dataset["synthetic"] else ""
    return f"{run.recipe}{f' {changed}' if changed else ''} on {run.dataset['name']}{drawn}"


def pick(offer: Offer) -> tuple[str, str]:
    """The ids of the first and the second side."""
    asked = {key: st.query_params.get(key) for key in ("first", "second")}
    second_default = offer.default_second()
    chosen_second = asked["second"] if asked["second"] in offer.ids else second_default
    first = address.select(
        "First: what it is held against",
        offer.ids,
        key="first",
        default=offer.default_first(chosen_second),
        words=offer.words,
        quiet=True,
    )
    others = offer.fitting(first)
    second = address.select(
        "Second: what is judged",
        others,
        key="second",
        default=second_default if second_default != first else others[0],
        words=offer.words,
        quiet=True,
    )
    pickers.say_unknown("First", asked["first"], offer.ids, offer.words(first))
    pickers.say_unknown("Second", asked["second"], [*others, first], offer.words(second))
    return first, second


def told_apart(first: Side, second: Side) -> tuple[Side, Side]:
    """The two sides with names fit for a sentence: what a person called them, else the recipe with what sets the two
    apart (``report, rotation_degrees=0``), else the seed, else the end of their ids (for a
    reviewer, who is spared the settings, the time of their training)."""
    differ = {name: (one, other) for name, one, other in sides.settings_that_differ(first, second)}
    if audience.is_review():  # settings are listed for whoever made them
        differ = {name: both for name, both in differ.items() if name == "dataset"}
    told = [_name(side, place, differ) for place, side in enumerate((first, second))]
    if told[0] == told[1]:
        ends = [_end(side) for side in (first, second)]
        days = {end.rpartition(" ")[0] for end in ends}
        ends = (
            [end.rpartition(" ")[2] for end in ends] if len(days) == 1 else ends
        )  # one day: the hour tells them apart
        ends = [first.id, second.id] if ends[0] == ends[1] else ends
        told = [f"{name} ({end})" for name, end in zip(told, ends, strict=True)]
    return replace(first, name=told[0]), replace(second, name=told[1])


def _end(side: Side) -> str:
    """What sets a side apart where nothing else does: for a reviewer the time of its training, as in the pickers."""
    if audience.is_review() and side.members:
        return run_names.when(side.members[0])
    return side.id[-4:]


def _name(side: Side, place: int, differ: dict[str, tuple[str, str]]) -> str:
    if side.result:
        return side.result.name
    run, several = side.members[0], len(side.members) > 1
    given = "" if several else run_names.labels_of(run).name
    if given:
        return given
    apart = [name for name in differ if name not in ("recipe", "dataset", *sides.NOT_THE_RECIPE)][:2]
    if not apart and "seed" in differ and not several:
        apart = ["seed"]
    told = ", ".join([run.recipe, *(f"{name}={differ[name][place]}" for name in apart)])
    where = ""
    if "dataset" in differ:
        where = f" on {run.dataset['name']}{' (drawn)' if run.dataset['synthetic'] else ''}"
    runs = audience.told(classroom="seeds", review="trainings")
    return f"{len(side.members)} {runs} of {told}{where}" if several else f"{told}{where}"


def splits_of(first: Side, second: Side) -> list[str]:
    """The splits that both can be compared on, test first; test alone where one is published."""
    if first.result or second.result:
        return ["test"]
    ready = [set.intersection(*(set(run.prediction_splits()) for run in side.members)) for side in (first, second)]
    both = [split for split in ("test", "val", "train") if split in ready[0] & ready[1]]
    return both or ["test", "val"]


def stamps_of(side: Side, split: str) -> tuple[loaders.Stamp, ...]:
    """What changes when the side's answers do."""
    files = ("config.json", f"predictions-{split}.parquet")
    found = [loaders.stamp(run.folder / name) for run in side.members for name in files]
    found += [
        loaders.stamp(path) for run in side.members for path in sorted(run.folder.glob(f"predictions-{split}-on-*"))
    ]
    return (*found, (side.id, 0, 0), (side.name, 0, 0))
