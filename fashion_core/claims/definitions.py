"""What the student report claims, each as an experiment: arms, one question, and the rule by which it will be judged.

Data only. An arm is the report's recipe with settings changed; every arm is trained with the same seeds. The rules were
written before any result was seen and stand on the page beside the verdict; ``claim_verdicts`` applies them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from fashion_core.compare.comparison import MARGIN
from fashion_core.data.datasets import Dataset
from fashion_core.errors import WrongUse
from fashion_core.labels import did_you_mean
from fashion_core.metrics.class_balance import imbalance_ratio
from fashion_core.metrics.wording import margin_words
from fashion_core.settings import recipes
from fashion_core.settings.config import FIELDS, Settings

UNEVEN = 1.5  # photos of the largest class for each of the smallest, from which there is something to correct
LEAST_SEEDS, MOST_SEEDS = 2, 100
TINY = (32, 32)  # an import's first pixel cache where every photo is at most that large

ACCURACY, RARE, LARGEST = "accuracy", "rare_recall", "largest_recall"
MEASURES = {
    ACCURACY: "accuracy",
    RARE: "mean recall of the rarest third of the classes",
    LARGEST: "recall of the largest class",
}

#: What a comparison must show for the claim to hold: more, less, or no loss as large as the margin.
GAIN, LOSS, HOLD = "gain", "loss", "hold"
ARMS, SPREAD, GROUPS = "arms", "spread", "groups"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to train. ``keeps`` are settings that the reader's changes do not touch in it; ``after`` names the arm
    from whose finished predictions this one is computed (logit adjustment by ``tau``; None: the best on the validation
    photos); an ``optional`` one may be missing."""

    name: str
    words: str
    sets: tuple[str, ...] = ()
    recipe: str = "report"
    keeps: tuple[str, ...] = ()
    after: str = ""
    tau: float | None = 1.0
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The second arm against the first. One that does not decide is shown beside the verdict."""

    first: str
    second: str
    measure: str = ACCURACY
    decides: bool = True


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One sentence of the report and how it is put to the test. ``every``: all deciding comparisons must agree, else
    one is enough. ``kind``: arms are compared, or the spread of seeds or the groups in features are looked at."""

    name: str
    sentence: str
    question: str
    why: str
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...] = ()
    wanted: str = GAIN
    every: bool = True
    margin: float = MARGIN  # a smaller difference does not matter to whoever reads the report
    seeds: int = 3
    least_seeds: int = LEAST_SEEDS
    kind: str = ARMS
    needs_uneven: bool = False
    own_rule: str = ""
    pictures: str = "Each dot is a trained model, the diamond the mean of an arm's seeds, the line its 95 % interval."

    @property
    def trained(self) -> tuple[Arm, ...]:
        """The arms that are trained, not computed from another one."""
        return tuple(arm for arm in self.arms if not arm.after)

    @property
    def deciding(self) -> tuple[Contrast, ...]:
        return tuple(contrast for contrast in self.contrasts if contrast.decides)

    def arm(self, name: str) -> Arm:
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def measures(self) -> tuple[str, ...]:
        """What is measured, what decides first."""
        wanted = [contrast.measure for contrast in (*self.deciding, *self.contrasts)]
        return tuple(dict.fromkeys([*wanted, ACCURACY]))

    @property
    def rule(self) -> str:
        """When it is supported and when contradicted, in words that were fixed before any result was seen."""
        if self.own_rule:
            return self.own_rule
        agree, oppose = _RULES[self.wanted]
        points = margin_words(self.margin)
        pairs = [
            f"{self.arm(one.second).words} against {self.arm(one.first).words} ({MEASURES[one.measure]})"
            for one in self.deciding
        ]
        if len(pairs) == 1:
            return (
                f"One comparison decides: {pairs[0]}. Supported: {agree.format(points)}. Contradicted: "
                f"{oppose.format(points)}. Cannot tell otherwise."
            )
        whole = "both" if len(pairs) == 2 else "all of them"
        how = (whole, "one of them") if self.every else ("one of them", whole)
        holm = "contradicts" if self.every else "supports"
        return (
            f"{len(pairs)} comparisons decide: {'; '.join(pairs)}. Supported: {agree.format(points)}, in {how[0]}. "
            f"Contradicted: {oppose.format(points)}, in {how[1]}. Cannot tell otherwise. Where one alone {holm}, "
            "p-values are corrected by Holm."
        )


_RULES = {
    GAIN: ("the second is better at 5 %", "a gain of {} or more is ruled out at 5 %"),
    LOSS: ("the second is worse at 5 %", "a loss of {} or more is ruled out at 5 %"),
    HOLD: ("a loss of {} or more is ruled out at 5 %", "the second is worse at 5 %"),
}

_BASE = Arm(name="base", words="the report's recipe")
_AUGMENTATION = [
    field for field in FIELDS if field.group == "augmentation" and getattr(recipes.REPORT, field.name) != field.off
]


def without(*kept: str) -> tuple[str, ...]:
    """The report's augmentation switched off, but for what is ``kept``."""
    return tuple(f"{field.name}={field.off}" for field in _AUGMENTATION if field.name not in kept)


_WEIGHING = (
    Arm(name="none", words="no correction", sets=("sampler=none", "loss=cross_entropy")),
    Arm(name="sampler", words="the balanced sampler alone", sets=("sampler=balanced", "loss=cross_entropy")),
    Arm(name="weights", words="the weighted loss alone", sets=("sampler=none", "loss=weighted")),
    Arm(name="both", words="both", sets=("sampler=balanced", "loss=weighted")),
    Arm(name="adjusted", words="no correction, logits adjusted after", after="none"),
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="augmentation",
        sentence="Augmentation improves generalisation.",
        question="Does changing the training photos a little (mirrored, turned, other light) help on new photos?",
        why="Augmentation costs nothing to collect. If it helps, a small set of photos goes further; if it does not, "
        "it only slows learning down.",
        arms=(
            Arm(name="none", words="no augmentation", sets=without()),
            Arm(name="flip", words="flip only", sets=without("flip")),
            Arm(name="rotation", words="rotation only", sets=without("rotation_degrees")),
            Arm(name="colour", words="colour only", sets=without("brightness", "contrast", "saturation")),
            Arm(name="all", words="all of it, as in the report"),
        ),
        contrasts=(
            Contrast(first="none", second="all"),
            Contrast(first="none", second="flip", decides=False),
            Contrast(first="none", second="rotation", decides=False),
            Contrast(first="none", second="colour", decides=False),
        ),
    ),
    Claim(
        name="imbalance",
        sentence="Balanced sampling and weighted loss help minority classes.",
        question="Are rare classes recognised more often when training shows or charges them more?",
        why="In a shop's photos some garments are rare. A model that never names them can still have a high accuracy.",
        arms=_WEIGHING,
        contrasts=(
            Contrast(first="none", second="sampler", measure=RARE),
            Contrast(first="none", second="weights", measure=RARE),
            Contrast(first="none", second="both", measure=RARE),
            Contrast(first="none", second="adjusted", measure=RARE, decides=False),
            Contrast(first="none", second="sampler", decides=False),
            Contrast(first="none", second="weights", decides=False),
            Contrast(first="none", second="both", decides=False),
        ),
        needs_uneven=True,
    ),
    Claim(
        name="both-corrections",
        sentence="Balanced sampling together with weighted loss corrects twice.",
        question="Does doing both take from the largest class what either alone leaves it?",
        why="Two corrections for one fault overshoot: rare classes are named where the frequent one is meant. The "
        "report has both.",
        arms=_WEIGHING,
        contrasts=(
            Contrast(first="sampler", second="both", measure=LARGEST),
            Contrast(first="weights", second="both", measure=LARGEST),
            Contrast(first="sampler", second="both", decides=False),
            Contrast(first="weights", second="both", decides=False),
            Contrast(first="both", second="adjusted", decides=False),
        ),
        wanted=LOSS,
        needs_uneven=True,
    ),
    Claim(
        name="dropout",
        sentence="Dropout helps under augmentation.",
        question="Does hiding half of the features in training help when the photos vary already?",
        why="Both are brakes on learning by heart. Two brakes may be one too many in a short training.",
        arms=(Arm(name="without", words="no dropout", sets=("dropout=0",)), _BASE),
        contrasts=(Contrast(first="without", second="base"),),
    ),
    Claim(
        name="tailored",
        sentence="A small CNN that is tailored to the task holds its own.",
        question="Does the report's network keep up with a ResNet-18 of the same epochs and with a pretrained network?",
        why="A small network is cheap to train and to run. It is worth that only when it is not clearly worse.",
        arms=(
            _BASE,
            Arm(name="resnet18", words="ResNet-18, same epochs", sets=("model=resnet18",)),
            Arm(
                name="pretrained",
                words="pretrained features, last layer trained",
                recipe="transfer",
                sets=("freeze=features", "epochs=20", "precision=auto"),
                keeps=("image_size", "precision", "epochs"),
                optional=True,
            ),
        ),
        contrasts=(Contrast(first="resnet18", second="base"), Contrast(first="pretrained", second="base")),
        wanted=HOLD,
    ),
    Claim(
        name="epochs",
        sentence="Two epochs are enough.",
        question="Does training for ten epochs gain a point or more over two?",
        why="An epoch is time. If two do as well as ten, a class can train in its lesson; if not, the report stopped "
        "early.",
        arms=(
            Arm(name="two", words="2 epochs", sets=("epochs=2",)),
            Arm(name="ten", words="10 epochs", sets=("epochs=10",)),
        ),
        contrasts=(Contrast(first="ten", second="two"),),
        wanted=HOLD,
    ),
    Claim(
        name="variation",
        sentence="Accuracy varies between 78 and 85 % from run to run.",
        question="Do runs that differ by their seed alone lie as far apart as the report says?",
        why="If luck moves accuracy by seven points, one run proves little; if it moves it by one, the report's runs "
        "differed by more than luck.",
        arms=(Arm(name="two", words="2 epochs, as in the report", sets=("epochs=2",)),),
        seeds=5,
        least_seeds=3,
        kind=SPREAD,
        own_rule="The report does not say how many runs span its 7 points; 2 to 20 are supposed. Runs of a standard "
        "deviation s span d2(m) times s on average (m = 2: 1.13, m = 20: 3.73; Tippett 1925), so 7 points fit an s "
        "between 1.9 and 6.2 points. Supported: the 95 % interval of s lies within that. Contradicted: it lies "
        "outside altogether. Cannot tell otherwise. The interval is chi-squared's (seeds minus 1 degrees of freedom).",
        pictures="Each dot is a trained model that differs from the others by its seed alone; the grey band is 7 "
        "points wide, as wide as the report's range.",
    ),
    Claim(
        name="future",
        sentence="Focal loss, MixUp and CutMix could further improve it.",
        question="Does one of the three, added to the report's recipe, gain accuracy?",
        why="The report proposes them as future work. Here they are done.",
        arms=(
            _BASE,
            Arm(name="focal", words="focal loss", sets=("loss=focal",)),
            Arm(name="mixup", words="MixUp 0.2", sets=("mixup=0.2",)),
            Arm(name="cutmix", words="CutMix 1.0", sets=("cutmix=1.0",)),
        ),
        contrasts=tuple(Contrast(first="base", second=name) for name in ("focal", "mixup", "cutmix")),
        every=False,
    ),
    Claim(
        name="clusters",
        sentence="K-means struggles where PCA shows structure.",
        question="Do the network's features have structure that groups by K-means do not find?",
        why="Classes can be easy to tell apart and still not be round groups. Then a bad clustering says little about "
        "the features.",
        arms=(_BASE,),
        kind=GROUPS,
        own_rule="Structure: in every seed at least two principal axes explain more than shuffled features would (Horn "
        "1965), and the lower end of the share of the ten nearest photos that are of the same class is above twice "
        "chance. K-means struggles: the upper end of its adjusted Rand index is below 0.65, which Steinley (2004) "
        "calls poor recovery. Supported: structure, and K-means struggles. Contradicted: K-means reaches 0.65 with "
        "the lower end, or there is no structure in any seed. Cannot tell otherwise.",
        pictures="Rows are clusters that K-means found without the labels, columns are classes; what lies on the "
        "diagonal was found. Beside it the variance of each principal axis and what chance would give it.",
    ),
)


def find(name: str) -> Claim:
    """The claim with this name; WrongUse with the nearest name when there is none."""
    for claim in CLAIMS:
        if claim.name == name:
            return claim
    raise WrongUse(f"no claim is called {name!r}; {did_you_mean(name, [claim.name for claim in CLAIMS])}")


def checked_seeds(claim: Claim, seeds: int | None) -> int:
    """How many seeds an arm gets: the claim's own number unless told otherwise; WrongUse for one out of range."""
    if seeds is None:
        return claim.seeds
    if not LEAST_SEEDS <= seeds <= MOST_SEEDS:
        raise WrongUse(
            f"seeds must be a whole number between {LEAST_SEEDS} and {MOST_SEEDS} (one model says nothing about a "
            f"recipe), got {seeds}"
        )
    return max(seeds, claim.least_seeds)


def settings_of(arm: Arm, dataset: Dataset, overrides: Iterable[str] = ()) -> Settings:
    """What the arm is trained with, at its first seed. ``overrides`` are ``key=value`` of every arm; what an arm sets
    itself goes before them. Photos of at most 32 pixels are not enlarged. SettingsError for what no setting can be.
    """
    given = list(overrides)
    recipes.settings_for("report", given)  # says what is wrong with them, also where an arm does not take them
    taken = [text for text in given if text.partition("=")[0].strip() not in arm.keeps]
    size = [f"image_size={TINY[0]}"] if dataset.first_pixels == TINY and "image_size" not in arm.keeps else []
    return recipes.settings_for(arm.recipe, [*size, *taken, *arm.sets])


def seeded(settings: Settings, seeds: int) -> list[Settings]:
    """The settings of each seed, counting up from the settings' own."""
    return [replace(settings, seed=settings.seed + place) for place in range(seeds)]


def refusal(claim: Claim, counts: Any) -> str | None:
    """Why the claim cannot be put to the test on a training split of these counts (int K), or None."""
    if claim.needs_uneven and imbalance_ratio(counts) < UNEVEN:
        return (
            f"the classes are even here (at most {imbalance_ratio(counts):.1f} training photos of the largest for each "
            "of the smallest), so there is no minority class to help"
        )
    return None
