"""The photo at full size, and the pickers of the Photos tab: what is shown against what the files hold."""

import base64
import io
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fashion_core import storage
from fashion_core.data import importing
from fashion_core.data.audit import audit
from fashion_core.data.audit.findings import KINDS
from tests.support.made_runs import make_run
from tests.support.pages import asides, lab, open_page, written
from tests.support.planted import planted_folder  # noqa: F401
from ui.app import loaders
from ui.dataset import photo_filters
from ui.shared import photo_view

__all__ = ["lab"]
EVIL = '"><img src=x onerror=alert(1)> http://evil.example/a.png'


def html_of(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def in_address(app: AppTest, key: str) -> list[str]:
    value = app.query_params.get(key, [])
    return value if isinstance(value, list) else [value]


def opened(app: AppTest) -> bool:
    return "vastra-photo" in html_of(app)


def first_image(tiny, split: str = "test") -> pd.Series:
    frame = tiny.manifest()
    return frame[frame["split"] == split].iloc[2]


def test_the_open_photo_is_the_original_and_not_its_thumbnail(lab, tiny):
    photo = first_image(tiny)
    page = html_of(lab("dataset", image=photo["image_id"]))
    data = base64.b64decode(re.search(r'vastra-photo">.*?base64,([^"]+)"', page, re.DOTALL).group(1))
    with Image.open(tiny.root / photo["path"]) as original:
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(original.convert("RGB")))


def test_every_run_with_predictions_for_the_photo_tells_what_it_said(lab, tiny, tiny_run):
    photo = first_image(tiny)
    told = tiny_run.predictions("test").set_index("image_id").loc[photo["image_id"]]
    page = html_of(lab("dataset", image=photo["image_id"]))
    assert f"({'right' if told['predicted'] == photo['label'] else 'wrong'})" in page
    assert (
        f"{100 * told['p_' + told['predicted']]:.1f} %" in page and f"{100 * told['p_' + photo['label']]:.1f} %" in page
    )
    train = first_image(tiny, "train")
    assert "No run has predicted this photo." in html_of(lab("dataset", image=train["image_id"]))


def test_next_and_previous_walk_the_filtered_list_and_stop_at_its_ends(lab, tiny):
    frame = tiny.manifest()
    ids = list(frame.loc[(frame["split"] == "val") & (frame["label"] == "saree"), "image_id"])
    app = lab("dataset", photos_split="val", photos_class="saree", image=ids[0])
    assert f"1 of {len(ids)} photos" in written(app)
    assert app.button(key="photo_Previous").disabled and not app.button(key="photo_Next").disabled
    for image_id in ids[1:]:
        app.button(key="photo_Next").click().run()
        assert in_address(app, "image") == [image_id] and opened(app)
    assert app.button(key="photo_Next").disabled


@pytest.mark.parametrize("wrong", ["", "nothing.png", "../../etc/passwd", "<b>"])
def test_an_image_in_the_address_that_is_not_in_the_list_opens_nothing(lab, wrong):
    assert not opened(lab("dataset", image=wrong))


def test_a_photo_outside_the_filter_opens_nothing(lab, tiny):
    assert not opened(lab("dataset", image=first_image(tiny, "test")["image_id"], photos_split="train"))


@pytest.mark.parametrize("harm", ["gone", "changed", "damaged"])
def test_a_photo_that_is_not_what_was_imported_is_one_sentence(tiny_source, tmp_path, monkeypatch, harm):
    shutil.copytree(tiny_source, tmp_path / "photos")
    dataset = importing.import_source(tmp_path / "photos", data_dir=tmp_path / "data", name="tiny")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    photo = first_image(dataset)
    path = dataset.root / photo["path"]
    if harm == "gone":
        path.unlink()
    elif harm == "changed":
        Image.new("RGB", (9, 9)).save(path)
    else:
        path.write_bytes(path.read_bytes()[:40])
    app = open_page("dataset", image=photo["image_id"])
    assert len(app.error) == 1 and photo["path"] in written(app) and "Traceback" not in app.error[0].value
    assert 'class="vastra-photo"' not in html_of(app) and "SHA-256" in html_of(app)


def test_every_column_that_has_a_value_is_told_escaped_and_none_is_a_link():
    photo = pd.Series(
        {"row": 3, "image_id": EVIL, "path": "a/b.jpg", "split": "val", "label": "t_shirt", "width": 1200,
         "height": 900, "bytes": 20481, "sha256": "ab" * 32, "phash": "0f", "status": "ok", "reason": "",
         "image_url": EVIL, "brand": EVIL, "product_title": None, "color": float("nan")}
    )  # fmt: skip
    told = photo_view.facts(photo)
    assert told == {
        "Image": EVIL, "Split": "Validation", "Class": "T shirt", "Size": "1,200 × 900 pixels", "File size": "20.5 kB",
        "File": "a/b.jpg", "SHA-256": "ab" * 32, "Perceptual hash": "0f", "Image address": EVIL, "Brand": EVIL,
    }  # fmt: skip
    page = photo_view.facts_html(photo)
    assert "<img" not in page and "<a" not in page and page.count("&lt;img") == 3


def test_the_photo_of_a_damaged_prediction_file_still_opens(tiny_data, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path))
    run = make_run(tmp_path / "one", tiny.classes, counts={"test": 15}, fingerprint=tiny.fingerprint)
    (run.folder / "predictions-test.parquet").write_bytes(b"no parquet")
    assert opened(open_page("dataset", image=first_image(tiny)["image_id"], photos_run="zzz"))


# filters


def test_photos_are_filtered_by_what_a_run_predicted_and_whether_it_was_right(lab, tiny, tiny_run):
    found = pd.concat([tiny_run.predictions(split) for split in tiny_run.prediction_splits()])
    for predicted in tiny.classes:
        for answer in ("right", "wrong"):
            app = lab("dataset", photos_run="tiny-run", photos_predicted=predicted, photos_answer=answer)
            right = found["predicted"] == found["label"]
            number = ((found["predicted"] == predicted) & (right == (answer == "right"))).sum()
            assert asides(app) == [f"{number} photo{'' if number == 1 else 's'}"]
    app = lab("dataset", photos_run="tiny-run", photos_class=["saree", "shoe"], photos_split="test")
    of_test = tiny_run.predictions("test")
    number = of_test["label"].isin(["saree", "shoe"]).sum()
    assert asides(app) == [f"{number} photos"]


def test_photos_are_filtered_by_what_the_audit_found(tmp_path, planted_folder, monkeypatch):  # noqa: F811
    dataset = importing.import_source(planted_folder, data_dir=tmp_path / "data", name="planted")
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    assert "photos_finding" not in {box.key for box in open_page("dataset").selectbox}
    found = audit.run(dataset).findings()
    for kind in KINDS:
        rows = found[found["kind"] == kind]
        if len(rows) and kind not in ("damaged", "missing"):
            number = len(set(rows["image_id"]) | set(rows["other"].dropna()))
            app = open_page("dataset", photos_finding=kind)
            assert asides(app) == [f"{number} photo{'' if number == 1 else 's'}"], kind


def test_several_classes_live_in_the_address_and_unknown_ones_are_refused(lab):
    app = lab("dataset", photos_class=["shoe", "<b>", "kurta"], photos_split=["nothing"])
    assert app.multiselect(key="photos_class").value == ["kurta", "shoe"]
    assert in_address(app, "photos_class") == ["kurta", "shoe"] and not in_address(app, "photos_split")
    app.multiselect(key="photos_class").unselect("kurta").run()
    assert in_address(app, "photos_class") == ["shoe"]
    app.multiselect(key="photos_class").unselect("shoe").run()
    assert not in_address(app, "photos_class")


def test_the_narrow_table_agrees_with_the_manifest(tiny, tmp_path):
    frame = loaders.manifest_of(tiny)
    narrow = photo_filters.photos(tiny)
    for column in ("row", "image_id", "split", "label", "width", "height"):
        assert narrow[column].astype(frame[column].dtype).tolist() == frame[column].tolist()
    assert photo_filters.num_unusable(tiny) == 0
    counted = photo_filters.counts(tiny)
    assert counted.loc["saree", "train"] == ((frame["label"] == "saree") & (frame["split"] == "train")).sum()
    assert storage.read_parquet(tiny.manifest_path, ["status"])["status"].eq("ok").all()
