"""What a report has behind its first page for each run: scores, photos, classes, certainty, data, settings, limits.

Takes a report's document; gives markup. Every number comes from the document, every name is escaped.
"""

from typing import Any

from fashion_core.data.published import OTHER_INPUT
from fashion_core.labels import counted, display_name
from fashion_core.metrics import enough, scoring, worst_classes
from fashion_core.metrics.intervals import Estimate
from fashion_core.metrics.wording import in_points, interval_in_points, percent, points, with_interval
from fashion_core.report import charts, report_matrix
from fashion_core.report.html import Markup, join, tag, with_code
from fashion_core.report.parts import SOME, SPLIT_WORDS, first_of, section, split_words, table

MANY = 8  # published results; more are folded


def run_section(index: int, run: dict[str, Any], alone: bool) -> Markup:
    """Everything of one run."""
    return section(
        f"run-{index}",
        run["drawn"],
        tag("h2", "Behind the first page" if alone else run["name"]),
        tag("p", f"Run {run['run_id']}, recipe {run['recipe']}, {run['scores']['n']:,} {split_words(run['split'])} of ",
            f"{run['dataset']['asked'] or run['dataset']['name']}.", class_="lead"),
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
        tag("ul", [tag("li", with_code(sentence)) for sentence in run["limits"]]),
    )  # fmt: skip


def _scores(run: dict[str, Any]) -> Markup:
    scores, bounds = run["scores"], run["intervals"]
    rows = [["Accuracy", with_interval(Estimate.from_json(scores)), "share of photos answered right"]]
    rows += [
        [
            f"Among the {one['k']} likeliest",
            with_interval(Estimate(one["accuracy"], *one["ci95"])),
            "the right class is one of them",
        ]
        for one in run["closer"]["top_k"][1:]
    ]
    words = {
        "recall": ("Macro recall", "of each class's photos the share found; classes counted alike"),
        "precision": ("Macro precision", "of each answer's photos the share right; classes counted alike"),
        "f1": ("Macro F1", "both joined in one number (harmonic mean); classes counted alike"),
    }
    rows += [
        [word, with_interval(Estimate(run["macro"][name], *bounds[f"macro_{name}"])), told]
        for name, (word, told) in words.items()
    ]
    how = "Wilson, for means and F1 over the photos that they are worth by 10,000 draws within the classes"
    absent = scoring.absent_words(scores, display_name)
    told = (
        f"n = {scores['n']:,}. In brackets the 95 % interval: {how}.{f' Macro means are {absent}.' if absent else ''}"
    )
    return join(tag("h3", "How good it is"), table(["", "", "What it is"], rows, numbers=[1], told=told))


def _confused(run: dict[str, Any]) -> Markup:
    if not run["confused"]:
        return tag("p", "It made no mistake on these photos.")
    told = "; ".join(f"{display_name(a)} taken for {display_name(b)} ({n:,})" for a, b, n in run["confused"])
    return tag("p", f"Most often: {told}.")


def _classes(index: int, run: dict[str, Any], alone: bool) -> Markup:
    bounds = run["intervals"]["per_class"]
    rows = [
        [
            display_name(row["label"]),
            f"{row['support']:,}",
            *(
                with_interval(Estimate(row[name], *bounds[name][k])) if row["support"] else "no photos"
                for name in ("recall", "precision", "f1")
            ),
        ]
        for k, row in enumerate(run["scores"]["per_class"])
    ]
    if len(rows) >= worst_classes.MANY:
        recall = [row["recall"] if row["support"] else 2.0 for row in run["scores"]["per_class"]]
        rows = [rows[k] for k in sorted(range(len(rows)), key=recall.__getitem__)]
    chart = None
    if not alone:
        title = f"How often each kind is recognised: {run['name']}"
        picture = [
            {"label": display_name(one["label"]), "value": one["recall"], "low": bounds["recall"][k][0],
             "high": bounds["recall"][k][1], "n": one["support"]}
            for k, one in enumerate(run["scores"]["per_class"])
            if one["support"]
        ]  # fmt: skip
        picture.sort(key=lambda row: -row["value"])
        if len(picture) >= worst_classes.MANY:
            title, picture = f"{title}: the {SOME} weakest of {len(picture):,}", picture[-SOME:]
        chart = tag("figure", charts.interval_rows(f"recall-{index}", title, picture))
    told = "Recall with Wilson's 95 % interval, precision and F1 over as many photos as they are worth."
    if few := enough.few_answers(run["scores"]["confusion_matrix"], run["scores"]["classes"]):
        told += f" {few}."
    return join(
        tag("h3", "Each class"),
        chart,
        first_of(["Class", "n", "Recall", "Precision", "F1"], rows, "weakest", numbers=[1, 2, 3, 4], told=told),
    )


def _certainty(index: int, run: dict[str, Any]) -> Markup:
    told, fitted = run["reliability"], run["closer"]["calibration"]
    sentences = [
        f"{told['words']}: on average it says it is {percent(told['said'])} sure and is right on "
        f"{percent(told['accuracy'])} of these photos.",
        f"The gap between how sure it says it is and how often it is right is {100 * told['error']:.1f} points on "
        f"average (expected calibration error, n = {run['scores']['n']:,}).",
    ]
    if fitted and fitted["temperature"] is None:
        sentences.append(f"{fitted['why_not']}.")
    elif fitted:
        how = "softer" if fitted["temperature"] > 1 else "surer"
        flattered = (
            " These are the photos that it was fitted on, so that is flattered." if run["split"] == "val" else ""
        )
        sentences.append(
            f"One number, a temperature of {fitted['temperature']:.2f} fitted on {fitted['fitted_on']}, makes every "
            f"answer {how}, changes none, and leaves a gap of {100 * fitted['ece_after']:.1f} points.{flattered}"
        )
    chart = charts.reliability(f"sure-{index}", told)
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


def _data(run: dict[str, Any]) -> Markup:
    data, leaks = run["dataset"], run["closer"]["leaks"]
    splits = ", ".join(f"{name} {count:,}" for name, count in data["splits"].items())
    parts = [
        tag("h3", "The photos"),
        tag("p", f"{data['name']}: {splits}. Fingerprint ", tag("code", data["fingerprint"]), "."),
    ]
    if data["asked"] and data["asked_fingerprint"] != data["fingerprint"]:
        told = f"Asked about other photos than its own: {data['asked']}, fingerprint {data['asked_fingerprint']}."
        parts.append(tag("p", told))
    parts.append(tag("p", _leak_words(run, leaks)))
    if moved := run["closer"]["shift"]:
        by = in_points(Estimate.from_json(moved, "moved"))
        told = f"Against its own photos ({percent(moved['accuracy'])}) the accuracy moves by {by}."
        parts.append(tag("p", told))
    if data["counts"]:
        heads = ["Class", *data["counts"]]
        rows = [
            [display_name(label), *(f"{counts[k]:,}" for counts in data["counts"].values())]
            for k, label in enumerate(run["classes"])
        ]
        if len(rows) >= worst_classes.MANY:
            few = next(iter(data["counts"].values()))
            rows = [rows[k] for k in sorted(range(len(rows)), key=few.__getitem__)]
        told = "Photos of each class in each split."
        parts.append(first_of(heads, rows, "with the fewest photos", numbers=range(1, len(heads)), told=told))
    return join(parts)


def _leak_words(run: dict[str, Any], leaks: dict[str, Any] | None) -> str:
    if run["split"] not in SPLIT_WORDS:
        return "An audit compares the splits of one dataset, so it says nothing of these photos."
    if not run["dataset"]["here"]:
        return "The photos are not on this machine, so nobody could look whether some of them stand in two splits."
    if leaks is None:
        return "These photos were not audited: whether some of them stand among the training photos too is not known."
    photos = split_words(run["split"])
    if not leaks["leaked"]:
        return f"The audit found none of these {photos} in an earlier split. Shots in another colour are not counted."
    if leaks["accuracy"] is None:
        return f"All {leaks['leaked']:,} {photos} have their like earlier: the accuracy says nothing of new photos."
    scores = run["scores"]
    return (
        f"{leaks['leaked']:,} of the {scores['n']:,} {photos} have their like in an earlier split. Accuracy with them "
        f"{with_interval(Estimate.from_json(scores))}, without them "
        f"{with_interval(Estimate.from_json(leaks))}, n = {leaks['n']:,}. A leaked photo may have been "
        "easy anyway."
    )


def _published(run: dict[str, Any]) -> Markup | None:
    """The two with a matrix in sentences, all in a table; of drawn data no difference, which would mean nothing."""
    rows = run["published"]
    if not rows:
        return None
    notes = list(dict.fromkeys(note for row in rows if (note := row["note"].replace(OTHER_INPUT, "").strip())))
    own = with_interval(Estimate.from_json(run["scores"]))
    body: list[list[Any]] = [["This run", own, f"{run['scores']['n']:,}", "", ""]]
    for row in rows:
        told = with_interval(Estimate.from_flat(row, "accuracy")) if row["word"] else percent(row["accuracy"])
        move, note = row.get("difference"), row["note"].replace(OTHER_INPUT, "").strip()
        by = f"{points(move['value'])} {interval_in_points((move['low'], move['high']))}" if move else ""
        mark = str(notes.index(note) + 1) if note else ""
        body.append([row["name"], told, f"{row['n']:,}" if row["n"] else "not said", by, mark])
    heads = ["On the same classes", "Accuracy", "n", "This run in points", "Note"]
    if run["drawn"]:
        heads, body = [*heads[:3], heads[4]], [[*row[:3], row[4]] for row in body]
    sentences = [row["sentence"] for row in rows if row["word"]][: 1 if run["drawn"] else 2]
    scope = next((row["scope"] for row in rows if row["scope"]), "").replace(f"{rows[0]['name']}: {OTHER_INPUT}", "")
    told = "In brackets 95 % intervals. Nothing is known photo by photo: these are separate tests."
    few = [row for row in body if row[0] in {"This run", *(one["name"] for one in rows[:2])}]
    return join(
        tag("h3", "What others have published"),
        [tag("p", sentence) for sentence in sentences],
        tag("p", scope.strip(), class_="aside") if scope.strip() else None,
        table(heads, few if len(rows) > MANY else body, numbers=range(1, len(heads)), told=f"{OTHER_INPUT} {told}"),
        tag(
            "details",
            tag("summary", f"The other {counted(len(body) - len(few), 'result')}"),
            table(heads, [row for row in body if row not in few], numbers=range(1, len(heads))),
            class_="paper",
        )
        if len(rows) > MANY
        else None,
        tag("ol", [tag("li", note) for note in notes], class_="notes") if notes else None,
    )


def _curves(index: int, run: dict[str, Any]) -> Markup | None:
    told = run["curves"]
    if not (told["epochs"] or told["losses"]):
        return None
    each = "" if told["each"] == 1 else f" Thin: the mean of {told['each']} logged losses each."
    bounds = f" Bars: 95 % intervals, n = {counted(told['num_val'], 'validation photo')}." if told["num_val"] else ""
    return join(
        tag("h3", "How it learnt"),
        tag("figure", tag("figcaption", f"By epochs seen.{each}{bounds}"), charts.curves(f"curves-{index}", told)),
    )


def _settings(run: dict[str, Any]) -> Markup:
    changed = [row for row in run["settings"] if row["changed"]]
    rows = [[row["name"], row["value"], row["recipe"], row["help"]] for row in changed]
    heads = ["Setting", "This run", f"Recipe {run['recipe']}", "What it is"]
    rest = [[row["name"], row["value"], row["help"]] for row in run["settings"] if not row["changed"]]
    return join(
        tag("h3", "Settings"),
        table(heads, rows, told="Changed from the recipe.")
        if rows
        else tag("p", f"As recipe {run['recipe']} has them."),
        tag(
            "details",
            tag("summary", f"The other {counted(len(rest), 'setting')}, as the recipe has them"),
            table(["Setting", "Value", "What it is"], rest),
            class_="paper",
        ),
    )


def _again(run: dict[str, Any]) -> Markup:
    cost = run["cost"]
    versions = ", ".join(f"{name} {version}" for name, version in run["versions"].items())
    told = [f"Seed {run['seed']}, launched {run['created']}."]
    if cost["seconds"]:
        speed = f" at {cost['images_per_second']:,.0f} photos a second" if cost["images_per_second"] else ""
        epochs = "Trained" if cost["epochs"] is None else counted(cost["epochs"], "epoch")
        device = f" on {cost['device']}" if cost["device"] else ""
        told.append(f"{epochs} in {cost['seconds'] / 60:,.1f} minutes{device}{speed}.")
    told.append(f"Made with {versions}." if versions else "The versions it was made with were not written down.")
    if start := run["pretrained"]:
        of = f"{start['backbone']}, trained on {start['weights']}, sha256 {start['sha256']}"
        told.append(f"Its first weights are those of {of}.")
    return join(
        tag("h3", "Do it again"),
        tag("p", " ".join(told)),
        [join(tag("h4", what), tag("pre", tag("code", command))) for what, command in run["commands"]],
    )
