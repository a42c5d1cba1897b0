"""Which part of a large matrix is drawn, how long names are shortened, and the whole matrix as a picture."""

import html
import io

import numpy as np
import pytest
from PIL import Image

from fashion_core.labels import shortened
from fashion_core.metrics import worst_classes
from fashion_core.report import matrix_picture
from ui.charts.maps import embedding_scatter
from ui.charts.matrix import confusion_matrix, matrix_difference
from ui.charts.whole_matrix import nearest_cell, whole_matrix
from ui.shared import bounded, matrix_excerpt

LONG = (
    "Apparel > Women > Ethnic wear > Sarees > Banarasi silk with zari border",
    "Apparel > Women > Ethnic wear > Sarees > Cotton handloom for daily use",
    "Apparel > Women > Ethnic wear > Sarees > Cotton powerloom for daily use",
    "Apparel > Men > Ethnic wear > Kurtas > Lucknowi chikankari, full sleeves",
    "Saree",
)


def matrix_of(K: int, errors: dict[tuple[int, int], int]) -> np.ndarray:
    matrix = np.diag(np.full(K, 10))
    for cell, count in errors.items():
        matrix[cell] = count
    return matrix


def test_the_classes_of_the_most_frequent_confusions_are_drawn_with_partners_side_by_side():
    matrix = matrix_of(100, {(3, 90): 9, (90, 3): 8, (50, 7): 7, (20, 21): 1})
    assert sorted(worst_classes.worst(matrix, 4)) == [3, 7, 50, 90]
    order = worst_classes.worst(matrix, 6)
    assert {20, 21} < set(order)
    for one, other in ((3, 90), (50, 7), (20, 21)):
        assert abs(order.index(one) - order.index(other)) == 1
    assert {60, 61} < set(worst_classes.worst(matrix, 4, keep=[60, 61]))
    assert sorted(worst_classes.worst(np.diag([5] * 40), 3)) == [0, 1, 2]  # no error at all
    assert worst_classes.wrong_within(matrix, [3, 90]) == (17, 25)


def test_a_class_is_drawn_with_those_it_is_taken_for_and_that_are_taken_for_it():
    matrix = matrix_of(100, {(3, 90): 9, (42, 3): 2, (3, 17): 1, (50, 7): 7})
    assert sorted(worst_classes.around(matrix, 3)) == [3, 17, 42, 90]
    assert sorted(worst_classes.around(matrix, 3, 3)) == [3, 42, 90]
    assert worst_classes.around(matrix, 60) == [60]


def test_a_part_of_a_matrix_has_the_shares_of_its_whole_rows_and_columns():
    matrix = matrix_of(40, {(3, 30): 5, (3, 8): 15, (9, 30): 30})
    labels = [f"class {k}" for k in range(40)]
    rows = confusion_matrix(matrix, labels, values="rows", places=[30, 3])
    assert np.array(rows.data[0].text).tolist() == [["100.0", ""], ["16.7", "33.3"]]  # 5 and 10 of 30
    columns = confusion_matrix(matrix, labels, values="columns", places=[30, 3])
    assert np.array(columns.data[0].text).tolist() == [["22.2", ""], ["11.1", "100.0"]]  # 10 and 5 of 45
    assert list(rows.layout.xaxis.ticktext) == ["Class 30", "Class 3"]
    moved = matrix_difference(matrix, matrix_of(40, {}), labels, first_name="a", second_name="b", places=[30, 3])
    assert np.allclose(moved.data[0].customdata, [[0, 0], [100 * 5 / 30, 100 * 10 / 30 - 100]])


def test_groups_keep_their_lines_where_some_of_their_classes_are_left_out():
    assert matrix_excerpt.within([4, 2, 0, 1, 3], [2, 4], [0, 3, 4]) == ([4, 0, 3], [1, 2])
    assert matrix_excerpt.within([4, 2, 0, 1, 3], [2, 4], [4, 2, 3]) == ([4, 2, 3], [2])


@pytest.mark.parametrize("most", [16, 22, 24, 28, 36])
def test_names_are_shortened_so_that_no_two_become_alike(most: int):
    shops = tuple(f"Apparel > Women > Ethnic wear > {k:04} sarees for daily use in the summer" for k in range(1000))
    for names in (LONG, shops, tuple("x" * k for k in range(1, 80))):
        found = shortened(names, most)
        assert len(set(found)) == len(names)
        assert all(cut == name or (len(cut) <= most and "…" in cut) for cut, name in zip(found, names, strict=True))
    assert max(map(len, shortened(shops, most))) <= most
    assert shortened(["a", "a", "b"], most) == ["a", "a", "b"]


def test_a_long_name_leaves_room_for_the_cells_and_stands_whole_in_the_hover():
    figure = confusion_matrix(np.eye(5, dtype=int), [*LONG[:4], "shoes & <b>boots</b> for weddings in the rain"])
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert "<" not in "".join(axis.ticktext)
        text = [html.unescape(name).strip() for name in axis.ticktext]
        assert len(set(text)) == 5 and max(map(len, text)) <= 24
    assert LONG[1].replace(">", "&gt;") in figure.data[0].hovertext[1][1]


def test_the_picture_has_a_pixel_a_cell_green_where_right_red_where_wrong_and_is_small_at_a_thousand_classes():
    matrix = matrix_of(30, {(3, 20): 5, (4, 5): 1})
    matrix[9, 9] = 0
    pixels = np.array(Image.open(io.BytesIO(matrix_picture.png(matrix))))
    assert pixels.shape == (30, 30, 4)
    assert ((pixels[..., 3] > 0) == (matrix > 0)).all()
    assert tuple(pixels[3, 20, :3]) == matrix_picture.WRONG and tuple(pixels[3, 3, :3]) == matrix_picture.RIGHT
    assert pixels[3, 20, 3] > pixels[4, 5, 3] > 80
    generator = np.random.default_rng(0)
    large = np.zeros((1000, 1000), dtype=int)
    np.add.at(large, (generator.integers(0, 1000, 7500), generator.integers(0, 1000, 7500)), 1)
    figure = whole_matrix(large, [f"sku {k}" for k in range(1000)], chosen=(3, 4))
    assert len(figure.to_json()) < 250_000
    alone = np.zeros((500, 500), dtype=int)
    alone[100, 200] = 1
    shown = np.argwhere(np.array(Image.open(io.BytesIO(matrix_picture.png(alone))))[..., 3])
    assert shown.tolist() == [[row, column] for row in (99, 100, 101) for column in (199, 200, 201)]
    assert nearest_cell(alone, 98, 202) == (100, 200) and nearest_cell(alone, 5, 5) == (5, 5)


def test_few_rows_stay_as_they_are_and_many_are_the_ends_of_their_order():
    assert bounded.first(range(24)).tolist() == bounded.last(range(24)).tolist() == list(range(24))
    assert bounded.first(range(100)).tolist() == list(range(20)) and bounded.last(range(100)).tolist()[0] == 80
    assert bounded.ends(range(100), 4).tolist() == [0, 1, 98, 99]
    assert bounded.left_out(15, 15, "weakest") == ""
    assert bounded.left_out(20, 1000, "weakest") == "The 20 weakest of 1,000 classes; the table has all."


def test_a_map_of_many_classes_is_one_trace_and_the_highlighted_one_and_every_point_keeps_its_class():
    classes = [f"sku_{k}" for k in range(400)]
    labels = np.array(classes * 3)
    points = np.random.default_rng(0).normal(size=(1200, 2)).astype(np.float32)
    for highlight in ([], ["sku_7"]):
        figure = embedding_scatter(points, labels, classes, hover=["line"] * 1200, highlight=highlight)
        assert len(figure.data) == 1 + len(highlight)
        drawn = {row: text for trace in figure.data[:1] for row, text in zip(trace.customdata, trace.text, strict=True)}
        assert all(text == f"Sku {labels[row][4:]}<br>line" for row, text in drawn.items())
        assert sorted(row for trace in figure.data for row in trace.customdata) == list(range(1200))
