"""The page of Chainer's names is what the code has, and gives each missing one a reason."""

from __future__ import annotations

from playground.compat.names import entries
from playground.compat.page import NOT_YET, page, state_of, why_missing
from tests.paths import ROOT


def test_the_page_is_up_to_date() -> None:
    text = (ROOT / "docs" / "chainer-names.md").read_text(encoding="utf-8")
    assert text == "\n".join(page()) + "\n", (
        "make it anew: python -m playground.compat.page > docs/chainer-names.md"
    )


def test_states_and_reasons() -> None:
    for path, state in (
        ("chainer.functions.exp", "same"),
        ("chainer.Variable.backward", "same"),
        ("chainer.functions.clip", "differs"),
        ("chainer.links.TheanoFunction", "missing"),
    ):
        assert state_of(entries()[path]) == state
    assert why_missing("chainer.Link.to_chx") == "ChainerX is not there"
    assert why_missing("chainer.links.TheanoFunction") == "Theano is dead"
    assert why_missing("chainer.functions.nonesuch") == NOT_YET
