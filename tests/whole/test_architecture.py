"""What import-linter does not see of the one rule of direction: pages -> ui -> fashion_core."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGE = ROOT / "fashion_core"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
#: The folders and modules of fashion_core from the floor up, as import-linter is told them from the roof down.
ORDER = [name for layer in reversed(CONTRACTS[0]["layers"]) for name in re.split(r" [|:] ", layer)]
WITH_TORCH = ("models", "training")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


def package_files() -> list[Path]:
    return [path for path in sorted((ROOT / "fashion_core").rglob("*.py")) if path.stem != "__init__"]


@pytest.mark.parametrize("path", package_files(), ids=lambda path: path.stem)
def test_the_package_knows_neither_streamlit_nor_pages(path: Path):
    assert not {name.split(".")[0] for name in imports_of(path)} & {"streamlit", "ui", "pages"}


def test_pages_never_import_pages_and_ui_never_imports_pages():
    for path in [*(ROOT / "pages").rglob("*.py"), *(ROOT / "ui").rglob("*.py"), ROOT / "streamlit_app.py"]:
        assert not {name for name in imports_of(path) if name.split(".")[0] == "pages"}, path


def test_charts_know_neither_streamlit_nor_files():
    for path in (ROOT / "ui" / "charts").glob("*.py"):
        assert not {name.split(".")[0] for name in imports_of(path)} & {"streamlit", "pathlib", "os"}, path


FORBIDDEN_CALLS = {"eval", "exec", "extractall"}


def test_nothing_is_unpickled_or_handed_to_a_shell():
    for path in [*package_files(), *(ROOT / "pages").rglob("*.py"), *(ROOT / "ui").rglob("*.py")]:
        tree = ast.parse(path.read_text())
        assert not imports_of(path) & {"pickle", "shelve", "marshal"}, path
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            own = isinstance(node.func, ast.Attribute) and name in ("eval",)  # model.eval() is not the builtin
            assert own or name not in FORBIDDEN_CALLS, f"{path}:{node.lineno} calls {name}"
            assert "shell" not in keywords, f"{path}:{node.lineno} runs a shell"
            if ast.unparse(node.func) == "torch.load":
                assert ast.unparse(keywords["weights_only"]) == "True", f"{path}:{node.lineno}"
            if "unsafe_allow_html" in keywords:
                assert node.args and isinstance(node.args[0], ast.Constant), f"{path}:{node.lineno} marks up a variable"


def test_every_folder_stands_in_the_order_and_has_its_paragraph():
    there = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))} - {"__init__"}
    assert there == set(ORDER)
    told = (PACKAGE / "README.md").read_text()
    folders = [name for name in ORDER if (PACKAGE / name).is_dir()]
    assert folders == re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) and len(folders) == 13
    assert all(f"`{name}`" in told for name in ORDER)


def test_nothing_of_ui_lies_loose():
    assert [path.name for path in (ROOT / "ui").glob("*.*")] == ["__init__.py"]


def test_a_folder_hands_nothing_on():
    """A package that imports what lies in it loads all of it for whoever wants one module."""
    for path in [*PACKAGE.rglob("__init__.py"), *(ROOT / "ui").rglob("__init__.py")]:
        assert not path.read_text(), path


def test_a_page_uses_its_own_folder_and_what_pages_share():
    for path in (ROOT / "pages").glob("*.py"):
        used = {name.split(".")[1] for name in imports_of(path) if name.startswith("ui.")}
        assert used <= {path.stem, "shared", "app", "charts"}, path


def test_what_is_neither_model_nor_training_never_imports_torch():
    paths = [path.relative_to(ROOT).with_suffix("") for path in package_files()]
    names = [".".join(path.parts) for path in paths if path.parts[1] not in WITH_TORCH and path.stem != "__main__"]
    code = f"import sys\nfor name in {names!r}: __import__(name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False", done.stdout
