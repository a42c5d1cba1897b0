"""LOG.md is a record of decisions that code can refer to by name."""

import re

from tests.support.places import ROOT

LOG = (ROOT / "LOG.md").read_text()
ANCHORS = re.findall(r"^Anchor: ([a-z0-9-]+)$", LOG, re.MULTILINE)
HOMES = ("*", ".streamlit/*", "benchmarks/**/*", "fashion_core/**/*", "pages/**/*", "tests/**/*", "ui/**/*")


def referring() -> dict[str, set[str]]:
    """Every file that names an entry of the log, with the names."""
    texts = {path for home in HOMES for path in ROOT.glob(home) if path.suffix in {".py", ".md", ".toml"}}
    named = {str(path.relative_to(ROOT)): set(re.findall(r"\bLOG: ([\w-]+)", path.read_text())) for path in texts}
    return {path: names for path, names in named.items() if names}


def test_every_entry_that_is_referred_to_exists():
    named = referring()
    assert len(named) > 10
    assert {path: names - set(ANCHORS) for path, names in named.items() if names - set(ANCHORS)} == {}


def test_every_decision_has_one_anchor_of_its_own_and_a_date():
    headings = re.findall(r"^### .+$", LOG, re.MULTILINE)
    entries = re.findall(r"^### .+\nAnchor: [a-z0-9-]+\n\n\d{4}-\d\d-\d\d\. ", LOG, re.MULTILINE)
    assert len(headings) == len(entries) == len(set(ANCHORS)) == len(ANCHORS)


def test_within_a_topic_the_newest_decision_comes_first():
    for topic in LOG.split("\n## ")[1:]:
        dates = re.findall(r"^(\d{4}-\d\d-\d\d)\. ", topic, re.MULTILINE)
        assert dates == sorted(dates, reverse=True), topic.splitlines()[0]


def test_what_the_log_links_to_exists():
    topics = {re.sub(r"[ ,]+", "-", title.replace(",", "").lower()) for title in re.findall(r"^## (.+)$", LOG, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", LOG):
        assert target[1:] in topics if target.startswith("#") else (ROOT / target).exists(), target


def test_the_log_stays_short_and_tells_no_story():
    assert len(LOG.encode()) <= 36_000, "LOG.md is above 36,000 bytes: shorten entries, numbers go beside their script"
    assert re.findall(r"\bsessions?\b|\bhelpers?\b|\bissues? \d+", LOG, re.IGNORECASE) == []
