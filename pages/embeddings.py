"""What a run has learnt to tell apart: the map of its features, the photos behind any part of it, the features."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core.labels import display_name
from ui import address, charts, colours, faults, gallery, learnt, loaders, navigation, notices, pickers, words
from ui.answer import Number, answer
from ui.plot import clicked, plot

ALL, CLICKED, LASSO = address.ANY, "clicked/", "lasso"  # no class can be called one of the first two
MANY_CLASSES = 10  # more than these cannot be told apart by colour: one is highlighted
MOST_CLICKED = 6
LINES_A_CLASS = 3


def open_point() -> None:
    """A click on a point rings it, shows its photo and adds its feature line; a second click takes it out again."""
    click = clicked(map_key)
    if click and isinstance(click["customdata"], int):
        row, rows = click["customdata"], st.session_state.setdefault(clicked_key, [])
        st.session_state[clicked_key] = [r for r in rows if r != row] if row in rows else [*rows, row][-MOST_CLICKED:]
        st.session_state["lines"] = st.session_state["at_hand"] = CLICKED


def follow(key: str, value: str, options: list[str]) -> None:
    """Set the picker ``key`` to ``value`` when that has changed since the last run of the page, not otherwise."""
    if st.session_state.get(f"{key} followed", value) != value and value in options:
        address.choose(**{key: value})
    st.session_state[f"{key} followed"] = value


def forget_points() -> None:
    st.session_state[clicked_key] = []


@st.fragment
def map_and_photos() -> None:
    """The map, and the photos behind the part of it that the reader chose. A lasso runs only this again."""
    chart, photos = st.columns([5, 3], gap="medium")
    chosen_rows = st.session_state.get(clicked_key, [])
    row = by_class[by_class["label"] == highlight]
    title = f"Near means alike: {words.counted(len(found.drawn_rows), f'{split_name} photo')}"
    if len(row) and row.iloc[0]["beside"]:
        title = f"{display_name(highlight)}: most often beside {display_name(row.iloc[0]['beside'])}"
    with chart:
        seen = plot(
            learnt.figure(
                run, split, highlight=None if highlight == ALL else highlight, ringed=chosen_rows, title=title
            ),
            key=map_key,
            alt=f"Map of {words.count(len(found.drawn_rows))} {split_name} photos in two principal components that "
            f"hold {words.percent(shares.sum())} of the variance of the features. {title}",
            height=440,
            on_click=open_point,
            selectable=True,
        )
        hint = "Draw round points to see their photos; click a point to ring it and add its line below."
        if len(found.drawn_rows) < len(points):
            drawn_words = f"{words.count(len(found.drawn_rows))} of {words.count(len(points))}"
            hint += f" {drawn_words} photos are drawn, every class in its share."
        st.caption(hint)
    if seen.click:
        st.rerun()  # the feature lines below are part of the page, not of this fragment
    selected = [row for row in seen.selected if isinstance(row, int) and 0 <= row < len(points)]
    if selected != st.session_state.get("lassoed", []):
        st.session_state["lassoed"] = selected
        st.query_params.pop("photos", None)  # another selection starts on its first page
        if selected:
            st.session_state["at_hand"] = LASSO
    with photos:
        if st.session_state.get("at_hand") == CLICKED and chosen_rows:
            photos_at_hand(points.iloc[chosen_rows], words.counted(len(chosen_rows), "clicked photo"))
        elif selected:
            photos_at_hand(points.iloc[selected], f"{words.counted(len(selected), 'photo')} in the selection")
        elif highlight != ALL:
            of_class = points[points["label"] == highlight]
            photos_at_hand(of_class, f"{words.counted(len(of_class), 'photo')} of {display_name(highlight)}")
        else:
            photos_at_hand(points, f"All {words.counted(len(points), f'{split_name} photo')}")


def photos_at_hand(images: pd.DataFrame, name: str) -> None:
    """How many of which class, how often right, and the photos; a table of them where there are none."""
    st.markdown(f"**{words.plain(name)}**  \n:small[:gray[{words.plain(learnt.in_words(images))}]]")
    with st.container(height=352, border=False, key="at_hand_photos"):
        dataset = pickers.photos_or_notice(run)
        listed = images[["image_id", "label", "predicted", "sure", "right"]].reset_index(drop=True)
        if dataset is None:
            st.dataframe(
                listed.assign(
                    sure=100 * listed["sure"],
                    label=listed["label"].map(display_name),
                    predicted=listed["predicted"].map(display_name),
                ),
                hide_index=True,
                column_config={
                    "image_id": "Photo",
                    "label": "Class",
                    "predicted": "Predicted",
                    "sure": st.column_config.NumberColumn("Sure", format="%.1f %%"),
                    "right": "Right",
                },
                alt=name,
            )
            return
        with_sizes = pd.concat([listed, loaders.photos_of(dataset, listed["image_id"])], axis=1)
        gallery.show(
            dataset,
            with_sizes if len(with_sizes) <= MOST_CLICKED else gallery.mixed(with_sizes),
            key="photos",
            caption=photo_caption,
            cell_pixels=96,
        )


def photo_caption(image: Any) -> gallery.Caption:
    """``Saree → Lehenga``, 61.0 %, wrong."""
    text = (
        display_name(image.label) if image.right else f"{display_name(image.label)} → {display_name(image.predicted)}"
    )
    return gallery.Caption(text, words.percent(image.sure), bool(image.right))


navigation.enter("embeddings")

# pick
with st.container(horizontal=True, vertical_alignment="center"):
    run = pickers.pick_run()
    split = pickers.pick_split(learnt.splits_with_features(run))
    highlighting = st.container(width=220)
    if run.dataset["synthetic"]:
        notices.drawn_badge()

# guard
with faults.shown():
    found = learnt.of(run, split)
    by_class, num_compared = learnt.told_apart(run, split)
    projected = loaders.projection_of(run, split)

# load
with highlighting:
    highlight = address.select(
        "Highlight",
        [ALL, *run.classes],
        key="highlight",
        default=by_class.iloc[0]["label"] if len(run.classes) > MANY_CLASSES else ALL,
        words=lambda label: "Every class in colour" if label == ALL else f"Highlight {display_name(label)}",
        label_visibility="collapsed",
    )
points = found.points
shares = projected.explained_variance_ratio_C
num_features = len(projected.mean_D)
worst, best = by_class.iloc[0], by_class.iloc[-1]
alike = int(by_class["alike"].sum())
split_name = charts.SPLIT_NAMES[split].lower()
map_key, clicked_key = f"map {run.id} {split}", f"clicked {run.id} {split}"
NEAREST = "its nearest other photo, measured over all features and not on the map, is of the same class"

answer(
    [
        Number(
            "On this map",
            words.percent(shares.sum()),
            f"{words.percent(shares[0])} + {words.percent(shares[1])}",
            f"Each photo is {num_features} numbers to the model (its features). The map keeps the two directions in "
            "which photos differ most (principal component analysis); this is their share of the variance, axis by "
            "axis.",
        ),
        Number(
            "Not on this map",
            words.percent(1 - shares.sum()),
            f"{words.count(num_features - 2)} more directions",
            "Points that lie on each other here may be far apart in a direction that is not drawn.",
        ),
        Number(
            "Nearest is alike",
            words.percent(alike / num_compared),
            words.interval(learnt.interval(alike, num_compared)),
            f"Share of {words.counted(num_compared, 'photo')} of which {NEAREST}. It judges the features themselves, "
            "so the map cannot flatter it.",
        ),
        Number("Told apart best", words.percent(best["rate"]), display_name(best["label"]), f"Most often {NEAREST}."),
        Number(
            "Told apart worst", words.percent(worst["rate"]), display_name(worst["label"]), f"Least often {NEAREST}."
        ),
    ]
)

map_and_photos()
chosen_rows = st.session_state.get(clicked_key, [])

# the features themselves
st.subheader(f"The {num_features} features of chosen photos", anchor=False)
with st.container(horizontal=True, vertical_alignment="bottom"):
    options = [CLICKED, *by_class["label"].sort_values(key=lambda names: names.map(run.classes.index))]
    follow("lines", highlight, options)
    of = address.select(
        "Lines of",
        options,
        key="lines",
        default=highlight if highlight in options else best["label"],
        words=lambda label: "Clicked photos" if label == CLICKED else display_name(label),
    )
    beside = by_class.set_index("label")["beside"].get(of, "")
    follow("mean", beside, options[1:])
    mean_of = address.select(
        "Beside the mean of",
        options[1:],
        key="mean",
        default=beside or worst["label"],
        words=display_name,
    )
    if chosen_rows:
        st.button("Forget the clicked photos", on_click=forget_points)
if of == CLICKED:
    means = list(dict.fromkeys([*points["label"].iloc[chosen_rows], mean_of]))
    rows = chosen_rows
else:
    means, rows = list(dict.fromkeys([of, mean_of])), learnt.photos_of_class(run, split, of, LINES_A_CLASS)
if of == CLICKED and not chosen_rows:
    st.caption("No photo is clicked yet: click a point on the map, or choose a class.")
lines, label_of, strong = learnt.lines_of(run, split, rows, means)
palette = colours.class_colours(run.classes)
plot(
    charts.feature_lines(
        lines,
        colours={name: palette[label] for name, label in label_of.items()},
        strong=strong,
        drawn=run.dataset["synthetic"],
    ),
    key="feature_lines",
    alt=f"Activation of each of {num_features} features: {', '.join(name.strip() for name in lines)}",
    height=340,
)
st.caption(
    "Thin lines are single photos, thick ones the mean of a class. A feature that is high for one class and near zero "
    "for another is one by which the model tells them apart; the order of the features means nothing."
)

# the detail
rates, table = st.columns(2, gap="medium")
with rates:
    plot(
        charts.rates_with_intervals(
            by_class, title="Is the nearest photo of the same class?", overall=alike / num_compared,
            drawn=run.dataset["synthetic"],
        ),
        key="nearest",
        alt="Share of each class's photos whose nearest photo is of the same class, with 95 % intervals",
        height=110 + 30 * len(by_class),
    )  # fmt: skip
with table:
    st.markdown("**And whose photo is nearest otherwise?**")
    st.dataframe(
        pd.DataFrame(
            {
                "Class": by_class["label"].map(display_name),
                "Photos": by_class["n"],
                "Alike": 100 * by_class["rate"],
                "Most often beside": by_class["beside"].map(lambda label: display_name(label) if label else "none"),
                "Times": np.where(by_class["num_beside"] > 0, by_class["num_beside"], 0),
            }
        ),
        hide_index=True,
        height=35 * (len(by_class) + 1) + 3,
        column_config={
            "Alike": st.column_config.NumberColumn(format="%.1f %%", help="The nearest photo is of the same class."),
            "Most often beside": st.column_config.TextColumn(help="The other class that is nearest most often."),
        },
        alt="For each class, the other class whose photos are nearest most often",
    )

navigation.next_step("predict", "Ask this model about one photo", run=run.id)
