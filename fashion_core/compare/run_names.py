"""What a run is called, in one way on every page and in every report.

    Baseline                            the name that a person gave it
    report, sampler none, seed 2        else its recipe and what differs from the recipe

A name is made of the run's own record alone, so that it never changes because other runs come or go. Where several
stand together and room is short, ``shortened`` leaves out what they share and never what tells them apart.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from fashion_core.compare.sides import Side
from fashion_core.runs import tags
from fashion_core.runs.runs import Run
from fashion_core.settings.config import FIELDS

#: Settings that say where and how a run was carried out, and nothing of what was learnt.
MACHINE = tuple(field.name for field in FIELDS if field.changes in ("bits", "record"))
CUT = "…"
WIDTH = 48  # letters of a name in a sentence


def parts_of(run: Run) -> tuple[str, ...]:
    """``("report", "sampler none", "seed 2")``: the recipe, what differs from it as it was when the run was launched
    (and what differs within the run's group, whatever its value), the seed last."""
    changed = dict(run.record.changed)
    settings = run.settings.to_json()
    group = run.record.group
    varied = [name for name in (group.varies if group else ()) if name in settings]
    told = {name: _value(settings[name]) for name in varied} | {name: str(value) for name, value in changed.items()}
    seed = told.pop("seed", None)
    parts = [f"{name.replace('_', ' ')} {value}" for name, value in told.items() if name not in MACHINE]
    again = ["again"] if run.record.reproduces else []
    return (run.recipe, *parts, *([f"seed {seed}"] if seed is not None else []), *again)


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def made_name(run: Run) -> str:
    """``report, sampler none, seed 2``"""
    return ", ".join(parts_of(run))


def name_of(run: Run, *, plain: bool = False) -> str:
    """The name that a person gave it, else the made one; ``plain``: its recipe alone, for a reader who is spared
    settings."""
    return tags.labels_of(run).name or (run.recipe if plain else made_name(run))


def group_name(members: Sequence[Run], *, plain: bool = False, of: int = 0) -> str:
    """``3 seeds of report, sampler none``: runs that differ by their seed alone; plain ``3 trainings of report``.
    ``of``: how many were launched, where that is more (``2 of 3 seeds of report``)."""
    parts = [part for part in parts_of(members[0]) if not part.startswith("seed ")]
    told = members[0].recipe if plain else ", ".join(parts)
    num = f"{len(members)} of {of}" if of > len(members) else str(len(members))
    word = "training" if plain else "seed"
    return f"{num} {word}{'' if num == '1' else 's'} of {told}"


def when(run: Run) -> str:
    """``23 Nov 15:46``, the year where it is another one; on the clock of this machine."""
    made = datetime.fromisoformat(run.created).astimezone()
    year = "" if made.year == datetime.now().year else f" {made.year}"  # the lists are narrow
    return f"{made.day} {made:%b}{year} {made:%H:%M}"


def side_name(side: Side, *, plain: bool = False) -> str:
    """What a side is called: a published result by its own name, a run or a group of seeds as above."""
    if side.result:
        return side.result.name
    if len(side.members) == 1:
        return name_of(side.members[0], plain=plain)
    return group_name(side.members, plain=plain, of=len(side.members) + len(side.left_out))


def given_name(side: Side) -> str:
    """What a person called the side's only run; empty where nobody did."""
    return tags.labels_of(side.members[0]).name if len(side.members) == 1 else ""


def told_apart(sides: Sequence[Side], *, plain: bool = False) -> list[Side]:
    """The sides under their names; those of one name also say the photos, else when they were trained, else the id."""
    whole = [side_name(side, plain=plain) for side in sides]
    names = [
        short if side.members and not given_name(side) else name
        for side, name, short in zip(sides, whole, shortened([name.split(", ") for name in whole], WIDTH), strict=True)
    ]
    if plain and len(sides) == 1 and names[0] == sides[0].members[0].recipe:
        names = [f"{names[0]} on {_photos(sides[0])}"]
    for more in (_photos, _trained, lambda side: side.id):
        written = Counter(names)
        alike = {name for name, num in written.items() if num > 1}
        told = [f"{name} ({more(side)})" if name in alike else name for name, side in zip(names, sides, strict=True)]
        differ = {name: {text for old, text in zip(names, told, strict=True) if old == name} for name in alike}
        names = [text if old in alike and len(differ[old]) > 1 else old for old, text in zip(names, told, strict=True)]
    return [replace(side, name=name) for side, name in zip(sides, names, strict=True)]


def _photos(side: Side) -> str:
    if side.result:
        return "published"
    dataset = side.members[0].dataset
    return f"{dataset.name}{', drawn' if dataset.synthetic else ''}"


def _trained(side: Side) -> str:
    return when(side.members[0]) if side.members else "published"


def shortened(names: Sequence[Sequence[str]], width: int) -> list[str]:
    """Names, given in parts, within ``width`` characters where that can be. Of a longer one the parts that most of the
    others have too are left out (``…``); its recipe and its rarest part always stay, so two names that differ read
    differently."""
    written = Counter(part for parts in names for part in set(parts))
    return [_shortened(parts, written, width) for parts in names]


def distinct(names: Sequence[str], width: int) -> list[str]:
    """What tells the names of one chart apart, within ``width`` characters: the parts that not all of them have; the
    recipe of a name that has no other."""
    parts = [name.split(", ") for name in names]
    shared = set(parts[0]).intersection(*parts[1:]) if len(parts) > 1 else set()
    own = [[part for part in one if part not in shared] or one[:1] for one in parts]
    return [name if len(name) <= width else name[: width - 1] + CUT for name in shortened(own, width)]


def _shortened(parts: Sequence[str], written: Counter[str], width: int) -> str:
    kept = list(parts)
    commonest = sorted(range(1, len(parts)), key=lambda place: (-written[parts[place]], -place))
    for place in commonest[:-1]:
        if len(_joined(kept)) <= width:
            break
        kept[place] = ""
    return _joined(kept)


def _joined(parts: Sequence[str]) -> str:
    """The parts with one ``…`` for each run of parts that were left out."""
    told: list[str] = []
    for part in parts:
        if part or told[-1] != CUT:
            told.append(part or CUT)
    return ", ".join(told)
