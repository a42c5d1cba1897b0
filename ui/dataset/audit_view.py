"""The audit of a dataset: its numbers, each finding with its photos (pairs side by side), exports, and starting it.

A detached process audits; this only reads what it wrote. Every word that came from a file is escaped.
"""

import json
import shlex
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from fashion_core import jobs, rights
from fashion_core.data.audit import audit, findings
from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name, harmless
from fashion_core.launch import background
from ui.app import address, audience, loaders, notices, words
from ui.charts.layout import SPLIT_NAMES
from ui.dataset import conflicts_view, exclude_form, label_errors, pairs_view
from ui.shared import following, gallery, reproduce_view
from ui.shared.answer import Number, answer
from ui.shared.table import show_table

PAIRS_A_PAGE = 24
LABEL_ERRORS = "label_error"  # a finding of a run, not of the audit


def show(dataset: Dataset) -> None:
    """The findings, or how far the audit is, or the button that starts it."""
    job = jobs.look(audit.folder_of(dataset))  # before the findings, which are there when it is done
    found = loaders.audit_of(dataset)
    if found:
        _show_findings(dataset, *found)
        return
    if job and job.active:
        following.follow_job(audit.folder_of(dataset), partial(following.counted, starting="Starting the audit"))
        return
    if rights.read_only():
        notices.review_copy("These photos were not audited.", "no audit of these photos can be made")
        return
    if job and job.state == jobs.FAILED:
        told = words.fault(job.error) if job.error else "The audit stopped before its end."
        kept = "Your photos are untouched, and what was measured is kept."
        following.failed(
            f"{told} {kept}", "Go on with the audit", lambda: start(dataset), folder=audit.folder_of(dataset)
        )
        return
    if audit.outdated(dataset):
        st.markdown("These photos were audited in an earlier way. What it found is not shown; audit them again.")
    st.markdown(
        "An audit looks for the same photo twice, in two splits (leaks) or under two labels, for one shot in another "
        "colour, and for photos that stand out. It changes no photo. One that was ended goes on where it was."
    )
    seconds = 5 + dataset.num_images * (0.0015 if dataset.first_pixels[0] > 32 else 0.001)
    st.button(
        f"Audit {words.counted(dataset.num_images, 'photo')}, about {words.roughly(seconds)}",
        type="primary",
        on_click=start,
        args=(dataset,),
    )


def trust(dataset: Dataset) -> tuple[dict[str, tuple[int, int]] | None, int]:
    """For ``plain_answers.audited``: the leaked photos of each split of how many, None without an audit; and how many
    photos stand under two labels."""
    found = loaders.audit_of(dataset)
    if not found:
        return None, 0
    audit_of, table = found
    leaked = table[table["kind"] == "leak"].groupby("split")["image_id"].nunique()
    names = {SPLIT_NAMES[str(split)].lower(): (int(num), dataset.splits[split]) for split, num in leaked.items()}
    return names, audit_of.counts["conflict"]


def start(dataset: Dataset) -> None:
    """Start the audit in a process of its own, unless one runs."""
    background.start_audit(dataset.id, data_dir=loaders.data_dir())


def _show_findings(dataset: Dataset, found: audit.Audit, table: pd.DataFrame) -> None:
    leaked = int(table.loc[table["kind"] == "leak", "image_id"].nunique())
    later = sum(count for split, count in dataset.splits.items() if split != next(iter(dataset.splits)))
    copies = [found.counts[kind] for kind in findings.COPIES]
    odd = {kind: found.counts[kind] for kind in findings.SINGLES if kind not in ("damaged", "missing")}
    listed = ", ".join(f"{kind} {words.count(number)}" for kind, number in odd.items() if number)
    answer(
        [
            Number(
                "Leaked photos",
                words.count(leaked),
                f"of {words.count(later)} outside {SPLIT_NAMES[next(iter(dataset.splits))].lower()}",
                "Photos whose like stands in an earlier split (test after validation after train): the same file or "
                "photo, the same address, or the same brand and title. A score on them may be partly memory.",
            ),
            Number(
                "Copies", words.count(sum(copies)), "pairs: {} of one file, {} of one photo, {} flipped".format(*copies)
            ),
            Number("Label conflicts", words.count(found.counts["conflict"]), "one photo or address, two labels"),
            Number("Stand out", words.count(sum(odd.values())), listed or "none"),
            Number("Unreadable", words.count(found.counts["damaged"] + found.counts["missing"]), "by name below"),
        ]
    )
    reproduce_view.show_dataset(dataset, f"python -m fashion_core audit {dataset.id}")
    _say_leaks(dataset, found)
    kinds = [kind for kind in ("leak", "look_alike", "conflict", *findings.KINDS) if found.counts[kind]]
    kinds = list(dict.fromkeys(kinds))
    judged = label_errors.runs_over(dataset)
    if not kinds:
        st.markdown("Nothing was found.")
    if not judged:
        notices.aside("Once a run has been trained and scored on these photos, it shows here which labels it doubts.")
    kinds += [LABEL_ERRORS] * bool(judged)
    if not kinds:
        return
    kind = address.select("Finding", kinds, key="finding", words=lambda name: _option(name, found))
    if kind == LABEL_ERRORS:
        suspected, source = label_errors.show(dataset)
        _exports(dataset, kind, suspected, first=label_errors.FIRST, key=source)
        return
    chosen = table[table["kind"] == kind].reset_index(drop=True)
    chosen.insert(0, "number", range(1, len(chosen) + 1))
    _show_kind(dataset, kind, chosen)


def _say_leaks(dataset: Dataset, found: audit.Audit) -> None:
    """How many photos of each split leaked, and what the comparison cannot tell."""
    for pair in found.leaks:
        later_name, earlier = (SPLIT_NAMES[pair[name]].lower() for name in ("split", "other_split"))
        num, of = pair["images"], dataset.splits[pair["split"]]
        causes = "; ".join(f"{words.count(n)} {findings.LEAKS[cause]}" for cause, n in pair["causes"].items())
        st.markdown(
            f"{words.count(num)} of {words.count(of)} {later_name} photos ({words.percent(num / of, 2)}) have their "
            f"like in {earlier}: {causes}."
        )
    if found.counts["look_alike"]:
        num = found.counts["look_alike"]
        st.markdown(
            f"Besides, {words.counted(num, 'photo')} {'looks' if num == 1 else 'look'} like one shot with one of an "
            "earlier split, in another colour: check. No such photo counts as a leak."
        )
    for group in found.groups:
        _say_group(dataset, group)
    notices.aside(
        "Photos are compared by edges and colours, laid over each other. A copy that was cropped by much more than 5 % "
        "or turned is not looked for, and on photos of 28 pixels no cropped one. Files of up to 128 pixels are the "
        "same photo only where they agree pixel by pixel; a copy that was saved again roughly can stand under "
        "another colour."
        + (
            f" {words.counted(found.num_crowded, 'photo')} had so many look-alikes that only the nearest were compared."
            if found.num_crowded
            else ""
        )
    )


def _say_group(dataset: Dataset, group: dict[str, Any]) -> None:
    """What a column says of photos that belong together and stand in several splits, and how to keep them in one."""
    shares = [
        f"{words.count(at['images'])} of {words.count(dataset.splits[at['split']])} "
        f"{SPLIT_NAMES[at['split']].lower()} photos have one of their group in {SPLIT_NAMES[at['other_split']].lower()}"
        for at in group["splits"]
    ]
    column, num = words.plain(group["column"]), group["values"]
    st.markdown(
        f"By the column {column}, {words.counted(num, 'group')} of photos {'stands' if num == 1 else 'stand'} in "
        f"several splits: {', '.join(shares)}. They are other photos, not copies, and do not count "
        "as leaks; a score on them may still be higher than on things that are new."
    )
    if dataset.split_rule != "as given" and not dataset.made and not audience.is_review():
        command = shlex.join(["--group", group["column"], "--name", f"{dataset.name} by {group['column']}"])
        notices.aside(f"To keep each in one split, import again: {words.command(f'{dataset.bring} {command}')}")


def _show_kind(dataset: Dataset, kind: str, chosen: pd.DataFrame) -> None:
    """The findings of one kind (``chosen``) as their photos, and what can be done with them."""
    ticked = None
    notices.aside(words.plain(findings.KINDS[kind]))
    if kind in ("damaged", "missing"):
        show_table(
            chosen[["image_id", "split", "label", "reason"]],
            column_config={"image_id": "Photo", "split": "Split", "label": "Class", "reason": "Why"},
            alt=f"{_title(kind)} photos, each with its reason",
        )
    elif kind in findings.SINGLES:
        _show_singles(dataset, chosen)
    elif kind == "conflict":
        ticked = conflicts_view.show(dataset, chosen)
    else:
        _show_pairs(dataset, chosen)
    _exports(dataset, kind, chosen, ticked=ticked)


def _option(kind: str, found: audit.Audit) -> str:
    if kind == LABEL_ERRORS:
        return "Suspected label errors · by a run"
    return f"{_title(kind)} · {words.count(found.counts[kind])}"


def _title(kind: str) -> str:
    return (
        findings.KINDS[kind].partition(":")[0].partition(",")[0] if kind != "mirrored_duplicate" else "Flipped photos"
    )


def _show_singles(dataset: Dataset, chosen: pd.DataFrame) -> None:
    images = pd.concat([chosen, loaders.photos_of(dataset, chosen["image_id"])], axis=1)
    gallery.show(
        dataset,
        images,
        key="finding_page",
        caption=lambda image: gallery.Caption(
            f"{image.number}. {display_name(image.label)}", f"{SPLIT_NAMES[image.split]}, {image.reason}"
        ),
    )


def _show_pairs(dataset: Dataset, chosen: pd.DataFrame) -> None:
    shown = pairs_view.page_of(chosen, PAIRS_A_PAGE)
    images, others = (loaders.photos_of(dataset, shown[name]) for name in ("image_id", "other"))
    st.html(pairs_view.pairs_html(loaders.thumbnails(dataset), shown, images, others))


def _exports(
    dataset: Dataset,
    kind: str,
    chosen: pd.DataFrame,
    *,
    ticked: pd.DataFrame | None = None,
    first: int | None = None,
    key: str = "",
) -> None:
    """Save the finding, or make a new dataset without its photos (the ``first`` of them until the reader says more;
    where the reader ticked some beside their pictures, those)."""
    if kind not in ("damaged", "missing") and len(chosen):  # those take no part anyway
        exclude_form.form(dataset, kind, chosen if ticked is None else ticked, ticked=ticked, first=first, key=key)
    with st.container(horizontal=True):
        st.download_button(
            "Save these findings (CSV)", lambda: findings_csv(chosen), f"{dataset.id}-{kind}.csv", "text/csv"
        )
        st.download_button(
            "Save as a list of photos to leave out (JSON)",
            lambda: exclusion_list(dataset, kind, chosen if ticked is None else ticked),
            f"{dataset.id}-leave-out-{kind}.json",
            "application/json",
            disabled=ticked is not None and ticked.empty,
        )
    if audience.is_review():
        return
    command = words.command(f"python -m fashion_core audit {dataset.id} --exclude LIST.json")
    notices.aside(f"On the command line, with a list that you saved and shortened: {command}")


def findings_csv(table: pd.DataFrame) -> bytes:
    """UTF-8 with a mark that spreadsheets know; a cell that they would run as a formula is quoted."""
    safe = table.apply(lambda column: column.map(lambda cell: harmless(cell) if isinstance(cell, str) else cell))
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def exclusion_list(dataset: Dataset, kind: str, table: pd.DataFrame) -> str:
    """The photos of a finding with the reason of each; of a pair the later photo, so that one copy stays. A copy under
    another label is not listed: which of the two labels is right, nobody has said."""
    reasons = exclude_form.reasons_of(kind, exclude_form.decided(kind, table))
    document = {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "images": reasons}
    return json.dumps(document, indent=1, ensure_ascii=False)
