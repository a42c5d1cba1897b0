"""Habits of the source that no tool knows: how counts, commands and tables are written."""

import ast
import itertools
import re
from pathlib import Path

from tests.conftest import LONGEST_FIRST
from tests.support.places import ROOT

SHOWN = [path for folder in ("fashion_core", "ui", "pages") for path in sorted((ROOT / folder).rglob("*.py"))]
_MANY = re.compile(r" (?:(?:test|training|leaked) )?(?:photos|times|files|epochs|pictures|runs)\b")
_NO_COUNT = re.compile(r"counted|_words|of_|split|name|SPLIT|kind|part|title|model|\.id|percent")  # text, not a number
#: counts that cannot be one where they stand: fixed numbers, and lists that are only shown when they are longer
NEVER_ONE = """MAX_ENTRIES count MOST_RUNS FEWEST FEWEST_OF_A_CLASS FEWEST_TO_DIVIDE slices.FEWEST len(files)
len(several) len(refused) whole words.count(num_refused) spread.mean.n len(members) launch.num_runs n
len(shown) len(images) number done.n more by told lesson_data.FEW_TRAIN found.train['plain'].n
int(found.classes['train'].iloc[-1]) int(counts[split].sum()) tried least len(report.runs)
self.num_finished pure.k found.mean.n found.spread.mean.n""".split()


def test_a_count_takes_its_noun_from_one_function():
    """``1 photos`` is what a count followed by a written plural says one day."""
    wrong = []
    for path in SHOWN:
        for node in ast.walk(ast.parse(path.read_text())):
            parts = node.values if isinstance(node, ast.JoinedStr) else []
            for told, then in itertools.pairwise(parts):
                if not isinstance(told, ast.FormattedValue) or not isinstance(then, ast.Constant):
                    continue
                number = ast.unparse(told.value)
                plain = told.format_spec is None or ast.unparse(told.format_spec) == "f','"
                known = number in NEVER_ONE or _NO_COUNT.search(number)
                if plain and not known and _MANY.match(str(then.value)):
                    wrong.append(f"{path.relative_to(ROOT)}:{told.lineno}: {number}{then.value[:30]}")
    assert not wrong, "\n".join(wrong)


def test_commands_are_shown_by_one_function_and_so_are_tables():
    """``python`` may be another one where the environment is not active, and a table's own word for what is missing is
    None."""
    for path in SHOWN:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("st.code", "st.dataframe"):
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
                if ast.unparse(node.func) == "st.dataframe":
                    assert path == ROOT / "ui" / "shared" / "table.py", f"{path}:{node.lineno}: use show_table"
                elif path.stem != "notices":
                    assert given.get("language") == "None", f"{path}:{node.lineno}: show commands with notices.terminal"


LONGEST_PAGE, LONGEST_FUNCTION, MOST_PARAMETERS = 120, 60, 8
LENGTHS = [path for folder in ("fashion_core", "ui", "pages", "benchmarks") for path in (ROOT / folder).rglob("*.py")]


def _too_long(path: Path) -> list[str]:
    """The functions of a file that are too long or take too much, but for commands, whose parameters are options."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef) or any(".command(" in ast.unparse(by) for by in node.decorator_list):
            continue
        given = len([*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])
        if node.end_lineno - node.lineno >= LONGEST_FUNCTION or given > MOST_PARAMETERS:
            found.append(f"{path.relative_to(ROOT)}:{node.name}")
    return found


def test_a_page_reads_as_its_steps():
    lengths = {path.name: len(path.read_text().splitlines()) for path in (ROOT / "pages").glob("*.py")}
    assert not {name: length for name, length in lengths.items() if length > LONGEST_PAGE}


def test_a_function_fits_a_screen_and_takes_few_parameters():
    """But for drawing/, where a garment is one list of strokes."""
    long = {name for path in LENGTHS if "drawing" not in path.parts for name in _too_long(path)}
    assert not long, sorted(long)


def test_the_test_files_that_are_started_first_are_there():
    assert [name for name in LONGEST_FIRST if not (ROOT / name).is_file()] == []
