"""The two pickers of the Compare page: runs, groups of seeds and published results, and what each is called.

Takes runs; gives sides. The choice lives in the address under ``first`` and ``second``.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property

import streamlit as st

from fashion_core.compare import run_names as core_names
from fashion_core.compare import sides
from fashion_core.compare.sides import Side
from fashion_core.data import published
from fashion_core.errors import RunError
from fashion_core.runs.runs import SPLITS, Run
from ui.app import address, audience, loaders, navigation, subject, words
from ui.charts.layout import SPLIT_NAMES
from ui.shared import pickers, run_names

MOST_OFFERED = 4


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
            group = run.record.seeds
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
            photos = run_names.photos_words(members[0].dataset)
            all_of_them = len(members) + len(self._left_out.get(name, ()))
            return f"{core_names.group_name(members, plain=audience.is_review(), of=all_of_them)} · {photos}"
        return self._run_words(self.runs[name])

    @cached_property
    def _run_words(self) -> Callable[[Run], str]:
        return run_names.words_among(list(self.runs.values()))

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
        """The other ids, those that can be held against it first, then those over the same classes."""
        others = [other for other in self.ids if other != name]
        fit = set(self.comparable(name))
        return sorted(others, key=lambda other: (other not in fit, self.classes(other) != self.classes(name)))

    def comparable(self, name: str) -> list[str]:
        """The ids of what answered the same photos, newest first; then the published results on the same classes."""
        if name in self.results:
            own = [run for run in self._scored if frozenset(run.classes) == self.classes(name)]
            return list(dict.fromkeys(map(self._whole, own)))
        members = self._members(name)
        if not all(run.prediction_splits() for run in members):
            return []
        ids, print_ = {run.id for run in members}, members[0].dataset.fingerprint
        same = [run for run in self._scored if run.id not in ids and run.dataset.fingerprint == print_]
        results = [result for result in self.results if self.classes(result) == self.classes(name)]
        wholes = {run.id: self._whole(run) for run in same}
        # a run is no rival of its own group
        names = [name if ids & {run.id for run in self._members(whole)} else whole for name, whole in wholes.items()]
        return [*dict.fromkeys(names), *results]

    @cached_property
    def _scored(self) -> list[Run]:
        return [run for run in self.runs.values() if run.prediction_splits()]

    def _members(self, name: str) -> list[Run]:
        return self.groups.get(name) or [self.runs[name]]

    def default_second(self) -> str:
        """The run at hand with the other seeds of its group, where something can be held against it; else the best run
        of which that is true."""
        asked = st.query_params.get("dataset", subject.remembered("dataset"))
        usual = pickers.usual_run(self._paired, asked) if self._paired else None
        found = [run for run in (pickers.run_at_hand(), usual) if run and run.id in self.runs]
        names = [self._whole(run) for run in found]
        return next((name for name in names if self.comparable(name)), names[0] if names else self.ids[0])

    @cached_property
    def _paired(self) -> list[Run]:
        """The scored runs whose photos another run has answered too: a group of seeds counts as one."""
        sides_on = {(run.dataset.fingerprint, self._whole(run)) for run in self._scored}
        counted = Counter(print_ for print_, _ in sides_on)
        return [run for run in self._scored if counted[run.dataset.fingerprint] > 1]

    def default_first(self, second: str) -> str:
        """What one most likely wants to hold it against: its twin, another recipe on the same photos, another seed, a
        published result."""
        fit = self.comparable(second)
        if second in self.results or not fit:
            return self.fitting(second)[0]
        members = self._members(second)
        group, recipe = members[0].record.group, sides.recipe_of(members[0])
        runs = {name: self._members(name)[0] for name in fit if name not in self.results}

        def twin(run: Run) -> bool:
            return bool(group) and not run.record.seeds and run.record.group == group

        twins = [name for name, run in runs.items() if twin(run)]
        others = [name for name, run in runs.items() if sides.recipe_of(run) != recipe]
        return [*twins, *others, *fit][0]

    def _whole(self, run: Run) -> str:
        """The group of seeds that a run belongs to, where all of it was scored, else the run."""
        group = run.record.seeds
        if group in self._left_out:
            return run.id
        members = self.groups.get(group or "", [])
        return group if group and members and all(one.prediction_splits() for one in members) else run.id


def pick(offer: Offer) -> tuple[str, str]:
    """The ids of the first and the second side."""
    asked = {key: st.query_params.get(key) for key in ("first", "second")}
    kept = {key: subject.remembered(key) for key in asked}
    second_default = None if asked["second"] in offer.ids or kept["second"] in offer.ids else offer.default_second()
    chosen_second = next(name for name in (asked["second"], kept["second"], second_default) if name in offer.ids)
    left, right = st.columns(2)
    with left:
        first = address.select(
            "First: what it is held against",
            offer.ids,
            key="first",
            default=lambda: offer.default_first(chosen_second),
            words=offer.words,
            quiet=True,
        )
    others = offer.fitting(first)
    with right:
        second = address.select(
            "Second: what is judged",
            others,
            key="second",
            default=chosen_second if chosen_second != first else others[0],
            words=offer.words,
            quiet=True,
        )
    pickers.say_unknown("First", asked["first"], offer.ids, offer.words(first))
    pickers.say_unknown("Second", asked["second"], [*others, first], offer.words(second))
    return first, second


def told_apart(first: Side, second: Side) -> tuple[Side, Side]:
    """The two sides under their names (``run_names.told_apart``)."""
    one, other = core_names.told_apart([first, second], plain=audience.is_review())
    return one, other


def say_apart(offer: Offer, first: Side, second: Side, split: str, error: RunError) -> None:
    """Why two sides cannot be held against each other, in one sentence, and what can be held against the second."""
    both = f"{words.plain(first.name)} and {words.plain(second.name)}"
    prints = {run.dataset.fingerprint for side in (first, second) for run in side.members}
    lacking = [side for side in (first, second) if side.members and split not in splits_of(side, side)]
    if lacking:
        told = f"{words.plain(lacking[0].name)} has no answers on {SPLIT_NAMES.get(split, split).lower()} photos yet."
    elif set(first.classes) != set(second.classes):
        told = f"{both} cannot be held against each other: they tell different classes apart."
    elif len(prints) > 1:
        told = f"{both} cannot be held against each other: they were not asked about the same photos."
    else:
        told = f"{both} cannot be held against each other: {words.plain(error)}."
    fit = [name for name in offer.comparable(second.id) if name != first.id]
    with st.container(border=True, key="cannot compare"):
        st.markdown(told)
        if fit:
            st.markdown(f"What can be held against {words.plain(second.name)}:")
            for name in fit[:MOST_OFFERED]:
                navigation.link("compare", words.plain(offer.words(name)), first=name, second=second.id)
        else:
            st.markdown(f"Nothing here answered the same photos as {words.plain(second.name)}.")
            navigation.link("training", "Train another run on them")


def splits_of(first: Side, second: Side) -> list[str]:
    """The splits that both can be compared on, test first; test alone where one is published."""
    if first.result or second.result:
        return ["test"]
    ready = [set.intersection(*(set(run.prediction_splits()) for run in side.members)) for side in (first, second)]
    both = [split for split in SPLITS if split in ready[0] & ready[1]]
    return both or ["test", "val"]


def stamps_of(side: Side, split: str) -> tuple[loaders.Stamp, ...]:
    """What changes when the side's answers do."""
    files = ("config.json", f"predictions-{split}.parquet")
    found = [loaders.stamp(run.folder / name) for run in side.members for name in files]
    found += [
        loaders.stamp(path) for run in side.members for path in sorted(run.folder.glob(f"predictions-{split}-on-*"))
    ]
    return (*found, (side.id, 0, 0), (side.name, 0, 0))
