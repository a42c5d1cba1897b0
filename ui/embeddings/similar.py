"""More like this: the photos nearest to one photo, over any split or all, with filters; and how often that is right."""

import random
import time

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.embeddings import neighbours, pca, tsne_umap
from fashion_core.embeddings.neighbours import Purity
from fashion_core.labels import display_name
from fashion_core.runs.runs import Run
from ui.app import address, audience, loaders, navigation, notices, words
from ui.app.kept import kept
from ui.charts.bars import rates_with_intervals
from ui.embeddings import colours, features_view, photos_view
from ui.shared import bounded
from ui.shared.answer import Number, answer
from ui.shared.plot import plot

LIKE = "like"  # the photo asked for, in the address
FOUND = 24
AT = 10  # precision at ten
MOST_ASKED = 1_000  # photos asked for to measure it
NO_COLUMN = "no/column"
MOST_VALUES = 200  # of a column to choose from


def show(run: Run, split: str) -> None:
    """The photo asked for, what is most like it, and precision at ten by label."""
    ready = tsne_umap.splits_with_features(run)
    offered = [
        *(part for part in ("train", "test", "val") if part in ready),
        *([tsne_umap.ALL] if len(ready) > 1 else []),
    ]
    row = _asked(run, split)
    image = features_view.of(run, split).points.iloc[[row]]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Photo", key="like_text", placeholder="Name, or part of it", on_change=_choose_typed,
                      args=(run, split), width=230)  # fmt: skip
        st.button("Another photo", icon=":material/shuffle:", on_click=_choose_any, args=(run, split))
        among = address.select("Look among", offered, key="among", words=features_view.split_words, width=140)
        keep_N = _filters(run, among)
    points, units_ND = features_view.of(run, among).points, features_view.units_of(run, among)
    keep_N &= (points["image_id"] != image["image_id"].iloc[0]).to_numpy()
    began = time.perf_counter()
    rows, distances = neighbours.most_alike(units_ND, features_view.units_of(run, split)[row], FOUND, keep_N=keep_N)
    milliseconds = 1000 * (time.perf_counter() - began)
    measured = _precision_of(run, split, among)
    alike = int((points["label"].iloc[rows[:AT]] == image["label"].iloc[0]).sum())
    answer(
        [
            Number("Of this photo's class", f"{alike} of {min(AT, len(rows))}", "of the ten most alike"),
            Number(
                "Ten nearest alike",
                words.percent(measured.share.value),
                f"{words.interval(measured.share.bounds)}, {words.counted(measured.share.n, 'photo')}",
                f"Of a photo's ten nearest {features_view.photos_words(among)}s, without filters, the share of its own "
                f"class{audience.told(classroom=' (precision at ten)', review='')}; mean over "
                f"{words.counted(measured.share.n, features_view.photos_words(split))} spread over the classes.",
            ),
            Number(
                "Looked at",
                words.count(int(keep_N.sum())),
                "in less than 1 ms" if milliseconds < 1 else f"in {milliseconds:.0f} ms",
            ),
        ]
    )
    nearest = points.iloc[rows].assign(place=[f"no. {place + 1}" for place in range(len(rows))], distance=distances)
    _show_photos(run, among, image, nearest)
    _show_precision(run, among, measured)


def _show_photos(run: Run, among: str, image: pd.DataFrame, nearest: pd.DataFrame) -> None:
    """The photo asked for beside the ``nearest`` ones, of which each leads on to those like it."""
    asked, found = st.columns([1, 4], gap="medium")
    with asked:
        st.markdown(f"**Like this {words.plain(display_name(image['label'].iloc[0]))}**")
        photos_view.ranked(run, image.assign(place="", distance=0.0), "The photo asked for", key="asked")
    with found:
        if nearest.empty:
            st.markdown("No photo is left by these filters. Take one of them away.")
        with st.container(key="similar_photos"):
            photos_view.ranked(run, nearest, "The most alike photos", key="similar")
        notices.aside(
            audience.told(
                classroom="Nearest first; below each its cosine distance: 0 the same direction, 1 nothing in common.",
                review="Nearest first; below each how far it is for the model: 0 the same, 1 nothing in common.",
            )
        )
        if len(nearest):
            st.pills(
                "More like",
                list(range(min(AT, len(nearest)))),
                format_func=lambda place: f"no. {place + 1}",
                key="like_next",
                on_change=_choose_next,
                args=(nearest["image_id"].iloc[:AT].tolist(), run, among),
            )


def _show_precision(run: Run, among: str, measured: Purity) -> None:
    """How often that is right, class by class."""
    shown = bounded.lowest(measured.by_class)
    plot(
        rates_with_intervals(
            shown,
            title=f"Are the ten nearest {features_view.photos_words(among)}s of the same class?",
            overall=measured.share.value,
            unit="% of the ten nearest",
            drawn=run.dataset.synthetic,
        ),
        key="precision",
        alt="Share of each class's ten nearest photos that are of the same class, with 95 % intervals",
        height=110 + 30 * len(shown),
    )
    bounded.say_left_out(len(shown), len(measured.by_class), "with the lowest share", "the others are higher")
    st.caption(
        "Alike means alike to this model, which was taught classes: it may call two garments alike that nobody would "
        "buy in each other's place. The interval takes photos as independent."
    )


def open_like(image_id: str, split: str) -> None:
    """Open this view on a photo of a split; for callbacks."""
    st.query_params[LIKE] = image_id
    address.choose(view="similar", split=split)


def _asked(run: Run, split: str) -> int:
    """The row of the photo that the address asks for; else one of the class that is told apart worst."""
    ids = features_view.of(run, split).points["image_id"]
    found = np.flatnonzero((ids == st.query_params.get(LIKE, "")).to_numpy())
    if len(found):
        return int(found[0])
    if LIKE in st.query_params:
        asked = words.command(st.query_params[LIKE][:120] or " ")
        navigation.say(f"Photo {asked} is not among these {features_view.photos_words(split)}s; showing another one.")
        del st.query_params[LIKE]
    return features_view.photos_of_class(run, split, features_view.told_apart(run, split)[0].iloc[0]["label"], 1)[0]


def _choose_typed(run: Run, split: str) -> None:
    typed, ids = st.session_state["like_text"].strip(), features_view.of(run, split).points["image_id"]
    found = ids[(ids == typed).to_numpy()] if typed else ids.iloc[:0]
    if typed and found.empty:
        found = ids[ids.str.contains(typed, regex=False, case=False)]
    if len(found):
        st.query_params[LIKE] = found.iloc[0]
    elif typed:
        st.toast(f"No {words.plain(features_view.photos_words(split))} has {words.plain(typed[:60])} in its name.")


def _choose_any(run: Run, split: str) -> None:
    ids = features_view.of(run, split).points["image_id"]
    st.query_params[LIKE] = ids.iloc[random.randrange(len(ids))]


def _choose_next(image_ids: list[str], run: Run, among: str) -> None:
    place = st.session_state.get("like_next")
    if isinstance(place, int) and 0 <= place < len(image_ids):
        points = features_view.of(run, among).points
        split = points["split"].iloc[int(np.flatnonzero((points["image_id"] == image_ids[place]).to_numpy())[0])]
        open_like(image_ids[place], split)
    st.session_state["like_next"] = None


def _filters(run: Run, among: str) -> np.ndarray:
    """Which of the photos the pickers leave, bool N."""
    points = features_view.of(run, among).points
    keep_N = np.ones(len(points), bool)
    classes = address.several("Class", run.classes, key="like_class", words=display_name, placeholder="All classes")
    if classes:
        keep_N &= points["label"].isin(classes).to_numpy()
    dataset = loaders.dataset_of(run)
    columns = [] if dataset is None else [
        name for name, number in colours.columns_of(dataset).items() if not number
    ]  # fmt: skip
    if columns:
        column = address.select(
            "Also by",
            [NO_COLUMN, *columns],
            key="like_column",
            words=lambda name: "Nothing more" if name == NO_COLUMN else name.replace("_", " ").capitalize(),
            width=150,
        )
        if column != NO_COLUMN:
            values = colours.column_of(run, among, column)
            common = values.value_counts().index[:MOST_VALUES].astype(str).tolist()
            wanted = address.several("Only", common, key="like_value", placeholder="Any")
            if wanted:
                keep_N &= values.astype(str).isin(wanted).to_numpy()
    return keep_N


@kept(
    lambda run, *splits: tuple(features_view.stamps(run, split) for split in splits),
    max_entries=12,
    show_spinner="Measuring how often the most alike are of the class asked for",
)
def _precision_of(run: Run, split: str, among: str) -> Purity:
    """Precision at ten."""
    asked, searched = features_view.of(run, split).points, features_view.of(run, among).points
    rows = pca.spread_rows(asked["label"].to_numpy(), MOST_ASKED)
    labels, found_labels = asked["label"].to_numpy()[rows], searched["label"].to_numpy()
    own = pd.Index(searched["image_id"]).get_indexer(asked["image_id"].iloc[rows])
    units_ND = features_view.units_of(run, among)
    k = min(AT, len(units_ND) - 1)
    # one more is looked for, so that a photo that is among them can be taken out
    found = neighbours.neighbours_of(features_view.units_of(run, split)[rows], units_ND, k + 1)
    own_last = np.argsort(found == own[:, None], axis=1, kind="stable")
    found = np.take_along_axis(found, own_last, axis=1)[:, :k]
    shares = (found_labels[found] == labels[:, None]).mean(axis=1)
    return Purity.of(shares, labels, run.classes, k)
