"""Optimizers by themselves: against their formulas, on other array types, and their complaints."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from playground import GraphError, Link, Parameter
from playground.optimizers import (
    SGD,
    AdaBound,
    Adam,
    AdamRule,
    AdamW,
    AMSBound,
    AMSGrad,
    Hyperparameter,
    MomentumSGD,
    UpdateRule,
)
from tests.strict_array import StrictArray, registered

CURVATURES = np.array([1.0, 30.0, 0.02])


def linked(*arrays: Any) -> Link:
    """A link with parameters x0, x1 …"""
    link = Link()
    with link.init_scope():
        for i, array in enumerate(arrays):
            setattr(link, f"x{i}", Parameter(array))
    return link


def gradients(optimizer: Any, grads: list[np.ndarray]) -> list[np.ndarray]:
    """The points that an optimizer goes to from 0 when it is given these gradients."""
    link = linked(np.zeros_like(grads[0]))
    optimizer.setup(link)
    points = []
    for grad in grads:
        link.x0.grad = grad
        optimizer.update()
        points.append(link.x0.array.copy())
    return points


def some_gradients(count: int = 12) -> list[np.ndarray]:
    return list(np.random.default_rng(0).normal(size=(count, 3)) * CURVATURES)


# -------------------------------------------------------------------------------- the formulas


def test_sgd_goes_down_the_gradient() -> None:
    grads = some_gradients()
    points = gradients(SGD(lr=0.25), grads)
    np.testing.assert_allclose(points, -0.25 * np.cumsum(grads, axis=0), rtol=1e-13)


def test_momentum_sums_the_gradients_of_the_past() -> None:
    grads = some_gradients()
    points = gradients(MomentumSGD(lr=0.25, momentum=0.5), grads)
    steps = [
        -0.25 * sum(0.5 ** (i - j) * grads[j] for j in range(i + 1)) for i in range(len(grads))
    ]
    np.testing.assert_allclose(points, np.cumsum(steps, axis=0), rtol=1e-12)


def adam_by_its_paper(grads: list[np.ndarray], **flags: Any) -> list[np.ndarray]:
    """Algorithm 1 of Kingma and Ba with the means written out as weighted sums."""
    alpha, first, second, eps = 0.02, 0.8, 0.9, 1e-7
    x, points, top = np.zeros(3), [], np.zeros(3)
    for t in range(1, len(grads) + 1):
        past = np.array(grads[:t])
        ages = np.arange(t)[::-1, None]
        m = ((1 - first) * first**ages * past).sum(axis=0)
        v = ((1 - second) * second**ages * past**2).sum(axis=0)
        top = np.maximum(top, v)
        if flags.get("amsgrad"):
            v = top
        rate = alpha * math.sqrt(1 - second**t) / (1 - first**t) / (np.sqrt(v) + eps)
        if flags.get("adabound"):
            rate = np.clip(rate, 0.05 * (1 - 1 / (0.3 * t + 1)), 0.05 * (1 + 1 / (0.3 * t)))
        x = x - flags.get("eta", 1.0) * (rate * m + flags.get("decay", 0.0) * x)
        points.append(x)
    return points


COMMON = {"alpha": 0.02, "beta1": 0.8, "beta2": 0.9, "eps": 1e-7}


@pytest.mark.parametrize(
    ("optimizer", "flags"),
    [
        (Adam(**COMMON), {}),
        (AdamW(**COMMON, eta=0.5, weight_decay_rate=0.1), {"eta": 0.5, "decay": 0.1}),
        (AMSGrad(**COMMON), {"amsgrad": True}),
        (AdaBound(**COMMON, final_lr=0.05, gamma=0.3), {"adabound": True}),
        (AMSBound(**COMMON, final_lr=0.05, gamma=0.3), {"adabound": True, "amsgrad": True}),
    ],
    ids=lambda x: type(x).__name__,
)
def test_adam_and_its_variants(optimizer: Any, flags: dict[str, Any]) -> None:
    grads = some_gradients(30)
    points = gradients(optimizer, grads)
    np.testing.assert_allclose(points, adam_by_its_paper(grads, **flags), rtol=1e-9)


def test_the_first_step_of_adam_goes_by_alpha_against_the_sign() -> None:
    (point,) = gradients(Adam(alpha=1e-3, eps=1e-7), [np.array([-5.0, 0.3, 1e3])])
    np.testing.assert_allclose(point, [1e-3, -1e-3, -1e-3], rtol=1e-4)


def test_adam_equals_torch() -> None:
    torch = pytest.importorskip("torch")
    x = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.Adam([x], lr=0.02, betas=(0.8, 0.9), eps=0.0)
    grads, points = some_gradients(200), []
    for grad in grads:
        x.grad = torch.tensor(grad)
        theirs.step()
        points.append(x.detach().numpy().copy())
    ours = gradients(Adam(alpha=0.02, beta1=0.8, beta2=0.9, eps=0.0), grads)
    np.testing.assert_allclose(ours, points, rtol=1e-10)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_nothing_drifts_to_another_dtype(dtype: str) -> None:
    for make in (SGD, MomentumSGD, Adam, AMSBound, lambda: AdamW(weight_decay_rate=0.1)):
        link = linked(np.ones(3, dtype), np.ones((), dtype))
        optimizer = make().setup(link)
        for _ in range(3):
            optimizer.update(lambda link=link: (link.x0**2).sum() * link.x1)
        states = [param.update_rule.state or {} for param in link.params()]
        arrays = [param.array for param in link.params()]
        arrays += [array for state in states for array in state.values()]
        assert {array.dtype.str[1:] for array in arrays} == {dtype}


# --------------------------------------------------------------------------- other array types


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(lr=0.01),
        lambda: MomentumSGD(lr=0.01),
        lambda: Adam(alpha=0.01),
        lambda: AdamW(alpha=0.01, weight_decay_rate=0.1),
        lambda: AMSBound(alpha=0.01),
    ],
)
def test_arrays_that_are_not_numpys(make: Any) -> None:
    """The same numbers, with nothing asked of the arrays that CuPy's do not have."""

    def course(put: Any) -> np.ndarray:
        link = linked(put(np.array([3.0, -2.0, 1.0])))
        optimizer, scale = make().setup(link), put(CURVATURES)
        for _ in range(7):
            optimizer.update(lambda: (link.x0 * link.x0 * scale).sum())
        return link.x0.array

    with registered():
        found = course(StrictArray.of)
        assert type(found) is StrictArray
        np.testing.assert_array_equal(found.get(), course(np.array))


def test_a_link_that_moves_takes_its_memory_along() -> None:
    def course(put: Any) -> Any:
        link = linked(np.array([3.0, -2.0, 1.0]))
        optimizer = Adam(alpha=0.01).setup(link)
        for i in range(6):
            if i == 3:
                link.x0.array = put(link.x0.array)
                link.cleargrads()
            optimizer.update(lambda: (link.x0**2).sum())
        return link.x0.array

    with registered():
        moved = course(StrictArray.of)
        np.testing.assert_array_equal(moved.get(), course(np.copy))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_numbers() -> None:
    cupy = pytest.importorskip("cupy")
    results = []
    for device in ("cpu", "cuda"):
        link = linked(np.array([3.0, -2.0, 1.0]))
        link.to_device(device)
        optimizer = AMSBound(alpha=0.01).setup(link)
        for _ in range(20):
            optimizer.update(lambda link=link: (link.x0**4).sum())
        results.append(link.x0.array)
    assert isinstance(results[1], cupy.ndarray)
    np.testing.assert_allclose(cupy.asnumpy(results[1]), results[0], rtol=1e-13)


# ------------------------------------------------------------------------- parts and complaints


def test_hyperparameters_of_parents() -> None:
    parent = Hyperparameter()
    parent.alpha, parent.beta = 1, 2
    child = Hyperparameter(parent)
    child.beta = 3
    assert (child.alpha, child.beta, child.parent) == (1, 3, parent)
    parent.alpha = 5
    assert child.get_dict() == {"alpha": 5, "beta": 3}
    assert repr(child) == "Hyperparameter(alpha=5, beta=3)"
    with pytest.raises(AttributeError, match="'gamma' is not set; there is alpha, beta"):
        _ = child.gamma


def test_a_copied_link_keeps_its_own_rule() -> None:
    link = linked(np.ones(2))
    optimizer = Adam().setup(link)
    optimizer.update(lambda: (link.x0**2).sum())
    other = link.copy("copy")
    rule = other.x0.update_rule
    assert rule is not link.x0.update_rule
    assert rule.t == 1
    optimizer.alpha = 9.0
    assert rule.hyperparam.alpha == 0.001
    np.testing.assert_array_equal(rule.state["m"], link.x0.update_rule.state["m"])
    assert rule.state["m"] is not link.x0.update_rule.state["m"]


def test_what_is_said_to_who_does_it_wrong() -> None:
    link = linked(np.ones(2))
    with pytest.raises(GraphError, match=r"call setup\(link\)"):
        Adam().update()
    with pytest.raises(TypeError, match="init_scope"):
        Adam().setup(link.x0)
    with pytest.raises(TypeError, match="unknown hyperparameter learning_rate"):
        AdamRule(learning_rate=0.1)
    with pytest.raises(GraphError, match="number of updates: there has been none"):
        _ = Adam().setup(link).alpha_t
    with pytest.raises(NotImplementedError, match="define update_core"):
        UpdateRule().update(link.x0)
    with pytest.raises(ValueError, match="too small for float32, where 1e-60 is 0"):
        gradients(Adam(eps=1e-60), [np.ones(2, "f4")])


def test_a_hook_with_an_unknown_timing_is_called_before() -> None:
    link = linked(np.ones(2))
    optimizer = SGD().setup(link)
    seen = []

    def hook(optimizer: Any) -> None:
        seen.append(optimizer.t)

    hook.timing = "sometimes"  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match="'sometimes'"):
        optimizer.add_hook(hook)
    link.cleargrads()
    optimizer.update()
    assert seen == [0]


def test_a_learning_rate_under_its_old_name_warns() -> None:
    link = linked(np.ones(2))
    link.cleargrads()
    optimizer = Adam(alpha=0.5).setup(link)
    optimizer.update()
    with pytest.warns(DeprecationWarning, match="alpha_t"):
        assert optimizer.lr == pytest.approx(0.5 * math.sqrt(1 - 0.999) / (1 - 0.9))


def test_names_of_chainer() -> None:
    assert playground.optimizers.Adam is Adam
    assert playground.UpdateRule is UpdateRule
    assert playground.Link is Link
    assert issubclass(Adam, playground.GradientMethod)
    assert issubclass(playground.GradientMethod, playground.Optimizer)


def test_lr_is_alpha_by_another_name() -> None:
    assert Adam(lr=0.25).alpha == 0.25
    assert AMSBound(lr=0.25).hyperparam.alpha == 0.25
    with pytest.raises(TypeError, match="Adam: lr is another name of alpha: give one of the two"):
        Adam(0.1, lr=0.2)
    with pytest.raises(TypeError, match="lr is another name of alpha"):
        AdamW(alpha=0.1, lr=0.2)


@pytest.mark.parametrize(
    ("make", "known"),
    [
        (lambda: Adam(learning_rate=0.1), "Adam: .*'learning_rate': .*alpha, beta1"),
        (lambda: AMSGrad(final_lr=0.1), "AMSGrad: .*'final_lr': .* eps, eta$"),
        (lambda: SGD(alpha=0.1), "SGD: there is no argument 'alpha': it takes lr$"),
        (lambda: MomentumSGD(nesterov=True), "MomentumSGD: .*'nesterov': .*momentum"),
    ],
)
def test_an_unknown_argument_is_told_the_known_ones(make: Callable[[], Any], known: str) -> None:
    with pytest.raises(TypeError, match=known):
        make()
