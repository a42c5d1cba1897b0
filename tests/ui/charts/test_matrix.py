"""The confusion matrix and the difference of two: what is in the cells, and whether it can be read."""

import inspect
import re

import numpy as np
import pytest

from fashion_core.data import published
from fashion_core.report import report_matrix
from tests.support.contrast import contrast
from ui.app import notes
from ui.charts import colours, ramps
from ui.charts.matrix import LESS, MORE, RIGHT, WRONG, confusion_matrix, matrix_difference


@pytest.mark.parametrize(("below", "above"), [(WRONG, RIGHT), (LESS, MORE)], ids=["matrix", "difference"])
def test_what_stands_on_a_cell_has_the_contrast_of_wcag_aa_in_both_themes(below, above):
    strengths = np.linspace(-1, 1, 401)
    strengths = strengths[np.abs(strengths) >= 0.02]
    dark_twin = colours.light_to_dark()
    for strength, text in zip(strengths, ramps.text_on(strengths, below, above), strict=True):
        ramp = below if strength < 0 else above
        at = (abs(strength) - 0.02) / 0.98
        assert contrast(text, ramps.colour_at(ramp[0], at)) >= 4.5
        assert contrast(dark_twin[text], ramps.colour_at(ramp[1], at)) >= 4.5


@pytest.mark.parametrize("ramp", [WRONG, RIGHT, LESS, MORE])
def test_a_print_in_grey_keeps_the_order_of_a_ramp(ramp):
    light, dark = ([ramps.luminance(ramps.colour_at(one, at)) for at in np.linspace(0, 1, 50)] for one in ramp)
    assert (np.diff(light) < 0).all() and (np.diff(dark) > 0).all()


@pytest.mark.parametrize("ramp", [WRONG, RIGHT, LESS, MORE])
def test_more_stands_out_more_from_the_ground_of_either_theme(ramp):
    """What the note beside the matrix and the report say of it; which is darker depends on the theme."""
    for colours_of, ground in zip(ramp, (colours.LIGHT["ground"], colours.DARK["ground"]), strict=True):
        found = [contrast(ground, ramps.colour_at(colours_of, at)) for at in np.linspace(0, 1, 50)]
        assert (np.diff(found) > 0).all()


def test_no_sentence_beside_a_chart_depends_on_the_theme():
    told = " ".join(notes.NOTES.values()) + inspect.getsource(report_matrix)
    assert not re.search(r"\b(dark|light|pal|bright)(er|est)\b", told)


def test_column_percentages_of_the_matrix_sum_to_100_and_the_diagonal_is_the_precision():
    matrix = np.array([[8, 2], [4, 6]])
    figure = confusion_matrix(matrix, "ab", values="columns")
    assert np.array(figure.data[0].text).tolist() == [["66.7", "25.0"], ["33.3", "75.0"]]
    assert list(figure.data[1].text) == ["66.7", "25.0", "33.3", "75.0"]


def test_the_difference_of_two_matrices_is_in_points_of_the_rows_with_its_sign():
    first, second = np.array([[8, 2], [0, 10]]), np.array([[30, 10], [0, 40]])  # 80 and 75 % of the first row
    figure = matrix_difference(first, second, "ab", first_name="<b>one", second_name="two", chosen=(0, 1))
    assert np.array(figure.data[0].text).tolist() == [["+5.0", "−5.0"], ["", ""]]
    assert np.allclose(figure.data[0].customdata, [[5, -5], [0, 0]])
    hover = figure.data[0].hovertext
    assert "80.0 % of 10 photos" in hover[0][0] and "75.0 % of 40 photos" in hover[0][0]
    assert "&lt;b&gt;one is better here" in hover[0][0] and "is better here" in hover[0][1]  # fewer errors
    assert "no difference" in hover[1][1] and figure.layout.shapes[-1].type == "rect"


def test_two_equal_matrices_differ_nowhere():
    matrix = published.report_matrix()
    figure = matrix_difference(matrix, matrix, published.classes(), first_name="a", second_name="b")
    assert not np.any(figure.data[0].z) and not len(figure.data[1].text)
