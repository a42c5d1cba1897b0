"""The one rule of direction: pages -> ui -> fashion_core, and inside fashion_core one ordered list."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ORDER = (
    "errors interpreter rights storage starters processes devices slots hardware conditions waiter sbatch slurm "
    "polling labels published room measured pretrained fields config draws schedules photos decoder archive_entries "
    "lookalikes archives layout class_folders indofashion fashion_mnist drawing drawn sources datasets pixels "
    "image_folders moved contents manifest duplicates outlines nearest pixelwise small likeness measures matches "
    "findings audit versions long_tail copies sampling distribution statistics enough differences seeds leakage "
    "metrics orders excerpts calibration label_errors adjustment breakdown shift projection neighbours clusters "
    "alignment regions novelty checkpoints status runs temperatures snapshots model_card sides answers recalls "
    "verdicts comparing reproduction outcome bits tally tidy run_names markup closer report_board report_facts "
    "report report_pictures report_charts matrix_picture report_matrix report_parts report_sections report_page "
    "launchers launch retraining maps pace claims claim_features claim_evidence claim_arms claim_spread "
    "claim_verdicts claim_results experiments lesson_plans lesson_ranges lesson_data lessons lesson_findings | "
    "augment ranks batches models backbones losses depthwise feeding steps infer features trainer_state job phases "
    "mishaps scoring train probe torchrun explain predict onnx_file export console foreground data_commands "
    "train_commands tidy_commands result_commands compare_commands reproduce_commands claim_commands "
    "export_commands report_commands lesson_work lesson_commands room_commands __main__"
).split()
DRAWING = "curves fabrics backdrops scenes figures tailoring garments menswear legwear mojaris catalogue".split()
TORCH_FREE = ORDER[: ORDER.index("|")]
SEQUENCE = [name for name in ORDER if name != "|"]


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


def place_of(path: Path) -> str:
    """The name that stands in the list: the module's, or its folder's."""
    return path.stem if path.parent.name == "fashion_core" else path.parent.name


def test_the_list_names_every_module_of_the_package_once():
    assert sorted(SEQUENCE) == sorted({place_of(path) for path in package_files()})
    assert sorted(DRAWING) == sorted(path.stem for path in package_files() if place_of(path) == "drawing")


@pytest.mark.parametrize("path", package_files(), ids=lambda path: path.stem)
def test_a_module_imports_only_from_its_left(path: Path):
    place = place_of(path)
    left = set(SEQUENCE[: SEQUENCE.index(place)])
    used = {name.split(".")[1] for name in imports_of(path) if name.startswith("fashion_core.")}
    assert used - left - {"VERSION", place} == set()
    if place == "drawing":
        inner = {name.split(".")[2] for name in imports_of(path) if name.startswith("fashion_core.drawing.")}
        assert inner <= set(DRAWING[: DRAWING.index(path.stem)])


@pytest.mark.parametrize("path", package_files(), ids=lambda path: path.stem)
def test_the_package_knows_neither_streamlit_nor_pages(path: Path):
    assert not {name.split(".")[0] for name in imports_of(path)} & {"streamlit", "ui", "pages"}


def test_pages_never_import_pages_and_ui_never_imports_pages():
    for path in [*(ROOT / "pages").rglob("*.py"), *(ROOT / "ui").rglob("*.py"), ROOT / "streamlit_app.py"]:
        assert not {name for name in imports_of(path) if name.split(".")[0] == "pages"}, path


def test_charts_know_neither_streamlit_nor_files():
    for path in (ROOT / "ui" / "charts").glob("*.py"):
        assert not {name.split(".")[0] for name in imports_of(path)} & {"streamlit", "pathlib", "os"}, path


def test_what_stands_left_of_the_bar_never_imports_torch():
    code = f"import sys\nfor name in {TORCH_FREE!r}: __import__('fashion_core.' + name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False", done.stdout


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
