"""The documentation: nothing generated is stale, nothing links to nowhere, and samples are what the program prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "RELEASING.md"))]
TUNER = os.environ.get("TUNER_BIN", ROOT / "target/debug/tuner")


def prose(page):
    """Without code, which holds brackets of its own."""
    return re.sub(r"```.*?```", "", page.read_text(), flags=re.S)


def anchors(page):
    for heading in re.findall(r"^#+ (.+)$", prose(page), flags=re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_reference_is_what_the_program_says(tmp_path):
    subprocess.run([sys.executable, DOCS / "generate", "--tuner", TUNER, "--out", tmp_path], check=True)
    made = {page.name: page.read_text() for page in tmp_path.iterdir()}
    kept = {page.name: page.read_text() for page in (DOCS / "reference").iterdir()}
    assert made.keys() == kept.keys()
    stale = [name for name in made if made[name] != kept[name]]
    assert not stale, f"run docs/generate and look at {stale}"


def test_every_page_is_in_the_summary_once():
    listed = re.findall(r"\]\(([^)]+)\)", (DOCS / "SUMMARY.md").read_text())
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if page.name != "SUMMARY.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{target} of {page.name}"
        if anchor:
            assert anchor in anchors(there), f"{target} of {page.name}"


def test_the_readme_is_read_in_a_minute():
    assert (ROOT / "README.md").stat().st_size <= 9 * 1024


def test_the_sample_of_the_readme_is_that_of_the_gallery():
    sample = re.search(r"```text\n(mixed: .*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    for line in filter(None, map(str.strip, sample.splitlines())):
        assert line in (ROOT / "reports/mixed/tuning.txt").read_text(), line
