"""The engine's own contracts: traversals, memory, threads, switches, nodes, errors."""

from __future__ import annotations

import asyncio
import copy
import gc
import math
import pickle
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import (
    FunctionNode,
    NaNDetectedError,
    Parameter,
    Variable,
    config,
    force_backprop_mode,
    global_config,
    no_backprop_mode,
    using_config,
)


def var(*values: Any, dtype: str = "d", **options: Any) -> Variable:
    return Variable(np.array(values, dtype), **options)


def scalar(value: float) -> Variable:
    return Variable(np.array(float(value)))


class Identity(FunctionNode):
    """Passes its input on and its gradient through ``backward_of``, if one is given."""

    def __init__(self, backward_of: Callable[[Any], Any] | None = None) -> None:
        self.backward_of = backward_of or (lambda gy: gy)

    def forward(self, inputs: Any) -> Any:
        return (inputs[0].copy(),)

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        return (self.backward_of(grad_outputs[0]),)


def identity(x: Any, backward_of: Callable[[Any], Any] | None = None) -> Variable:
    return Identity(backward_of).apply((x,))[0]


class BrokenError(Exception):
    pass


def broken(gy: Any) -> Any:
    raise BrokenError


@contextmanager
def reference_counting_alone() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alive(refs: list[Any]) -> list[bool]:
    return [r() is not None for r in refs]


# ------------------------------------------------------------------- a traversal that raises


def _failing_loss(failure: Callable[[Any], Any]) -> tuple[Any, ...]:
    """x, z, an intermediate and a loss, whose backward fails when z has its gradient already."""
    x, z = var(1, 2), var(3, 4)
    h = identity(x, failure)
    loss = F.sum(h + 1) + F.sum(F.exp(F.exp(z * 0.1)))
    x.grad, z.grad, h.grad = np.array([7.0, 7.0]), np.array([8.0, 8.0]), np.array([9.0, 9.0])
    return x, z, h, loss


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("retain_grad", [False, True])
def test_failing_backward_leaves_every_gradient_and_the_config(
    recorded: bool, retain_grad: bool
) -> None:
    x, z, h, loss = _failing_loss(broken)
    loss.grad = seed = np.array(2.0)
    held = x.grad, z.grad, h.grad
    switches = config.as_dict()
    with pytest.raises(BrokenError):
        loss.backward(retain_grad=retain_grad, enable_double_backprop=recorded)
    assert all(a is b for a, b in zip((x.grad, z.grad, h.grad), held, strict=True))
    assert loss.grad is seed
    assert config.as_dict() == switches


def test_interrupt_inside_backward_leaves_every_gradient() -> None:
    def interrupted(gy: Any) -> Any:
        raise KeyboardInterrupt

    x, z, h, loss = _failing_loss(interrupted)
    held = x.grad, z.grad, h.grad
    with pytest.raises(KeyboardInterrupt):
        loss.backward()
    assert all(a is b for a, b in zip((x.grad, z.grad, h.grad), held, strict=True))


def test_failing_accumulation_leaves_the_other_leaves() -> None:
    x = var(1, 2)
    misfit = Variable(np.ones(2), grad=np.ones(3))  # the constructor does not check, as Chainer's
    with pytest.raises(ValueError, match="broadcast"):
        F.sum(x * misfit).backward()
    assert x.grad is None
    assert misfit.grad.shape == (3,)


def test_failing_grad_leaves_every_gradient_and_the_config() -> None:
    x, z, h, loss = _failing_loss(broken)
    held = x.grad, z.grad, h.grad
    switches = config.as_dict()
    for options in ({"set_grad": True}, {"retain_grad": True}, {"enable_double_backprop": True}):
        with pytest.raises(BrokenError):
            playground.grad([loss], [x, z], **options)
        assert all(a is b for a, b in zip((x.grad, z.grad, h.grad), held, strict=True))
        assert loss.grad is None
        assert config.as_dict() == switches


def test_graph_can_be_used_again_after_a_failure() -> None:
    fail = [True]

    def once(gy: Any) -> Any:
        if fail.pop():
            raise BrokenError
        return gy

    x = var(1, 2)
    loss = F.sum(identity(x, once) * 3)
    with pytest.raises(BrokenError):
        loss.backward()
    fail.append(False)
    loss.backward()
    np.testing.assert_array_equal(x.grad, [3, 3])


def test_nan_found_in_backward_leaves_gradients() -> None:
    x = scalar(0.0)
    y = F.sqrt(x) * 0
    with (
        using_config("debug", True),
        pytest.raises(playground.NaNDetectedError),
        np.errstate(all="ignore"),
    ):
        y.backward()
    assert x.grad is None


# ------------------------------------------------------------------------- nested traversals


def test_backward_inside_backward_over_another_graph() -> None:
    def inner(gy: Any) -> Any:
        w = scalar(3.0)
        with playground.force_backprop_mode():
            loss = w * w * w
        loss.backward()
        return gy * w.grad  # 27

    x = var(1, 2)
    y = F.sum(identity(x * 2, inner) * x)
    y.backward()
    # d/dx of 2x * x is 2x (through the second factor) + 2 * 27 * x (through the first)
    np.testing.assert_allclose(x.grad, [2 + 54, 4 + 108])


def test_grad_inside_backward_over_the_very_same_trunk() -> None:
    x = var(0.5, 1.5)
    trunk = F.sin(x * x)
    other = F.sum(trunk * trunk)
    seen = []

    def inner(gy: Any) -> Any:
        seen.append(playground.grad([other], [x])[0].array)
        other.backward()
        return gy

    loss = F.sum(identity(trunk, inner) * 3)
    loss.backward()
    s, c = np.sin(x.array**2), np.cos(x.array**2)
    of_other, of_loss = 2 * s * c * 2 * x.array, 3 * c * 2 * x.array
    np.testing.assert_allclose(seen[0], of_other)
    np.testing.assert_allclose(x.grad, of_other + of_loss)


def test_nested_failure_does_not_disturb_the_outer_traversal() -> None:
    x, w = var(1, 2), var(3, 4)
    bad = F.sum(identity(w, broken))

    def inner(gy: Any) -> Any:
        with pytest.raises(BrokenError):
            bad.backward()
        return gy * 2

    F.sum(identity(x, inner)).backward()
    np.testing.assert_array_equal(x.grad, [2, 2])
    assert w.grad is None


# ---------------------------------------------------------------------------------- threads


def _in_threads(work: Callable[[int], None], count: int = 4) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(count)

    def run(i: int) -> None:
        try:
            barrier.wait(10)
            work(i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failures, failures


@pytest.mark.parametrize("recorded", [False, True])
def test_threads_traverse_graphs_that_share_a_trunk(recorded: bool) -> None:
    x = var(*np.linspace(0.1, 1, 5))
    trunk = x
    for _ in range(10):
        trunk = F.sin(trunk) * x + F.exp(trunk * 0.1)
    losses = [F.sum(trunk * (i + 1)) for i in range(4)]
    (unit,) = playground.grad([F.sum(trunk)], [x])

    def work(i: int) -> None:
        for _ in range(15):
            (g,) = playground.grad([losses[i]], [x], enable_double_backprop=recorded)
            np.testing.assert_allclose(g.array, (i + 1) * unit.array, rtol=1e-12)

    _in_threads(work)


def test_threads_run_backward_into_leaves_of_their_own() -> None:
    x = var(0.3, 0.7, requires_grad=False)
    trunk = F.exp(x * x)
    leaves = [var(1, 2) for _ in range(4)]

    def work(i: int) -> None:
        for _ in range(15):
            leaves[i].cleargrad()
            F.sum(F.sin(leaves[i] * trunk)).backward()
            expected = np.cos(leaves[i].array * trunk.array) * trunk.array
            np.testing.assert_allclose(leaves[i].grad, expected)

    _in_threads(work)


# ----------------------------------------------------------------------------------- switches


def test_switches_belong_to_the_thread() -> None:
    inside, done = threading.Event(), threading.Event()
    seen: list[Any] = []

    def other() -> None:
        inside.wait(10)
        seen.extend([config.enable_backprop, (var(1) * 2).creator is not None])
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with playground.no_backprop_mode():
        inside.set()
        done.wait(10)
        assert (var(1) * 2).creator is None
    thread.join()
    assert seen == [True, True]


def test_using_config_restores_after_an_error_and_nests() -> None:
    before = config.as_dict()

    def fail() -> None:
        with using_config("debug", True), using_config("train", False):
            with using_config("train", True):
                assert config.train
            assert (config.debug, config.train) == (True, False)
            raise BrokenError

    with pytest.raises(BrokenError):
        fail()
    assert config.as_dict() == before


def test_using_config_takes_names_of_the_users_own() -> None:
    with using_config("my_switch", 3):
        assert config.my_switch == 3
    assert not hasattr(config, "my_switch")


@pytest.fixture
def restored_globals() -> Iterator[None]:
    before = {name: getattr(global_config, name) for name in ("enable_backprop", "debug", "train")}
    yield
    for name, value in before.items():
        setattr(global_config, name, value)


@pytest.mark.usefixtures("restored_globals")
def test_global_config_is_what_a_thread_falls_back_to() -> None:
    seen: list[Any] = []

    def look() -> None:
        seen.append(((var(1) * 2).creator is None, config.train))

    global_config.enable_backprop = False
    global_config.train = False
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    look()
    with playground.force_backprop_mode():
        look()
    assert seen == [(True, False), (True, False), (False, False)]
    global_config.enable_backprop = True
    look()
    assert seen[-1] == (False, False)


@pytest.mark.usefixtures("restored_globals")
def test_global_debug_mode_reaches_every_kind_of_function() -> None:
    global_config.debug = True
    nan = var(math.nan)
    for call in (lambda: F.exp(nan), lambda: nan + nan, lambda: nan * 2, lambda: identity(nan)):
        with pytest.raises(playground.NaNDetectedError):
            call()
    with using_config("debug", False):
        F.exp(nan)


def test_no_backprop_mode_records_nothing_for_any_kind_of_function() -> None:
    x = var(1, 2)
    with playground.no_backprop_mode():
        results = [x + x, x * 2, F.exp(x), F.concat([x, x], 0), identity(x), x[0], F.sum(x)]
    assert [y.creator for y in results] == [None] * len(results)
    assert [y.rank for y in results] == [0] * len(results)
    assert x.node.data is None


# -------------------------------------------------------------------------------------- memory


def _everything(x: Variable) -> Variable:
    """A graph with every way of keeping: inputs, outputs, both, none, several outputs, a user's."""
    h = F.exp(x) * x + F.tanh(x) / (x * x + 2)
    k = F.concat([h, F.maximum(x, h)], 0)
    return F.sum(identity(k) ** 2) + F.max(h) + F.sum(F.matmul(h, h))


def _refs_of_graph(y: Variable) -> list[Any]:
    """Weak references to every function and node above ``y`` that is not a leaf."""
    refs, stack, seen = [], [y.node], set()
    while stack:
        node = stack.pop()
        if node.creator is None or id(node) in seen:
            continue
        seen.add(id(node))
        refs += [weakref.ref(node), weakref.ref(node.creator)]
        refs += [weakref.ref(node.data)] if node.data is not None else []
        stack.extend(node.creator.inputs)
    return refs


@pytest.mark.parametrize(
    "use",
    [
        lambda y, x: None,
        lambda y, x: y.backward(),
        lambda y, x: y.backward(retain_grad=True),
        lambda y, x: playground.grad([y], [x]),
        lambda y, x: y.unchain_backward(),
        lambda y, x: repr(y),
    ],
    ids=["built", "backward", "retain_grad", "grad", "unchain_backward", "repr"],
)
def test_graph_is_freed_by_reference_counting_alone(use: Any) -> None:
    x = var(0.5, 1.5)
    with reference_counting_alone():
        y = _everything(x)
        refs = _refs_of_graph(y)
        assert len(refs) > 20
        assert all(alive(refs))
        use(y, x)
        del y
        assert not any(alive(refs))


def test_recorded_backward_is_freed_by_reference_counting_alone() -> None:
    x = var(0.5, 1.5)
    with reference_counting_alone():
        y = _everything(x)
        y.backward(enable_double_backprop=True)
        refs = _refs_of_graph(y) + _refs_of_graph(x.grad_var)
        assert all(alive(refs))
        del y
        x.cleargrad()
        assert not any(alive(refs))


def test_third_derivative_is_freed_by_reference_counting_alone() -> None:
    x = var(0.5, 1.5)
    with reference_counting_alone():
        (g,) = playground.grad([_everything(x)], [x], enable_double_backprop=True)
        (gg,) = playground.grad([F.sum(g)], [x], enable_double_backprop=True)
        (ggg,) = playground.grad([F.sum(gg)], [x], enable_double_backprop=True)
        refs = _refs_of_graph(g) + _refs_of_graph(gg) + _refs_of_graph(ggg)
        assert len(refs) > 100
        assert all(alive(refs))
        del g, gg, ggg
        assert not any(alive(refs))


def test_failed_backward_is_freed_by_reference_counting_alone() -> None:
    x = var(0.5, 1.5)
    with reference_counting_alone():
        y = F.sum(identity(_everything(x), broken))
        refs = _refs_of_graph(y)
        with pytest.raises(BrokenError) as failure:
            y.backward()
        del y, failure
        assert not any(alive(refs))


def test_unchain_backward_frees_what_is_above_a_living_variable() -> None:
    x = var(0.5, 1.5)
    with reference_counting_alone():
        h = F.exp(x)
        y = F.sum(F.tanh(h) * h)
        array = weakref.ref(h.array)
        held = {id(o) for o in (y.node, h.node, h.array)}
        refs = [r for r in _refs_of_graph(y) if id(r()) not in held]
        assert len(refs) > 5
        y.unchain_backward()
        assert not any(alive(refs))
        del h
        assert array() is None
        assert y.creator is None


def test_a_cut_function_lets_go_of_the_arrays_it_kept() -> None:
    x = var(0.5, 1.5)
    with reference_counting_alone():
        h = F.exp(x)
        function, array, y = h.creator, weakref.ref(h.array), F.sum(h)
        del h
        assert array() is not None
        y.unchain_backward()
        assert array() is None
        assert function.inputs is None


def test_intermediate_array_that_nothing_keeps_dies_with_its_variable() -> None:
    x = var(1, 2)
    with reference_counting_alone():
        for free in (lambda h: h + 1, lambda h: h - h, lambda h: F.sum(h), lambda h: h.T, F.sqrt):
            h = x * 3
            array = weakref.ref(h.array)
            y = free(h)
            held = np.shares_memory(y.array, h.array)
            del h
            assert (array() is None) != held


def test_kept_array_outlives_its_variable_and_dies_with_the_graph() -> None:
    x = var(1, 2)
    with reference_counting_alone():
        for keep in (lambda h: h * h, F.absolute, lambda h: F.exp(x) * h, lambda h: F.max(h)):
            h = x * 3
            array = weakref.ref(h.array)
            y = keep(h)
            del h
            assert array() is not None
            del y
            assert array() is None


def test_gradients_of_intermediates_are_not_held() -> None:
    with reference_counting_alone():
        seen: list[Any] = []

        def note(gy: Any) -> Any:
            seen.append(weakref.ref(gy.array))
            return gy * 2

        x = var(1, 2)
        y = F.sum(identity(x, note) * 3)
        y.backward()
        assert len(seen) == 1
        assert not any(alive(seen))


def test_deep_graph_is_built_traversed_cut_and_freed() -> None:
    depth = 30_000
    for cut in (False, True):
        x = y = scalar(1.0)
        for _ in range(depth):
            y = y + x
        y.backward()
        assert x.grad == depth + 1
        if cut:
            y.unchain_backward()
        del y


def test_each_function_is_visited_once_however_many_paths_lead_to_it() -> None:
    visits: list[int] = []
    x = scalar(1.0)
    y = identity(x, lambda gy: visits.append(1) or gy)
    for _ in range(60):
        y = y + y
    y.backward()
    assert x.grad == 2.0**60
    assert playground.grad([y], [x])[0].array == 2.0**60
    assert len(visits) == 2


# ------------------------------------------------------------------------------- raw traversal

_MAKERS = {
    code
    for function in (
        playground.graph.variable.output_variable,
        playground.graph.variable.constant_node,
        Variable.__init__,
        FunctionNode.apply,
    )
    for code in [function.__code__]
}


def _made_during(call: Callable[[], Any]) -> list[str]:
    """Names of the functions that make Variables or nodes and ran during ``call``."""
    made: list[str] = []

    def watch(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in _MAKERS:
            made.append(frame.f_code.co_qualname)

    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(None)
    return made


def _built_in_loss(x: Variable) -> Variable:
    m = F.reshape(x, (2, 2))
    parts = [
        F.sum(F.exp(m) @ m.T / (m * m + 1) - m**3 + 2**m),
        F.max(F.clip(F.maximum(m, F.transpose(m)), 0.0, 9.0)),
        F.sum(F.where(np.eye(2) > 0, F.log(m), F.arctan2(m, m * 2))),
        F.mean(F.concat([m[0], F.sqrt(m[1])], 0)) + F.average(abs(-m)),
        F.sum(F.broadcast_to(F.tanh(m[:, :1]), (2, 2)) * np.arange(2.0)),
        F.sum(1 / F.stack([m, F.minimum(m, 3 - m)])) + F.sum(F.cast(m, "f")).astype("d"),
    ]
    return sum(parts[1:], parts[0])


def test_first_order_backward_makes_no_variables_and_no_nodes() -> None:
    x = var(0.5, 0.75, 1.25, 2)
    loss = _built_in_loss(x)
    assert _made_during(loss.backward) == []
    assert "output_variable" in _made_during(lambda: loss.backward(enable_double_backprop=True))


def test_raw_and_recorded_backward_agree() -> None:
    x = var(0.5, 0.75, 1.25, 2)
    loss = _built_in_loss(x)
    (raw,) = playground.grad([loss], [x])
    (recorded,) = playground.grad([loss], [x], enable_double_backprop=True)
    np.testing.assert_allclose(raw.array, recorded.array, rtol=1e-14)
    step, (second,) = 1e-5, playground.grad([F.sum(recorded)], [x])
    difference = np.zeros(4)
    for sign in (1, -1):
        for i in range(4):
            moved = x.array.copy()
            moved[i] += sign * step
            z = Variable(moved)
            difference[i] += sign * playground.grad([_built_in_loss(z)], [z])[0].array.sum()
    np.testing.assert_allclose(second.array, difference / (2 * step), rtol=1e-4)


def test_a_users_function_gets_variables_in_a_raw_traversal() -> None:
    kinds: list[Any] = []

    def note(gy: Any) -> Any:
        kinds.append((type(gy), gy.creator, config.enable_backprop))
        return F.exp(gy) * 0 + gy

    x = var(1, 2)
    loss = F.sum(F.exp(identity(F.sin(x), note)))
    loss.backward()
    assert kinds == [(Variable, None, False)]
    assert type(x.grad) is np.ndarray
    np.testing.assert_allclose(x.grad, np.exp(np.sin([1, 2])) * np.cos([1, 2]))
    loss.backward(enable_double_backprop=True)
    assert kinds[1][1] is not None
    assert kinds[1][2] is True
    assert x.grad_var.creator is not None


def test_neighbours_of_a_users_function_stay_raw() -> None:
    x = var(1, 2)
    loss = F.sum(F.exp(identity(F.sin(x))))
    made = _made_during(loss.backward)
    assert made == ["Variable.__init__"]  # the one gradient that the user's backward gets


# --------------------------------------------------------------------------- backward and grad


def test_backward_twice_adds_up_out_of_place() -> None:
    x = var(1, 2)
    loss = F.sum(x * x)
    loss.backward()
    first = x.grad
    loss.backward()
    np.testing.assert_array_equal(first, [2, 4])
    np.testing.assert_array_equal(x.grad, [4, 8])
    assert loss.grad is None


def test_accumulation_does_not_write_into_a_shared_gradient() -> None:
    a, b = var(1, 2), var(3, 4)
    y = a + b
    y.grad = seed = np.array([5.0, 6.0])
    y.backward()
    assert a.grad is not b.grad
    assert seed is not a.grad
    assert seed is not b.grad
    F.sum(a * 2).backward()
    np.testing.assert_array_equal(a.grad, [7, 8])
    np.testing.assert_array_equal(b.grad, [5, 6])
    np.testing.assert_array_equal(seed, [5, 6])


def test_retain_grad_stores_every_intermediate() -> None:
    x = scalar(2.0)
    h = x * x
    k = F.exp(h)
    y = k * h
    y.backward(retain_grad=True)
    e = math.exp(4)
    expected = {y: 1.0, k: 4.0, h: e + 4 * e, x: 4 * (e + 4 * e)}
    for v, g in expected.items():
        np.testing.assert_allclose(v.grad, g)


def test_loss_scale_scales_the_automatic_seed_only() -> None:
    x = var(1, 2)
    F.sum(x * x).backward(loss_scale=16)
    np.testing.assert_array_equal(x.grad, [32, 64])
    x.cleargrad()
    y = x * x
    y.grad = np.ones(2)
    y.backward(loss_scale=16)
    np.testing.assert_array_equal(x.grad, [2, 4])


@pytest.mark.parametrize("dtype", "efd")
def test_gradients_have_the_datas_dtype(dtype: str) -> None:
    x = Variable(np.array([0.5, 0.75, 1.25, 2], dtype))
    m = F.reshape(x, (2, 2))
    loss = F.sum(F.exp(m) @ m / 3 + np.float64(2) * m - m**2.5 + F.mean(m) + F.log10(m))
    loss.backward(enable_double_backprop=True)
    assert (loss.dtype, x.grad.dtype) == (x.dtype, x.dtype)
    (second,) = playground.grad([F.sum(x.grad_var)], [x])
    assert second.dtype == x.dtype


@pytest.mark.parametrize(
    ("function", "derivatives"),
    [
        (F.sin, [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]),
        (F.exp, [np.exp] * 5),
        (lambda x: x**5, [lambda x, k=k: math.perm(5, k) * x ** (5 - k) for k in range(5)]),
        (
            F.log,
            [np.log, lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3, lambda x: -6 / x**4],
        ),
        (lambda x: 1 / x, [lambda x, k=k: (-1) ** k * math.factorial(k) * x ** (-1.0 - k)
                           for k in range(5)]),
        (lambda x: x * x * x * x, [lambda x, k=k: math.perm(4, k) * x ** (4 - k)
                                   for k in range(5)]),
        (lambda x: x / (1 / x), [lambda x: x * x, lambda x: 2 * x, lambda x: 2 + 0 * x,
                                 lambda x: 0 * x, lambda x: 0 * x]),
        (F.sqrt, [np.sqrt, lambda x: 0.5 * x**-0.5, lambda x: -0.25 * x**-1.5,
                  lambda x: 0.375 * x**-2.5, lambda x: -0.9375 * x**-3.5]),
    ],
    ids=["sin", "exp", "x**5", "log", "1/x", "x*x*x*x", "x/(1/x)", "sqrt"],
)  # fmt: skip
def test_derivatives_up_to_the_fourth(function: Any, derivatives: list[Any]) -> None:
    x = var(0.5, 1.5)
    g = function(x)
    for order, derivative in enumerate(derivatives):
        np.testing.assert_allclose(g.array, derivative(x.array), rtol=1e-9, atol=1e-9)
        if order < 4:
            (g,) = playground.grad([F.sum(g)], [x], enable_double_backprop=True)


def test_mixed_third_derivative() -> None:
    x, y = scalar(0.7), scalar(1.3)
    z = F.sin(x * y) * x
    (gx,) = playground.grad([z], [x], enable_double_backprop=True)
    (gxy,) = playground.grad([gx], [y], enable_double_backprop=True)
    (gxyx,) = playground.grad([gxy], [x])
    a, b = 0.7, 1.3
    expected = 2 * math.cos(a * b) - 4 * a * b * math.sin(a * b) - (a * b) ** 2 * math.cos(a * b)
    # z_x = sin(xy) + xy cos(xy); z_xy = 2x cos(xy) - x^2 y sin(xy)
    np.testing.assert_allclose(gxyx.array, expected, rtol=1e-12)


def test_grad_with_all_its_arguments() -> None:
    x, z = var(1, 2), var(3, 4)
    h = x * z
    y, w = h * x, F.sum(h)
    seed, start = var(10, 20), var(1000, 2000)
    gx, gz, gh = playground.grad(
        [y, w], [x, z, h], grad_outputs=[seed, None], grad_inputs=[start, None, None]
    )
    # y = x^2 z, w = sum(xz)
    np.testing.assert_array_equal(gx.array, [1000 + 10 * 2 * 3 + 3, 2000 + 20 * 2 * 8 + 4])
    np.testing.assert_array_equal(gz.array, [10 * 1 + 1, 20 * 4 + 2])
    np.testing.assert_array_equal(gh.array, [10 * 1 + 1, 20 * 2 + 1])
    assert [v.grad for v in (x, z, h, y, w)] == [None] * 5
    np.testing.assert_array_equal(start.array, [1000, 2000])


def test_grad_outputs_keep_their_arrays() -> None:
    x, m = Variable(np.eye(2)), Variable(np.arange(4.0).reshape(2, 2))
    for function in (F.matmul, F.add, F.multiply):
        view = np.broadcast_to(np.array([1.0, 2.0]), (2, 2))
        seed = Variable(view)
        playground.grad([function(x, m)], [x], [seed], enable_double_backprop=True)
        assert seed.array is view


def test_grad_sets_gradients_only_where_asked() -> None:
    x = var(1, 2)
    h = x * x
    y = h * 3
    x.grad = np.array([50.0, 50.0])
    playground.grad([y], [x], retain_grad=True)
    np.testing.assert_array_equal(x.grad, [50, 50])
    np.testing.assert_array_equal(h.grad, [3, 3])
    np.testing.assert_array_equal(y.grad, [1, 1])
    (gx,) = playground.grad([y], [x], set_grad=True)
    assert x.grad is gx.array


def test_grad_scale_and_connection() -> None:
    x = var(1, 2)
    (gx,) = playground.grad([x * x], [x], loss_scale=8)
    np.testing.assert_array_equal(gx.array, [16, 32])
    assert gx.creator is None
    (gx,) = playground.grad([x * x], [x], enable_double_backprop=True)
    assert gx.creator is not None


def test_grad_of_unreachable_inputs_is_none() -> None:
    x, other, fixed = var(1, 2), var(3, 4), var(5, 6, requires_grad=False)
    gx, *rest = playground.grad([x * fixed], [x, other, fixed])
    np.testing.assert_array_equal(gx.array, [5, 6])
    assert rest == [None, None]


def test_grad_of_an_output_itself_is_its_seed() -> None:
    x = var(1, 2)
    y = x * x
    gy, gx = playground.grad([y], [y, x])
    np.testing.assert_array_equal(gy.array, [1, 1])
    np.testing.assert_array_equal(gx.array, [2, 4])


def test_output_named_twice_counts_twice() -> None:
    x = var(1, 2)
    y = x * x
    (gx,) = playground.grad([y, y], [x], grad_outputs=[var(1, 1), var(10, 10)])
    np.testing.assert_array_equal(gx.array, [22, 44])


def test_branches_that_need_no_gradient_are_not_visited() -> None:
    log: list[str] = []

    def note(name: str) -> Callable[[Any], Any]:
        return lambda gy: log.append(name) or gy

    x, z = var(1, 2), var(3, 4)
    fixed = var(5, 6, requires_grad=False)
    side = identity(fixed, note("fixed"))
    y = identity(identity(x, note("x")) * identity(z, note("z")) * side, note("top"))
    playground.grad([y], [x])
    assert log == ["top", "x"]
    log.clear()
    F.sum(y).backward()
    assert sorted(log) == ["top", "x", "z"]
    assert fixed.grad is None


@pytest.mark.parametrize(
    "function",
    [
        lambda x, c: x + c,
        lambda x, c: c - x,
        lambda x, c: x * c,
        F.maximum,
        F.arctan2,
        lambda x, c: F.where(np.array([True, False]), x, c),
        lambda x, c: F.concat([c, x], 0),
        lambda x, c: F.matmul(x, c),
    ],
)
def test_what_needs_no_gradient_gets_none_and_is_not_visited(function: Any) -> None:
    visits: list[int] = []
    x, fixed = var(1, 2), var(3, 4, requires_grad=False)
    side = identity(fixed, lambda gy: visits.append(1) or gy)
    for recorded in (False, True):
        F.sum(function(x, fixed) + function(x, side)).backward(
            retain_grad=True, enable_double_backprop=recorded
        )
    assert x.grad is not None
    assert fixed.grad is None
    assert visits == []


def test_backward_of_a_non_scalar_needs_a_gradient() -> None:
    x = var(1, 2)
    y = x * 3
    with pytest.raises(playground.GradientError, match=r"\(2,\).*y\.grad.*sum"):
        y.backward()
    y.grad = np.array([1.0, 10.0])
    y.backward()
    np.testing.assert_array_equal(x.grad, [3, 30])
    one = Variable(np.ones((1, 1)))
    (one * 3).backward()
    np.testing.assert_array_equal(one.grad, [[3]])


def test_older_loss_that_meets_a_cut_trunk_raises_and_changes_nothing() -> None:
    x, head = var(1, 2), var(3, 4)
    trunk = F.exp(x)
    first, second = F.sum(trunk * 3), F.sum(trunk * head)
    first.unchain_backward()
    with pytest.raises(playground.GraphError, match="unchain_backward"):
        second.backward()
    assert [v.grad for v in (x, head, trunk, second)] == [None] * 4
    fresh = F.sum(trunk * head)
    fresh.backward()
    np.testing.assert_allclose(trunk.grad, [3, 4])
    assert x.grad is None


def test_recorded_gradient_that_meets_a_cut_graph_raises() -> None:
    x = var(1, 2)
    y = F.sum(F.exp(F.exp(x)))
    (gx,) = playground.grad([y], [x], enable_double_backprop=True)
    y.unchain_backward()
    with pytest.raises(playground.GraphError):
        F.sum(gx).backward()
    assert x.grad is None


# -------------------------------------------------------------------------- users' function nodes


class Split(FunctionNode):
    """Two outputs, x * y and x + y; notes what its backward gets."""

    def __init__(self, answer: Callable[..., Any] | None = None) -> None:
        self.answer = answer
        self.got: list[Any] = []

    def forward(self, inputs: Any) -> Any:
        self.retain_inputs((0, 1))
        x, y = inputs
        return x * y, x + y

    def backward(self, indexes: Any, grad_outputs: Any) -> Any:
        self.got.append((indexes, [None if g is None else g.array.tolist() for g in grad_outputs]))
        if self.answer is not None:
            return self.answer(*grad_outputs)
        x, y = self.get_retained_inputs()
        gp, gs = (0 if g is None else g for g in grad_outputs)
        return gp * y + gs, gp * x + gs


def test_unused_output_arrives_as_none() -> None:
    for used, expected in ((0, [[1, 1], None]), (1, [None, [1, 1]])):
        split, x, y = Split(), var(1, 2), var(3, 4)
        F.sum(split.apply((x, y))[used]).backward()
        assert split.got == [((0, 1), expected)]


def test_both_outputs_arrive_in_one_call_and_second_order_works() -> None:
    split, x, y = Split(), var(1, 2), var(3, 4)
    p, s = split.apply((x, y))
    loss = F.sum(p * s)
    gx, gy = playground.grad([loss], [x, y], enable_double_backprop=True)
    assert len(split.got) == 1
    np.testing.assert_array_equal(gx.array, (2 * x * y + y * y).array)
    np.testing.assert_array_equal(gy.array, (x * x + 2 * x * y).array)
    (gxy,) = playground.grad([F.sum(gx)], [y])
    np.testing.assert_array_equal(gxy.array, (2 * x + 2 * y).array)


def test_kept_outputs_that_died_are_differentiable_one_by_one() -> None:
    class TwoPowers(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_outputs((0, 1))
            return np.exp(inputs[0]), np.exp(2 * inputs[0])

        def backward(self, indexes: Any, grad_outputs: Any) -> Any:
            first, second = self.get_retained_outputs()
            return (grad_outputs[0] * first + grad_outputs[1] * second * 2,)

    x = var(0.25, 0.5)
    first, second = TwoPowers().apply((x,))
    loss = F.sum(first * 3) + F.sum(second * 5)
    del first, second
    for order in range(1, 4):
        (loss,) = playground.grad([F.sum(loss)], [x], enable_double_backprop=True)
        e = np.exp(x.array)
        np.testing.assert_allclose(loss.array, 3 * e + 2**order * 5 * e * e)


def test_constant_input_is_no_target() -> None:
    split, y = Split(lambda gp, gs: (gp * 7,)), var(3, 4)
    F.sum(split.apply((np.array([1.0, 2.0]), y))[0]).backward()
    assert split.got[0][0] == (1,)
    np.testing.assert_array_equal(y.grad, [7, 7])


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (lambda gp, gs: (gp,), playground.GradientError, ["1", "expected 2"]),
        (lambda gp, gs: (gp, gp, gp), playground.GradientError, ["3", "expected 2"]),
        (lambda gp, gs: (gp.array, gp), TypeError, ["ndarray", "Variable", "input 0"]),
        (lambda gp, gs: (gp, F.sum(gp)), playground.GradientError, ["(2,)", "()", "input 1"]),
        (lambda gp, gs: (gp.astype("f"), gp), playground.GradientError, ["float64", "float32"]),
        (lambda gp, gs: (1.0, gp), TypeError, ["float", "Variable"]),
    ],
    ids=["too few", "too many", "array", "shape", "dtype", "number"],
)
@pytest.mark.parametrize("recorded", [False, True])
def test_wrong_gradients_are_named(answer: Any, kind: Any, words: Any, recorded: bool) -> None:
    x, y = var(1, 2), var(3, 4)
    loss = F.sum(Split(answer).apply((x, y))[0])
    with pytest.raises(kind) as failure:
        loss.backward(enable_double_backprop=recorded)
    for word in ("Split", *words):
        assert word in str(failure.value)
    assert x.grad is None
    assert y.grad is None


def test_gradient_may_be_none() -> None:
    x, y = var(1, 2), var(3, 4)
    y.grad = held = np.array([5.0, 5.0])
    F.sum(Split(lambda gp, gs: (gp, None)).apply((x, y))[0]).backward()
    np.testing.assert_array_equal(x.grad, [1, 1])
    assert y.grad is held


@pytest.mark.parametrize("result", [np.ones(2), [np.ones(2)], (1.0,), (np.float64(1),), None])
def test_forward_must_return_a_tuple_of_arrays(result: Any) -> None:
    class Odd(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return result

    with pytest.raises(TypeError, match=r"Odd.*tuple of ndarrays"):
        Odd().apply((var(1, 2),))


def test_function_node_is_not_called() -> None:
    with pytest.raises(playground.GraphError, match="apply"):
        Identity()(var(1))


def test_function_node_needs_a_forward() -> None:
    with pytest.raises(NotImplementedError, match="forward"):
        FunctionNode().apply((var(1),))


def test_forward_cpu_is_used_for_host_arrays() -> None:
    class Twice(FunctionNode):
        def forward_cpu(self, inputs: Any) -> Any:
            return (inputs[0] * 2,)

    np.testing.assert_array_equal(Twice().apply((var(1, 2),))[0].array, [2, 4])


# --------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: var(1, 2) + var(1, 2, 3), ["_ + _", "2", "3"]),
        (lambda: var(1, 2) * var(1, 2, dtype="f"), ["_ * _", "float64 != float32", "cast"]),
        (lambda: Variable(np.ones((2, 3))) @ np.ones((2, 3)), ["MatMul", "[2, 3]"]),
        (lambda: F.reshape(var(1, 2), (3,)), ["Reshape", "[2]", "(3,)"]),
        (lambda: var(1, 2, dtype="i") * 1.5, ["_ * 1.5", "int32"]),
        (lambda: var(1, 2, dtype="i") + np.array([1.5]), ["_ + _", "int32", "float64"]),
        (lambda: var(1, 2) * np.array([1j, 2j]), ["_ * _", "float64", "complex128"]),
        (lambda: F.concat([var(1), Variable(np.ones((1, 1)))], 0), ["Concat", "[1]", "[1, 1]"]),
        (lambda: F.sum(var(1, 2), axis=1), ["Sum", "1"]),
    ],
)
def test_errors_name_operation_expected_and_actual(call: Any, words: list[str]) -> None:
    with pytest.raises(playground.InvalidType) as failure:
        call()
    text = str(failure.value)
    assert "Expect: " in text
    assert "Actual: " in text
    for word in words:
        assert word in text


def test_every_error_of_the_package_has_one_base() -> None:
    for name in playground.__all__:
        thing = getattr(playground, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, playground.PlaygroundError)


# ------------------------------------------------------------------------------------- Variable


def test_constructor_takes_arrays_only() -> None:
    for value in ([1.0], 1.0, "text", object()):
        with pytest.raises(TypeError, match=r"array"):
            Variable(value)
    assert Variable(None).array is None
    with pytest.raises(TypeError, match="volatile"):
        Variable(np.ones(1), volatile="on")


def test_numpy_scalars_become_0d_arrays_on_storing() -> None:
    x = scalar(1)
    x.array, x.grad = np.float64(3), np.float64(4)
    assert (type(x.array), type(x.grad)) == (np.ndarray, np.ndarray)
    assert (x.array, x.grad) == (3, 4)


def test_gradient_setter_names_what_differs() -> None:
    x = var(1, 2, name="w")
    with pytest.raises(ValueError, match=r"'w'.*\(2,\).*\(3,\)"):
        x.grad = np.ones(3)
    with pytest.raises(TypeError, match=r"float64.*float32"):
        x.grad = np.ones(2, "f")
    assert x.grad is None
    x.grad = np.ones(2)
    x.grad = None
    assert x.grad is None


def test_repr_and_str() -> None:
    assert repr(var(1, 2)) == "variable([1., 2.])"
    assert str(var(1, 2)) == "variable([1. 2.])"
    assert repr(var(1, 2, name="w")) == "variable w([1., 2.])"
    assert str(var(1, 2, name="w")) == "variable w([1. 2.])"
    assert repr(scalar(9)) == "variable(9.)"
    assert repr(Variable(None)) == "variable(None)"
    assert repr(Parameter(name="p")) == "variable p(None)"
    assert repr(Variable(np.zeros((0, 2)))) == "variable([], shape=(0, 2))"
    lines = repr(Variable(np.eye(2), name="w")).splitlines()
    assert lines == ["variable w([[1., 0.],", "            [0., 1.]])"]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])  # noqa: S301, E501  # fmt: skip
def test_copies_keep_values_and_lose_the_graph(duplicate: Any) -> None:
    x = var(1, 2, requires_grad=False)
    y = var(3, 4) * 2
    y.name, y.grad = "y", np.array([5.0, 6.0])
    for v in (x, y):
        c = duplicate(v)
        np.testing.assert_array_equal(c.array, v.array)
        assert (c.name, c.creator, c.requires_grad) == (v.name, None, v.requires_grad)
    np.testing.assert_array_equal(c.grad, [5, 6])
    (c * c).backward() if c.size == 1 else F.sum(c * c).backward()
    np.testing.assert_array_equal(y.grad, [5, 6])


def test_copy_after_a_recorded_backward_can_be_pickled() -> None:
    x = var(1, 2)
    F.sum(x * x).backward(enable_double_backprop=True)
    thawed = pickle.loads(pickle.dumps(x))  # noqa: S301
    np.testing.assert_array_equal(thawed.grad, [2, 4])
    assert thawed.grad_var.creator is None


def test_identity_is_the_hash_and_names_live_on_the_node() -> None:
    x, z = var(1, name="x"), var(1)
    assert len({x: 1, z: 2}) == 2
    assert (x.node.name, z.name) == ("x", None)


def test_node_describes_its_variable() -> None:
    v = Variable(np.ones((2, 3), "f"))
    assert (v.node.shape, v.node.dtype, v.node.label) == ((2, 3), np.float32, "(2, 3), float32")
    v.array = np.ones(4)
    assert (v.shape, v.node.shape, v.node.dtype) == ((4,), (4,), np.float64)
    assert v.node.get_variable() is v
    node = v.node
    del v
    assert node.get_variable_or_none() is None


def test_requires_grad_is_read_only() -> None:
    with pytest.raises(AttributeError):
        var(1).requires_grad = False


def test_dead_leaf_is_no_obstacle() -> None:
    x, z = var(1, 2), var(3, 4)
    y = F.sum(x * z)
    del x
    y.backward()
    np.testing.assert_array_equal(z.grad, [1, 2])


# ------------------------------------------------------------------------------------- Parameter


def test_parameter_is_initialised_late_or_at_once() -> None:
    late, now, given = Parameter(2.0), Parameter(2.0, (2,)), Parameter(np.ones(2))
    assert (late.is_initialized, now.is_initialized, given.is_initialized) == (False, True, True)
    with pytest.raises(playground.GraphError, match="initiali"):
        late.grad
    late.initialize((2,))
    assert np.isnan(late.grad).all()
    assert np.isnan(now.grad).all()
    assert given.grad is None
    np.testing.assert_array_equal(late.array, [2, 2])
    assert late.dtype == np.float32


def test_forgotten_cleargrad_shows_as_nan() -> None:
    p = Parameter(2.0, (2,))
    F.sum(p * p).backward()
    assert np.isnan(p.grad).all()
    p.cleargrad()
    F.sum(p * p).backward()
    np.testing.assert_array_equal(p.grad, [4, 4])


def test_parameter_dtype_follows_the_config() -> None:
    with using_config("dtype", np.float64):
        p = Parameter(2.0, (2,))
    assert p.dtype == np.float64


def test_update_rule_is_applied_by_update() -> None:
    class Rule:
        def update(self, parameter: Any) -> None:
            parameter.array -= parameter.grad

    p = Parameter(np.array([3.0, 4.0]))
    p.update()
    F.sum(p * 2).backward()
    p.update_rule = Rule()
    p.update()
    np.testing.assert_array_equal(p.array, [1, 2])


def test_second_gradient_of_an_unrecorded_one_says_which_flag_is_missing() -> None:
    x = var(1, 2)
    (first,) = playground.grad([F.sum(x * x * x)], [x])
    with pytest.warns(UserWarning, match="enable_double_backprop=True"):
        assert playground.grad([F.sum(first)], [x]) == [None]


def test_an_input_out_of_reach_is_no_reason_to_warn(recwarn: Any) -> None:
    x, other = var(1, 2), var(3)
    assert playground.grad([F.sum(x)], [other]) == [None]
    assert not recwarn.list


# ------------------------------------------------------------------- switches and their contexts


def test_tasks_that_take_turns_have_their_own_switches() -> None:
    seen: list[tuple[str, bool]] = []

    async def quiet(name: str) -> None:
        with no_backprop_mode():
            for _ in range(3):
                await asyncio.sleep(0)
                seen.append((name, (Variable(np.ones(1)) * 2).creator is not None))

    async def recording(name: str) -> None:
        for _ in range(4):
            await asyncio.sleep(0)
            seen.append((name, (Variable(np.ones(1)) * 2).creator is not None))

    async def run() -> None:
        await asyncio.gather(quiet("a"), recording("b"), quiet("c"), recording("d"))

    asyncio.run(run())
    assert {record for name, record in seen if name in "ac"} == {False}
    assert {record for name, record in seen if name in "bd"} == {True}
    assert len(seen) == 14
    assert config.enable_backprop


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("name", ["enable_backprop", "train", "debug", "type_check"])
def test_generators_that_take_turns_leave_no_switch_behind(
    name: str, order: tuple[int, int]
) -> None:
    before = getattr(config, name)

    def inside(value: bool) -> Iterator[bool]:
        with using_config(name, value):
            yield getattr(config, name)

    generators = [inside(not before), inside(not before)]
    assert [next(g) for g in generators] == [not before] * 2
    # Left in any order, the last block to be left restores what was there before the first.
    for i in order:
        assert next(generators[i], None) is None
    assert getattr(config, name) == before
    assert config.as_dict()[name] == before


def test_a_switch_inside_another_and_one_set_for_good() -> None:
    with no_backprop_mode():
        with force_backprop_mode(), no_backprop_mode():
            assert not config.enable_backprop
        assert not config.enable_backprop
        config.train = False
    assert config.enable_backprop
    assert not config.train
    del config.train
    assert config.train
    with using_config("train", False, global_config):
        assert not config.train
    assert config.train
    with pytest.raises(AttributeError, match="no switch 'trian'"):
        _ = config.trian


def test_a_process_wide_change_is_seen_inside_a_block() -> None:
    with using_config("train", False):
        global_config.debug = True
        try:
            with pytest.raises(NaNDetectedError), np.errstate(all="ignore"):
                Variable(np.array([-1.0])) ** 0.5
        finally:
            global_config.debug = False
        assert (Variable(np.ones(1)) ** 0.5).creator is not None


def test_a_gradient_that_is_not_kept_says_why() -> None:
    """The second round of a loop that computes a new Y in place of changing the old one."""
    Y = Variable(np.ones(2))
    (Y**2).sum().backward()
    Y -= 0.1 * Y.grad
    (Y**2).sum().backward()
    with pytest.warns(UserWarning, match=r"by _ - _.*\n?.*Y\.array -= rate \* Y\.grad"):
        assert Y.grad is None


def test_a_gradient_that_is_missing_elsewhere_is_none_in_silence() -> None:
    leaf, constant = Variable(np.ones(2)), Variable(np.ones(2), requires_grad=False)
    kept = leaf * 2
    kept.sum().backward(retain_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Variable(np.ones(2)).grad is None
        assert constant.grad is None
        assert (constant * 2).grad is None
        assert leaf.grad.tolist() == [2, 2]
        assert kept.grad.tolist() == [1, 1]
