import json
from pathlib import Path

import numpy as np
import pytest

from fashion_core import labels
from fashion_core.data import published
from fashion_core.errors import RunError
from fashion_core.metrics import scoring


def test_the_matrices_give_the_accuracies_that_their_authors_state():
    report, paper = published.results()[:2]
    assert (round(report.accuracy, 4), report.num_images) == (0.8413, 7500)
    assert (report.text.lowest, report.text.submitted, report.text.highest) == (0.78, 0.79, 0.85)
    assert round(paper.accuracy, 4) == 0.8843
    assert paper.text is None
    for result in (report, paper):
        scores = scoring.scores_from_matrix(result.matrix_for(labels.INDOFASHION), labels.INDOFASHION)
        assert scores.accuracy.value == pytest.approx(result.accuracy)


def test_a_matrix_in_another_order_of_classes_has_the_same_cells_by_name():
    report = published.results()[0]
    shuffled = tuple(np.random.default_rng(0).permutation(labels.INDOFASHION))
    matrix = report.matrix_for(shuffled)
    assert published.fits(shuffled) and report.fits(list(shuffled))
    for true in ("saree", "women_kurta"):
        for predicted in ("gowns", "saree"):
            there = report.matrix_KK[labels.INDOFASHION.index(true), labels.INDOFASHION.index(predicted)]
            assert matrix[shuffled.index(true), shuffled.index(predicted)] == there


def test_other_classes_fit_no_matrix():
    assert not published.fits(labels.FASHION_MNIST)
    assert not published.fits((*labels.INDOFASHION[:14], "cap"))
    with pytest.raises(RunError, match="these are others"):
        published.results()[1].matrix_for(labels.FASHION_MNIST)
    only_accuracy = next(result for result in published.results() if result.matrix_KK is None)
    with pytest.raises(RunError, match="an accuracy alone"):
        only_accuracy.matrix_for(labels.INDOFASHION)


def test_every_number_of_the_papers_tables_is_a_row_of_its_own():
    found = published.every()
    assert len({result.id for result in found}) == len(found)
    told = json.loads((Path(published.__file__).parent / "published_results.json").read_text())
    accuracies = [round(100 * result.accuracy, 2) for result in found]
    for by_how in told["paper"]["table4_test_percent_precision_recall_f1"].values():
        for _, recall, _ in by_how.values():
            assert recall in accuracies
    for by_model in told["paper"]["table5_test_accuracy_percent_by_share_of_train"].values():
        assert set(by_model.values()) <= set(accuracies)
    assert set(told["peers_official_test_percent"].values()) <= set(accuracies)
    assert len(published.results()) == 2 + 12 + 12 + 5
    assert all(result.source and result.note and 0 < result.accuracy < 1 for result in found)


def test_a_run_is_offered_only_what_was_published_on_its_classes():
    assert {result.data for result in published.for_classes(labels.INDOFASHION[::-1])} == {"IndoFashion"}
    assert {result.data for result in published.for_classes(labels.FASHION_MNIST)} == {"Fashion-MNIST"}
    assert published.for_classes(("kurta", "saree")) == ()
    assert published.find("published-paper") is published.results()[1]
    assert published.find("nobody") is None
