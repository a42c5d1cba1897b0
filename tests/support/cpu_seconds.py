"""A plugin: where ``--durations`` is asked for, the CPU seconds of each test file too.

A busy machine stretches the clock and not these. A child counts once somebody has waited for it; a browser's own
processes do not.
"""

import os
from collections import Counter

import pytest

_BEGAN = pytest.StashKey[float]()
_NAME = "cpu_seconds"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_BEGAN] = _spent()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if call.when == "teardown":
        report.user_properties.append((_NAME, _spent() - item.stash.get(_BEGAN, _spent())))
    return report


def pytest_terminal_summary(terminalreporter) -> None:
    shown = terminalreporter.config.getoption("durations") or 0
    if not shown:
        return
    files: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "teardown":
                files[report.nodeid.split("::")[0]] += dict(report.user_properties).get(_NAME, 0.0)
    terminalreporter.section(f"CPU seconds: {files.total():.0f} in all, by file")
    for name, seconds in files.most_common(2 * shown):
        terminalreporter.line(f"{seconds:8.1f}  {name}")


def _spent() -> float:
    return sum(os.times()[:4])
