"""What would a sampler draw? One simulated epoch of a dataset's training photos, expected and drawn.

Takes a dataset; every choice lives in the address under a key that starts with ``sim_``. Nothing here imports torch.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import rights
from fashion_core.data.datasets import Dataset
from fashion_core.labels import display_name
from fashion_core.settings import sampling
from fashion_core.settings.fields import Field
from ui.app import address, faults, loaders, navigation, notices, words
from ui.charts.classes import simulated_epoch
from ui.dataset import imbalance_advice
from ui.shared import bounded, corrected_twice, gallery, settings_form
from ui.shared.answer import Number, answer
from ui.shared.plot import plot
from ui.shared.table import show_table

SAMPLERS = {"none": "None", "balanced": "Balanced", "power": "Power", "class_balanced": "Class-balanced"}
TOLD = {
    "none": "Every photo is as likely as every other.",
    "balanced": "A photo's weight is 1 / its class's count: every class comes equally often (the report).",
    "power": "A photo's weight is count^−alpha: 0 leaves the classes as they are, 1 is balanced, 2 turns them round.",
    "class_balanced": "A photo's weight is (1 − beta) / (1 − beta^count), one over the effective number of its class's "
    "photos (Cui et al., 2019): beta 0 leaves the classes as they are, beta near 1 is balanced.",
}
REPEATS = {"trainer": "As in training", "with": "With", "without": "Without"}
LOSSES = {"cross_entropy": "Plain loss", "weighted": "Weighted loss"}
BETAS = ("0.9", "0.99", "0.999", "0.9999", "0.99999")
NUMBERS = {
    "sim_alpha": Field(name="sim_alpha", group="", kind="float", low=0, high=2, help="alpha of count^−alpha."),
    "sim_length": Field(
        name="sim_length", group="", kind="float", low=0.1, high=10,
        help="Draws of an epoch for each training photo. Training always draws once for each.",
    ),
    "sim_epoch": Field(name="sim_epoch", group="", kind="int", low=1, high=1000, help="Another epoch, other draws."),
}  # fmt: skip
NUM_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to simulate. ``sampler`` and ``loss`` are written as the training settings have them."""

    sampler: str
    loss: str
    replacement: bool
    length: float
    epoch: int

    @property
    def is_trainers(self) -> bool:
        """Whether training can draw exactly so."""
        return self.length == 1 and self.replacement == sampling.repeats_in_training(self.sampler)


def show(dataset: Dataset) -> None:
    """The whole tab: choices, answer, what the two corrections do together, chart, photos and table."""
    _refuse_address()
    plan = _pick()
    with faults.shown(stop=False):
        photos = _training_photos(dataset)
        labels_N = pd.Categorical(photos["label"], categories=dataset.classes).codes.astype(np.int64)
        counts_K = sampling.class_counts(labels_N, dataset.classes)
        num_draws = max(1, round(plan.length * len(labels_N)))
        rows, times_N = simulate(plan, dataset.classes, labels_N, counts_K, num_draws)
        _answer(rows, times_N, photos, num_draws)
        st.markdown(correction_words(plan, rows))
        by_count = bounded.ends(np.argsort(-rows["photos"].to_numpy(), kind="stable"))
        drawn_rows = rows.iloc[sorted(by_count.tolist())]
        plot(
            simulated_epoch(
                drawn_rows, title="One epoch, class by class · bar: expected, tick: this epoch", drawn=dataset.synthetic
            ),
            key="simulated",
            alt="For each class the draws in an epoch, the share of its photos never shown and its weight in training; "
            "the table below has the same numbers",
            height=86 + 22 * len(drawn_rows),
        )
        bounded.say_left_out(len(drawn_rows), len(rows), "with the most and the fewest photos")
        _in_training(plan, dataset)
        _photos(dataset, photos, times_N)
        with st.expander("Every class in numbers"):
            _table(rows)
    imbalance_advice.show(dataset.id)


def simulate(
    plan: Plan, classes: tuple[str, ...], labels_N: np.ndarray, counts_K: np.ndarray, num_draws: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """One row a class (label, photos, expected, drawn, unseen, unseen_drawn, loss_weight, before, sampled, weight) and
    how often each photo came.

    ``before``, ``sampled`` and ``weight`` are what the class weighs against an equal share: in the photos, after the
    sampler, and after sampler and loss.
    """
    how = {"num_draws": num_draws, "replacement": plan.replacement}
    expected_K = sampling.expected_draws(counts_K, plan.sampler, **how)
    times_N = sampling.draw(labels_N, counts_K, plan.sampler, epoch=plan.epoch, **how)
    weights_K = sampling.loss_weights(counts_K, plan.loss)
    K = len(classes)
    rows = pd.DataFrame(
        {
            "label": classes,
            "photos": counts_K,
            "expected": expected_K,
            "drawn": np.bincount(labels_N, weights=times_N, minlength=K).astype(np.int64),
            "unseen": sampling.unseen_share(counts_K, plan.sampler, **how),
            "unseen_drawn": np.bincount(labels_N, weights=times_N == 0, minlength=K) / counts_K,
            "loss_weight": weights_K,
            "before": K * counts_K / counts_K.sum(),
            "sampled": K * expected_K / expected_K.sum(),
            "weight": K * sampling.signal_share(expected_K, weights_K),
        }
    )
    return rows, times_N


def correction_words(plan: Plan, rows: pd.DataFrame) -> str:
    """What sampler and loss do to the smallest and the largest class together, in plain words."""
    small, large = rows.loc[rows["photos"].idxmin()], rows.loc[rows["photos"].idxmax()]
    if small["photos"] == large["photos"]:
        return "Every class has equally many photos here: there is nothing to correct."
    smallest, largest = (words.plain(display_name(row["label"])) for row in (small, large))
    before, sampled, weight = (small[name] / large[name] for name in ("before", "sampled", "weight"))
    corrects = sampled > before * 1.005
    start = f"{smallest} has {before:.2f} photos for each one of {largest}"
    if corrects and plan.loss == "weighted":
        loss_alone = before * small["loss_weight"] / large["loss_weight"]
        turned = "the imbalance is turned round, not removed" if weight > 1.005 else "this is close to equal"
        return (
            f"**Corrected twice.** {start}. The sampler alone makes that {sampled:.2f}, the weighted loss alone "
            f"{loss_alone:.2f}. Both together make **{weight:.2f}**: {turned}. "
            f"{corrected_twice.what_both_do() if plan.sampler == 'balanced' else 'One of the two is enough.'}"
        )
    if corrects or plan.loss == "weighted":
        by = "the sampler" if corrects else "the weighted loss"
        return f"**Corrected once.** {start}; after {by} it weighs **{weight:.2f}** times as much in training."
    return f"**Not corrected.** {start}, and weighs {weight:.2f} times as much in training."


def _pick() -> Plan:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = address.segments("Sampler", SAMPLERS, key="sim_sampler", default="balanced", label_visibility="visible")
        if kind == "power":
            alpha = _number("sim_alpha", "Alpha", 0.5, 0.1)
        elif kind == "class_balanced":
            beta = address.select("Beta", BETAS, key="sim_beta", default="0.999", width=120)
        loss = address.segments("Loss", LOSSES, key="sim_loss", default="weighted", label_visibility="visible")
    sampler = {"power": lambda: f"power({alpha:g})", "class_balanced": lambda: f"class_balanced({beta})"}.get(
        kind, lambda: kind
    )()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        repeats = address.segments("Repeats", REPEATS, key="sim_repeats", label_visibility="visible")
        length = _number("sim_length", "Draws per photo", 1.0, 0.5)
        epoch = _number("sim_epoch", "Epoch", 1, 1)
    how = "with repeats" if sampling.repeats_in_training(sampler) else "without repeats"
    notices.aside(f"{TOLD[kind]} Training draws {how}, as often as there are training photos.")
    replacement = sampling.repeats_in_training(sampler) if repeats == "trainer" else repeats == "with"
    return Plan(sampler=sampler, loss=loss, replacement=replacement, length=float(length), epoch=int(epoch))


def _number(key: str, label: str, value: float, step: float) -> float:
    """A bounded number; the browser keeps its bounds, and so does the server."""
    field = NUMBERS[key]
    kind = int if field.kind == "int" else float
    chosen = st.number_input(
        label, kind(field.low), kind(field.high), kind(value), kind(step), "%d" if kind is int else "%g",
        key=key, bind="query-params", width=150,
    )  # fmt: skip
    return chosen if field.check(chosen) is None else kind(value)


def _refuse_address() -> None:
    """Say what is wrong with a number in the address: its widget would ignore it without a word."""
    for key, field in NUMBERS.items():
        settings_form.refuse_value(key, field, "The usual value is used.")


def _training_photos(dataset: Dataset) -> pd.DataFrame:
    manifest = loaders.manifest_of(dataset)
    return manifest[(manifest["status"] == "ok") & (manifest["split"] == "train")]


def _answer(rows: pd.DataFrame, times_N: np.ndarray, photos: pd.DataFrame, num_draws: int) -> None:
    unseen = float((rows["photos"] * rows["unseen"]).sum() / rows["photos"].sum())
    missed = int((times_N == 0).sum())
    most = int(times_N.max())
    small, large = rows.loc[rows["photos"].idxmin()], rows.loc[rows["photos"].idxmax()]
    pair = f"{display_name(small['label'])} to {display_name(large['label'])}"
    answer(
        [
            Number("Draws in the epoch", words.count(num_draws), f"of {words.counted(len(times_N), 'training photo')}"),
            Number(
                "Never shown",
                words.percent(unseen),
                f"this epoch: {words.percent(missed / len(times_N))}, {words.counted(missed, 'photo')}",
                "The expected share of training photos that this epoch does not show: (1 − p)^draws with repeats, p a "
                "photo's chance in one draw.",
            ),
            Number(
                "Most repeated",
                f"{most} ×",
                f"a photo of {display_name(photos['label'].iloc[int(times_N.argmax())])}" if most > 1 else "no repeats",
                "How often the simulated epoch shows the photo that it shows most.",
            ),
            Number(
                "Ratio of draws",
                f"{small['expected'] / large['expected']:.2f} : 1",
                f"{pair}, {small['photos'] / large['photos']:.2f} in the photos",
            ),
            Number(
                "Ratio of weight",
                f"{small['weight'] / large['weight']:.2f} : 1",
                f"{pair}, with the loss",
                "Draws times the weight in the loss: what the smallest class weighs in training for each 1 of the "
                "largest, before any photo is looked at.",
            ),
        ]
    )


def _in_training(plan: Plan, dataset: Dataset) -> None:
    """How to train so, or why training cannot."""
    if not plan.is_trainers:
        notices.aside("Simulated only: training does not draw like this.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        flags = f"--set 'sampler={plan.sampler}'" if "(" in plan.sampler else f"--set sampler={plan.sampler}"
        st.markdown(f"Training does this with `{flags} --set loss={plan.loss}`", width="content")
        if not rights.read_only():
            navigation.link("training", "Use in training", dataset=dataset.id, sampler=plan.sampler, loss=plan.loss)


def _photos(dataset: Dataset, photos: pd.DataFrame, times_N: np.ndarray) -> None:
    """The photos that the simulated epoch shows most."""
    if times_N.max() < 2:
        return
    st.markdown("**Shown most often in this epoch**")
    most = np.argsort(-times_N, kind="stable")[:NUM_SHOWN]
    chosen = photos.iloc[most].assign(times=times_N[most])
    caption = {
        row.image_id: gallery.Caption(display_name(row.label), words.counted(row.times, "time"))
        for row in chosen.itertuples()
    }
    pictures = list(chosen.itertuples(index=False))
    st.html(gallery.grid_html(loaders.thumbnails(dataset), pictures, lambda image: caption[image.image_id]))


def _table(rows: pd.DataFrame) -> None:
    st.markdown(
        "Weights are against an equal share of 1: what the class weighs by its photos alone, after the sampler, and "
        "after sampler and loss. The loss averages over each batch, so single batches vary about these."
    )
    frame = pd.DataFrame(
        {
            "Class": [display_name(label) for label in rows["label"]],
            "Photos": rows["photos"],
            "Draws expected": rows["expected"],
            "Drawn": rows["drawn"],
            "Times a photo": rows["expected"] / rows["photos"],
            "Never shown, %": 100 * rows["unseen"],
            "Drawn never, %": 100 * rows["unseen_drawn"],
            "Loss weight": rows["loss_weight"],
            "Weight in photos": rows["before"],
            "After sampler": rows["sampled"],
            "After both": rows["weight"],
        }
    )
    whole = dict.fromkeys(["Photos", "Drawn"], st.column_config.NumberColumn(format="localized"))
    tenths = dict.fromkeys(
        ["Draws expected", "Never shown, %", "Drawn never, %"], st.column_config.NumberColumn(format="%.1f")
    )
    hundredths = dict.fromkeys(
        ["Times a photo", "Loss weight", "Weight in photos", "After sampler", "After both"],
        st.column_config.NumberColumn(format="%.2f"),
    )
    show_table(
        frame,
        column_config=whole | tenths | hundredths,
        height=bounded.table_space(len(frame)),
        alt="Draws, photos never shown and weights of each class",
    )
