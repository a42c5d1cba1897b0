"""``storage`` is the one module that writes. Who else writes, and why that may be, is listed here."""

import ast
from pathlib import Path

import pytest

from tests.support.places import ROOT

# module -> what it calls and why no reader can meet half of it.
ALLOWED = {
    "locks": ({"open"}, "an empty file that is locked and holds nothing"),
    "data.sources.archives": (
        {"open", "mkdir", "copyfile"},
        "unpacks into the folder of an import, which publish_folder then syncs",
    ),
    "data.sources.drawn": (
        {"write_bytes", "mkdir"},
        "draws into the folder of an import, which publish_folder then syncs",
    ),
    "data.exports.formats": (
        {"mkdir", "rmdir", "rmtree"},
        "has a hidden folder filled, which publish_folder then syncs; an empty folder of the user's gives way to it",
    ),
    **{
        f"data.exports.{name}": (calls, "fills the hidden folder of formats, which publish_folder then syncs")
        for name, calls in {
            "card": {"write_text"},
            "fiftyone": {"mkdir", "write_bytes", "write_text"},
            "folders": {"mkdir", "write_bytes", "write_text", "to_csv"},
            "hugging_face": {"mkdir", "write_bytes", "write_table"},
            "shards": {"write_text", "open"},
            "table": {"mkdir", "write_bytes", "to_csv"},
        }.items()
    },
    "data.sources.downloads": (
        {"touch", "open", "truncate", "replace", "mkdir"},
        "fetches into a hidden folder, each file checked by its digest, which publish_folder then syncs",
    ),
    "data.importing": (
        {"mkdir", "rmtree", "to_csv"},
        "makes and clears the folder of an import before publish_folder; a CSV in memory is written by write_bytes",
    ),
    "data.dry_run": ({"mkdir", "rmdir", "TemporaryDirectory"}, "what is unpacked to be looked at, and removed again"),
    "data.uploads": (
        {"mkdir"},
        "a folder for what a browser sends, which is taken away when nobody is left who needs it",
    ),
    "data.first_look": ({"mkdir"}, "the folder in which it unpacks what it looks at, and which it removes again"),
    "data.derived": ({"mkdir", "rmtree"}, "fills the folder of an import, which publish_folder then syncs"),
    "data.pixels": ({"link", "copyfile"}, "into the folder of an import, which publish_folder then syncs"),
    "data.audit.audit": (
        {"unlink"},
        "takes away the record of another version before the new findings; a lost removal is harmless",
    ),
    "models.export": ({"unlink"}, "in a folder that publishing() then syncs"),
    "models.weights": (
        {"TemporaryDirectory"},
        "a download, which gets its name by write_bytes once it fits the network",
    ),
    "runs.familiar": ({"savez_compressed"}, "into memory; what that holds is written by write_bytes"),
    "launch.background": ({"open", "mkdir"}, "log.txt, which a process writes as it goes and nobody calls saved"),
}
WRITERS = set(
    "write_text write_bytes mkdir makedirs rmdir unlink removedirs renames link symlink hardlink_to "
    "symlink_to touch truncate ftruncate rmtree copy2 copyfile copyfileobj copytree mkstemp mkdtemp "
    "NamedTemporaryFile TemporaryFile TemporaryDirectory to_parquet to_csv to_pickle to_feather tofile savez "
    "savez_compressed save_file write_table open_memmap memmap fdopen chmod".split()
)
# Words that also mean something else (a text, a column, a picture in memory): only of these modules.
AMBIGUOUS = "save replace move copy rename remove savetxt".split()
MODULES = ("os", "shutil", "np", "torch", "pathlib", "tempfile")


def writes_of(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and name of every call that opens a file for writing, or makes, moves or removes something on the disk."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        owner, _, name = called.rpartition(".")
        if owner.split(".")[0] in ("storage", "buffer"):
            continue
        if name == "open":
            mode = [*node.args[1 if not owner or owner == "os" else 0 :], *[k.value for k in node.keywords]][:1]
            told = ast.unparse(mode[0]) if mode else "'r'"
            quoted = told[1:-1] if told[:1] in "'\"" else None
            reads = quoted is not None and not set(quoted) & set("wax+") or owner in ("gzip", "Image", "zipped")
            if not reads:
                found.append((node.lineno, name))
        elif name in AMBIGUOUS:
            if owner in MODULES and not (owner == "np" and name == "copy"):
                found.append((node.lineno, name))
        elif name in WRITERS:
            found.append((node.lineno, name))
    return found


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "fashion_core").with_suffix("").parts)


def modules() -> list[Path]:
    return [path for path in sorted((ROOT / "fashion_core").rglob("*.py")) if path.stem != "storage"]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_only_storage_writes(path: Path):
    allowed, _ = ALLOWED.get(name_of(path), (set(), ""))
    others = [
        f"{path.name}:{line} {name}" for line, name in writes_of(ast.parse(path.read_text())) if name not in allowed
    ]
    assert not others, f"{others}: write through storage, or say in this test why no reader can meet half of it"


def test_nothing_is_allowed_that_is_not_used():
    for name, (allowed, reason) in ALLOWED.items():
        path = (ROOT / "fashion_core").joinpath(*name.split(".")).with_suffix(".py")
        assert reason and {used for _, used in writes_of(ast.parse(path.read_text()))} == allowed, name


@pytest.mark.parametrize(
    "line",
    [
        "open(path, 'wb')", "open(path, mode='a')", "path.open('x')", "open(path, 'r+b')", "open(path, how)",
        "os.open(path, os.O_CREAT)", "path.write_text('x')", "os.replace(a, b)", "shutil.move(a, b)", "path.unlink()",
        "shutil.rmtree(a)", "frame.to_parquet(path)", "np.save(path, a)", "torch.save(a, path)", "os.remove(path)",
        "tempfile.mkdtemp()", "safetensors.torch.save_file(a, path)", "os.link(a, b)", "np.memmap(path, mode='w+')",
    ],
)  # fmt: skip
def test_the_gate_sees(line: str):
    assert writes_of(ast.parse(line))


@pytest.mark.parametrize(
    "line",
    ["open(path)", "open(path, 'rb')", "path.open()", "text.replace('a', 'b')", "frame.rename(columns=a)", "a.copy()"],
)
def test_the_gate_lets_pass(line: str):
    assert not writes_of(ast.parse(line))
