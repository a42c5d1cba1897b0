#!/usr/bin/env bash
# streamlit 1.67.0 (Python 3.11.7), seen 2026-12-01.
#
# Every AppTest reads the metadata of every package that is installed: once in the first run() of each AppTest, and
# several times a package, however small the page is. It looks for packages that bring components (version 2), which a
# server does once at its start; AppTest makes its runtime anew, and nothing of the search is kept between two of them.
# So a page test becomes slower with each unrelated package in the environment: with 150 packages installed, two thirds
# of the CPU time of a small page were spent there.
# A second run() of the same AppTest reads nothing.
#
# Output seen (36 packages):
#   first run() of AppTest 1: 153 reads for 36 packages
#   second run() of AppTest 1: 0 reads
#   first run() of AppTest 2: 153 reads for 36 packages
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check streamlit==1.67.0
cd "$folder"
venv/bin/python - 2>/dev/null <<'PYTHON'
import importlib.metadata as metadata

from streamlit.testing.v1 import AppTest

reads = 0
original = metadata.Distribution.metadata.fget


def counted(self):
    global reads
    reads += 1
    return original(self)


metadata.Distribution.metadata = property(counted)
packages = len(list(metadata.distributions()))
AppTest.from_string("import streamlit as st").run()  # whatever is read once a process has been read now
seen = []
for number in (1, 2):
    reads = 0
    app = AppTest.from_string("import streamlit as st\nst.write(1)").run()
    print(f"first run() of AppTest {number}: {reads} reads for {packages} packages")
    seen.append(reads)
    if number == 1:
        reads = 0
        app.run()
        print(f"second run() of AppTest 1: {reads} reads")
        seen.append(reads)
assert seen[0] >= packages and seen[2] == seen[0] and seen[1] == 0, "AppTest reads something else now"
PYTHON
