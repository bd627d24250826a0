"""What is small in Chainer's core: Chainer 7.8.1 and playground, one script each."""

from __future__ import annotations

import importlib
import io
from typing import Any

import numpy as np

from tests.differential.both import raised, same

X = np.array([[0.5, -1.0, 2.0]], "f")


@same
def test_the_creator_of_an_old_style_function(engine: Any) -> Any:
    class Twice(engine.Function):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            self.retain_outputs((1,))
            return inputs[0] * 2, np.exp(inputs[0])

        def backward(self, inputs: Any, gys: Any) -> Any:
            return (2 * gys[0] + self.output_data[1] * gys[1],)

    function, x = Twice(), engine.Variable(X.copy())
    y, z = function(x)
    kept = [None if a is None else a.copy() for a in function.output_data]
    engine.functions.sum(y + z).backward()
    nodes = type(y.creator_node).__name__, y.creator_node.label, y.creator_node.function is function
    return y.creator is z.creator is function, nodes, kept, x.grad, y.creator.label, y.rank


@same
def test_outputs_that_a_function_kept(engine: Any) -> Any:
    class Halves(engine.FunctionNode):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            self.retain_outputs((1,))
            return inputs[0] / 2, inputs[0] / 2

    function = Halves()
    y, _ = function.apply((X,))
    return [None if a is None else a for a in function.output_data], y.creator is function


@same
def test_arrays(engine: Any) -> Any:
    x = engine.Variable(X.copy())
    compatible = [[X, X], [X, None], [X, [1]], [], [None]]
    return (
        [isinstance(X, engine.get_array_types()), isinstance(2.0, engine.get_array_types())],
        [kind.__name__ for kind in engine.get_cpu_array_types()],
        [engine.is_arrays_compatible(arrays) for arrays in compatible],
        x.raw_array is x.array,
        [type(engine.as_array(v)).__name__ for v in (x, X)],
    )


@same
def test_switches_are_shown(engine: Any) -> Any:
    with engine.using_config("train", False), engine.using_config("an_own_one", 3):
        out, process = io.StringIO(), io.StringIO()
        engine.config.show(file=out)
        engine.global_config.show(process)
    names = ("train", "an_own_one", "debug", "enable_backprop", "type_check", "use_cudnn")
    return [
        [line.split() for line in text.getvalue().splitlines() if line.split()[0] in names]
        for text in (out, process)
    ]


@same
def test_shapes_that_are_broadcast(engine: Any) -> Any:
    type_check = importlib.import_module(f"{engine.__name__}.utils.type_check")

    class Sum(engine.FunctionNode):  # type: ignore[misc]
        def check_type_forward(self, in_types: Any) -> None:
            type_check.expect_broadcast_shapes(*[t.shape for t in (in_types[0], in_types[1])])

        def forward(self, inputs: Any) -> Any:
            return (inputs[0] + inputs[1],)

    def shape(x: Any) -> Any:
        return Sum().apply((X, np.zeros(x, "f")))[0].shape

    return [raised(lambda s=s: shape(s)) for s in ((3,), (2, 1), (), (2,), (4, 1, 2))]


@same
def test_devices_where_scripts_get_them(engine: Any) -> Any:
    """A converter, an updater, an evaluator and a link have Chainer's devices."""
    np.random.seed(0)
    link, given = engine.links.Linear(2, 1), []

    @engine.dataset.converter()
    def convert(batch: Any, device: Any) -> Any:
        given.append(str(device))
        return device.send(np.asarray(batch))

    iterator = engine.iterators.SerialIterator([X[0, :2], X[0, 1:]], 2)
    optimizer = engine.optimizers.SGD().setup(link)
    for device in (-1, "@numpy", engine.get_device("@numpy")):
        updater = engine.training.updaters.StandardUpdater(
            iterator, optimizer, converter=convert, device=device,
            loss_func=lambda x: engine.functions.sum(link(x)),
        )  # fmt: skip
        updater.update()
        evaluator = engine.training.extensions.Evaluator(iterator, link, device=device)
        given += [str(updater.device), updater.device.xp.__name__, str(evaluator.device)]
    link.to_device(engine.get_device("@numpy"))
    moved = engine.dataset.to_device(engine.get_device(-1), X)
    sent = link.device.send([X, X])
    return given, str(link.device), link.xp.__name__, moved, sent, link.W.array
