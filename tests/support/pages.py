"""Pages as AppTest opens them, and a lab of theirs to write into."""

import functools

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from fashion_core.settings import config, recipes
from tests.support.places import ROOT

# Streamlit 1.67.0 reads what every installed package says of itself for each AppTest: 0.2 of the 0.3 s of a page.
manifest_scanner.scan_component_manifests = functools.cache(manifest_scanner.scan_component_manifests)


@pytest.fixture
def lab(tiny_data, tiny_runs, monkeypatch):
    """The entry script over the tiny data and run; call it with a page and query parameters."""
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tiny_runs))
    return open_page


def open_page(name: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=180)
    for key, value in query.items():
        app.query_params[key] = value
    if name != "overview":  # which every session opens with
        app.switch_page(f"pages/{name}.py")  # before the first run it goes by the file's name, which is the address
    app.run()
    assert not app.exception, app.exception[0].message
    return app


def written(app: AppTest) -> str:
    """Everything a reader can read, without the backslashes that keep names from being Markdown."""
    parts = [element.value for kind in ("title", "markdown", "info", "error") for element in getattr(app, kind)]
    return "\n".join(str(part) for part in parts).replace("\\", "")


def asides(app: AppTest) -> list[str]:
    """The small grey lines that count photos."""
    found = [element.value for element in app.markdown if element.value.startswith(":small[:gray[")]
    return [text.removeprefix(":small[:gray[").removesuffix("]]") for text in found if "photo" in text]


def metric(app: AppTest, label: str) -> str:
    return next(element.value for element in app.metric if element.label == label)


def settings_of(*sets: str) -> config.Settings:
    """Settings that do nothing to a photo but what ``sets`` say."""
    off = ["flip=0", "rotation_degrees=0", "brightness=0", "contrast=0", "saturation=0"]
    return recipes.settings_for("report", [*off, *sets])
