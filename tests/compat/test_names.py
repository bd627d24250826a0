"""``import chainer`` leads to playground, name by name, and nothing of it stays."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import compat
from playground.compat import idioms
from playground.compat.names import entries, modules, public
from playground.compat.used import USES
from playground.graph.errors import GraphError, MissingModuleError, MissingNameError


@pytest.fixture(autouse=True)
def hook() -> Iterator[None]:
    before = dict(sys.modules)
    for path in [path for path in before if path.partition(".")[0] == "chainer"]:
        del sys.modules[path]
    USES.found.clear()
    compat.install()
    yield
    compat.uninstall()
    sys.modules.update({k: v for k, v in before.items() if k.partition(".")[0] == "chainer"})


def at(path: str) -> object:
    """What ``from module import name`` gives."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("chainer.Variable", playground.Variable),
        ("chainer.variable.Variable", playground.Variable),
        ("chainer.link.Chain", playground.Chain),
        ("chainer.function_node.FunctionNode", playground.FunctionNode),
        ("chainer.functions.exp", F.exp),
        ("chainer.functions.math.exponential.exp", F.exp),
        ("chainer.functions.activation.leaky_relu.leaky_relu", F.leaky_relu),
        ("chainer.configuration.using_config", playground.using_config),
        ("chainer.configuration.config", playground.config),
        ("chainer.optimizers.adam.Adam", playground.optimizers.Adam),
        ("chainer.gradient_check.check_backward", playground.gradient_check.check_backward),
    ],
)
def test_a_path_leads_to_the_same_thing(path: str, found: object) -> None:
    assert at(path) is found
    assert compat.find(path) is found


def test_modules_and_functions_of_one_name_are_told_apart() -> None:
    from chainer.functions.activation import relu  # type: ignore[import-not-found]

    assert relu.__name__ == "chainer.functions.activation.relu"
    assert relu.relu(np.array([-1.0, 2.0])).array.tolist() == [0, 2]


def test_a_star_brings_what_is_here() -> None:
    names = importlib.import_module("chainer.functions").__all__
    found = {name: at(f"chainer.functions.{name}") for name in names}
    assert found["exp"] is F.exp
    assert None not in found.values()


def test_every_module_of_the_table_that_is_found_can_be_imported() -> None:
    here = [path for path in modules() if compat.find(path) is not None]
    assert len(here) > 100
    for path in here:
        assert importlib.import_module(path).__name__ == path


def test_the_table_is_chainers() -> None:
    assert entries()["chainer.links.Linear"].home == "chainer.links.connection.linear"
    assert public("chainer.links.connection.linear.Linear") == "chainer.links.Linear"
    assert public("chainer.optimizer.WeightDecay") == "chainer.optimizer_hooks.WeightDecay"
    assert public("chainer.cuda.to_cpu") == "chainer.backends.cuda.to_cpu"


def test_a_missing_name_is_named_with_the_nearest() -> None:
    import chainer.functions

    with pytest.raises(MissingNameError, match=r"functions\.sigmoyd .*chainer\.functions\.sigmoid"):
        _ = chainer.functions.sigmoyd
    assert not hasattr(chainer.functions, "sigmoyd")
    with pytest.raises(MissingModuleError, match=r"chainer\.functions\.sigmoyd is not here"):
        from chainer.functions import sigmoyd  # noqa: F401
    with pytest.raises(MissingModuleError, match=r"chainer\.frog is not here: no name of Chainer"):
        import chainer.frog


def test_names_that_are_ours_alone_are_none_of_chainers() -> None:
    assert compat.find("chainer.fit") is None
    assert compat.find("chainer.transforms") is None


def test_real_chainer_stays_where_it_is_imported() -> None:
    compat.uninstall()
    sys.modules["chainer"] = sys
    try:
        with pytest.raises(GraphError, match="imported before"):
            compat.install()
    finally:
        del sys.modules["chainer"]


def test_nothing_stays() -> None:
    from chainer import Variable, optimizers

    begin = vars(Variable)["__init__"]
    assert optimizers.Adam
    compat.uninstall()
    assert vars(playground.Variable)["__init__"] is not begin
    assert "volatile" not in vars(playground.Variable)
    assert not hasattr(playground.Optimizer, "zero_grads")
    assert not [path for path in sys.modules if path.partition(".")[0] == "chainer"]
    with pytest.raises(TypeError):
        playground.Variable(np.ones(2), volatile=True)


def test_volatile_is_a_variable_without_a_gradient() -> None:
    from chainer import Variable

    for value, wants in (
        (True, False),
        ("on", False),
        (False, True),
        ("auto", True),
        ("off", True),
    ):
        assert Variable(np.ones(2), volatile=value).requires_grad is wants
    assert Variable(np.ones(2), requires_grad=False).volatile == "on"
    assert "no_backprop_mode" in USES.summary()


def test_optimizers_have_their_old_methods() -> None:
    from chainer import FunctionSet, Link, optimizers

    layer = Link(w=(3,))
    layer.w.array[...] = [1.0, 2.0, 3.0]
    model = FunctionSet(layer=layer)
    optimizer = optimizers.SGD(lr=1.0)
    optimizer.setup(model.collect_parameters())
    optimizer.zero_grads()
    assert layer.w.grad.tolist() == [0, 0, 0]
    layer.w.grad = np.array([3.0, 0.0, 4.0], np.float32)
    assert optimizer.compute_grads_norm() == pytest.approx(5)
    optimizer.clip_grads(1)
    np.testing.assert_allclose(layer.w.grad, [0.6, 0, 0.8], rtol=1e-6)
    optimizer.weight_decay(0.1)
    np.testing.assert_allclose(layer.w.grad, [0.7, 0.2, 1.1], rtol=1e-6)
    optimizer.update()
    np.testing.assert_allclose(layer.w.array, [0.3, 1.8, 1.9], rtol=1e-6)
    assert {"optimizer.zero_grads(…)", "optimizer.clip_grads(…)"} <= {*USES.found}


def test_a_function_set_takes_links_as_attributes() -> None:
    from chainer import FunctionSet, Link

    one, other = FunctionSet(a=Link(w=(2,))), FunctionSet(a=Link(w=(2,)))
    one.b = Link(v=(1,))
    other.b = Link(v=(1,))
    assert one["b"] is one.b
    for number, array in enumerate(one.parameters):
        array[...] = number + 1
    other.copy_parameters_from(one.parameters)
    assert [array.tolist() for array in other.parameters] == [[1, 1], [2]]
    assert other.a.w.array is not one.a.w.array


def test_keywords_of_old_hold_for_the_call() -> None:
    seen = []

    def function(x: int) -> int:
        seen.append(playground.config.train)
        return x

    call = idioms.taking_old_keywords(function, "F.dropout")
    assert call(1, train=False) == call(1, test=False) == call(x=1) == call(1, use_cudnn=True) == 1
    assert seen == [False, True, True, True]
    assert [*USES.found] == [
        "F.dropout(train=…)", "F.dropout(test=…)", "F.dropout(use_cudnn=…)",
    ]  # fmt: skip


def test_a_subclass_keeps_a_keyword_of_its_own() -> None:
    from chainer import links

    class Own(links.Linear):
        def forward(self, x, train=True):
            return train, playground.config.train

    assert Own(2, 2)(np.ones((1, 2)), train=False) == (False, True)
    layer = links.Linear(2, 2)
    assert layer(np.ones((1, 2), np.float32), train=False).shape == (1, 2)
