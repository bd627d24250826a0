"""The walk over the graph above some nodes, and what of it leads to others."""

from __future__ import annotations

import numpy as np

from playground import Variable
from playground.graph.backprop import leading_to, nodes_above


def test_a_node_comes_once_for_each_of_its_uses() -> None:
    x = Variable(np.ones(2))
    h = x * x
    y = h + h
    above = [*nodes_above([y.node])]
    assert [above.count(v.node) for v in (y, h, x)] == [1, 2, 2]


def test_the_walk_goes_up_to_its_ends_and_not_beyond() -> None:
    x = Variable(np.ones(2))
    h = np.sin(x)
    y = h * 2
    assert {*nodes_above([y.node], {h.node})} == {y.node, h.node}
    assert {*nodes_above([y.node])} == {y.node, h.node, x.node}


def test_what_needs_no_gradient_is_met_only_where_constants_are_asked_for() -> None:
    x = Variable(np.ones(2))
    c = Variable(np.ones(2), requires_grad=False)
    d = np.cos(c)
    y = x * d
    assert {*nodes_above([y.node])} == {y.node, x.node}
    assert {*nodes_above([y.node], constants=True)} == {y.node, x.node, d.node, c.node}


def test_functions_that_lead_elsewhere_are_not_needed() -> None:
    x, z = Variable(np.ones(2)), Variable(np.ones(2))
    a, b = np.sin(x), np.sin(z)
    y = a * b
    functions = {node.creator for node in nodes_above([y.node]) if node.creator is not None}
    assert functions == {a.creator, b.creator, y.creator}
    assert leading_to({x.node}, functions) == {a.creator, y.creator}
    assert leading_to({a.node}, functions) == {y.creator}
    assert leading_to(set(), functions) == set()
