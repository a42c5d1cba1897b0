"""What a requirements file asks for, hard-linked from the environment that runs this into another, which is empty.

    python .ci/only_required.py REQUIREMENTS OTHER_SITE_PACKAGES

The packages that it names, whatever those require on this machine, and nothing else: as pip would install them, but
without unpacking six gigabytes a second time. Commands in bin/ are left out: they name this environment's Python.
"""

import os
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

lines = (line.split("#")[0].strip() for line in Path(sys.argv[1]).read_text().splitlines())
wanted = [(Requirement(line), "") for line in lines if line]
linked: set[tuple[str, str]] = set()
while wanted:
    asked, extra = wanted.pop()
    name = asked.name.lower().replace("_", "-")
    if asked.marker and not asked.marker.evaluate({"extra": extra}):
        continue  # for another machine
    if {(name, one) for one in ("", *asked.extras)} <= linked:
        continue
    package = distribution(name)
    assert asked.specifier.contains(package.version, prereleases=True), f"{asked}, and {package.version} is installed"
    for one in ("", *asked.extras):
        wanted += [(Requirement(line), one) for line in package.requires or [] if (name, one) not in linked]
        linked.add((name, one))
    for file in package.files or []:
        source, target = Path(str(package.locate_file(file))), Path(sys.argv[2], file)
        if ".." in file.parts or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
print(len({name for name, _ in linked}), "packages")
