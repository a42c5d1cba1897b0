"""The command that compares two runs, groups of seeds or published results."""

from typing import Annotated

import typer

from fashion_core.cli.console import RUNS_DIR, Json, RunsDir, answer, app
from fashion_core.metrics.wording import as_number
from fashion_core.runs import runs


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="RUN", help="A run, a group of seeds, or a published result.")],
    second: Annotated[str, typer.Argument(metavar="RUN", help="What is judged against it.")],
    split: Annotated[str, typer.Option("--split", help="train, val or test.")] = "test",
    margin: Annotated[float, typer.Option("--margin", help="What still counts as equal; 0.01 is one point.")] = 0.01,
    as_json: Json = False,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Say whether the second is better than the first, worse, equivalent, or whether nobody can tell."""
    from fashion_core.compare import (
        comparison,
        sides,  # scipy, which no other command owes
    )

    found = runs.list_runs(runs_dir)
    done = comparison.compare(
        sides.find_side(first, found), sides.find_side(second, found), split, margin=margin, others=found
    )
    lines = [done.verdict.sentence, done.verdict.scope, *(f"note: {note}" for note in done.notes)]
    if done.pairs:
        pairs = done.pairs
        lines.append(
            f"both right {pairs.n11:,}, right -> wrong {pairs.n10:,}, wrong -> right {pairs.n01:,}, "
            f"both wrong {pairs.n00:,}"
        )
    for word, score in (("first", done.score_first), ("second", done.score_second)):
        spread = f", {score.num_models} seeds, sd {score.sd:.4f}" if score.sd is not None else ""
        lines.append(f"{word}: accuracy {as_number(score.accuracy, 4)}{spread}")
    lines += [f"{name}: {one} -> {other}" for name, one, other in done.settings]
    if len(done.per_class):
        lines.append(f"{'class':<24}{'n':>6}{'first':>9}{'second':>9}{'difference':>12}{'95 %':>20}{'p (Holm)':>10}")
    lines += [
        f"{row.label:<24}{row.n:>6}{row.first:>9.4f}{row.second:>9.4f}{row.difference:>+12.4f}"
        f"{f'[{row.low:+.4f}, {row.high:+.4f}]':>20}{row.p_holm:>10.3g}"
        if row.n
        else f"{row.label:<24}{row.n:>6}{'no photos':>18}"
        for row in done.per_class.itertuples()
    ]
    answer(done.to_json(), as_json, lines)
