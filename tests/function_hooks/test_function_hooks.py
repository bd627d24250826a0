"""Hooks of functions: what they are told here, on built-in functions, in lanes, in threads."""

from __future__ import annotations

import asyncio
import gc
import io
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import DeviceError, FunctionHook, FunctionNode, Variable, function_hooks
from playground.transforms import grad, hessian, vmap


class Telling(FunctionHook):
    name = "telling"

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def forward_preprocess(self, function: Any, in_data: Any) -> None:
        self.said.append(("forward", function.label))

    def forward_postprocess(self, function: Any, in_data: Any) -> None:
        self.said.append(("forwarded", function.label))

    def backward_preprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.said.append(("backward", function.label))

    def backward_postprocess(self, function: Any, in_data: Any, out_grad: Any) -> None:
        self.said.append(("backwarded", function.label))

    def count(self, moment: str) -> int:
        return sum(said == moment for said, _ in self.said)


X = np.array([0.5, 2.0, 3.0])


def test_of_one_two_and_more_operands_every_moment_is_told() -> None:
    x, y = Variable(X.copy()), Variable(X + 1)
    with Telling() as hook:
        z = F.sum(F.concat([F.exp(x), x * y, y], axis=0))
        z.backward()
    assert hook.said[:2] == [("forward", "exp"), ("forwarded", "exp")]
    assert hook.count("forward") == hook.count("forwarded") == 4
    assert hook.count("backward") == hook.count("backwarded") == 4
    np.testing.assert_allclose(x.grad, np.exp(X) + X + 1)


def test_gradients_are_the_same_with_hooks_and_without() -> None:
    def f(x: Any) -> Any:
        return (np.where(x > 1, np.sqrt(x - 1), x * 0) * np.sin(x)).sum()

    @np.errstate(invalid="ignore", divide="ignore")
    def found() -> list[Any]:
        return [grad(f)(X), hessian(f)(X), vmap(grad(lambda x: np.sin(x) * x))(X)]

    plain = found()
    with Telling() as hook:
        told = found()
    for a, b in zip(plain, told, strict=True):
        np.testing.assert_array_equal(a, b)
    assert hook.count("backward") > 0
    assert hook.count("forward") == hook.count("forwarded")


def test_each_backward_below_a_selection_is_told_of_once() -> None:
    x = Variable(np.array([0.0, 4.0]))
    with Telling() as hook, np.errstate(all="ignore"):
        y = F.sqrt(x)
        F.sum(F.where(np.array([False, True]), y, x * 0)).backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])
    assert hook.count("backward") == hook.count("forward") == 4


def test_threads_and_tasks_have_their_own() -> None:
    x = Variable(X.copy())
    with Telling() as hook:
        thread = threading.Thread(target=lambda: F.exp(x))
        thread.start()
        thread.join()
        assert hook.said == []

        async def within(other: Telling) -> None:
            with other:
                F.exp(x)
                await asyncio.sleep(0)
                F.exp(x)

        async def both(first: Telling, second: Telling) -> None:
            first.name, second.name = "first", "second"
            await asyncio.gather(within(first), within(second))

        first, second = Telling(), Telling()
        asyncio.run(both(first, second))
    assert first.count("forward") == second.count("forward") == 2
    assert hook.count("forward") == 4
    assert not playground.get_function_hooks()


def test_a_hook_of_one_function_is_told_of_no_other() -> None:
    class Double(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0] * 2,)

        def backward(self, targets: Any, gys: Any) -> Any:
            return (gys[0] * 2,)

    x, function, hook = Variable(X.copy()), Double(), Telling()
    function.add_hook(hook)
    F.exp(x)
    (y,) = function.apply((x,))
    z = F.sum(F.exp(y))
    z.backward()
    assert hook.said == [
        (moment, "Double") for moment in ("forward", "forwarded", "backward", "backwarded")
    ]
    # Of a built-in function, whose node is known when it has run.
    other = Telling()
    z = F.exp(x)
    z.creator.add_hook(other)
    F.sum(z).backward()
    assert [moment for moment, _ in other.said] == ["backward", "backwarded"]


def test_no_cycle_is_made() -> None:
    gc.disable()
    try:
        x, hook = Variable(X.copy()), Telling()
        y = F.exp(x)
        y.creator.add_hook(hook)
        with Telling():
            z = F.sum(y * y)
            z.backward()
        gone = weakref.ref(y.node)
        assert not playground.config.plain
        del y, z
        assert gone() is None
        # With the last function that has hooks of its own everything is as fast as before.
        assert playground.config.plain
    finally:
        gc.enable()


def test_hooks_are_added_by_name_and_of_their_class() -> None:
    function = F.exp(Variable(X)).creator
    function.add_hook(Telling())
    with pytest.raises(KeyError, match="'telling' already"):
        function.add_hook(Telling())
    with pytest.raises(KeyError, match="no hook 'other'"):
        function.delete_hook("other")
    with pytest.raises(TypeError, match="expected a FunctionHook, got str"):
        function.add_hook("telling")
    with pytest.raises(TypeError):
        playground.get_function_hooks()["other"] = Telling()  # type: ignore[index]


def test_the_timer_passes_by_what_raised() -> None:
    x = Variable(X.copy())
    with function_hooks.TimerHook() as hook:
        with pytest.raises(playground.InvalidType):
            x @ Variable(np.zeros((2, 2)))
        F.exp(x)
    assert len(hook.call_history) == 1
    assert hook.total_time() == hook.call_history[0][1]


def test_reports_go_to_the_standard_output_of_the_time(capsys: Any) -> None:
    with function_hooks.TimerHook() as hook, function_hooks.PrintHook():
        F.exp(Variable(X.copy()))
    hook.print_report()
    said = capsys.readouterr().out
    assert "function\t" in said
    assert "- shape: (3,)" in said
    assert said.splitlines()[-2].split() == ["FunctionName", "ElapsedTime", "Occurrence"]
    function_hooks.TimerHook().print_report(file=io.StringIO())
    with pytest.raises(KeyError, match="hours"):
        hook.print_report("hours")
    with pytest.warns(DeprecationWarning, match="sep has no effect"):
        function_hooks.PrintHook(sep=" ")


@pytest.mark.parametrize("kind", ["CUDAProfileHook", "CupyMemoryProfileHook"])
def test_hooks_of_a_device_say_what_they_need(kind: str) -> None:
    try:
        playground.backends.cuda.check_cuda_available()
    except DeviceError:
        with pytest.raises(DeviceError, match=r"CuPy|CUDA"):
            getattr(function_hooks, kind)()
    else:
        getattr(function_hooks, kind)()
