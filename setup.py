"""All metadata is in setup.cfg but the page of the package index, which has no files beside it to link to."""

import re
from pathlib import Path

from setuptools import setup

RELATIVE_LINK = re.compile(r"!?\[([^]]*)\]\((?!https?:)[^)]*\)")

readme = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
setup(
    long_description=RELATIVE_LINK.sub(r"\1", readme),
    long_description_content_type="text/markdown",
)
