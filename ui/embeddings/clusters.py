"""Are the classes groups? K-means beside the classes, and how pure each photo's neighbourhood is, as numbers."""

import numpy as np
import streamlit as st

from fashion_core.embeddings import clusters, neighbours, pca
from fashion_core.embeddings.neighbours import Purity
from fashion_core.metrics import worst_classes
from fashion_core.runs.runs import Run
from ui.app import notices, words
from ui.app.kept import kept
from ui.charts.bars import rates_with_intervals
from ui.charts.components import cluster_matrix
from ui.embeddings import features_view
from ui.shared import bounded
from ui.shared.answer import Number, answer
from ui.shared.plot import plot

NEAREST = 10


def show(run: Run, split: str) -> None:
    """The answer, the cluster-by-class matrix, and the purity of each class."""
    found, pure = _clusters_of(run, split), _purity_of(run, split)
    classes = _classes(run, split)
    chance = float((features_view.of(run, split).points["label"].value_counts(normalize=True) ** 2).sum())
    answer(_numbers(found, pure, len(classes), chance))
    st.markdown(_verdict(found, pure, chance))
    matrix, rates = st.columns(2, gap="medium")
    drawn = run.dataset.synthetic
    large = bounded.is_large(len(classes))
    places = worst_classes.worst(found.matrix_KK) if large else None
    rows = bounded.lowest(pure.by_class)
    height = 170 + 30 * (len(rows) if large else len(classes))
    with matrix:
        plot(
            cluster_matrix(
                found.matrix_KK, classes, places=places, title="Which class is in which cluster?", drawn=drawn
            ),
            key="cluster_matrix",
            alt=f"Photos by cluster and class; {_on_diagonal(found)} lie on the diagonal",
            height=height,
        )
    with rates:
        plot(
            rates_with_intervals(
                rows,
                title=f"Are the {pure.k} nearest of the same class?",
                overall=pure.share.value,
                unit=f"% of the {pure.k} nearest",
                drawn=drawn,
            ),
            key="purity",
            alt=f"Share of each class's {pure.k} nearest photos that are of the same class, with 95 % intervals",
            height=height,
        )
    if places is not None:
        notices.aside(
            f"Matrix: {words.count(len(places))} of {words.count(len(classes))} classes, those that share most with "
            "clusters of others. "
            + bounded.left_out(len(rows), len(pure.by_class), "with the lowest share", "the others are higher")
        )
    st.caption(
        "Clusters are numbered so that as many photos as possible lie on the diagonal. K-means looks for round "
        "groups of one size; classes of another shape can be well told apart and still score low, which is why the "
        "neighbours stand beside it. "
        + ("K-means started " if large else "Which of the ten starts is kept depends on a fixed seed.")
        + (f"{words.counted(clusters.starts(len(classes)), 'time')}, from a fixed seed." if large else "")
    )


def _numbers(found: clusters.Clusters, pure: Purity, num_classes: int, chance: float) -> list[Number]:
    """``chance``: how often two photos are of one class."""
    return [
        Number(
            "Adjusted Rand",
            words.signed(found.rand, ".3f"),
            f"K-means, {words.count(num_classes)} clusters",
            "Adjusted Rand index: how far the clusters that K-means finds without the labels are the classes; 1 "
            "the same groups, 0 what chance gives (Hubert and Arabie 1985).",
        ),
        Number(
            "Ten nearest alike",
            words.percent(pure.share.value),
            f"{words.interval(pure.share.bounds)}, chance {words.percent(chance)}",
            f"Of a photo's {pure.k} nearest (cosine, all features), the share of its own class (precision at ten); "
            f"mean over {words.counted(pure.share.n, 'photo')}. Groups need not be round for this.",
        ),
        Number(
            "Class silhouette",
            words.signed(found.class_silhouette, ".3f"),
            "1 far apart, 0 touching",
            "How much nearer a photo lies to its own class than to the next one (Rousseeuw 1987); below 0 it lies "
            f"nearer to another. Mean over {words.counted(found.num_compared, 'photo')}.",
        ),
        Number("Cluster silhouette", words.signed(found.silhouette, ".3f"), "what K-means reaches"),
        Number(
            "In own cluster",
            _on_diagonal(found),
            f"of {words.counted(int(found.matrix_KK.sum()), 'photo')}",
        ),
    ]


def _on_diagonal(found: clusters.Clusters) -> str:
    return words.percent(float(np.trace(found.matrix_KK) / found.matrix_KK.sum()))


def _verdict(found: clusters.Clusters, pure: Purity, chance: float) -> str:
    """One sentence that turns "the clusters are separated" into what the numbers bear."""
    if found.class_silhouette >= 0.5:
        told = "The classes are separated groups"
    elif found.class_silhouette >= 0.25:
        told = "The classes are groups that touch"
    elif pure.share.low > 2 * chance:
        told = "The classes are not separate groups, but like photos do lie together"
    else:
        told = "The classes are hardly groups at all"
    return (
        f"**{told}**: silhouette {words.signed(found.class_silhouette, '.2f')} (0.5 and more is called separated, "
        "Rousseeuw 1987), and "
        f"{words.percent(pure.share.value)} of the nearest {pure.k} are of the same class where chance gives "
        f"{words.percent(chance)}."
    )


def _classes(run: Run, split: str) -> tuple[str, ...]:
    """The classes that have photos here: a cluster for each."""
    there = set(features_view.of(run, split).points["label"])
    return tuple(label for label in run.classes if label in there)


@kept(features_view.stamps, max_entries=8, show_spinner="Looking for clusters")
def _clusters_of(run: Run, split: str) -> clusters.Clusters:
    found = features_view.of(run, split)
    return clusters.k_means(found.features_ND, found.points["label"].to_numpy(), _classes(run, split))


@kept(features_view.stamps, max_entries=8)
def _purity_of(run: Run, split: str) -> Purity:
    labels = features_view.of(run, split).points["label"].to_numpy()
    rows = pca.spread_rows(labels, features_view.MOST_COMPARED)
    labels, units_MD = labels[rows], features_view.units_of(run, split)[rows]
    k = min(NEAREST, len(rows) - 1)
    return Purity.of(neighbours.alike_shares(units_MD, labels, k), labels, run.classes, k)
