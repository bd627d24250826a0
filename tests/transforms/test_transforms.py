"""``grad`` and its kin against closed forms, and the rules of what comes in and goes out."""

from __future__ import annotations

import gc
import threading
import warnings
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import playground
import playground.functions as F
from playground import FunctionNode, GradientError, Parameter, Variable, no_backprop_mode
from playground.transforms import (
    check_grads,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    value_and_grad,
    vjp,
    vmap,
)
from tests.strict_array import StrictArray, registered

X = np.array([0.3, -1.2, 0.7])
A = np.array([[1.0, 2.0, -0.5], [0.3, -1.0, 0.8]])
Q = np.array([[2.0, 0.3, 0.0], [-0.7, 1.0, 0.4], [0.1, 0.2, 3.0]])
SYMMETRIC = Q + Q.T


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def layer(x: Any) -> Any:
    return np.tanh(A @ x)


def layer_jacobian(x: Any) -> Any:
    return (1 - np.tanh(A @ x) ** 2)[:, None] * A


def energy(x: Any) -> Any:
    return 0.5 * x @ Q @ x + np.sin(x).sum()


def energy_gradient(x: Any) -> Any:
    return 0.5 * SYMMETRIC @ x + np.cos(x)


def energy_hessian(x: Any) -> Any:
    return 0.5 * SYMMETRIC - np.diag(np.sin(x))


def close(actual: Any, expected: Any, tol: float = 1e-12) -> None:
    """Plain arrays or numbers, equal."""
    assert not isinstance(actual, Variable)
    np.testing.assert_allclose(actual, expected, rtol=tol, atol=tol)


# -------------------------------------------------------------------------- closed forms


def test_gradient() -> None:
    close(grad(energy)(X), energy_gradient(X))


def test_value_and_gradient() -> None:
    value, gradient = value_and_grad(energy)(X)
    close(value, energy(X))
    close(gradient, energy_gradient(X))


def test_jacobian() -> None:
    close(jacobian(layer)(X), layer_jacobian(X))


def test_hessian() -> None:
    close(hessian(energy)(X), energy_hessian(X))


def test_hessian_vector_product() -> None:
    v = np.array([1.0, -2.0, 0.5])
    close(hvp(energy)(X, v), energy_hessian(X) @ v)


def test_vjp() -> None:
    value, pull = vjp(layer, X)
    close(value, layer(X))
    u = np.array([2.0, -1.0])
    (gradient,) = pull(u)
    close(gradient, u @ layer_jacobian(X))
    close(pull(-u)[0], -gradient)


def test_jvp() -> None:
    v = np.array([1.0, -2.0, 0.5])
    value, tangent = jvp(layer, (X,), (v,))
    close(value, layer(X))
    close(tangent, layer_jacobian(X) @ v)


def test_elementwise_gradient() -> None:
    close(elementwise_grad(np.tanh)(X), 1 - np.tanh(X) ** 2)
    close(elementwise_grad(elementwise_grad(np.sin))(X), -np.sin(X))


@pytest.mark.parametrize(
    ("f", "derivatives"),
    [
        (np.sin, [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]),
        (
            lambda x: np.exp(2 * x),
            [lambda x, k=k: 2**k * np.exp(2 * x) for k in (1, 2, 3, 4)],
        ),
        (
            lambda x: 1 / x,
            [lambda x: -1 / x**2, lambda x: 2 / x**3, lambda x: -6 / x**4, lambda x: 24 / x**5],
        ),
        (
            lambda x: x**3,
            [lambda x: 3 * x**2, lambda x: 6 * x, lambda x: 6.0, lambda x: 0.0],
        ),
    ],
)
@pytest.mark.parametrize("transform", [grad, elementwise_grad, jacobian])
def test_nested_to_the_fourth_order(f: Any, derivatives: Any, transform: Any) -> None:
    g = f
    for derivative in derivatives:
        g = transform(g)
        close(g(0.7), derivative(0.7))


def test_jacobian_has_the_shape_of_output_and_argument() -> None:
    x = np.arange(6.0).reshape(2, 3)
    found = jacobian(lambda x: x.T @ x)(x)  # y_ij = sum over k of x_ki x_kj
    i = np.eye(3)
    assert found.shape == (3, 3, 2, 3)
    close(found, np.einsum("il,kj->ijkl", i, x) + np.einsum("jl,ki->ijkl", i, x))


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (2, 2), (0,), (3, 0)])
def test_jacobian_of_any_shape(shape: tuple[int, ...]) -> None:
    x = np.linspace(0.1, 1, int(np.prod(shape))).reshape(shape)
    expected = np.zeros((*shape, *shape))
    for i in np.ndindex(*shape):
        expected[i + i] = np.cos(x[i])
    found = jacobian(np.sin)(x)
    assert np.shape(found) == shape + shape
    close(found, expected)


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_chunks_change_nothing(chunk: int) -> None:
    def f(x: Any) -> Any:
        return np.outer(np.sin(x), x**2)

    close(jacobian(f, chunk=chunk)(X), jacobian(f)(X))
    close(hessian(energy, chunk=chunk)(X), energy_hessian(X))
    inner = jacobian(jacobian(f, chunk=chunk), chunk=chunk)
    close(inner(X), jacobian(jacobian(f))(X))


def test_second_jacobian() -> None:
    """d²y_i / dx_j dx_k of tanh(A x) is -2 y_i (1 - y_i²) A_ij A_ik."""
    y = np.tanh(A @ X)
    expected = np.einsum("i,ij,ik->ijk", -2 * y * (1 - y**2), A, A)
    close(jacobian(jacobian(layer))(X), expected)
    close(jacobian(jacobian(jacobian(lambda x: (x**4).sum())))(X)[1, 1, 1], 24 * X[1])


def test_hessian_is_the_jacobian_of_the_gradient() -> None:
    close(jacobian(grad(energy))(X), energy_hessian(X))
    close(hessian(lambda x: hessian(energy)(x).sum())(X), np.diag(np.sin(X)))


def test_gradients_of_products_with_the_hessian() -> None:
    """d/dx (v' H(x) v) = -cos(x) v², for H = const - diag(sin x)."""
    v = np.array([1.0, -2.0, 0.5])
    close(grad(lambda x: hvp(energy)(x, v) @ v)(X), -np.cos(X) * v**2)
    close(grad(lambda v: hvp(energy)(X, v) @ v)(v), 2 * energy_hessian(X) @ v)


def test_jvp_is_differentiated_by_primal_and_by_tangent() -> None:
    close(grad(lambda x: jvp(np.sin, (x,), (2.0,))[1])(0.3), -2 * np.sin(0.3))
    close(grad(lambda t: jvp(np.sin, (0.3,), (t,))[1])(2.0), np.cos(0.3))
    close(grad(lambda x: jvp(np.sin, (x,), (x,))[1])(0.3), np.cos(0.3) - 0.3 * np.sin(0.3))
    twice = jvp(lambda x: jvp(np.exp, (x,), (3.0,))[1], (0.2,), (5.0,))[1]
    close(twice, 15 * np.exp(0.2))


def test_cotangents_of_one_element_take_the_shape_of_the_output() -> None:
    for given in (2.0, np.array(2.0), np.array([[2.0]])):
        (found,) = vjp(np.sin, X[:1])[1](given)
        assert found.shape == (1,)
        close(found, 2 * np.cos(X[:1]))


def test_vjp_is_differentiated_by_primal_and_by_cotangent() -> None:
    close(grad(lambda x: vjp(np.sin, x)[1](2.0)[0])(0.3), -2 * np.sin(0.3))
    close(grad(lambda u: vjp(np.sin, 0.3)[1](u)[0])(2.0), np.cos(0.3))
    close(grad(lambda x: vjp(np.sin, x)[0] * x)(0.3), np.sin(0.3) + 0.3 * np.cos(0.3))

    _, pull = vjp(np.sin, 0.3)
    close(grad(grad(lambda u: pull(u)[0] ** 2))(2.0), 2 * np.cos(0.3) ** 2)


# ------------------------------------------------------- closed-over values, and confusion


def test_the_perturbations_of_nested_gradients_are_told_apart() -> None:
    """d/dx x · d/dy (x + y) = 1, not 2."""
    close(grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0), 1.0)
    close(grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0), 6.0)
    close(grad(lambda x: x * grad(lambda y: x * y * y)(x))(3.0), 6 * 3.0**2)
    close(jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1], 1.0)
    close(grad(lambda x: x * hessian(lambda y: x * y**2)(1.0))(1.0), 4.0)
    close(grad(lambda x: x * jacobian(lambda y: x * y)(X).sum())(2.0), 6 * 2.0)
    close(grad(lambda x: x * elementwise_grad(lambda y: x * y)(X).sum())(2.0), 6 * 2.0)


def test_other_uses_of_an_argument_are_constants() -> None:
    """A Variable that is closed over and passed too: d/dx (x · v) at x = v is v."""
    v = Variable(np.array(3.0))
    found = grad(lambda x: x * v)(v)
    assert isinstance(found, Variable)
    np.testing.assert_array_equal(found.array, 3.0)
    found.backward()
    np.testing.assert_array_equal(v.grad, 1.0)


def test_an_argument_that_is_computed_from_another_is_one_of_its_own() -> None:
    v = Variable(np.array(3.0))
    first, second = grad(lambda x, y: x**2 * y, (0, 1))(v, 2 * v)
    np.testing.assert_array_equal(first.array, 2 * 3 * 6)
    np.testing.assert_array_equal(second.array, 9)
    (first + second).backward()  # 2 x y + x², with y = 2 x: 5 x², and 10 x
    np.testing.assert_array_equal(v.grad, 30)


def test_a_closed_over_variable_connects_the_result() -> None:
    w = Variable(np.array([1.0, 2.0, 3.0]))
    found = grad(lambda x: (w * x**2).sum())(X)
    assert isinstance(found, Variable)
    np.testing.assert_allclose(found.array, 2 * w.array * X)
    (found**2).sum().backward()
    np.testing.assert_allclose(w.grad, 8 * w.array * X**2)


def test_a_closed_over_variable_without_gradient_is_a_constant() -> None:
    w = Variable(np.array([1.0, 2.0, 3.0]), requires_grad=False)
    close(grad(lambda x: (w * x**2).sum())(X), 2 * w.array * X)


def test_integers_that_are_closed_over_have_no_gradient() -> None:
    class Chosen(FunctionNode):
        """The elements that labels name, as old code wrote it: labels are Variables."""

        def forward(self, inputs: Any) -> Any:
            x, labels = inputs
            self.retain_inputs((1,))
            return (x[labels],)

        def backward(self, indexes: Any, gys: Any) -> Any:
            (labels,) = self.get_retained_inputs()
            return (F.matmul(gys[0], np.eye(3)[labels.array]), None)

    labels = Variable(np.array([2, 2, 0]))
    close(grad(lambda x: F.sum(Chosen().apply((x, labels))[0]))(X), [1.0, 0.0, 2.0])


@pytest.mark.parametrize(
    "inner",
    [
        lambda w: jacobian(lambda x: w * x**2)(X).sum(),
        lambda w: hessian(lambda x: (w * x**3).sum())(X).sum(),
        lambda w: hvp(lambda x: (w * x**3).sum())(X, X).sum(),
        lambda w: jvp(lambda x: w * x**2, (X,), (X,))[1].sum(),
        lambda w: vjp(lambda x: w * x**2, X)[1](X)[0].sum(),
        lambda w: value_and_grad(lambda x: (w * x**3).sum())(X)[1].sum(),
        lambda w: value_and_grad(lambda x: (w * x**3).sum())(X)[0],
        lambda w: elementwise_grad(lambda x: w * x**3)(X).sum(),
    ],
)
def test_every_transform_is_differentiated_by_what_it_closes_over(inner: Any) -> None:
    """inner(w) is linear in w, and so its derivative is inner(1)."""
    w = np.array(2.5)
    close(grad(inner)(w), inner(np.array(1.0)))
    close(grad(lambda w: inner(w * w))(w), 5 * inner(np.array(1.0)))


def test_an_unknown_of_an_inner_transform_is_not_seen_outside() -> None:
    """Else the outer gradient would come back as a Variable."""
    close(grad(lambda v: grad(lambda x: v * x * x * x)(2.0))(5.0), 12.0)
    close(grad(lambda v: v * vjp(lambda x: v * x * x, 2.0)[0])(5.0), 40.0)
    close(grad(lambda v: hessian(lambda x: v * (x**3).sum())(X).sum())(5.0), 6 * X.sum())
    close(grad(lambda v: value_and_grad(lambda x: v * x * x)(2.0)[0])(5.0), 4.0)


def test_a_transform_inside_a_plain_graph_is_part_of_it() -> None:
    v = Variable(X)
    gradient = grad(energy)(v)
    assert isinstance(gradient, Variable)
    gradient[1].backward()
    np.testing.assert_allclose(v.grad, energy_hessian(X)[1], rtol=1e-12)


def test_the_graph_of_a_closed_over_variable_is_not_visited() -> None:
    class Loud(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            return (inputs[0].copy(),)

        def backward(self, indexes: Any, gys: Any) -> Any:
            raise RuntimeError("visited")

    v = Variable(X)
    (trunk,) = Loud().apply((v,))
    found = grad(lambda x: (x * trunk).sum())(X)
    np.testing.assert_array_equal(found.array, X)
    with no_backprop_mode():
        np.testing.assert_array_equal(grad(lambda x: (x * trunk).sum())(X), X)
    _, pull = vjp(lambda x: (x * trunk, trunk), X)
    np.testing.assert_array_equal(pull((np.ones(3), np.ones(3)))[0].array, X)


# ------------------------------------------------------------------ what goes in and comes out


def test_numbers_come_back_as_numpy_numbers() -> None:
    found = grad(np.log)(10.0)
    assert type(found) is np.float64
    assert found == 0.1
    assert type(grad(np.sin)(np.float32(1))) is np.float32
    assert type(grad(lambda x: x * x)(3)) is np.float64
    assert type(hessian(np.sin)(1.0)) is np.float64
    assert type(jvp(np.sin, (1.0,), (1.0,))[1]) is np.float64
    assert type(vjp(np.sin, 1.0)[1](1.0)[0]) is np.float64


def test_an_array_without_axes_stays_one() -> None:
    found = grad(np.log)(np.array(10.0))
    assert type(found) is np.ndarray
    assert found.shape == ()


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_the_dtype_is_that_of_the_argument(dtype: str) -> None:
    x = X.astype(dtype)
    q = Q.astype(dtype)

    def f(x: Any) -> Any:
        return x @ q @ x

    assert grad(f)(x).dtype == dtype
    assert hessian(f)(x).dtype == dtype
    assert hvp(f)(x, X).dtype == dtype
    assert jacobian(lambda x: q @ x)(x).dtype == dtype
    assert elementwise_grad(np.sin)(x).dtype == dtype
    assert jvp(f, (x,), (X,))[1].dtype == dtype
    assert vjp(lambda x: q @ x, x)[1](X)[0].dtype == dtype


@pytest.mark.parametrize("dtype", ["i4", "i8", "u1"])
def test_integers_count_as_floating_point_numbers(dtype: str) -> None:
    found = grad(lambda x: (x**2 / 4).sum())(np.array([1, 2, 3], dtype))
    assert found.dtype == np.float64
    close(found, [0.5, 1.0, 1.5])


def test_complex_arguments_have_complex_derivatives() -> None:
    z = np.array([1 + 2j, 0.5j])
    close(elementwise_grad(lambda z: z**3)(z), 3 * z**2)
    close(jacobian(np.exp)(z), np.diag(np.exp(z)))
    close(vjp(np.sin, z)[1](np.array([1j, 2]))[0], np.cos(z) * [1j, 2])
    with pytest.raises(GradientError, match="real output"):
        grad(lambda z: (z * z).sum())(z)


POINT = namedtuple("POINT", "x y")


def test_trees_come_back_in_their_form() -> None:
    params = {"w": A, "layers": [(1.0, X), POINT(np.array(2.0), 3)], "none": None}

    def loss(p: Any) -> Any:
        (scale, bias), point = p["layers"]
        return (p["w"] @ bias).sum() * scale + point.x * point.y**2

    found = grad(loss)(params)
    assert list(found) == ["w", "layers", "none"]
    close(found["w"], np.stack([X, X]))
    assert type(found["layers"]) is list
    assert type(found["layers"][0]) is tuple
    close(found["layers"][0][0], (A @ X).sum())
    close(found["layers"][0][1], A.sum(0))
    assert type(found["layers"][1]) is POINT
    close(found["layers"][1].x, 9.0)
    close(found["layers"][1].y, 12.0)
    assert found["none"] is None


def test_outputs_may_be_trees() -> None:
    def f(x: Any, y: Any) -> Any:
        return {"a": x * y, "b": (x.sum(), 3.0)}

    found = jacobian(f, (0, 1))(X, 2.0)
    close(found["a"][0], 2 * np.eye(3))
    close(found["a"][1], X)
    close(found["b"][0][0], np.ones(3))
    close(found["b"][0][1], 0)
    close(found["b"][1][0], np.zeros(3))
    value, pull = vjp(f, X, 2.0)
    close(value["a"], 2 * X)
    assert value["b"][1] == 3.0
    gx, gy = pull({"b": (1.0, 0.0), "a": np.ones(3)})
    close(gx, np.full(3, 3.0))
    close(gy, X.sum())
    _, tangent = jvp(f, (X, 2.0), (np.ones(3), 1.0))
    close(tangent["a"], X + 2)
    close(tangent["b"][0], 3)
    close(tangent["b"][1], 0)


def test_hessian_of_several_arguments_is_nested() -> None:
    def f(x: Any, p: Any) -> Any:
        return (x**2).sum() * p["a"] ** 3

    found = hessian(f, (0, 1))(X, {"a": 2.0})
    close(found[0][0], 16 * np.eye(3))
    close(found[0][1]["a"], 24 * X)
    close(found[1]["a"][0], 24 * X)
    close(found[1]["a"][1]["a"], 12 * (X**2).sum())
    product = hvp(f, (0, 1))(X, (X, {"a": 1.0}), {"a": 2.0})
    close(product[0], 16 * X + 24 * X)
    close(product[1]["a"], 24 * (X**2).sum() + 12 * (X**2).sum())


def test_arguments_are_chosen_by_number() -> None:
    def f(x: Any, y: Any, *, scale: float = 1.0) -> Any:
        return scale * (x**2 * y).sum()

    close(grad(f)(X, 2.0), 4 * X)
    close(grad(f, 1)(X, 2.0), (X**2).sum())
    close(grad(f, -1)(X, 2.0, scale=3.0), 3 * (X**2).sum())
    both = grad(f, (1, 0))(X, 2.0)
    assert type(both) is tuple
    close(both[0], (X**2).sum())
    close(both[1], 4 * X)
    (only,) = grad(f, (0,))(X, 2.0)
    close(only, 4 * X)


def test_other_arguments_pass_untouched() -> None:
    marker = object()

    def f(x: Any, mode: str, thing: Any, numbers: Any, *, key: Any) -> Any:
        assert (mode, thing, key) == ("mode", marker, marker)
        assert type(numbers) is list
        return x * numbers[0]

    close(grad(f)(2.0, "mode", marker, [4], key=marker), 4.0)


def test_auxiliary_output() -> None:
    def f(x: Any) -> Any:
        y = x**2
        return y.sum(), {"y": y, "n": 3}

    gradient, aux = grad(f, has_aux=True)(X)
    close(gradient, 2 * X)
    close(aux["y"], X**2)
    assert aux["n"] == 3
    (value, aux), gradient = value_and_grad(f, has_aux=True)(X)
    close(value, (X**2).sum())
    close(aux["y"], X**2)
    close(gradient, 2 * X)


def test_an_output_of_one_element_counts_as_a_number() -> None:
    for shape in [(), (1,), (1, 1)]:
        close(grad(lambda x, s=shape: (x**2).sum().reshape(s))(X), 2 * X)
        close(hessian(lambda x, s=shape: (x**2).sum().reshape(s))(X), 2 * np.eye(3))
        value, _ = value_and_grad(lambda x, s=shape: (x**2).sum().reshape(s))(X)
        assert np.shape(value) == shape


def test_variables_without_gradient_give_unconnected_variables() -> None:
    v = Variable(X, requires_grad=False)
    found = grad(energy)(v)
    assert isinstance(found, Variable)
    assert not found.requires_grad
    np.testing.assert_allclose(found.array, energy_gradient(X))


def test_parameters_are_variables_too() -> None:
    p = Parameter(X)
    np.testing.assert_allclose(grad(energy)(p).array, energy_gradient(X))
    assert p.grad is None
    with pytest.raises(TypeError, match=r"argument 0 .* not initialised"):
        grad(energy)(Parameter())


def test_no_grad_is_touched() -> None:
    v, w = Variable(X), Variable(X)
    grad(lambda x: (x * w).sum())(v)
    hessian(lambda x: (x**2 * w).sum())(v)
    jacobian(lambda x: x * w)(v)
    assert v.grad is None
    assert w.grad is None


def test_a_series_counts_as_its_values() -> None:
    pandas = pytest.importorskip("pandas")
    series = pandas.Series([1.0, 2.0, 3.0], index=list("abc"))
    close(grad(lambda x: (x**2).sum())(series), [2.0, 4.0, 6.0])
    assert type(grad(lambda x: (x**2).sum())(series.values)) is np.ndarray


def test_gradients_may_be_written_to() -> None:
    first, second = grad(lambda x, y: (x + y).sum(), (0, 1))(X, X)
    first += 1
    close(first, np.full(3, 2.0))
    close(second, np.ones(3))
    many = np.ones(5000)
    found = grad(np.sum)(many)
    found[0] = 7
    close(found[1:], 1)
    u = np.ones(3)
    (g,) = vjp(lambda x: x, X)[1](u)
    g += 1
    close(u, np.ones(3))
    rows = jacobian(lambda x: x[:1] * np.ones(2))(X)
    rows[0, 0] = 5
    close(rows[1, 0], 1)


def test_the_function_itself_may_be_the_identity() -> None:
    close(grad(lambda x: x)(2.0), 1.0)
    close(jacobian(lambda x: x)(X), np.eye(3))
    close(hessian(lambda x: x)(2.0), 0.0)
    close(jvp(lambda x: x, (X,), (X,))[1], X)
    v = Variable(np.array(2.0))
    np.testing.assert_array_equal(grad(lambda x: x)(v).array, 1.0)
    np.testing.assert_array_equal(jacobian(lambda x: x)(Variable(X)).array, np.eye(3))
    close(grad(lambda x: jvp(lambda y: y, (x,), (x,))[1])(2.0), 1.0)


def test_functions_of_several_outputs_inside() -> None:
    """eigh and split have several outputs, of which only some may be used."""
    s = np.array([[2.0, 0.5], [0.5, 1.0]])
    _, v = np.linalg.eigh(s)
    found = grad(lambda a: np.linalg.eigh((a + a.T) / 2)[0][-1])(s)
    close(found, np.outer(v[:, -1], v[:, -1]))
    close(jacobian(lambda x: np.split(x, 3)[1])(X), [[0.0, 1.0, 0.0]])
    outputs = jacobian(lambda x: tuple(np.split(x, 3)))(X)
    close(np.concatenate(outputs), np.eye(3))
    close(jacobian(lambda a: np.linalg.eigvalsh((a + a.T) / 2))(s), [np.outer(c, c) for c in v.T])


def test_user_functions_of_old_code() -> None:
    class Square(FunctionNode):
        def forward(self, inputs: Any) -> Any:
            self.retain_inputs((0,))
            return (inputs[0] ** 2,)

        def backward(self, indexes: Any, gys: Any) -> Any:
            (x,) = self.get_retained_inputs()
            return (2 * x * gys[0],)

    def f(x: Any) -> Any:
        return F.sum(Square().apply((x,))[0])

    close(grad(f)(X), 2 * X)
    close(hessian(f)(X), 2 * np.eye(3))
    close(jacobian(lambda x: Square().apply((x,))[0])(X), np.diag(2 * X))


# ---------------------------------------------------------------------- what has no derivative


def test_an_output_that_depends_on_nothing_warns_and_gives_zeros() -> None:
    cut = "does not depend on argument 0: the derivative is zero.*np.array"
    for f in (
        lambda x: 3.0,
        lambda x: np.float32(2),
        lambda x: np.ones(()),
        lambda x: Variable(np.array(3.0)),
        lambda x: np.sum(x.array**2),
        lambda x: np.sum(x > 0),
    ):
        with pytest.warns(UserWarning, match=f"grad: the output {cut}") as caught:
            close(grad(f)(X), np.zeros(3))
        assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=f"jacobian: the output {cut}") as caught:
        close(jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=f"hessian: the output {cut}") as caught:
        close(hessian(lambda x: 1.0)(X), np.zeros((3, 3)))
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=f"vjp: the output {cut}"):
        close(vjp(lambda x: np.ones(2), X)[1](np.ones(2))[0], np.zeros(3))
    with pytest.warns(UserWarning, match=f"jvp: the output {cut}"):
        close(jvp(lambda x: np.ones(2), (X,), (X,))[1], np.zeros(2))


def test_an_argument_that_one_of_several_does_not_matter_is_an_honest_zero() -> None:
    first, second = grad(lambda x, y: (x**2).sum(), (0, 1))(X, A)
    close(first, 2 * X)
    close(second, np.zeros((2, 3)))
    found = grad(lambda p: p["a"] ** 2)({"a": 3.0, "b": X})
    close(found["b"], np.zeros(3))


def test_a_constant_derivative_is_an_honest_zero_further_on() -> None:
    close(grad(grad(lambda x: 3 * x))(1.0), 0.0)
    close(grad(grad(grad(grad(lambda x: x**2))))(1.0), 0.0)
    close(hessian(lambda x: x.sum())(X), np.zeros((3, 3)))
    close(jacobian(jacobian(lambda x: A @ x))(X), np.zeros((2, 3, 3)))
    close(grad(lambda v: grad(lambda x: 0 * v + 3 * x)(1.0))(2.0), 0.0)
    close(grad(lambda v: grad(lambda x: v + x * x)(1.0))(2.0), 0.0)
    close(grad(lambda v: 2 * jvp(lambda x: v + 5 * x, (1.0,), (1.0,))[1])(2.0), 0.0)
    close(grad(lambda v: vjp(lambda x: v + 5 * x, 1.0)[1](2.0)[0])(2.0), 0.0)


def test_a_gradient_that_was_not_recorded_is_reported() -> None:
    def f(x: Any) -> Any:
        (g,) = playground.grad([x**3], [x])
        return g * x

    with pytest.warns(UserWarning, match="enable_double_backprop=True"):
        close(grad(f)(2.0), 12.0)


# --------------------------------------------------------------------------- modes and threads


def test_transforms_work_where_nothing_is_recorded() -> None:
    v = Variable(X)
    with no_backprop_mode():
        close(grad(energy)(X), energy_gradient(X))
        close(hessian(energy)(X), energy_hessian(X))
        close(jacobian(layer)(X), layer_jacobian(X))
        close(grad(grad(np.sin))(0.3), -np.sin(0.3))
        close(jvp(layer, (X,), (X,))[1], layer_jacobian(X) @ X)
        found = grad(energy)(v)
        value, pull = vjp(layer, v)
        closed_over = grad(lambda x: (x * v).sum())(X)
    assert isinstance(found, Variable)
    assert not found.requires_grad
    assert found.creator is None
    np.testing.assert_allclose(found.array, energy_gradient(X))
    assert value.creator is None
    np.testing.assert_allclose(pull(np.ones(2))[0].array, layer_jacobian(X).sum(0))
    close(closed_over, X)


def test_a_transform_leaves_the_switches_as_they_were() -> None:
    def broken(x: Any) -> Any:
        raise RuntimeError("broken")

    before = playground.config.as_dict()
    with no_backprop_mode():
        with pytest.raises(RuntimeError, match="broken"):
            grad(broken)(X)
        assert not playground.config.enable_backprop
    assert playground.config.as_dict() == before


def test_threads_do_not_meet() -> None:
    shared = Variable(np.array(2.0))
    g = grad(lambda x: shared * np.sin(x) ** 2)
    h = hessian(lambda x: (np.sin(x) ** 2).sum())
    found: dict[int, Any] = {}

    def work(i: int) -> None:
        found[i] = [(g(0.1 * i + k).array, h(np.array([0.1 * i + k, 1.0]))) for k in range(20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, results in found.items():
        for k, (first, second) in enumerate(results):
            x = 0.1 * i + k
            np.testing.assert_allclose(first, 2 * np.sin(2 * x), rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(second, np.diag(2 * np.cos([2 * x, 2.0])), rtol=1e-12)
    assert len(found) == 6


def test_results_of_earlier_calls_are_constants() -> None:
    kept: list[Any] = [1.0]

    def f(x: Any) -> Any:
        y = (kept[-1] * x**2).sum()
        kept.append(y)
        return y

    g = grad(f)
    close(g(X), 2 * X)
    close(g(X), 2 * X * (X**2).sum())


def test_assigning_to_elements_of_an_argument() -> None:
    """It raises, as on every leaf; an argument that is a Variable is copied, and stays the one."""

    def f(x: Any) -> Any:
        first = x[0] * 1
        x[0] = 2 * x[1]
        return first + (x**2).sum()

    with pytest.raises(playground.GraphCutError, match=r"x\.copy\(\)"):
        grad(f)(X)
    expected = np.array([1.0, 2 * X[1] + 8 * X[1], 2 * X[2]])
    v = Variable(X)
    np.testing.assert_allclose(grad(f)(v).array, expected)
    np.testing.assert_array_equal(v.array, X)


def test_graphs_are_freed_by_reference_counting_alone() -> None:
    v = Variable(X)
    gc.collect()
    gc.freeze()  # the collector would look through all that the test session holds, each time
    gc.disable()
    try:
        for call in (
            lambda: grad(energy)(X),
            lambda: grad(energy)(v),
            lambda: grad(grad(lambda x: np.sin(x)))(0.3),
            lambda: jacobian(layer)(X),
            lambda: jacobian(jacobian(layer))(v),
            lambda: hessian(energy)(v),
            lambda: hvp(energy)(X, v),
            lambda: jvp(layer, (X,), (v,)),
            lambda: vjp(layer, X)[1](np.ones(2)),
            lambda: vjp(layer, v)[1](np.ones(2)),
            lambda: grad(lambda w: jacobian(lambda x: w * x)(X).sum())(2.0),
        ):
            call()
            assert gc.collect() == 0
    finally:
        gc.enable()
        gc.unfreeze()


def test_debug_mode_still_finds_nans() -> None:
    with playground.using_config("debug", True):
        close(hessian(energy)(X), energy_hessian(X))
        with pytest.raises(playground.NaNDetectedError), np.errstate(all="ignore"):
            grad(lambda x: np.log(x - 2).sum())(X)


# ----------------------------------------------------------------------- arrays of a device


def of_matrix_and_vector() -> dict[str, Callable[[Any, Any], Any]]:
    def layer(a: Any) -> Any:
        return lambda x: np.tanh(a @ x)

    def energy(a: Any) -> Any:
        return lambda x: (x * (a @ x)).sum() + np.sin(x).sum()

    return {
        "grad": lambda a, x: grad(energy(a))(x),
        "value_and_grad": lambda a, x: value_and_grad(energy(a))(x),
        "elementwise_grad": lambda a, x: elementwise_grad(elementwise_grad(np.tanh))(x),
        "jacobian": lambda a, x: jacobian(layer(a))(x),
        "jacobian in chunks": lambda a, x: jacobian(layer(a), chunk=2)(x),
        "jacobian twice": lambda a, x: jacobian(jacobian(layer(a)))(x),
        "jacobian of a constant": lambda a, x: jacobian(lambda x: x[:1] + np.zeros_like(x))(x),
        "hessian": lambda a, x: hessian(energy(a))(x),
        "hessian of zeros": lambda a, x: hessian(lambda x: x.sum())(x),
        "hvp": lambda a, x: hvp(energy(a))(x, x),
        "hvp with a host vector": lambda a, x: hvp(energy(a))(x, X),
        "jvp": lambda a, x: jvp(layer(a), (x,), (x,)),
        "vjp": lambda a, x: vjp(layer(a), x)[1](x),
        "an argument without influence": lambda a, x: grad(lambda x, y: y.sum(), (0, 1))(x, a),
        "vmap": lambda a, x: vmap(grad(energy(a)))(a),
        "check_grads": lambda a, x: check_grads(layer(a))(x),
    }


@pytest.mark.parametrize("name", of_matrix_and_vector())
def test_everything_stays_on_the_device(name: str) -> None:
    call = of_matrix_and_vector()[name]
    with registered():
        found = call(StrictArray(Q), StrictArray(X))
    expected = call(Q, X)
    if not isinstance(found, tuple):
        found, expected = (found,), (expected,)
    for ours, host in zip(found, expected, strict=True):
        if host is not None:
            assert type(ours) is StrictArray
            assert ours.shape == np.shape(host)
            close(ours.get(), host)


# --------------------------------------------------------------------------------- with vmap


def test_gradients_at_many_points() -> None:
    points = np.stack([X, 2 * X, X - 1, 0 * X])
    close(vmap(grad(energy))(points), [energy_gradient(x) for x in points])
    close(vmap(hessian(energy))(points), [energy_hessian(x) for x in points])
    close(vmap(jacobian(layer))(points), [layer_jacobian(x) for x in points])
    close(vmap(hvp(energy))(points, points), [energy_hessian(x) @ x for x in points])
    close(
        vmap(lambda x, v: jvp(layer, (x,), (v,))[1])(points, points),
        [layer_jacobian(x) @ x for x in points],
    )
    close(
        vmap(lambda x, u: vjp(layer, x)[1](u)[0])(points, points[:, :2]),
        [x[:2] @ layer_jacobian(x) for x in points],
    )
    close(grad(lambda p: vmap(energy)(p).sum())(points), [energy_gradient(x) for x in points])
    close(jacobian(vmap(energy))(points)[1, 1], energy_gradient(points[1]))


def test_a_point_that_is_the_same_in_all_lanes_has_a_gradient_in_each() -> None:
    scales = np.arange(4.0)
    close(vmap(lambda a: grad(lambda x: a * x**2)(1.5))(scales), 3 * scales)
    close(vmap(lambda a: jvp(lambda x: a * x**2, (1.5,), (1.0,))[1])(scales), 3 * scales)
    close(vmap(lambda a: vjp(lambda x: a * x**2, 1.5)[1](1.0)[0])(scales), 3 * scales)
    close(
        vmap(lambda a: jacobian(lambda x: a * x)(X))(scales),
        scales[:, None, None] * np.eye(3),
    )
    close(
        vmap(lambda a: hessian(lambda x: a * (x**2).sum())(X))(scales),
        2 * scales[:, None, None] * np.eye(3),
    )
    both = vmap(lambda a: vmap(lambda b: grad(lambda x: a * b * x**2)(1.5))(scales))(scales)
    close(both, 3 * np.outer(scales, scales))
    close(vmap(grad(lambda x, a: a * x**2), in_axes=(None, 0))(1.5, scales), 3 * scales)


def test_a_variable_that_is_the_same_in_all_lanes_gets_the_sum() -> None:
    scales = np.arange(4.0)
    total = grad(lambda w: vmap(lambda a: grad(lambda x: a * w * x**2)(1.5))(scales).sum())(2.0)
    close(total, 3 * scales.sum())
    total = grad(lambda w: vmap(lambda a: grad(lambda x: a * x**3)(w))(scales).sum())(2.0)
    close(total, 12 * scales.sum())


MIXED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "product": lambda a, b, s: a * b * s * b,
    "quotient": lambda a, b, s: a * b**3 / s,
    "power": lambda a, b, s: (a * b) ** s,
    "exponential": lambda a, b, s: s ** (a * b),
    "angle": lambda a, b, s: np.arctan2(a * b, s),
    "solve": lambda a, b, s: np.linalg.solve(np.eye(2) * s, np.ones(2) * b**2 * a).sum(),
    "running": lambda a, b, s: np.cumprod(np.ones(3) * b * s)[-1] * a,
    "alone": lambda a, b, s: np.sin(s) * a,
}


@pytest.mark.parametrize("name", MIXED)
def test_vmap_inside_equals_a_loop_to_the_third_order(name: str) -> None:
    """With a value that is the same in all lanes, closed over, argument of the inner gradient."""
    lanes = np.array([0.3, 1.2, 0.7])

    def inner(a: Any, s: Any) -> Any:
        return grad(lambda b: MIXED[name](a, b, s) + b * s)(1.5 * s)

    def mapped(s: Any) -> Any:
        return vmap(lambda a: inner(a, s))(lanes).sum()

    def looped(s: Any) -> Any:
        return sum(inner(a, s) for a in lanes)

    for _ in range(4):
        close(mapped(0.7), looped(0.7), 1e-11)
        mapped, looped = grad(mapped), grad(looped)


# ------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "call",
    [
        lambda: grad(3.0),
        lambda: value_and_grad(None),
        lambda: elementwise_grad(X),
        lambda: jacobian(X),
        lambda: hessian("f"),
        lambda: hvp([1]),
        lambda: vjp(3.0, X),
        lambda: jvp(3.0, (X,), (X,)),
    ],
)
def test_what_is_no_function_is_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="expected a function, got"):
        call()


@pytest.mark.parametrize(
    ("x", "what"),
    [
        (True, "of dtype bool"),
        (np.array([True]), "of dtype bool"),
        ("text", "a str"),
        (np.array(["a"]), "of dtype <U1"),
        (np.array([1, None]), "of dtype object"),
        ({1, 2}, "a set"),
        (object(), "a object"),
        ({"a": [1.0, "b"]}, r"argument 0\['a'\]\[1\] .*a str"),
    ],
)
def test_arguments_that_are_no_numbers_are_refused(x: Any, what: str) -> None:
    with pytest.raises(TypeError, match=f"grad: .*{what}.*argnums"):
        grad(lambda x: x)(x)


def test_variables_of_integers_are_refused() -> None:
    with pytest.raises(TypeError, match="argument 0 is a Variable of dtype int64"):
        grad(lambda x: x.sum())(Variable(np.array([1, 2])))
    found = grad(lambda x: (x**2).sum())(Variable(np.array([1, 2]), requires_grad=False))
    np.testing.assert_array_equal(found.array, [2.0, 4.0])


def test_an_empty_tree_is_refused() -> None:
    for empty in ((), [], {}, None, {"a": []}):
        with pytest.raises(ValueError, match="grad: argument 0 holds no array"):
            grad(lambda x: 1.0)(empty)


@pytest.mark.parametrize(
    ("argnums", "error", "what"),
    [
        (1, TypeError, "selects argument 1, but 1 were given"),
        (-2, TypeError, "selects argument -2, but 1 were given"),
        ((0, 0), ValueError, "each once"),
        ((0, -1), ValueError, "each once"),
        ((), ValueError, "at least one"),
        ("x", TypeError, "must be a number or a tuple of numbers, got 'x'"),
        (True, TypeError, "must be a number"),
        (None, TypeError, "must be a number"),
        (1.0, TypeError, "must be a number"),
    ],
)
def test_argnums_that_select_nothing_are_refused(argnums: Any, error: Any, what: str) -> None:
    with pytest.raises(error, match=f"jacobian: argnums .*{what}"):
        jacobian(lambda x: x, argnums)(X)


def test_outputs_of_several_elements_say_what_to_use() -> None:
    for transform, name in ((grad, "grad"), (value_and_grad, "value_and_grad"), (hessian, "hess")):
        with pytest.raises(
            GradientError,
            match=rf"{name}.*got shape \(3,\): use jacobian .*elementwise_grad .*vmap\({name}",
        ):
            transform(np.sin)(X)
    with pytest.raises(GradientError, match=r"got shape \(0,\)"):
        grad(lambda x: x[:0])(X)
    with pytest.raises(GradientError, match=r"got shape \(2,\)"):
        grad(lambda x: np.ones(2))(X)


@pytest.mark.parametrize(
    ("result", "what"),
    [
        (None, "got None: return the value"),
        ("text", "got 'text': return the value"),
        ((1.0, 2.0), "got a tuple: use jacobian or vjp, or grad.f, has_aux=True."),
        ({"a": 1.0}, "got a dict: use jacobian"),
    ],
)
def test_outputs_that_are_no_arrays_are_refused(result: Any, what: str) -> None:
    with pytest.raises(GradientError, match=f"grad: expected a function of one value, {what}"):
        grad(lambda x: result)(X)


def test_the_other_outputs_that_are_refused() -> None:
    with pytest.raises(GradientError, match=r"must return \(value, aux\), got an array"):
        grad(lambda x: x.sum(), has_aux=True)(X)
    with pytest.raises(GradientError, match=r"jacobian: .*got 'text' at \['a'\]\[1\]"):
        jacobian(lambda x: {"a": [x, "text"]})(X)
    with pytest.raises(GradientError, match=r"vjp: .*got None"):
        vjp(lambda x: None, X)
    with pytest.raises(
        GradientError,
        match=r"elementwise_grad: .*shape of argument 0, \(3,\), got an array of shape \(\): use "
        "grad",
    ):
        elementwise_grad(np.sum)(X)
    with pytest.raises(GradientError, match=r"elementwise_grad: .*argument 1"):
        elementwise_grad(lambda x, y: x * y, (0, 1))(X, 2.0)


def test_cotangents_and_tangents_that_do_not_fit_are_refused() -> None:
    pull = vjp(lambda x: {"a": x, "b": (x.sum(),)}, X)[1]
    for cotangent, what in (
        (X, r"expected a dict of \['a', 'b'\], got one ndarray"),
        ({"a": X}, r"expected a dict of \['a', 'b'\], got a dict of \['a'\]"),
        ({"a": X, "b": 1.0}, r"expected a tuple of 1 at \['b'\], got one float"),
    ):
        with pytest.raises(GradientError, match=f"vjp: the cotangent: {what}"):
            pull(cotangent)
    with pytest.raises(GradientError, match=r"cotangent\['a'\] of shape \(3,\), got shape \(2,\)"):
        pull({"a": X[:2], "b": (1.0,)})
    with pytest.raises(GradientError, match="dtype float64, got complex128"):
        vjp(np.sin, X)[1](X * 1j)
    with pytest.raises(TypeError, match="the cotangent must be an array, got 'text'"):
        vjp(np.sin, X)[1]("text")
    with pytest.raises(GradientError, match=r"tangents\[0\] of shape \(3,\), got shape \(2, 3\)"):
        jvp(np.sin, (X,), (A,))
    with pytest.raises(
        GradientError, match="jvp: the tangents: expected a tuple of 1, got a tuple of 2"
    ):
        jvp(np.sin, (X,), (X, X))
    with pytest.raises(TypeError, match="jvp: tangents must be a tuple of arguments"):
        jvp(np.sin, (X,), X)
    with pytest.raises(TypeError, match="jvp: primals must be a tuple of arguments"):
        jvp(np.sin, X, (X,))
    with pytest.raises(GradientError, match=r"hvp: .* \(the vector\) of shape \(3,\)"):
        hvp(energy)(X, A)
    with pytest.raises(TypeError, match="hvp: expected the first argument, a vector"):
        hvp(energy)(X)
    with pytest.raises(TypeError, match="vjp: expected the arguments"):
        vjp(energy)


@pytest.mark.parametrize("chunk", [0, -1, 1.5, True, "2"])
def test_chunks_that_are_no_numbers_are_refused(chunk: Any) -> None:
    for transform in (jacobian, hessian):
        with pytest.raises(ValueError, match=f"{transform.__name__}: chunk must be"):
            transform(layer, chunk=chunk)


def test_a_writing_function_raises_what_it_always_raises() -> None:
    with pytest.raises(playground.GraphCutError):
        grad(lambda x: float(x[0]))(X)
    with pytest.raises(playground.GraphCutError):
        grad(lambda x: np.array(x).sum())(X)


def test_transformed_functions_have_names() -> None:
    assert grad(energy).__name__ == "grad(energy)"
    assert jacobian(grad(energy)).__name__ == "jacobian(grad(energy))"
    assert "energy" in (hvp(energy).__doc__ or "")

    class Callable_:  # noqa: N801
        def __call__(self, x: Any) -> Any:
            return x * x

    assert grad(Callable_()).__name__ == "grad(Callable_)"
    close(grad(Callable_())(2.0), 4.0)


def test_scipy_takes_them_as_they_are() -> None:
    from scipy import optimize

    def rosenbrock(x: Any) -> Any:
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    for options in (
        {"fun": value_and_grad(rosenbrock), "jac": True, "method": "L-BFGS-B"},
        {"jac": grad(rosenbrock), "hess": hessian(rosenbrock), "method": "trust-exact"},
        {"jac": grad(rosenbrock), "hessp": hvp(rosenbrock), "method": "Newton-CG"},
    ):
        start = np.array([-1.2, 1.0, 0.5])
        found = optimize.minimize(**{"fun": rosenbrock, "x0": start, **options})
        close(found.x, np.ones(3), 1e-3)
    root = optimize.root(layer_residual, X[:2], jac=jacobian(layer_residual))
    close(root.fun, np.zeros(2), 1e-9)


def layer_residual(x: Any) -> Any:
    return np.tanh(A[:, :2] @ x) - np.array([0.1, -0.2])


def test_jacobian_with_aux() -> None:
    def f(x: Any) -> Any:
        y = np.sin(x)
        return y, {"sum": y.sum(), "name": 3}

    x = np.array([0.1, 0.2])
    rows, aux = jacobian(f, has_aux=True)(x)
    close(rows, np.diag(np.cos(x)))
    close(aux["sum"], np.sin(x).sum())
    assert aux["name"] == 3
    (second, (value, first)) = jacobian(
        lambda x: (lambda v, g: (g, (v, g)))(*value_and_grad(lambda x: (x**3).sum())(x)),
        has_aux=True,
    )(x)
    close(value, (x**3).sum())
    close(first, 3 * x**2)
    close(second, np.diag(6 * x))
    with pytest.raises(GradientError, match="must return \\(value, aux\\)"):
        jacobian(np.sin, has_aux=True)(x)


def test_numpys_complaint_gives_way_to_the_one_that_helps() -> None:
    """NumPy puts an error of its own over ours where an element is assigned."""

    def fills(x: Any) -> Any:
        out = np.zeros(3)
        out[0] = x[0] ** 2
        return out.sum()

    for call in (grad(fills), jacobian(fills), hessian(fills)):
        with pytest.raises(playground.GraphCutError, match="zeros\\(shape, like=v\\)"):
            call(np.ones(3))
    with pytest.raises(playground.GraphCutError, match="under vmap"):
        vmap(fills)(np.ones((2, 3)))


def test_a_list_of_numbers_is_named_where_it_does_not_fit() -> None:
    with pytest.raises(TypeError) as caught:
        grad(lambda x: np.sum(x**2))([1.0, 2.0])
    assert "pass an array" in caught.value.__notes__[0]
