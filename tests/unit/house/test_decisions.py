"""Every decision record stands in the index, under its own title."""

import re

from tests.support.source import ROOT

FOLDER = ROOT / "docs" / "decisions"
ROW = re.compile(r"^\| \[(\d{4})\]\((\1-[a-z0-9-]+\.md)\) \| .+ \|$", re.MULTILINE)


def test_the_index_names_every_record_in_order() -> None:
    listed = [name for _, name in ROW.findall((FOLDER / "README.md").read_text())]
    assert listed == sorted(path.name for path in FOLDER.glob("[0-9]*.md"))
