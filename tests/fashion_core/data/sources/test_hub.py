"""Datasets of the Hugging Face hub: fetched by its own client from a server here that speaks its protocol, gone on with
after a cut, checked, and read by the ordinary readers."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fashion_core.data import datasets, dry_run, importing
from fashion_core.data.sources import downloads, hub, hub_names, readers
from fashion_core.errors import SourceError
from tests.support.hub_server import Repository, Server, serving
from tests.support.places import ROOT

pytest.importorskip("huggingface_hub")

TRAIN, TEST = "data/train-00000-of-00002.parquet", "data/test-00000-of-00001.parquet"


def _photo(number: int) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((64, 64), 20 + number).convert("RGB").save(data, "PNG")
    return data.getvalue()


def _shard(numbers: range) -> bytes:
    """Parquet as ``datasets`` pushes it: photos inside, and what the label's numbers mean in the schema."""
    rows = [{"image": {"bytes": _photo(n), "path": f"{n}.png"}, "label": n % 2} for n in numbers]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    features = {"image": {"_type": "Image"}, "label": {"names": ["kurta", "saree"], "_type": "ClassLabel"}}
    schema = pa.schema([("image", kind), ("label", pa.int64())]).with_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    data = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), data)
    return data.getvalue()


SHARDS = {
    ".gitattributes": b"*.parquet filter=lfs\n",
    "README.md": b"---\nlicense: mit\n---\n",
    TRAIN: _shard(range(12)),
    "data/train-00001-of-00002.parquet": _shard(range(12, 20)),
    TEST: _shard(range(20, 26)),
}
SPLITS = {"train": 18, "val": 2, "test": 6}  # the lab takes a val of train where there is none


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(downloads, "PAUSE_SECONDS", 0.01)
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)  # which tests of ``datasets`` set for the whole process
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with serving() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.repositories["shop/garments"] = Repository(
            dict(SHARDS), large={path for path in SHARDS if path.endswith(".parquet")}
        )
        yield server


def test_a_dataset_of_the_hub_is_fetched_with_its_size_and_imported(server: Server, tmp_path: Path):
    told: list[tuple[str, int, int]] = []
    made = importing.import_source(
        "hf:shop/garments", data_dir=tmp_path, progress=lambda *step: told.append(step) if step[0] else None
    )
    assert (made.name, made.kind, made.classes) == ("garments", "arrow", ("kurta", "saree"))
    assert made.splits == SPLITS
    assert made.bring == f"python -m fashion_core import hf:shop/garments@{'a' * 40}"
    assert made.note == "hf:shop/garments at aaaaaaa, licence mit by its card"
    assert made.root.is_relative_to(tmp_path / datasets.DOWNLOADS)
    total = sum(len(data) for path, data in SHARDS.items() if path != ".gitattributes")
    bytes_told = [step[1:] for step in told if step[0] == "downloading"]
    assert bytes_told[0] == (0, total) and bytes_told[-1] == (total, total) and sorted(bytes_told) == bytes_told
    assert {one.token for one in server.asked if not one.path.startswith("/cdn")} == {"hf_mine"}
    assert {one.token for one in server.asked if one.path.startswith("/cdn")} == {""}, "the store is told no token"
    assert [one.path.split("/")[1] for one in server.asked].count("api") == 3, "the repository, and two pages of tree"
    assert all(one.path.split("/")[1] in ("api", "datasets", "cdn") for one in server.asked), server.asked


def test_what_is_fetched_is_what_the_hubs_own_download_makes_which_can_be_imported_too(server: Server, tmp_path: Path):
    from huggingface_hub import snapshot_download

    made = importing.import_source("hf:shop/garments", data_dir=tmp_path / "data")
    theirs = Path(
        snapshot_download(
            "shop/garments",
            repo_type="dataset",
            local_dir=tmp_path / "garments",
            cache_dir=tmp_path / "cache",
            endpoint=server.url,
        )
    )
    for path, data in SHARDS.items():
        assert (theirs / path).read_bytes() == data
        assert path == ".gitattributes" or (made.root / path).read_bytes() == data
    again = importing.import_source(theirs, data_dir=tmp_path / "other")
    assert again.fingerprint == made.fingerprint


def test_the_command_that_brings_it_again_asks_nobody_once_it_is_here(server: Server, tmp_path: Path):
    made = importing.import_source("hf:shop/garments", data_dir=tmp_path)
    server.asked.clear()
    again = importing.import_source(made.bring.split()[-1], data_dir=tmp_path, name="garments")
    assert again.fingerprint == made.fingerprint and server.asked == []


def test_what_was_fetched_before_is_used_where_the_hub_is_not_reached_and_that_is_said(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    importing.import_source("hf:shop/garments", data_dir=tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    found = dry_run.look("hf:shop/garments", data_dir=tmp_path)
    assert found["splits"] == SPLITS
    assert (
        found["warnings"][-1] == "127.0.0.1:1 is not reached; these are the photos that were fetched from there before"
    )


def test_a_newer_commit_is_fetched_into_a_folder_of_its_own(server: Server, tmp_path: Path):
    first = importing.import_source("hf:shop/garments", data_dir=tmp_path)
    repository = server.repositories["shop/garments"]
    repository.commit = "b" * 40
    del repository.files[TEST]
    second = importing.import_source("hf:shop/garments", data_dir=tmp_path, name="newer")
    assert (first.splits, second.splits) == (SPLITS, {"train": 16, "val": 2, "test": 2})
    assert (first.root / TEST).exists() and not (second.root / TEST).exists()


def test_a_cut_is_gone_on_with_at_the_byte_where_it_was(server: Server, tmp_path: Path):
    server.cuts[f"/cdn/shop/garments/{TRAIN}"] = 4_321
    made = importing.import_source("hf:shop/garments", data_dir=tmp_path)
    assert [one.start for one in server.asked if one.path == f"/cdn/shop/garments/{TRAIN}"] == [0, 4_321]
    assert (made.root / TRAIN).read_bytes() == SHARDS[TRAIN]


def test_a_stopped_download_is_gone_on_with_by_the_next_command(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub, "AT_ONCE", 1)
    server.cuts[f"/cdn/shop/garments/{TRAIN}"] = 4_321

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "downloading" and server.starts(TRAIN)[-1:] == [4_321]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.import_source("hf:shop/garments", data_dir=tmp_path, progress=stop)
    folder = tmp_path / datasets.DOWNLOADS / "hf/shop/garments"
    assert not (folder / ("a" * 40)).exists() and datasets.list_datasets(tmp_path) == []
    kept = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    server.asked.clear()
    made = importing.import_source("hf:shop/garments", data_dir=tmp_path)
    total = sum(len(data) for path, data in SHARDS.items() if path != ".gitattributes")
    asked = sum(len(SHARDS[path]) - start for path in SHARDS for start in server.starts(f"/cdn/shop/garments/{path}"))
    asked += len(SHARDS["README.md"]) if server.starts("/README.md") else 0
    assert kept > 4_000 and asked == total - kept, "every byte came once"
    assert all((made.root / path).read_bytes() == data for path, data in SHARDS.items() if not path.startswith("."))


def test_a_file_that_is_not_what_the_hub_says_is_never_kept(server: Server, tmp_path: Path, monkeypatch):
    from tests.support import hub_server

    right = SHARDS[TRAIN]
    wrong = right[:5_000] + bytes([right[5_000] ^ 1]) + right[5_001:]
    send = hub_server._Handler._file
    sentence = f"'{TRAIN}' of hf:shop/garments came damaged twice .*nothing was kept of it"
    with monkeypatch.context() as patched, pytest.raises(SourceError, match=sentence):
        patched.setattr(
            hub_server._Handler, "_file", lambda own, data, *more: send(own, wrong if data == right else data, *more)
        )
        importing.import_source("hf:shop/garments", data_dir=tmp_path)
    monkeypatch.setenv("HF_TOKEN", "")
    assert importing.import_source("hf:shop/garments", data_dir=tmp_path).num_images == 26


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("shop/none", {}, "{host} has no such dataset, or it is private; check the name, or say who you "),
        ("shop/garments", {"token": "hf_owner"}, "{host} has no such dataset, or it is private; "),
        ("shop/garments", {"refused": (404, "RepoNotFound")}, "{host} has no such dataset, or it is private; "),
        (
            "shop/garments",
            {"refused": (403, "GatedRepo")},
            "its owner gives it to whoever asks on {url}/datasets/shop/",
        ),
        (
            "shop/garments",
            {"files_refused": (403, "GatedRepo")},
            "its owner gives it to whoever asks on {url}/datasets/",
        ),
        ("shop/garments", {"files_refused": (403, "")}, "{host} answers 403, so the token is not one for it: "),
        ("shop/garments@v2", {}, "it has no revision 'v2'; "),
        ("shop/garments/photos", {}, "it has no folder 'photos' at 'main'; "),
        ("shop/garments", {"refused": (400, "")}, "{host} answers 400; "),
    ],
)
def test_what_the_hub_refuses_is_one_sentence_with_the_manual_way(
    name, change, sentence, server: Server, tmp_path: Path
):
    for field, value in change.items():
        setattr(server.repositories["shop/garments"], field, value)
    said = _refusal(f"hf:{name}", tmp_path)
    host = server.url.removeprefix("http://")
    bare = name.split("@")[0].removesuffix("/photos")
    assert said.startswith(f"hf:{bare} cannot be downloaded: {sentence.format(host=host, url=server.url)}"), said
    assert f"hf download {bare} --repo-type dataset" in said and said.endswith(f"import the folder {bare[5:]}.")
    assert not (tmp_path / datasets.DOWNLOADS / "hf" / bare / ("a" * 40)).exists()


def test_without_a_network_or_the_client_one_sentence_says_the_manual_way(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    said = _refusal("hf:shop/garments", tmp_path)
    assert said.startswith("hf:shop/garments cannot be downloaded: 127.0.0.1:1 is not reached (")
    assert "hf download shop/garments --repo-type dataset --local-dir garments" in said
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE forbids it; by hand: hf download" in _refusal("hf:shop/garments", tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    said = _refusal("hf:shop/garments@v2/data", tmp_path)
    assert said.startswith("hf:shop/garments needs the package huggingface_hub: pip install -r requirements-hub.txt; ")
    assert "hf download shop/garments --repo-type dataset --revision v2 --include 'data/*' --local-dir garments" in said


def test_a_hub_that_fails_in_the_middle_is_asked_again_then_said(server: Server, tmp_path: Path):
    server.repositories["shop/garments"].files_refused = (503, "")
    said = _refusal("hf:shop/garments", tmp_path)
    assert said.startswith("the download of hf:shop/garments was cut off after 0.00 of ") and " answers 503)" in said
    assert said.endswith("; start it again, and it goes on from there.")
    server.repositories["shop/garments"].files_refused = None
    assert importing.import_source("hf:shop/garments", data_dir=tmp_path).num_images == 26


def test_a_hub_that_was_asked_too_often_is_waited_for(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    waits: list[float] = []

    class Told(downloads.Cut):
        def __init__(self, reason: str, *, seconds: float = 0.0, **more: bool) -> None:
            waits.append(seconds)
            super().__init__(reason, seconds=seconds, **more)

    monkeypatch.setattr(hub, "Cut", Told)
    monkeypatch.setattr(downloads, "LONGEST_PAUSE_SECONDS", 0.01)
    server.too_many = [107]
    assert importing.import_source("hf:shop/garments", data_dir=tmp_path).num_images == 26
    assert waits == [107]


def test_a_folder_of_a_repository_and_photos_in_class_folders_come_alone(server: Server, tmp_path: Path):
    photos = {f"small/{split}/{label}/{n}.png": _photo(n) for split, label, n in _places()}
    server.repositories["shop/many"] = Repository({**photos, "large/1.bin": b"much", "README.md": b"two of them"})
    made = importing.import_source("hf:shop/many/small", data_dir=tmp_path)
    assert (made.name, made.kind, made.splits) == ("many-small", "folders", {"train": 18, "val": 2, "test": 20})
    assert made.bring.endswith(f"import hf:shop/many@{'a' * 40}/small")
    assert not any(one.path.endswith("1.bin") for one in server.asked)
    said = _refusal("hf:shop/many/large", tmp_path)
    assert said.startswith("dataset 'hf:shop/many/large'"), "said of what was given, not of our folder"
    assert said.endswith(f"It was fetched to '{tmp_path}/{datasets.DOWNLOADS}/hf/shop/many/{'a' * 40}--large'.")


def _card(**folders: str) -> list[dict[str, object]]:
    splits = ("train", "test")
    return [
        {"config_name": name, "data_files": [{"split": split, "path": f"{folder}{split}-*"} for split in splits]}
        for name, folder in folders.items()
    ]


def test_a_repository_of_several_datasets_is_not_read_as_one(server: Server, tmp_path: Path):
    repository = server.repositories["shop/garments"]
    repository.configs = _card(small="small/", large="large/")
    said = _refusal("hf:shop/garments", tmp_path)
    assert said == (
        "hf:shop/garments holds 2 datasets: small and large; name the folder of one, such as hf:shop/garments/small."
    )
    assert not any("resolve" in one.path for one in server.asked), "nothing was downloaded"
    repository.configs = _card(small="data/small-", large="data/large-")
    warnings = dry_run.look("hf:shop/garments", data_dir=tmp_path)["warnings"]
    assert "its card names 2 datasets in one place (small and large); all are read together" in warnings
    repository.configs = _card(default="data/")
    assert "card" not in str(dry_run.look("hf:shop/garments", data_dir=tmp_path)["warnings"])


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ("data/*.parquet", "data"),
        (["a/b/train/*.png", "a/b/test/**"], "a/b"),
        ([{"split": "train", "path": ["x/1.csv", "x/y/2.csv"]}], "x"),
        ("**/*.jpg", ""),
        (None, ""),
        ([{"split": "train"}, 7], ""),
        (["a/1", "b/1"], ""),
    ],
)
def test_the_folder_of_one_of_several_is_read_from_the_card(files: object, folder: str):
    card = {"configs": [{"config_name": "one", "data_files": files}, {"config_name": "two", "data_files": "z/*"}]}
    assert hub_names.parts_of(card) == {"one": folder, "two": "z"}


def _places() -> list[tuple[str, str, int]]:
    return [
        (split, label, 20 * (split == "test") + 10 * (label == "saree") + n)
        for split in ("train", "test")
        for label in ("kurta", "saree")
        for n in range(10)
    ]


@pytest.mark.parametrize("path", ["../out.png", "a/../../out.png", "/out.png", "a\\b.png", "a/\x1b.png"])
def test_a_repository_never_writes_outside_its_folder(path: str, server: Server, tmp_path: Path):
    server.repositories["shop/evil"] = Repository({path: b"photo", "b/1.png": _photo(1)})
    assert "which is no name that a file can have here" in _refusal("hf:shop/evil", tmp_path)
    assert not list(tmp_path.rglob("*.png"))


@pytest.mark.parametrize(
    ("source", "name", "named"),
    [
        ("hf:a/b", "b", hub_names.Named("a/b", "main", "")),
        ("hf:a/b@v1.2", "b", hub_names.Named("a/b", "v1.2", "")),
        ("hf:a/b@refs/convert/parquet/c/train", "b-c-train", hub_names.Named("a/b", "refs/convert/parquet", "c/train")),
        ("hf:a/b/c/d/", "b-c-d", hub_names.Named("a/b", "main", "c/d")),
        ("https://huggingface.co/datasets/a/b", "b", hub_names.Named("a/b", "main", "")),
        ("https://huggingface.co/datasets/a/b/tree/v2/c", "b-c", hub_names.Named("a/b", "v2", "c")),
    ],
)
def test_a_name_of_the_hub_is_understood(source: str, name: str, named: hub_names.Named):
    assert readers.named(source) and not readers.is_made(source)
    assert readers.name_of(source) == name and hub_names.parse(source) == named


@pytest.mark.parametrize("source", ["hf:garments", "hf:", "hf:a/b@", "hf:a/b@v1@v2", "hf:a/../b"])
def test_what_is_no_name_of_the_hub_is_said(source: str, tmp_path: Path):
    assert f"'{source}' is no dataset of the hub; write hf:OWNER/NAME" in _refusal(source, tmp_path)


def test_a_folder_that_is_called_so_goes_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert readers.named("hf:a/b")
    Path("hf:a/b").mkdir(parents=True)
    assert readers.named("hf:a/b") is None


def test_photos_of_kaggle_are_answered_with_its_own_command(tmp_path: Path):
    for source in ("kaggle:shop/garments", "https://www.kaggle.com/datasets/shop/garments?select=a.csv"):
        said = _refusal(source, tmp_path)
        assert "kaggle datasets download shop/garments --unzip -p garments, then import the folder garments" in said
    assert "write kaggle:OWNER/NAME" in _refusal("kaggle:garments", tmp_path)


def test_the_command_line_says_the_size_and_the_client_nothing_of_this_machine(server: Server, tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if name not in ("HF_TOKEN", "HF_HOME")}
    environment |= {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "home")}
    words = [sys.executable, "-m", "fashion_core", "import", "hf:shop/garments", "--dry-run", "--json"]
    done = subprocess.run(
        [*words, "--data-dir", str(tmp_path / "data")], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["splits"] == SPLITS
    total = sum(len(data) for path, data in SHARDS.items() if path != ".gitattributes")
    assert f"downloading: 0.00 of {total / 1e6:.2f} MB" in done.stderr
    assert {one.token for one in server.asked} == {""}
    assert not [one.agent for one in server.asked if "torch" in one.agent or "agent/" in one.agent]
    assert list(datasets.list_datasets(tmp_path / "data")) == []


def _refusal(source: str, data_dir: Path) -> str:
    with pytest.raises(SourceError) as refused:
        readers.open_source(source, work_dir=data_dir / "work", downloads=data_dir / datasets.DOWNLOADS)
    assert str(refused.value).isprintable()
    return str(refused.value)
