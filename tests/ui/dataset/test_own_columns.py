"""The gallery of a dataset whose source says more of its photos: any value that several share leaves just those."""

import numpy as np
import pandas as pd
import pytest

from fashion_core import storage
from fashion_core.data import datasets, importing, pixels
from tests.support.pages import asides, open_page


def rewrite(dataset: datasets.Dataset, frame: pd.DataFrame) -> None:
    storage.write_parquet(dataset.manifest_path, frame)
    for cache in dataset.folder.glob("pixels-*.npy"):
        pixels.seal(dataset.folder, cache, dataset.fingerprint)


@pytest.fixture
def shop(tiny_source, tmp_path, monkeypatch) -> datasets.Dataset:
    found = importing.import_source(tiny_source, data_dir=tmp_path / "data", name="shop")
    frame = found.manifest()
    frame["base_colour"] = np.where(np.arange(len(frame)) % 3 == 0, "red=1", "blue")
    frame["title"] = [f"thing {number}" for number in range(len(frame))]
    frame.loc[frame.index[:5], "base_colour"] = None
    rewrite(found, frame)
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    return found


def test_a_value_of_the_sources_own_leaves_its_photos_and_titles_are_not_offered(shop):
    app = open_page("dataset", dataset="shop", audience="class")
    frame = shop.manifest()
    reds, blues = ((frame["base_colour"] == value).sum() for value in ("red=1", "blue"))
    box = app.selectbox(key="photos_own")
    assert box.options == ["Any", f"Base colour: blue ({blues})", f"Base colour: red=1 ({reds})"]
    app = open_page("dataset", dataset="shop", audience="class", photos_own="base_colour=red=1")
    assert f"{reds} photos" in asides(app)
    app = open_page("dataset", dataset="shop", audience="class", photos_own="base_colour=green")
    assert "1 to 48 of 63 photos" in asides(app)


def test_a_dataset_without_columns_of_its_own_has_no_such_picker(shop):
    frame = shop.manifest().drop(columns=["base_colour"])
    rewrite(shop, frame)
    assert "photos_own" not in {box.key for box in open_page("dataset", dataset="shop").selectbox}
