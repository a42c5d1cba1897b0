"""The Embeddings page: what it says agrees with scikit-learn and with counts by hand, with photos and without."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from streamlit.testing.v1 import AppTest

from fashion_core.labels import INDOFASHION
from tests.made_runs import make_run
from ui import address

ROOT = Path(__file__).parents[1]


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / "embeddings.py"))
    app.run()
    assert not app.exception
    return app


def numbers_of(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_answer_agrees_with_scikit_learn(lab):
    run = make_run(lab / "one", INDOFASHION, counts={"test": 450})
    features, predictions = run.embeddings("test"), run.predictions("test")
    shares = PCA(svd_solver="full").fit(features).explained_variance_ratio_
    numbers = numbers_of(open_page(run="one"))
    assert numbers["On this map"] == f"{100 * shares[:2].sum():.1f} %"
    assert numbers["Not on this map"] == f"{100 * shares[2:].sum():.1f} %"
    right = []
    for row in range(len(features)):  # leave one out, by another algorithm
        others = np.arange(len(features)) != row
        search = KNeighborsClassifier(1, algorithm="ball_tree").fit(features[others], predictions["label"][others])
        right.append(search.predict(features[[row]])[0] == predictions["label"][row])
    assert numbers["Nearest is alike"] == f"{100 * np.mean(right):.1f} %"
    by_class = pd.Series(right).groupby(predictions["label"]).mean()
    assert numbers["Told apart best"] == f"{100 * by_class.max():.1f} %"
    assert numbers["Told apart worst"] == f"{100 * by_class.min():.1f} %"


def test_without_photos_the_map_the_numbers_and_the_lines_are_there_and_the_command_is_named(lab):
    make_run(lab / "one", ("bag", "boot", "coat"), counts={"test": 60})
    app = open_page(run="one")
    assert "python -m fashion_core import made.zip" in app.info[0].value
    assert any("All 60 test photos" in text.value for text in app.markdown)
    assert len(app.metric) == 5
    assert any("The 256 features" in heading.value for heading in app.subheader)


def test_a_split_without_features_is_one_sentence_with_the_command(lab):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20}, embeddings=False)
    app = open_page(run="one")
    assert len(app.error) == 1
    assert "embed one" in app.error[0].value.replace("\\", "")
    assert not app.metric


def test_features_of_other_photos_than_the_predictions_are_refused(lab):
    run = make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    frame = pd.read_parquet(run.folder / "predictions-test.parquet").iloc[:19]
    frame.to_parquet(run.folder / "predictions-test.parquet")
    app = open_page(run="one")
    assert "features of 20 test photos but predictions of 19" in app.error[0].value.replace("\\", "")


def test_words_in_the_address_that_are_not_on_offer_are_ignored(lab):
    make_run(lab / "one", ("bag", "boot", "coat"), counts={"test": 60})
    app = open_page(run="../one", split="<b>", highlight="'; drop", lines="\x00", mean="nobody")
    assert not app.error
    assert len(app.metric) == 5


def test_many_classes_open_with_one_highlighted_and_few_with_all_in_colour(lab):
    make_run(lab / "fifteen", INDOFASHION, counts={"test": 150})
    make_run(lab / "three", ("bag", "boot", "coat"), counts={"test": 60})
    assert open_page(run="fifteen").selectbox(key="highlight").value in INDOFASHION
    assert open_page(run="three").selectbox(key="highlight").value == address.ANY


def test_a_drawn_run_says_so(lab):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20}, synthetic=True)
    assert any("Drawn data" in text.value for text in open_page(run="one").markdown)


def test_a_class_name_with_markup_is_shown_as_text(lab):
    make_run(lab / "one", ("a*b*", "![x](http://x.invalid/y.png)"), counts={"test": 20})
    app = open_page(run="one", highlight="![x](http://x.invalid/y.png)")
    assert not any("![" in text.value or "](" in text.value for text in app.markdown)


def test_a_selection_in_words_counts_its_classes_and_its_right_answers():
    from ui import learnt

    images = pd.DataFrame(
        {"label": ["saree"] * 3 + ["gowns"] * 2 + ["blouse"] + ["lehenga"], "right": [True] * 3 + [False] * 4}
    )
    said = learnt.in_words(images)
    assert said.startswith("42.9 % [")
    assert said.endswith("right. Saree 3, Gowns 2, Blouse 1 and 1 more class.")


def test_at_most_twenty_thousand_points_are_drawn_and_every_one_knows_its_row(lab):
    from ui import learnt

    run = make_run(lab / "large", ("bag", "boot", "coat"), counts={"test": 21_000})
    found = learnt.of(run, "test")
    assert len(found.points) == 21_000 and 19_990 <= len(found.drawn_rows) <= learnt.MOST_DRAWN
    figure = learnt.figure(run, "test", highlight=None, ringed=[], title="")
    drawn = np.concatenate([trace.customdata for trace in figure.data])
    assert sorted(drawn.tolist()) == found.drawn_rows.tolist()
    for trace in figure.data:
        assert set(found.points["label"].iloc[trace.customdata]) == {trace.uid}


def test_the_page_never_imports_torch(lab):
    make_run(lab / "one", ("bag", "boot"), counts={"test": 20})
    code = (
        "import sys; from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('streamlit_app.py', default_timeout=60)\n"
        "app.switch_page('pages/embeddings.py'); app.run()\n"
        "print(len(app.metric), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "5 False"
