"""A graph written to a file, as text or as a picture of Graphviz's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import playground.functions as F
from playground import MissingLibraryError, Variable
from playground.computational_graph import ComputationalGraph, build_computational_graph


def graph() -> ComputationalGraph:
    return build_computational_graph([F.exp(Variable(np.ones(3), name="x"))])


def put_dot(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A stand-in for Graphviz's command as the only one that is found."""
    command = folder / "dot"
    command.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_text_needs_no_graphviz(tmp_path: Path) -> None:
    graph().draw(tmp_path / "graph.dot")
    text = (tmp_path / "graph.dot").read_text(encoding="utf-8")
    assert text.startswith("digraph")
    assert "x: (3), float64" in text


@pytest.mark.parametrize("kind", ["svg", "png", "pdf", "SVG"])
def test_a_picture_is_what_dot_makes(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_dot(tmp_path, monkeypatch, "echo made of $1; cat")
    graph().draw(str(tmp_path / f"graph.{kind}"))
    said = (tmp_path / f"graph.{kind}").read_text(encoding="utf-8")
    assert said.startswith(f"made of -T{kind.lower()}\ndigraph")


def test_what_cannot_be_drawn_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"ends in \.dot"):
        graph().draw(tmp_path / "graph.gif")
    put_dot(tmp_path, monkeypatch, "echo no such font >&2; exit 3")
    with pytest.raises(ValueError, match="no such font"):
        graph().draw(tmp_path / "graph.svg")
    assert not (tmp_path / "graph.svg").exists()
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(MissingLibraryError, match="Graphviz"):
        graph().draw(tmp_path / "graph.svg")
