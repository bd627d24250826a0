"""Sums of products where an axis has length 1 or 0, and where NumPy refuses to broadcast one."""

import numpy as np
import pytest

from playground.transforms import grad, hessian, jacobian, vmap
from tests.fuzz_einsum import Case, check, random_case

# Summed labels that are of length 1 in another operand, or in this one; and of no length.
BROADCAST = [
    ("ij,j->i", (3, 4), (1,)),
    ("ij,j->i", (3, 1), (4,)),
    ("ij,jk", (2, 3), (1, 2)),
    ("ij,jk->ki", (2, 1), (3, 2)),
    ("ij,ij->", (1, 3), (2, 1)),
    ("i,i", (1,), (4,)),
    ("i,i,i->", (1,), (3,), (1,)),
    ("ii,i->i", (1, 1), (3,)),
    ("ii,i->", (3, 3), (1,)),
    ("ij,jk,kl->il", (2, 3), (1, 1), (3, 2)),
    ("...i,...i", (2, 1), (1, 3)),
    ("...i,i->...", (2, 3), (1,)),
    ("i...,i...->...", (3, 2), (1, 1)),
    ("ij,j->i", (3, 0), (1,)),
    ("ij,j->i", (3, 0), (0,)),
    ("ij,jk->ik", (0, 2), (2, 3)),
    ("i,->i", (1,), ()),
]


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize(("text", "shapes"), [(text, shapes) for text, *shapes in BROADCAST])
def test_a_label_of_length_one_in_another_operand(text, shapes, optimize):
    assert check(Case(text, tuple(shapes), optimize), np.random.default_rng(0))


def test_the_gradient_beside_one_element_by_hand():
    A, b = np.arange(12.0).reshape(3, 4), np.array([2.0])

    def f(A, b):
        return np.sum(np.array([1.0, 10.0, 100.0]) * np.einsum("ij,j->i", A, b))

    by_A, by_b = grad(f, (0, 1))(A, b)
    np.testing.assert_array_equal(by_A, np.outer([2.0, 20.0, 200.0], np.ones(4)))
    np.testing.assert_array_equal(by_b, [6 + 220 + 3800])
    # d2 f / (dA_ij db) is the weight of row i.
    mixed = hessian(f, (0, 1))(A, b)[0][1]
    np.testing.assert_array_equal(mixed[..., 0], np.outer([1.0, 10.0, 100.0], np.ones(4)))


@pytest.mark.parametrize("seed", range(60))
def test_random_texts(seed):
    rng = np.random.default_rng(seed)
    check(random_case(rng), rng)


PRODUCTS = {
    "dot": np.dot,
    "inner": np.inner,
    "outer": np.outer,
    "kron": np.kron,
    "matmul": np.matmul,
    "vecdot": np.vecdot,
    "vdot": np.vdot,
    "multi_dot": lambda a, b: np.linalg.multi_dot([a, b]),
    "tensordot of one axis": lambda a, b: np.tensordot(a, b, np.int64(1)),
    "tensordot of none": lambda a, b: np.tensordot(a, b, 0),
    "tensordot of named axes": lambda a, b: np.tensordot(a, b, ((0,), (-1,))),
    "vecdot along the first axis": lambda a, b: np.vecdot(a, b, axis=0),
    "outer of linalg": np.linalg.outer,
    "matvec": getattr(np, "matvec", np.matmul),
    "vecmat": getattr(np, "vecmat", np.matmul),
}
SHAPES = [(), (0,), (1,), (3,), (1, 1), (1, 3), (3, 1), (3, 3), (0, 3), (3, 0), (2, 1, 3)]


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_of_all_shapes_are_those_of_numpy(name):
    # Bilinear: the derivative by an element is the product with a unit operand.
    product, rng = PRODUCTS[name], np.random.default_rng(0)
    for a_shape in SHAPES:
        for b_shape in SHAPES:
            a, b = rng.uniform(0.5, 1.5, a_shape), rng.uniform(0.5, 1.5, b_shape)
            try:
                y = np.asarray(product(a, b))
            except (ValueError, IndexError):
                with pytest.raises((ValueError, IndexError)):
                    grad(lambda a, b=b: np.sum(product(a, b)))(a)
                continue
            by_a, by_b = jacobian(product, (0, 1))(a, b)
            np.testing.assert_allclose(by_a, units(lambda u, b=b: product(u, b), a, y), atol=1e-14)
            np.testing.assert_allclose(by_b, units(lambda u, a=a: product(a, u), b, y), atol=1e-14)
            lanes = np.stack([a, 2 * a])
            np.testing.assert_allclose(vmap(lambda a, b=b: product(a, b))(lanes)[1], 2 * y)


def units(f, x, y):
    found = [f(unit.reshape(x.shape)) for unit in np.eye(x.size)]
    return np.reshape(np.stack(found, -1) if found else [], y.shape + x.shape)


def test_an_axis_that_is_not_there_is_refused():
    A = np.ones((3, 3))
    for axes in [((5,), (0,)), ((0,), (-3,)), 3, ((0, 0), (0, 1))]:
        with pytest.raises((ValueError, IndexError)):
            np.tensordot(A, A, axes)
        with pytest.raises((ValueError, IndexError), match="tensordot"):
            grad(lambda A, axes=axes: np.sum(np.tensordot(A, A, axes)))(A)
