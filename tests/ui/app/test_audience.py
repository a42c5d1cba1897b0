"""One switch, class or review: the same numbers in other words on every page, and no link that it breaks."""

import re
import shutil
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from fashion_core.compare import verdicts
from fashion_core.metrics import wording
from fashion_core.metrics.intervals import Estimate
from fashion_core.runs import runs
from tests.support.drawn_text import drawn_text
from tests.support.made_runs import make_run
from tests.support.pages import open_page, written
from tests.support.verdict_pairs import compared
from ui.app import audience, glossary, navigation
from ui.shared import plain_words

#: What only a maker of models knows.
JARGON = (
    r"macro|\bF1\b|Holm|bootstrap|logits?|t-SNE|UMAP|\bPCA\b|perplexity|\bseeds?\b|McNemar|\bp [=<]|Wilson|chi-square|"
    r"degrees? of freedom|total variation|variance|cosine|Grad-CAM|temperature|calibrat\w+|\bepochs?\b|\bbatch\w*|"
    r"\brecall\b|\bprecision\b|softmax|sampler|stratified|\bembed\w+|\bfeatures?\b|hyperparameter|"
    r"learning rate|\bloss\b|\btensor\b|dropout|centroid|silhouette"
)
#: What a reviewer is told in other words, beside those: a share without its sentence, counts as n, percentage points,
#: what the matrix is called, ways to a file or a run, and command lines.
CLASS_ONLY = (
    rf"{JARGON}|(?<!\()accuracy|\bn = |\d points?\b|points of|confusion matri|\bdiagonal\b|"
    r"\b\w+/\w+/\S+\.(?:jpg|png)|\d{4}-\d\d-\d\d-|tiny-run|made-run|python -m|streamlit run| --[a-z]"
)
PAGES = [entry.name for entry in navigation.ENTRIES]
TAUGHT = {"claims", "lessons"}  # about the terms themselves


@pytest.fixture(scope="module")
def results(tmp_path_factory, tiny, tiny_runs):
    """The tiny run, and a second one beside it on the same photos, so that there is something to compare."""
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(tiny_runs / "tiny-run", folder / "tiny-run")
    first = runs.open_run(folder / "tiny-run")
    found = {split: first.predictions(split) for split in ("val", "test")}
    make_run(
        folder / "made-run",
        tiny.classes,
        counts={split: len(frame) for split, frame in found.items()},
        fingerprint=tiny.fingerprint,
        image_ids={split: frame["image_id"].tolist() for split, frame in found.items()},
        labels={split: frame["label"].tolist() for split, frame in found.items()},
    )
    return folder


@pytest.fixture
def lab(results, tiny_data, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(results))


def opened(page: str, reader: str, **query: str) -> AppTest:
    return open_page(page, audience=reader, run="tiny-run", **query)


def shown(app: AppTest) -> str:
    """What stands on the page without a click: everything that is written, the numbers and the buttons' words."""
    found = [written(app)]
    found += [element.value for kind in ("caption", "warning") for element in getattr(app, kind)]
    found += [f"{element.label} {element.value}" for element in app.metric]
    found += [tab.label for tab in app.tabs] + [button.label for button in app.button]
    return "\n".join(map(str, found))


@pytest.fixture(scope="module")
def both(results, tiny_data):
    """Every page once for each reader."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHION_DATA", str(tiny_data))
        patch.setenv("FASHION_RUNS", str(results))
        yield {page: {reader: opened(page, reader) for reader in audience.AUDIENCES} for page in PAGES}


def test_every_page_is_told_differently_to_a_class_and_to_a_reviewer(both):
    for page, found in both.items():
        assert shown(found["class"]) != shown(found["review"]), page


def test_a_reviewer_meets_no_word_that_only_makers_of_models_know(both):
    for page, found in ((page, found) for page, found in both.items() if page not in TAUGHT):
        text = shown(found["review"]).replace(navigation.entry(page).title, "", 1)
        assert not re.findall(JARGON, text, re.IGNORECASE), (page, re.findall(f".*(?:{JARGON}).*", text, re.IGNORECASE))


def test_a_reviewer_meets_no_such_word_in_charts_tables_help_and_labels_either(both, results, tiny_data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHION_DATA", str(tiny_data))
        patch.setenv("FASHION_RUNS", str(results))
        apps = {page: [found["review"]] for page, found in both.items() if page not in TAUGHT}
        for page, query in DEEPER:
            apps[page].append(opened(page, "review", **query))
    met = {
        f"{page}: {word.group()} in {where}: {text[:200]}"
        for page, found in apps.items()
        for app in found
        for where, text in drawn_text(app)
        if text != navigation.entry(page).title and (word := re.search(CLASS_ONLY, text, re.IGNORECASE))
    }
    assert not met, "\n".join(sorted(met))


#: What a reviewer is offered beside the first view of a page.
DEEPER = (
    ("evaluation", {"view": "elsewhere"}),
    ("dataset", {"tab": "Audit"}),
    ("embeddings", {"view": "similar"}),
)


def test_a_class_reads_its_terms_on_the_page_and_not_only_in_a_tooltip(both):
    for page, found in both.items():
        notes = [element.value for element in found["class"].markdown if "**Try**" in element.value]
        assert len(notes) == (page in audience_notes()), page
        assert not [element.value for element in found["review"].markdown if "**Try**" in element.value], page


def test_every_term_that_a_class_meets_is_explained_where_it_stands(both):
    for page, found in both.items():
        text = "\n".join(said for _, said in drawn_text(found["class"]))
        bare = [
            term.group()
            for term in re.finditer(rf"\w*(?:{JARGON})\w* ?", text, re.IGNORECASE)
            if not glossary.terms_in(term.group())
        ]
        assert not bare, (page, sorted(set(bare)))


@pytest.mark.parametrize("term", glossary.TERMS, ids=lambda term: term.word)
def test_a_term_is_found_by_its_own_word_and_explained_in_one_plain_sentence(term):
    assert term.stands_in(
        {"n": "n = 3", "p": "p < 0.01", "Step": "10 steps", "Points": "13 points"}.get(term.word, term.word)
    )
    assert re.fullmatch(r"[A-Z][^!]{10,150}\.", term.means) and ". " not in term.means
    assert [one.word for one in glossary.TERMS].count(term.word) == 1


def audience_notes() -> dict[str, str]:
    from ui.app import notes

    return notes.NOTES


def said(app: AppTest) -> str:
    return next(element.value for element in app.markdown if element.value.startswith("## ")).replace("\\", "")


def test_the_numbers_of_both_readers_are_the_same(both):
    """The interval of the class's number stands in the reviewer's sentence, and so does n."""
    for page, labels in {
        "evaluation": ("Accuracy",),
        "overview": ("Best on photos",),
        "predict": ("Right when this sure",),
    }.items():
        for label in labels:
            notes = [element.value for element in both[page]["class"].markdown]
            values = {element.label: element.value for element in both[page]["class"].metric}
            sentence = said(both[page]["review"])
            share = re.match(r"[\d.]+", values[label])
            if share is None:  # too few photos to judge by
                assert "is not known" in sentence
                continue
            intervals = re.findall(r"\[([\d.]+), ([\d.]+)\]", "\n".join(notes).replace("\\", ""))
            low, high = re.search(r"\(([\d.]+) to ([\d.]+)(?: of 100 such)?;", sentence).groups()
            assert (low, high) in intervals, (page, sentence)
            told, of = map(float, re.search(r"([\d.]+) of ([\d.]+)", sentence).groups())
            assert abs(100 * told / of - float(share.group())) <= 0.5, (page, sentence)


def test_the_two_verdicts_of_compare_rest_on_the_same_difference(both):
    sentences = {reader: said(both["compare"][reader]).replace("−", "-") for reader in audience.AUDIENCES}
    numbers = {reader: {float(number) for number in re.findall(r"\d+\.\d", text)} for reader, text in sentences.items()}
    assert len(numbers["review"]) >= 2 and numbers["review"] <= numbers["class"], sentences
    assert "p =" in sentences["class"] or "p <" in sentences["class"]
    values = {reader: [one.value for one in both["compare"][reader].metric] for reader in audience.AUDIENCES}
    assert [value.replace("of 100", "points") for value in values["review"]] == values["class"]


def test_the_choice_stays_from_page_to_page_and_comes_from_a_link(lab):
    app = opened("evaluation", "review")
    assert app.session_state[audience.KEY] == "review" and not app.metric
    app.switch_page("pages/dataset.py").run()
    assert app.session_state[audience.KEY] == "review" and "63 photos of 3 kinds" in said(app)
    app.session_state[audience.KEY] = "class"
    app.run()
    assert [metric.label for metric in app.metric][:2] == ["Photos", "Classes"]


def test_nobody_has_said_means_a_class_and_in_a_review_copy_a_reviewer(lab, monkeypatch):
    assert open_page("overview").session_state[audience.KEY] == "class"
    monkeypatch.setenv("FASHION_READ_ONLY", "1")
    assert open_page("overview").session_state[audience.KEY] == "review"
    assert open_page("overview", audience="class").session_state[audience.KEY] == "class"


def test_an_audience_that_nobody_knows_is_named_and_a_class_is_told(lab):
    app = open_page("evaluation", audience="b`oard*")
    (warning,) = [element.value for element in app.warning]
    assert "b`oard*" in warning and "is not known; this is written for a class" in warning
    assert [metric.label for metric in app.metric][0] == "Accuracy"


@pytest.mark.parametrize(
    ("page", "query", "there"),
    [
        ("evaluation", {"view": "certainty"}, lambda app: app.session_state["view"] == "certainty"),
        ("dataset", {"tab": "Sampler"}, lambda app: [tab.label for tab in app.tabs][-1] == "Sampler"),
        ("embeddings", {"view": "components"}, lambda app: "variance" in shown(app)),
        ("compare", {"true": "saree"}, lambda app: app.selectbox(key="true").value == "saree"),
        ("predict", {"closer": "kin"}, lambda app: "training photos" in shown(app)),
        (
            "augmentation",
            {"try_rotation_degrees": "90"},
            lambda app: app.slider(key="try_rotation_degrees").value == 90,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_link_to_what_reviewers_are_not_offered_opens_it_all_the_same(lab, page, query, there):
    app = opened(page, "review", **query)
    assert there(app)


def test_what_warns_a_class_warns_a_reviewer_too(tmp_path, tiny, tiny_data, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    make_run(tmp_path / "drawn", tiny.classes, counts={"test": 90, "val": 30}, synthetic=True)
    for page in ("evaluation", "embeddings", "overview", "training"):
        app = open_page(page, audience="review")
        assert "drawn" in shown(app).lower(), page
    told = written(open_page("evaluation", audience="review"))
    assert "no evidence about real clothes" in told
    assert "are not on this machine" in told and "python -m" not in told


@pytest.mark.parametrize(
    ("share", "bounds", "told"),
    [
        (0.9403, (0.935, 0.945), "94 of 100"),
        (0.986, (0.983, 0.988), "98.6 of 100"),
        (0.9994, (0.99, 1.0), "more than 99 of 100"),
        (1.0, (0.97, 1.0), "100 of 100"),
        (0.0004, (0.0, 0.01), "fewer than 1 of 100"),
        (0.0, (0.0, 0.03), "0 of 100"),
    ],
)
def test_a_share_is_said_as_a_count_of_a_hundred_that_lies_in_its_interval(share, bounds, told):
    assert wording.of_100(share, bounds) == told


def test_a_model_that_may_only_guess_is_said_to_be_no_better():
    assert "is not shown to do better" in plain_words.against_guessing(0.3, 0.31, 600)
    assert "is not shown" not in plain_words.against_guessing(0.5, 0.31, 600)


def test_leaks_are_said_as_numbers_of_their_photos():
    told = plain_words.audited({"test": (12, 1000), "validation": (0, 500)}, 1)
    assert told.startswith("With care: 12 of the 1,000 test photos have their like") and "two labels" in told
    assert "Nobody has checked" in plain_words.audited(None, 0)


def test_two_trainings_of_one_kind_are_not_said_to_differ_by_the_chance_of_the_photos():
    told = plain_words.comparison(compared(verdicts.SEEDS, -0.029, -0.023, -0.017))
    assert "b names 2.3 fewer of 100 photos right than a (1.7 to 2.9; 600 were tried)" in told
    assert "may be chance" not in told and "luck" in told


def test_an_interval_around_zero_is_said_in_both_directions_and_a_group_in_the_plural():
    told = plain_words.comparison(compared(verdicts.RECIPES, -0.012, 0.022, 0.056, num_second=3))
    assert "b name 2.2 more of 100 photos right than a (from 1.2 fewer to 5.6 more; 600 were tried)" in told
    assert told.endswith("which may be chance.")
    assert "1 and 1" not in plain_words.reach(compared(verdicts.RECIPES, -0.01, 0.0, 0.01))


def test_of_ten_nearest_photos_so_many_are_said_and_not_so_many_of_a_hundred():
    rand = Estimate(0.31, 0.28, 0.35, 600)
    result = SimpleNamespace(
        run_to_run=None,
        groups=SimpleNamespace(rand=rand, alike=0.453, chance=0.118),
        evidence=SimpleNamespace(n=600, num_seeds=3),
    )
    assert "Yet of a photo's ten nearest 4.5 are of its own class; by chance 1.2." in plain_words.claim(result)
