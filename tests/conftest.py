"""What the tests share: a tiny photographed dataset, made once, and a run trained on it by the real trainer."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.tiny import write_tiny

# Files that take long, the longest first: the last file to be started decides how long all of them take together.
LONGEST_FIRST = (
    "tests/browser/test_pages.py",
    "tests/browser/test_keyboard.py",
    "tests/fashion_core/training/test_distributed.py",
    "tests/whole/test_kill_sweep.py",
    "tests/ui/training/test_training_page.py",
    "tests/fashion_core/training/test_loop.py",
    "tests/whole/test_switches.py",
    "tests/fashion_core/claims/test_experiments.py",
    "tests/fashion_core/models/test_pretrained.py",
    "tests/fashion_core/settings/test_recipes.py",
    "tests/fashion_core/runs/test_runs.py",
    "tests/browser/test_evaluation.py",
    "tests/fashion_core/launch/test_run_queue.py",
    "tests/fashion_core/test_rights.py",
    "tests/fashion_core/launch/test_room.py",
    "tests/whole/test_hostile_names.py",
    "tests/browser/test_recipe.py",
    "tests/browser/test_subject.py",
    "tests/browser/test_audience.py",
    "tests/whole/test_golden.py",
    "tests/fashion_core/data/test_importing.py",
    "tests/ui/app/test_every_page.py",
    "tests/whole/test_durability.py",
    "tests/fashion_core/cli/test_command_line.py",
    "tests/fashion_core/launch/test_slurm.py",
)

pytest_plugins = ["tests.support.cpu_seconds"]

os.environ.setdefault("STREAMLIT_BROWSER_GATHER_USAGE_STATS", "false")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the files out (``--dist loadfile --no-loadscope-reorder``), they take them in the
    order of collection."""
    if hasattr(config, "workerinput"):
        places = {name: place for place, name in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: places.get(item.nodeid.split("::")[0], len(places)))


@pytest.fixture(scope="session")
def tiny_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("photos") / "tiny")


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory, tiny_source: Path) -> Path:
    """A data directory that holds the dataset ``tiny``. Shared: tests read it, none changes it."""
    from fashion_core.data import importing

    data_dir = tmp_path_factory.mktemp("data")
    importing.import_source(str(tiny_source), data_dir=data_dir, name="tiny")
    return data_dir


@pytest.fixture(scope="session")
def tiny(tiny_data: Path):
    from fashion_core.data import datasets

    return datasets.find_dataset(tiny_data, "tiny")


@pytest.fixture(scope="session")
def tiny_runs(tmp_path_factory: pytest.TempPathFactory, tiny) -> Path:
    """A runs directory that holds the finished run ``tiny-run``. Shared: tests read it, none changes it."""
    from fashion_core.runs import runs
    from fashion_core.settings import recipes
    from fashion_core.training import loop

    runs_dir = tmp_path_factory.mktemp("runs")
    settings = recipes.settings_for("report", ["image_size=16", "batch_size=8", "log_every=1", "device=cpu"])
    loop.train(runs.create_run(tiny, settings, runs_dir=runs_dir, run_id="tiny-run"), tiny)
    return runs_dir


@pytest.fixture
def tiny_run(tiny_runs: Path):
    from fashion_core.runs import runs

    return runs.find_run(tiny_runs, "tiny-run")


@pytest.fixture(autouse=True)
def the_same_main_module():
    """AppTest leaves its page as ``__main__`` behind, which the next process that is spawned would run first."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True)
def no_drawing_behind_a_test(monkeypatch):
    """A page opened in an empty lab starts a process that draws 4,200 garments; it would outlive its test."""
    from fashion_core.launch import background

    monkeypatch.setattr(background, "start_import", lambda *args, **keywords: None)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Empty data and runs directories of this test's own."""
    monkeypatch.setenv("FASHION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_RUNS", str(tmp_path / "runs"))
    (tmp_path / "data").mkdir()
    return tmp_path / "runs"
