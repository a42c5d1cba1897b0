"""What it does to correct for rare classes twice, in words: a sentence on the Training page, the numbers on the Sampler
tab.

The numbers are this project's own (``fashion_core.claims.imbalance_study``), never typed into a sentence.
"""

from fashion_core.claims import imbalance_study
from fashion_core.metrics.intervals import Estimate
from fashion_core.settings import sampling
from ui.app import words

BOTH = ("balanced", "weighted")


def twice(sampler: str, loss: str, recipe: str) -> str:
    """One line when sampler and loss both correct for rare classes; empty otherwise."""
    if len(sampling.corrections(sampler, loss)) < 2:
        return ""
    both = f"sampler {words.plain(sampler)} and loss {words.plain(loss)}"
    told = f"Rare classes are corrected for twice, by {both}; one of the two is enough"
    is_reports = (sampler, loss) == BOTH and recipe == "report"
    return f"{told}, the report has both." if is_reports else f"{told}."


def what_both_do() -> str:
    """That one of the two is enough, and what this lab measured of both together."""
    enough = "One of the two is enough; the report has both."
    found = imbalance_study.study()
    if found is None:
        return enough
    seeds = words.counted(found.num_seeds("both"), "seed")
    both, sampler, loss, none = (_share(found.score(way)) for way in ("both", "sampler", "weighted", "none"))
    largest = [words.percent(found.score(way, "largest").value, 0) for way in ("both", "none")]
    return (
        f"{enough} On {words.plain(found.name)} ({seeds}) both got {both} right, the sampler alone {sampler}, the "
        f"weighted loss alone {loss}, neither {none}; of the largest class both recognised {largest[0]}, neither "
        f"{largest[1]}."
    )


def _share(mean: Estimate) -> str:
    return words.with_interval(mean)
