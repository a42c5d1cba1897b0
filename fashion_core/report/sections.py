"""What a report has behind its first page for each run: scores, photos, classes, certainty, data, settings, limits.

Takes the facts of a run; gives markup. Every number comes from them, every name is escaped.
"""

from collections.abc import Sequence

from fashion_core.compare import verdicts
from fashion_core.compare.comparison import Comparison
from fashion_core.data.published import OTHER_INPUT, Published
from fashion_core.labels import counted, display_name
from fashion_core.metrics import enough, scoring
from fashion_core.metrics.wording import in_points, interval_in_points, percent, points, with_interval
from fashion_core.report import charts, report_matrix
from fashion_core.report.facts import Row, RunFacts
from fashion_core.report.html import Markup, join, tag, with_code
from fashion_core.report.parts import SPLIT_WORDS, accuracy_of, first_of, section, split_words, table, weakest

MANY = 8  # published results; more are folded


def run_section(index: int, run: RunFacts, alone: bool) -> Markup:
    """Everything of one run."""
    return section(
        f"run-{index}",
        run.drawn,
        tag("h2", "Behind the first page" if alone else run.name),
        tag("p", f"Run {run.run.id}, recipe {run.run.recipe}, {run.scores.n:,} {split_words(run.split)} of ",
            f"{run.asked}.", class_="lead"),
        _scores(run),
        tag("h3", "Where it fails"),
        _confused(run),
        report_matrix.matrix(index, run),
        _classes(index, run, alone),
        _certainty(index, run),
        _data(run),
        _published(run),
        _curves(index, run),
        _settings(run),
        _again(run),
        tag("h3", "What these numbers do not say"),
        tag("ul", [tag("li", with_code(sentence)) for sentence in run.limits]),
    )  # fmt: skip


def _scores(run: RunFacts) -> Markup:
    rows = [["Accuracy", accuracy_of(run), "share of photos answered right"]]
    rows += [
        [f"Among the {k} likeliest", with_interval(share.estimate), "the right class is one of them"]
        for k, share in run.closer.top_k.items()
        if k > 1
    ]
    words = {
        "recall": ("Macro recall", "of each class's photos the share found; classes counted alike"),
        "precision": ("Macro precision", "of each answer's photos the share right; classes counted alike"),
        "f1": ("Macro F1", "both joined in one number (harmonic mean); classes counted alike"),
    }
    rows += [[word, with_interval(run.macro(score)), told] for score, (word, told) in words.items()]
    how = "Wilson, for means and F1 over the photos that they are worth by 10,000 draws within the classes"
    absent = scoring.absent_words(run.scores, display_name)
    told = (
        f"n = {run.scores.n:,}. In brackets the 95 % interval: {how}.{f' Macro means are {absent}.' if absent else ''}"
    )
    return join(tag("h3", "How good it is"), table(["", "", "What it is"], rows, numbers=[1], told=told))


def _confused(run: RunFacts) -> Markup:
    if not run.confused:
        return tag("p", "It made no mistake on these photos.")
    told = "; ".join(f"{display_name(a)} taken for {display_name(b)} ({n:,})" for a, b, n in run.confused)
    return tag("p", f"Most often: {told}.")


def _classes(index: int, run: RunFacts, alone: bool) -> Markup:
    scored = list(enumerate(run.scores.per_class))
    rows = [
        [
            display_name(row.label),
            f"{row.support:,}",
            *(
                with_interval(run.score_of(score, k)) if row.support else "no photos"
                for score in ("recall", "precision", "f1")
            ),
        ]
        for k, row in scored
    ]
    if run.has_many_classes:
        recall = [2.0 if row.recall is None else row.recall for _, row in scored]
        rows = [rows[k] for k in sorted(range(len(rows)), key=recall.__getitem__)]
    chart = None
    if not alone:
        picture = []
        for k, row in scored:
            if row.recall is not None:
                share = run.score_of("recall", k)
                picture.append(Row(label=display_name(row.label), value=share, n=row.support))
        title, shown = weakest(f"How often each kind is recognised: {run.name}", picture)
        chart = tag("figure", charts.interval_rows(f"recall-{index}", title, shown))
    told = "Recall with Wilson's 95 % interval, precision and F1 over as many photos as they are worth."
    if few := enough.few_answers(run.scores.matrix_KK, run.scores.classes):
        told += f" {few}."
    return join(
        tag("h3", "Each class"),
        chart,
        first_of(["Class", "n", "Recall", "Precision", "F1"], rows, "weakest", numbers=[1, 2, 3, 4], told=told),
    )


def _certainty(index: int, run: RunFacts) -> Markup:
    certain, calibrated = run.reliability, run.closer.calibration
    sentences = [
        f"{certain.words}: on average it says it is {percent(certain.said)} sure and is right on "
        f"{percent(certain.accuracy)} of these photos.",
        f"The gap between how sure it says it is and how often it is right is {100 * certain.error:.1f} points on "
        f"average (expected calibration error, n = {run.scores.n:,}).",
    ]
    if calibrated and calibrated.after:
        value = calibrated.fitted.value
        how = "softer" if value > 1 else "surer"
        flattered = " These are the photos that it was fitted on, so that is flattered." if run.split == "val" else ""
        sentences.append(
            f"One number, a temperature of {value:.2f} fitted on {calibrated.fitted_on}, makes every "
            f"answer {how}, changes none, and leaves a gap of {100 * calibrated.after.error:.1f} points.{flattered}"
        )
    elif calibrated:
        sentences.append(f"{calibrated.fitted.why_not}.")
    chart = charts.reliability(f"sure-{index}", certain)
    caption = "On the dashed line it is as sure as it may be; below it is too sure. Bars: 95 % intervals (Wilson)."
    return join(
        tag("h3", "Does it know when it may be wrong?"),
        tag(
            "div",
            tag("figure", chart),
            tag("div", [tag("p", sentence) for sentence in sentences], tag("p", caption, class_="aside")),
            class_="columns",
        ),
    )


def _data(run: RunFacts) -> Markup:
    own, here = run.run.dataset, run.here
    splits = ", ".join(f"{name} {int(count):,}" for name, count in own.splits.items())
    parts = [
        tag("h3", "The photos"),
        tag("p", f"{own.name}: {splits}. Fingerprint ", tag("code", own.fingerprint), "."),
    ]
    if here and here.name and here.fingerprint != own.fingerprint:
        told = f"Asked about other photos than its own: {here.name}, fingerprint {here.fingerprint}."
        parts.append(tag("p", told))
    parts.append(tag("p", _leak_words(run)))
    if shift := run.closer.shift:
        by = f"{in_points(shift.moved)}"
        told = f"Against its own photos ({percent(shift.here.accuracy)}) the accuracy moves by {by}."
        parts.append(tag("p", told))
    if counts := run.counts():
        heads = ["Class", *counts]
        rows = [
            [display_name(label), *(f"{count_K[k]:,}" for count_K in counts.values())]
            for k, label in enumerate(run.scores.classes)
        ]
        if run.has_many_classes:
            few = next(iter(counts.values()))
            rows = [rows[k] for k in sorted(range(len(rows)), key=few.__getitem__)]
        told = "Photos of each class in each split."
        parts.append(first_of(heads, rows, "with the fewest photos", numbers=range(1, len(heads)), told=told))
    return join(parts)


def _leak_words(run: RunFacts) -> str:
    leaks = run.closer.leaks
    if run.split not in SPLIT_WORDS:
        return "An audit compares the splits of one dataset, so it says nothing of these photos."
    if not run.here:
        return "The photos are not on this machine, so nobody could look whether some of them stand in two splits."
    if leaks is None:
        return "These photos were not audited: whether some of them stand among the training photos too is not known."
    photos, kept = split_words(run.split), leaks.kept
    if not leaks.leaked.n:
        return f"The audit found none of these {photos} in an earlier split. Shots in another colour are not counted."
    if not kept.n:
        return f"All {leaks.leaked.n:,} {photos} have their like earlier: the accuracy says nothing of new photos."
    return (
        f"{leaks.leaked.n:,} of the {run.scores.n:,} {photos} have their like in an earlier split. Accuracy with them "
        f"{accuracy_of(run)}, without them {with_interval(kept.estimate)}, n = {kept.n:,}. A leaked photo "
        "may have been easy anyway."
    )


def _published(run: RunFacts) -> Markup | None:
    """The two with a matrix in sentences, all in a table; of drawn data no difference, which would mean nothing."""
    if not run.published:
        return None
    results = [beside.result for beside in run.published]
    compared = [beside.compared for beside in run.published if isinstance(beside.compared, Comparison)]
    remarks = list(dict.fromkeys(result.remark for result in results if result.remark))
    body: list[list[str]] = [["This run", accuracy_of(run), f"{run.scores.n:,}", "", ""]]
    for beside in run.published:
        result, told, by = beside.result, percent(beside.result.accuracy), ""
        if isinstance(beside.compared, Comparison):
            score, move = beside.compared.score_first.accuracy, beside.compared.difference
            told = with_interval(score)
            by = f"{points(move.value)} {interval_in_points(move.bounds)}"
        n = f"{result.num_images:,}" if result.num_images else "not said"
        mark = str(remarks.index(result.remark) + 1) if result.remark else ""
        body.append([result.name, told, n, by, mark])
    heads = ["On the same classes", "Accuracy", "n", "This run in points", "Note"]
    if run.drawn:
        heads, body = [*heads[:3], heads[4]], [[*row[:3], row[4]] for row in body]
    return join(
        tag("h3", "What others have published"),
        [tag("p", one.verdict.sentence) for one in compared[: 1 if run.drawn else 2]],
        _published_scope(results[0], compared),
        _published_table(heads, body),
        tag("ol", [tag("li", remark) for remark in remarks], class_="notes") if remarks else None,
    )


def _published_scope(first: Published, compared: Sequence[Comparison]) -> Markup | None:
    """What the comparison with the first result does not say, but for what the table says of all."""
    scope = verdicts.published_scope(compared[0].first, compared[0].second) if compared else []
    told = " ".join(sentence for sentence in scope if sentence != f"{first.name}: {OTHER_INPUT}")
    return tag("p", told, class_="aside") if told else None


def _published_table(heads: Sequence[str], body: Sequence[Sequence[str]]) -> Markup:
    """The run, then the results; of many the first two, and the others folded."""
    numbers = range(1, len(heads))
    told = f"{OTHER_INPUT} In brackets 95 % intervals. Nothing is known photo by photo: these are separate tests."
    if len(body) - 1 <= MANY:
        return table(heads, body, numbers=numbers, told=told)
    rest = body[3:]
    return join(
        table(heads, body[:3], numbers=numbers, told=told),
        tag(
            "details",
            tag("summary", f"The other {counted(len(rest), 'result')}"),
            table(heads, rest, numbers=numbers),
            class_="paper",
        ),
    )


def _curves(index: int, run: RunFacts) -> Markup | None:
    told = run.curves
    if not (told.epochs or told.losses):
        return None
    each = "" if told.each == 1 else f" Thin: the mean of {told.each} logged losses each."
    bounds = f" Bars: 95 % intervals, n = {counted(told.num_val, 'validation photo')}." if told.num_val else ""
    return join(
        tag("h3", "How it learnt"),
        tag("figure", tag("figcaption", f"By epochs seen.{each}{bounds}"), charts.curves(f"curves-{index}", told)),
    )


def _settings(run: RunFacts) -> Markup:
    recipe = run.run.recipe
    rows = [[row.name, row.value, row.recipe, row.help] for row in run.settings if row.changed]
    rest = [[row.name, row.value, row.help] for row in run.settings if not row.changed]
    heads = ["Setting", "This run", f"Recipe {recipe}", "What it is"]
    return join(
        tag("h3", "Settings"),
        table(heads, rows, told="Changed from the recipe.") if rows else tag("p", f"As recipe {recipe} has them."),
        tag(
            "details",
            tag("summary", f"The other {counted(len(rest), 'setting')}, as the recipe has them"),
            table(["Setting", "Value", "What it is"], rest),
            class_="paper",
        ),
    )


def _again(run: RunFacts) -> Markup:
    record, cost = run.run.record, run.summary
    versions = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    told = [f"Seed {record.settings.seed}, launched {record.created}."]
    if cost.seconds:
        speed = f" at {cost.images_per_second:,.0f} photos a second" if cost.images_per_second else ""
        epochs = "Trained" if cost.epochs is None else counted(cost.epochs, "epoch")
        device = f" on {cost.device}" if cost.device else ""
        told.append(f"{epochs} in {cost.seconds / 60:,.1f} minutes{device}{speed}.")
    told.append(f"Made with {versions}." if versions else "The versions it was made with were not written down.")
    if start := record.pretrained:
        of = f"{start['backbone']}, trained on {start['weights']}, sha256 {start['sha256']}"
        told.append(f"Its first weights are those of {of}.")
    return join(
        tag("h3", "Do it again"),
        tag("p", " ".join(told)),
        [join(tag("h4", what), tag("pre", tag("code", command))) for what, command in run.commands],
    )
