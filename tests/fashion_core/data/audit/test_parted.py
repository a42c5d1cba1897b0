"""What a column puts together and the splits part is a finding of its own: no copy, no leak, and never lost."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fashion_core import storage
from fashion_core.data import derived, importing
from fashion_core.data.audit import audit, parted
from fashion_core.data.datasets import Dataset
from fashion_core.data.sources import readers
from fashion_core.metrics import leakage
from tests.support.commands import command
from tests.support.made_runs import make_run
from tests.support.pages import open_page, written


def products(tmp_path: Path, name: str = "shop", **choices: str) -> Dataset:
    """60 photos of 20 products, three of each; every photo is noise of its own."""
    root, noise = tmp_path / "products", np.random.default_rng(0)
    root.mkdir(exist_ok=True)
    rows = [(f"{n:03}.png", "saree" if n // 3 % 4 == 0 else "kurta", f"p{n // 3}", f"s{n % 7}") for n in range(60)]
    for row in rows:
        Image.fromarray(noise.integers(0, 255, (40, 40, 3), np.uint8)).save(root / row[0])
    pd.DataFrame(rows, columns=["image", "label", "product_id", "shelf"]).to_csv(root / "t.csv", index=False)
    return importing.import_source(root, data_dir=tmp_path / "data", name=name, choices=readers.choose(**choices))


def with_earlier(dataset: Dataset, column: str) -> set[tuple[str, str]]:
    """(photo, earlier split) as a person would count them, one photo after another."""
    rows, order = dataset.manifest(), ["train", "val", "test"]
    return {
        (one.image_id, other.split)
        for one in rows.itertuples()
        for other in rows.itertuples()
        if getattr(one, column) == getattr(other, column) and order.index(other.split) < order.index(one.split)
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> tuple[Dataset, audit.Audit]:
    dataset = products(tmp_path_factory.mktemp("shop"))
    return dataset, audit.run(dataset)


def test_photos_of_one_product_in_two_splits_are_found_and_are_no_leaks(shop):
    dataset, found = shop
    table = found.findings().query("kind == 'group'")
    assert set(zip(table["image_id"], table["other_split"], strict=True)) == with_earlier(dataset, "product_id")
    of = dataset.manifest().set_index("image_id")["product_id"]
    assert (of[table["image_id"]].to_numpy() == of[table["other"]].to_numpy()).all()
    assert all(row.reason == f"'product_id' of both is '{of[row.image_id]}'" for row in table.itertuples())
    assert found.counts["group"] == len(table) and found.counts["leak"] == found.num_leaked == 0
    (told,) = found.groups
    several = dataset.manifest().groupby("product_id").filter(lambda rows: rows["split"].nunique() > 1)
    assert (told["column"], told["values"]) == ("product_id", several["product_id"].nunique())
    assert told["images"] == len(several) and derived.leaked(found) == {}
    assert {(at["split"], at["other_split"]): at["images"] for at in told["splits"]} == {
        pair: len(rows) for pair, rows in table.groupby(["split", "other_split"])
    }


def test_a_column_that_a_person_named_is_asked_alone_and_what_it_keeps_together_is_no_finding(tmp_path: Path):
    kept = products(tmp_path, "kept", group="product_id")
    assert parted.columns(kept.manifest(), kept.together) == ["product_id"]
    assert parted.find(kept.manifest(), "product_id")[1] == []
    table, told = parted.find(products(tmp_path).manifest(), "shelf")
    assert [group["column"] for group in told] == ["shelf"] and len(table)


def test_brand_and_title_are_leaks_already_and_no_group_besides(shop):
    rows = shop[0].manifest().rename(columns={"product_id": "product_title"})
    assert parted.columns(rows, "") == ["product_title"]
    assert parted.columns(rows.assign(brand="b"), "") == []


def test_an_audit_from_before_counts_only_where_no_column_would_be_asked(shop, tmp_path: Path):
    dataset, found = shop
    path = audit.folder_of(dataset) / "audit.json"
    record = storage.read_json(path)
    before = {name: value for name, value in record.items() if name != "groups"} | {"version": 4}
    before["counts"] = {kind: num for kind, num in record["counts"].items() if kind != "group"}
    try:
        storage.write_json(path, before)
        assert audit.load(dataset) is None and audit.outdated(dataset)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(parted, "columns", lambda manifest, together: [])
            assert audit.load(dataset).counts["group"] == 0 and not audit.outdated(dataset)
    finally:
        storage.write_json(path, record)
    assert audit.load(dataset) == found


def test_the_command_and_the_pages_say_it_and_how_to_keep_each_in_one_split(shop, monkeypatch):
    dataset, found = shop
    monkeypatch.setenv("FASHION_DATA", str(dataset.folder.parent))
    monkeypatch.setenv("FASHION_RUNS", str(dataset.folder.parent.parent / "runs"))
    (told,) = found.groups
    data, runs = dataset.folder.parent, dataset.folder.parent.parent / "runs"
    assert json.loads(command("audit", "shop", "--json", data=data, runs=runs).stdout)["groups"] == [told]
    line = f"{told['values']}  values of 'product_id' in several splits, on {told['images']} photos: "
    assert line in command("audit", "shop", data=data, runs=runs).stdout
    app = open_page("dataset", tab="Audit", finding="group")
    assert not app.exception
    assert f"By the column product_id, {told['values']} groups of photos stand in several splits" in written(app)
    assert "--group product_id --name 'shop by product_id'" in written(app)
    photos = dataset.manifest().query("split == 'test'")
    run = make_run(
        runs / "one",
        dataset.classes,
        counts={"test": len(photos)},
        fingerprint=dataset.fingerprint,
        image_ids={"test": photos["image_id"].tolist()},
        labels={"test": photos["label"].tolist()},
    )
    predictions = run.predictions("test")
    shared = {photo for photo, _ in with_earlier(dataset, "product_id")}
    scores = leakage.by_group(predictions, found.findings())
    right = predictions["label"] == predictions["predicted"]
    own = predictions["image_id"].isin(shared)
    assert (scores.of.right, scores.of.n) == (right[own].sum(), own.sum())
    assert (scores.others.right, scores.others.n) == (right[~own].sum(), (~own).sum())
    assert leakage.with_and_without(predictions, found.findings()).leaked.n == 0
    app = open_page("evaluation", run=run.id, view="elsewhere")
    assert not app.exception
    said = f"{own.sum()} of {len(photos)} test photos share a group with photos in train or validation (by product"
    assert said in written(app)
