"""The README names no figure that a new operation would change: generated pages count those."""

from __future__ import annotations

import re

from tests.paths import ROOT

README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def test_figures_that_grow_are_left_to_the_pages_that_count() -> None:
    grown = re.findall(r"\d+ (?:of the \d+ )?rows of the table|\d+ are recorded", README)
    assert not grown, (
        f"{grown}: a new operation would have to correct it: say it without the number, or link "
        f"docs/coverage.md, which is generated"
    )


def test_the_page_that_counts_is_linked() -> None:
    assert "(docs/coverage.md)" in README
