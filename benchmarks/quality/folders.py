"""The folders of the packages in numbers: modules, lines, names that others use, what each imports, longest functions.

    python -m benchmarks.quality.folders [--root CHECKOUT]

Reads the source only; of a flat package it prints one row. Nothing passes or fails here: ``lint-imports`` holds the
order, and tests/whole/test_habits.py the lengths.
"""

import argparse
import ast
from collections import defaultdict
from pathlib import Path

from fashion_core.paths import PROJECT_ROOT


def folder_of(module: str) -> str:
    """``fashion_core.data`` of ``fashion_core.data.audit.measures``; a module that lies loose belongs to the floor."""
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 2 else f"{parts[0]} (loose)"


def imports_of(tree: ast.Module, known: set[str]) -> dict[str, set[str]]:
    """Module of ours -> the names of it that a file uses, ``*`` where it is handed on whole."""
    used: dict[str, set[str]] = defaultdict(set)
    local: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if (whole := f"{node.module}.{alias.name}") in known:
                    local[alias.asname or alias.name] = whole
                    used[whole].add("*")
                elif node.module in known:
                    used[node.module].add(alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in local:
            used[local[node.value.id]].add(node.attr)
    return {module: names - {"*"} for module, names in used.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, default=PROJECT_ROOT)
    root = parser.parse_args().root
    paths = [path for top in ("fashion_core", "ui") for path in sorted((root / top).rglob("*.py"))]
    modules = {
        ".".join(path.relative_to(root).with_suffix("").parts): path for path in paths if path.stem != "__init__"
    }
    num: dict[str, int] = defaultdict(int)
    lines: dict[str, int] = defaultdict(int)
    asked: dict[str, set[tuple[str, str]]] = defaultdict(set)
    needs: dict[str, set[str]] = defaultdict(set)
    longest: list[tuple[int, str]] = []
    for module, path in modules.items():
        text = path.read_text()
        own, tree = folder_of(module), ast.parse(text)
        num[own] += 1
        lines[own] += len(text.splitlines())
        for other, names in imports_of(tree, set(modules)).items():
            if folder_of(other) != own:
                asked[folder_of(other)] |= {(other, name) for name in names}
                needs[own].add(folder_of(other))
        if "drawing" not in path.parts:
            functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
            longest += [(node.end_lineno - node.lineno + 1, f"{module}.{node.name}") for node in functions]  # type: ignore[operator]
    print("| folder | modules | lines | names used from outside | imports |\n|---|---|---|---|---|")
    for name in sorted(num):
        wanted = ", ".join(sorted(needs[name])).replace("fashion_core.", "")
        print(f"| {name} | {num[name]} | {lines[name]:,} | {len(asked[name])} | {wanted} |")
    print("\nlongest functions outside drawing: ", end="")
    print(", ".join(f"{name} {length}" for length, name in sorted(longest, reverse=True)[:8]))
    everything = [path for top in ("fashion_core", "ui", "pages", "benchmarks") for path in (root / top).rglob("*.py")]
    print(
        f"lines of fashion_core, ui, pages and benchmarks: {sum(len(p.read_text().splitlines()) for p in everything):,}"
    )


if __name__ == "__main__":
    main()
