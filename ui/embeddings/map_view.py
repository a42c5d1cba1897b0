"""The map of a run's features: principal axes flat or in space, t-SNE or UMAP; colours; what the reader draws round or
clicks. Takes a run and a split.
"""

import numpy as np
import pandas as pd
import streamlit as st

from fashion_core import jobs, rights
from fashion_core.embeddings import lasso, tsne_umap
from fashion_core.errors import FashionError
from fashion_core.jobs import Job
from fashion_core.labels import and_more, display_name, num_equal
from fashion_core.metrics.intervals import Estimate, proportion
from fashion_core.runs.runs import Run
from ui.app import address, audience, faults, notices, words
from ui.charts.bars import rates_with_intervals
from ui.embeddings import features_view, figure_view, photos_view, similar
from ui.embeddings.colours import offered
from ui.embeddings.figure_view import Chosen
from ui.shared import bounded, following, hover_card, plain_words
from ui.shared.answer import Number, answer, say
from ui.shared.plot import clicked, plot
from ui.shared.table import show_table

ALL = address.ANY
MANY_CLASSES = 10  # more than these cannot be told apart by colour: one is highlighted
MOST_CLICKED = 6
_NEAREST = "its nearest other photo, measured over all features and not on the map, is of the same class"


def show(run: Run, split: str) -> None:
    """The answer, the map and the photos behind it, and how each class is told apart."""
    by_class, num_compared = features_view.told_apart(run, split)
    chosen = Chosen("pca", (0, 1), "label", str(by_class.iloc[0]["label"]))
    if audience.shows("map", "space", "axis1", "axis2", "colour", "highlight"):
        with st.container(horizontal=True, vertical_alignment="center"):
            chosen = _pick(run, split, by_class)
    if chosen.method != "pca" and features_view.curved_of(run, split, chosen.method) is None:
        _not_yet(run, split, chosen.method)
        return
    _answer(run, split, chosen, by_class, num_compared)
    hover_card.card(_hover_name(run, split), lambda row: photos_view.picture(run, split, row))
    st.fragment(_map_and_photos)(run, split, chosen, by_class)
    _detail(run, by_class, num_compared)


def _pick(run: Run, split: str, by_class: pd.DataFrame) -> Chosen:
    """The pickers, and what they say."""
    method = address.select(
        "Map",
        ["pca", *tsne_umap.NAMES],
        key="map",
        words=lambda name: "PCA" if name == "pca" else tsne_umap.NAMES[name],
        label_visibility="collapsed",
        width=112,
    )
    axes: tuple[int, ...] = ()
    if method == "pca":
        space = address.segments("Axes", ["2", "3"], key="space", words=lambda number: f"{number}-D")
        options = [
            str(number) for number in range(1, 1 + len(features_view.axes_of(run, split).explained_variance_ratio_C))
        ]
        num_axes = min(int(space), len(options))
        named = ("Across", "Up", "Deep")
        axes = tuple(
            int(
                address.select(
                    named[place],
                    options,
                    key=f"axis{place + 1}",
                    default=options[place],
                    words="Axis {}".format,
                    label_visibility="collapsed",
                    width=100,
                )
            )
            - 1
            for place in range(num_axes)
        )
    choices = offered(run, split)
    colour = address.select(
        "Colour",
        list(choices),
        key="colour",
        words=lambda name: f"By {choices[name][:1].lower()}{choices[name][1:]}",
        label_visibility="collapsed",
        width=160,
    )
    highlight = ALL
    if colour in ("label", "predicted"):
        highlight = address.select(
            "Highlight",
            [ALL, *run.classes],
            key="highlight",
            default=by_class.iloc[0]["label"] if len(run.classes) > MANY_CLASSES else ALL,
            words=lambda label: "Every class" if label == ALL else display_name(label),
            label_visibility="collapsed",
            width=190,
        )
    return Chosen(method, axes, colour, None if highlight == ALL else highlight)


def _answer(run: Run, split: str, chosen: Chosen, by_class: pd.DataFrame, num_compared: int) -> None:
    worst, best = by_class.iloc[0], by_class.iloc[-1]
    alike = int(by_class["alike"].sum())
    if chosen.method == "pca":
        axes = features_view.axes_of(run, split)
        shares = axes.explained_variance_ratio_C[list(dict.fromkeys(chosen.axes))]
        kept = features_view.kept_on(run, split, chosen.axes)
        first = Number(
            "On this map",
            words.percent(shares.sum()),
            f"{' + '.join(f'{100 * share:.1f}' for share in shares)} %",
            f"Each photo is {len(axes.mean_D)} numbers to the model (its features). The map keeps some directions "
            "in which photos differ most (principal component analysis); this is their share of the variance, axis by "
            "axis. Points that lie on each other here may be far apart in a direction that is not drawn.",
        )
    else:
        made = features_view.curved_of(run, split, chosen.method)
        assert made is not None
        kept, num = made.kept, len(features_view.of(run, split).points)
        first = Number(
            "On this map",
            words.count(len(made.rows_M)),
            f"of {words.counted(num, features_view.photos_words(split))}",
            f"{tsne_umap.NAMES[chosen.method]} keeps near photos near. Sizes of groups and the gaps between them mean "
            "nothing, and neither do the axes.",
        )
    answer(
        [
            first,
            Number(
                "Nearest kept",
                words.percent(kept),
                "of ten, on the map",
                "Of a photo's ten nearest by all features, the share that is among its ten nearest on this map. The "
                "rest was pulled apart to lie on paper.",
            ),
            Number(
                "Nearest is alike",
                words.percent(alike / num_compared),
                f"{words.interval(proportion(alike, num_compared).bounds)}, {words.counted(num_compared, 'photo')}",
                f"Share of {words.counted(num_compared, 'photo')} of which {_NEAREST}. It judges the features "
                "themselves, so the map cannot flatter it.",
            ),
            _class_number("Told apart best", best, by_class, f"Most often {_NEAREST}."),
            _class_number("Told apart worst", worst, by_class, f"Least often {_NEAREST}."),
        ],
        in_review=lambda: _say(run, split, chosen, by_class, num_compared),
    )


def _class_number(label: str, row: pd.Series, by_class: pd.DataFrame, told: str) -> Number:
    bounds = words.interval((row["low"], row["high"]))
    name = and_more(display_name(row["label"]), num_equal(by_class["rate"], row["rate"]))
    return Number(label, words.percent(row["rate"]), f"{name} {bounds}", told)


def _say(run: Run, split: str, chosen: Chosen, by_class: pd.DataFrame, num_compared: int) -> None:
    """The same in one sentence, and how little a flat picture keeps of it."""
    worst, alike = by_class.iloc[0], int(by_class["alike"].sum())
    made = None if chosen.method == "pca" else features_view.curved_of(run, split, chosen.method)
    kept = made.kept if made else features_view.kept_on(run, split, chosen.axes)
    say(
        plain_words.learnt(
            proportion(alike, num_compared),
            plain_words.Weakest(
                worst["label"],
                Estimate(1 - worst["rate"], 1 - worst["high"], 1 - worst["low"], int(worst["n"])),
                num_equal(by_class["rate"], worst["rate"]),
            ),
            worst["beside"],
        ),
        plain_words.flattened(kept),
        notices.DRAWN_HELP if run.dataset.synthetic else "",
    )


def clicked_key(run: Run, split: str) -> str:
    """Where the session keeps the rows that were clicked on a split's maps."""
    return f"clicked {run.id} {split}"


def _hover_name(run: Run, split: str) -> str:
    return f"{run.id} {split}"


def _map_and_photos(run: Run, split: str, chosen: Chosen, by_class: pd.DataFrame) -> None:
    """The map, and the photos behind the part of it that the reader chose. A lasso runs only this again."""
    found = features_view.of(run, split)
    laid = figure_view.laid_out(run, split, chosen)
    map_key = f"map {run.id} {split} {chosen.method} {chosen.axes}"
    rows_key = clicked_key(run, split)
    chosen_rows = features_view.clicked_rows(run, split, st.session_state.get(rows_key, []))

    def open_point() -> None:
        """A click rings a point and shows what is near it; a second click takes it out again."""
        click = clicked(map_key)
        row = click["customdata"] if click else None
        if features_view.clicked_rows(run, split, [row]):
            rows = chosen_rows
            st.session_state[rows_key] = [r for r in rows if r != row] if row in rows else [*rows, row][-MOST_CLICKED:]
            st.session_state["at_hand"] = "clicked"

    title = _title(split, chosen, by_class, len(laid.rows))
    flat = laid.places.shape[1] == 2
    chart, photos = st.columns([5, 3], gap="medium")
    with chart:
        outline = plot(
            figure_view.figure(run, split, chosen, ringed=chosen_rows, title=title),
            key=map_key,
            alt=f"Map of {words.count(len(laid.drawn))} {features_view.photos_words(split)}s. {title}",
            height=380,
            on_click=open_point,
            outlining=flat,
            hovering=_hover_name(run, split),
        )
        hint = "Draw round points to see their photos; click one to see what is near it." if flat else (
            "Drag to turn it; click a point to see what is near it. To draw round points choose 2-D."
        )  # fmt: skip
        if len(laid.drawn) < len(laid.rows):
            drawn_words = f"{words.count(len(laid.drawn))} of {words.count(len(laid.rows))}"
            hint += (
                f" {drawn_words} photos are drawn, every class in its share; what you draw round counts all of them."
            )
        notices.aside(hint)
    selected = _selected(laid, outline) if flat else np.empty(0, np.int64)
    drawn_before, st.session_state["outlined"] = st.session_state.get("outlined"), outline
    if outline != drawn_before:
        st.query_params.pop("photos", None)  # another selection starts on its first page
        if outline:
            st.session_state["at_hand"] = "outlined"
    points = found.points
    with photos:
        if st.session_state.get("at_hand") == "clicked" and chosen_rows:
            photos_view.near(run, split, chosen_rows[-1], forget=rows_key, more=similar.open_like)
        elif outline and flat:
            name = f"{words.counted(len(selected), 'photo')} in the selection"
            photos_view.at_hand(run, points.iloc[selected], name)
        elif chosen.highlight:
            of_class = points[points["label"] == chosen.highlight]
            name = f"{words.counted(len(of_class), 'photo')} of {display_name(chosen.highlight)}"
            photos_view.at_hand(run, of_class, name)
        else:
            photos_view.at_hand(run, points, f"All {words.counted(len(points), features_view.photos_words(split))}")


def _title(split: str, chosen: Chosen, by_class: pd.DataFrame, num: int) -> str:
    row = by_class[by_class["label"] == chosen.highlight]
    if len(row) and row.iloc[0]["beside"] and chosen.colour == "label":
        return f"{display_name(chosen.highlight or '')}: most often beside {display_name(row.iloc[0]['beside'])}"
    return f"Near means alike: {words.counted(num, features_view.photos_words(split))}"


def _selected(laid: figure_view.Laid, outline: dict | None) -> np.ndarray:
    """Rows inside what the reader drew, drawn points or not; none for anything else that a browser may say."""
    try:
        xs, ys = outline["x"], outline["y"]  # type: ignore[index]
        if outline["kind"] == "box":  # type: ignore[index]
            xs, ys = lasso.box(xs, ys)
        return laid.rows[lasso.inside(laid.places, xs, ys)]
    except (FashionError, TypeError, KeyError):
        return np.empty(0, np.int64)


def _not_yet(run: Run, split: str, method: str) -> None:
    """A curved map that is not there: how far it is, or the button that starts it."""
    name, folder = tsne_umap.NAMES[method], tsne_umap.job_folder(run, split, method)
    job = jobs.look(folder)
    if job and job.active:
        following.follow_job(folder, lambda job: _show_progress(job, run, split, method))
        return
    if features_view.curved_of(run, split, method) is not None:  # it came between two looks
        st.rerun()
    if rights.read_only():
        notices.review_copy(f"The {name} map of these photos was not computed.", "no map can be computed")
        return
    if job and job.state == jobs.FAILED:
        told = words.fault(job.error) if job.error else "The process ended before the map."
        log = words.command(str(run.folder / "maps" / "log.txt"))
        following.failed(
            f"{told} Nothing else is touched; what it said is in {log}.",
            "Try again",
            lambda: tsne_umap.start(run, split, method),
            key="lay_out_again",
            folder=folder,
        )
        return
    with faults.shown():
        tsne_umap.check(method)
    num = len(features_view.of(run, split).points)
    num_laid = min(num, tsne_umap.PARAMETERS[method]["most"])
    part = "" if num_laid == num else f" of {words.count(num)}, every class in its share"
    st.markdown(
        f"{name} bends the features so that photos near each other stay near on paper. It takes a while, so it is "
        "computed once, in a process of its own, and kept beside the run. The time below is that of two cores with "
        "nothing else to do; on a busy machine it was six times as long."
    )
    if st.button(
        f"Lay out {words.counted(num_laid, 'photo')}{part}, about "
        f"{words.roughly(tsne_umap.expected_seconds(num, method))}",
        type="primary",
        key="lay_out",
    ):
        with faults.shown():
            tsne_umap.start(run, split, method)
        st.rerun()


def _show_progress(job: Job, run: Run, split: str, method: str) -> None:
    """What the process that computes a map does."""
    if job.stage:
        expected = tsne_umap.expected_seconds(len(features_view.of(run, split).points), method)
        following.timed(job, words.plain(job.stage.capitalize()), expected)
    else:
        st.progress(0.0, text="Starting")


def _detail(run: Run, by_class: pd.DataFrame, num_compared: int) -> None:
    """How each class is told apart, and from which it is not."""
    alike, shown = int(by_class["alike"].sum()), bounded.lowest(by_class)
    rates, table = st.columns(2, gap="medium")
    with rates:
        plot(
            rates_with_intervals(
                shown, title="Is the nearest photo of the same class?", overall=alike / num_compared,
                drawn=run.dataset.synthetic,
            ),
            key="nearest",
            alt="Share of each class's photos whose nearest photo is of the same class, with 95 % intervals",
            height=110 + 30 * len(shown),
        )  # fmt: skip
        bounded.say_left_out(len(shown), len(by_class), "that are told apart worst")
    with table:
        st.markdown("**And whose photo is nearest otherwise?**")
        show_table(
            pd.DataFrame(
                {
                    "Class": by_class["label"].map(display_name),
                    "Photos": by_class["n"],
                    "Most often beside": [
                        f"{display_name(beside)}, {words.count(num)}" if beside else "none"
                        for beside, num in zip(by_class["beside"], by_class["num_beside"], strict=True)
                    ],
                }
            ),
            height=bounded.table_height(len(by_class)),
            column_config={
                "Most often beside": st.column_config.TextColumn(
                    help="The other class that is nearest most often, and of how many photos."
                ),
            },
            alt="For each class, the other class whose photos are nearest most often",
        )
