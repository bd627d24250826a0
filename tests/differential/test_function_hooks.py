"""Hooks of functions: Chainer 7.8.1 and playground, one script each."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, raised, run, same

X = np.array([[0.5, -1.0, 2.0]], "f")


def told(said: list[Any], engine: Any, name: str = "told") -> Any:
    """A hook of the engine's that writes down every moment, with what came."""

    def kinds(arrays: Any) -> Any:
        return type(arrays).__name__, [
            None if x is None else (x.dtype.str, x.shape) for x in arrays
        ]

    def of(function: Any) -> str:
        return type(getattr(function, "function", function)).__name__

    class Telling(engine.FunctionHook):  # type: ignore[misc]
        def added(self, function: Any) -> None:
            said.append((name, "added", of(function)))

        def deleted(self, function: Any) -> None:
            said.append((name, "deleted", of(function)))

        def forward_preprocess(self, function: Any, in_data: Any) -> None:
            said.append((name, "forward", of(function), kinds(in_data)))

        def forward_postprocess(self, function: Any, in_data: Any) -> None:
            said.append((name, "forwarded", of(function), kinds(in_data)))

        def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
            said.append((name, "backward", of(function), kinds(in_data), kinds(out_grad)))

        def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
            said.append((name, "backwarded", of(function), kinds(in_data), kinds(out_grad)))

    Telling.name = name
    return Telling()


def functions(engine: Any) -> dict[str, Callable[..., Any]]:
    """User functions, which both engines run alike."""

    class Double(engine.FunctionNode):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 2,)

        def backward(self, indexes: Any, gys: Any) -> Any:
            return (gys[0] + gys[0],)

    class Product(engine.FunctionNode):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0, 1))
            return (inputs[0] * inputs[1],)

        def backward(self, indexes: Any, gys: Any) -> Any:
            x, y = self.get_retained_inputs()
            (product,) = Product().apply((gys[0], y))
            return product, gys[0] * x

    class Halves(engine.FunctionNode):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            self.retain_outputs((1,))
            return inputs[0] / 2, inputs[0] * 0.5

        def backward(self, indexes: Any, gys: Any) -> Any:
            (there,) = (g for g in gys if g is not None)
            return (Double().apply((there,))[0] * 0.25,)

    class Old(engine.Function):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] ** 2,)

        def backward(self, inputs: Any, gys: Any) -> Any:
            return (2 * inputs[0] * gys[0],)

    return {
        "double": lambda x: Double().apply((x,))[0],
        "product": lambda x: Product().apply((x, Double().apply((x,))[0]))[0],
        "one half": lambda x: Halves().apply((x,))[1],
        "old": lambda x: Old()(Double().apply((x,))[0]),
        "a constant": lambda x: Product().apply((x, X))[0],
    }


@pytest.mark.parametrize("kind", ["double", "product", "one half", "old", "a constant"])
@pytest.mark.parametrize("way", ["backward", "grad", "recorded", "no_backprop"])
def test_moments_and_what_they_come_with(kind: str, way: str) -> None:
    def script(engine: Any) -> Any:
        function, said = functions(engine)[kind], []
        x = engine.Variable(X.copy())
        with told(said, engine, "outer"), told(said, engine):
            if way == "no_backprop":
                with engine.no_backprop_mode():
                    function(x)
                return _of_users(said)
            y = function(x)
            if way == "backward":
                y.grad = np.ones_like(X)
                y.backward()
            else:
                twice = way == "recorded"
                (gx,) = engine.grad(
                    [y], [x], [engine.Variable(X * 2)], enable_double_backprop=twice
                )
                if twice and gx.creator is not None:
                    raised(lambda: engine.grad([gx], [x], [engine.Variable(X * 3)]))
        function(x)
        return _of_users(said)

    assert_same(run(script, playground), run(script, chainer))


def _of_users(said: list[Any]) -> list[Any]:
    """Without the built-in functions, which are cut into other pieces in the two engines."""
    return [row for row in said if row[2] in ("Double", "Product", "Halves", "Old", "NoneType")]


@pytest.mark.parametrize("old", [False, True])
def test_hooks_of_one_function(old: bool) -> None:
    def script(engine: Any) -> Any:
        said: list[Any] = []

        class Double(engine.FunctionNode):  # type: ignore[misc]
            def forward(self, inputs: Any) -> Any:
                return (inputs[0] * 2,)

            def backward(self, indexes: Any, gys: Any) -> Any:
                return (gys[0] + gys[0],)

        class Old(engine.Function):  # type: ignore[misc]
            def forward(self, inputs: Any) -> Any:
                return (inputs[0] ** 2,)

            def backward(self, inputs: Any, gys: Any) -> Any:
                return (2 * inputs[0] * gys[0],)

        x, function = engine.Variable(X.copy()), Old() if old else Double()
        function.add_hook(told(said, engine))
        function.add_hook(told(said, engine, "second"), "another name")
        (apply,) = (function,) if old else (lambda x: function.apply((x,))[0],)
        with told(said, engine, "around"), told(said, engine):
            y = apply(x)
            names = [*function.local_function_hooks]
            again = raised(lambda: function.add_hook(told(said, engine)))
            missing = raised(lambda: function.delete_hook("missing"))
            none = raised(lambda: function.add_hook("none"))
            function.delete_hook("another name")
            y.grad = np.ones_like(X)
            y.backward()
        y.cleargrad()
        y.grad = np.ones_like(X)
        y.backward()
        return _of_users(said), names, again, missing, none, x.grad

    assert_same(run(script, playground), run(script, chainer))


@same
def test_hooks_of_a_block(engine: Any) -> Any:
    said: list[Any] = []
    hook = told(said, engine)
    before = [*engine.get_function_hooks()]
    with hook as entered:
        within = [*engine.get_function_hooks()]
        twice = raised(hook.__enter__)
        same_one = entered is hook and engine.get_function_hooks()["told"] is hook
    broken = raised(lambda: _broken(engine, hook))
    return before, within, twice, same_one, broken, [*engine.get_function_hooks()], said


def _broken(engine: Any, hook: Any) -> None:
    with hook:
        raise ValueError("on the way")


@same
def test_what_a_hook_raises_goes_through(engine: Any) -> Any:
    class Raising(engine.FunctionHook):  # type: ignore[misc]
        def forward_preprocess(self, function: Any, in_data: Any) -> None:
            raise IndexError("mine")

    with Raising():
        x = engine.Variable(X.copy())
        return [
            raised(lambda f=f: f(x))
            for f in (engine.functions.exp, lambda x: x * x, engine.functions.sum)
        ]


@pytest.mark.parametrize("forward", ["relu", "exp", "sigmoid", "tanh", "softmax"])
def test_built_in_functions_are_told_of_as_often(forward: str) -> None:
    def script(engine: Any) -> Any:
        said: list[Any] = []
        x = engine.Variable(X.copy())
        with told(said, engine):
            y = getattr(engine.functions, forward)(x)
            y.grad = np.ones_like(X)
            y.backward()
        # What a backward calls is a function in Chainer, and plain arithmetic here.
        rows = [row[1:] for row in said if row[1] in ("backward", "backwarded")]
        return [row[0::2] for row in rows], said[1][1], [*said[1][3:]], said[2][1]

    assert_same(run(script, playground), run(script, chainer))


@pytest.mark.parametrize("unit", ["auto", "sec", "ms", "us", "ns", "auto_foreach"])
def test_reports_of_the_timer(unit: str) -> None:
    def script(engine: Any) -> Any:
        hook = importlib.import_module(f"{engine.__name__}.function_hooks").TimerHook()
        with hook:
            functions(engine)["product"](engine.Variable(X.copy()))
        names = [name for name, _ in hook.call_history]
        times = [1.25, 0.0025, 0.0000015, 0.25]
        hook.call_history = list(zip(["A", "Long", "A", "B"], times, strict=True))
        out = io.StringIO()
        hook.print_report(unit, out)
        return names, out.getvalue(), hook.summary(), hook.total_time() > 0

    assert_same(run(script, playground), run(script, chainer))


@same
def test_what_is_printed_of_functions(engine: Any) -> Any:
    out = io.StringIO()
    hooks = importlib.import_module(f"{engine.__name__}.function_hooks")
    x = engine.Variable(X.copy())
    with hooks.PrintHook(end="|\n", file=out, flush=False):
        y = functions(engine)["double"](x)
        y.grad = X
        y.backward()
    lines = out.getvalue().replace("playground", "chainer").split("\n")
    # Without addresses, and without what the backward calls in turn.
    lines = [line for line in lines if " at 0x" not in line]
    end = next(i for i, line in enumerate(lines) if line.startswith("function\t_ + _") or i > 22)
    return lines[:18], lines[-1], len(lines[:end]) > 18
