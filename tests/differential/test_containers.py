"""Chains, lists of links and Sequentials: Chainer 7.8.1 and playground run the same scripts."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

import playground
from tests.differential.both import chainer, raised, run, same


def layer(engine: Any, value: float = 1.0) -> Any:
    """A link of one weight, whose call needs no function of F's."""

    class Times(engine.Link):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.w = engine.Parameter(np.full(2, value, "f4"))
            self.add_persistent("count", 3)

        def forward(self, x: Any) -> Any:
            return x * self.w

        @property
        def printable_specs(self) -> Any:
            yield "value", value

    return Times()


def paths(link: Any) -> Any:
    return (
        [(path, p.array.tolist()) for path, p in link.namedparams()],
        [path for path, _ in link.namedlinks()],
        [(type(child).__name__, child.name) for child in link.children()],
        str(link),
    )


@same
def test_a_chain_list_as_a_list(engine: Any) -> Any:
    links = engine.ChainList(layer(engine, 1), layer(engine, 2))
    links.add_link(layer(engine, 3))
    links.append(layer(engine, 4))
    links.insert(1, layer(engine, 5))
    seen = [paths(links), len(links), links[-1].name, [x.name for x in links[1:3]]]
    links[0] = layer(engine, 6)
    seen.append(paths(links))
    del links[1]
    seen.append(paths(links))
    links[1:3] = [layer(engine, 7)]
    seen.append((paths(links), links.pop().name, links.index(links[1]), len(links)))
    links.reverse()
    links.extend([layer(engine, 8)])
    links += [layer(engine, 9)]
    return seen, paths(links), [x.name for x in reversed(links)], links[0] in links


@same
def test_what_a_chain_list_refuses(engine: Any) -> Any:
    links = engine.ChainList(layer(engine))

    def within() -> None:
        with links.init_scope():
            links.extra = layer(engine)

    return (
        raised(within),
        raised(lambda: links[3]),
        raised(lambda: engine.Sequential()(1)),
        raised(lambda: engine.Sequential(3)),
        raised(lambda: engine.Sequential(abs).insert(4, abs)),
        raised(lambda: engine.Sequential(abs).remove(layer(engine))),
        raised(lambda: engine.Sequential(abs).__add__([abs])),
        raised(lambda: engine.Sequential(abs).copyparams(layer(engine))),
        raised(lambda: layer(engine).repeat(2, "deep")),
        raised(lambda: engine.Link.from_params(1)),
    )


@same
def test_a_list_with_parameters_of_its_own_within_a_chain(engine: Any) -> Any:
    class Inner(engine.ChainList):
        def __init__(self) -> None:
            super().__init__(layer(engine, 2), layer(engine, 3))
            with self.init_scope():
                self.b = engine.Parameter(np.ones(2, "f4"))

        def forward(self, x: Any) -> Any:
            for link in self:
                x = link(x)
            return x + self.b

    model = engine.Chain(first=Inner(), other=layer(engine, 4))
    x = engine.Variable(np.ones((2, 2), "f4"))
    model.cleargrads()
    engine.functions.sum(model.other(model.first(x)) * np.array([1, 2], "f4")).backward()
    other = model.copy("share")
    other.copyparams(model)
    other.first[0].w.array[...] = 9
    other.first.addgrads(model.first)
    model.other.copyparams(other.first[0])
    grads = [p.grad for p in model.params()], [p.grad for p in other.params()]
    return paths(model), paths(other), grads, model.count_params()


@same
def test_shares_and_copies_of_lists(engine: Any) -> Any:
    links = engine.ChainList(layer(engine, 2), engine.ChainList(layer(engine, 3)))
    shared, copied = links.copy(), links.copy("copy")
    links[1][0].w.array[...] = 7
    links.append(layer(engine, 1))
    deep = copy.deepcopy(links)
    del deep[0]
    return paths(links), paths(shared), paths(copied), paths(deep), shared.name


@same
def test_a_sequential_as_a_list(engine: Any) -> Any:
    F = engine.functions
    model = engine.Sequential(layer(engine, 1), F.relu, layer(engine, 2), F.tanh, F.relu)
    seen = [len(model), [child.name for child in model.children()], model.index(F.relu)]
    seen += [model.count(F.relu), model.count_by_layer_type("Times"), F.tanh in model]
    seen += [model.count_by_layer_type("relu")]
    model.insert(1, layer(engine, 3))
    seen.append([p.array.tolist() for _, p in model.namedparams()])
    model[0] = layer(engine, 4)
    del model[1]
    seen.append(paths(model)[:3])
    model.remove(F.relu)
    model.remove_by_layer_type("tanh")
    seen.append((len(model), paths(model)[:3]))
    popped = model.pop(0)
    model.extend(engine.Sequential(layer(engine, 5), F.relu))
    nested = engine.Sequential(model, engine.Sequential(layer(engine, 6), model[0]))
    flat = nested.flatten()
    return seen, popped.w.array, paths(nested)[:3], len(flat), paths(flat)[:3]


@same
def test_the_children_of_a_sequential_have_chainers_numbers(engine: Any) -> Any:
    """The names of a snapshot: a link comes behind the first one, before those that followed."""
    found = []
    for functions in ([], [0], [1, 3], [2, 2, 4], [0, 5, 1, 7]):
        layers = [layer(engine, n) for n in range(5)]
        for place in functions:
            layers.insert(place, abs)
        model = engine.Sequential(*layers)
        model.insert(2, layer(engine, 9))
        model.insert(-1, layer(engine, 8))
        del model[3]
        found.append([(path, p.array.tolist()) for path, p in model.namedparams()])
        found.append([getattr(x, "name", None) for x in model])
        found.append([p.array.tolist() for p in model.copy("copy").params()])
    return found


@same
def test_a_sequential_is_called_layer_by_layer(engine: Any) -> Any:
    F = engine.functions
    two = engine.Sequential(lambda x, y: (x * y, x + y), lambda a, b: a - b, F.tanh)
    x, y = np.array([1.0, 2.0], "f4"), np.array([3.0, -1.0], "f4")
    model = engine.Sequential(layer(engine, 0.5), F.sigmoid)
    both = model + engine.Sequential(layer(engine, 2))
    loss = F.sum(both(engine.Variable(x)))
    model += engine.Sequential(F.relu)
    both.cleargrads()
    loss.backward()
    grads = [p.grad for p in both.params()]
    return two(engine.Variable(x), engine.Variable(y)), both(x), grads, len(model)


@same
def test_the_text_of_a_sequential(engine: Any) -> Any:
    model = engine.Sequential(layer(engine, 1), engine.Sequential(layer(engine, 2)))
    return str(model), str(engine.Sequential()), str(engine.ChainList()), str(engine.Chain())


@same
def test_copies_and_repetitions(engine: Any) -> Any:
    model = engine.Sequential(layer(engine, 1), engine.functions.relu)
    shared, copied = model.copy("share"), model.copy("copy")
    model[0].w.array[...] = 8
    other = engine.Sequential(layer(engine, 5), abs)
    other.copyparams(model)
    repeated = layer(engine, 3).repeat(3, "copy")
    repeated[0].w.array[...] = 0
    same_arrays = layer(engine, 3).repeat(2, "share")
    same_arrays[0].w.array[...] = 1
    none = [len(layer(engine).repeat(n)) for n in (0, -1)]
    found = [paths(x)[:3] for x in (shared, copied, other, repeated, same_arrays)]
    return found, none, type(repeated).__name__


def test_deviation_a_copied_list_has_parameters_of_its_own() -> None:
    """Of a ChainList, which has parameters beside its children, Chainer's copy shares them."""

    def script(engine: Any) -> Any:
        links = engine.ChainList(layer(engine))
        with links.init_scope():
            links.b = engine.Parameter(np.zeros(2, "f4"))
        copied = links.copy("copy")
        links.b.array[...] = 1
        return copied.b.array.tolist()

    assert [run(script, engine) for engine in (playground, chainer)] == [[0, 0], [1, 1]]


@same
def test_repetitions_are_drawn_one_after_the_other(engine: Any) -> Any:
    class Drawn(engine.Link):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.w = engine.Parameter(draw, (2,))

    drawn = iter(range(9))

    def draw(array: Any) -> None:
        array[...] = next(drawn)

    return [p.array.tolist() for p in Drawn().repeat(3).params()]
