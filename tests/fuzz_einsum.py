"""Random einsum texts: ``python -m tests.fuzz_einsum --count N --seed S``.

An einsum is linear in each operand, so that its derivatives are its own values at unit operands:
the expected numbers come from ``numpy.einsum`` alone, without a difference quotient.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import NamedTuple

import numpy as np

from playground.transforms import grad, hessian, jacobian, vmap

LENGTHS = (0, 1, 2, 3)
# A Hessian by unit operands takes the square of this many calls.
MANY = 40


class Case(NamedTuple):
    """One call: its text, its options, and the shape of each operand."""

    text: str
    shapes: tuple[tuple[int, ...], ...]
    optimize: bool

    def __str__(self) -> str:
        return f"einsum({self.text!r}, {self.shapes}, optimize={self.optimize})"

    def of(self, xs):
        return np.einsum(self.text, *xs, optimize=self.optimize)


def random_case(rng) -> Case:
    """Labels may stand twice in an operand, and be of length 1 in some operands alone."""
    lengths = dict(zip("ijkl", rng.choice(LENGTHS, 4, p=(0.1, 0.2, 0.35, 0.35)), strict=True))
    dots = [int(n) for n in rng.choice((1, 2, 3), rng.integers(0, 3))]
    with_dots = bool(rng.random() < 0.4)
    terms, shapes = [], []
    for _ in range(rng.integers(1, 4)):
        labels = "".join(rng.choice(list("ijkl"), rng.integers(0, 4)))
        here = {c: 1 if rng.random() < 0.25 else int(lengths[c]) for c in labels}
        shape = [here[c] for c in labels]
        if with_dots and rng.random() < 0.7:
            place = int(rng.integers(0, len(labels) + 1))
            span = dots[len(dots) - int(rng.integers(0, len(dots) + 1)) :]
            shape[place:place] = [1 if rng.random() < 0.25 else n for n in span]
            labels = labels[:place] + "..." + labels[place:]
        terms.append(labels)
        shapes.append(tuple(shape))
    if shapes[-1] and rng.random() < 0.05:
        # A length that fits nothing: what NumPy refuses has to be refused.
        shapes[-1] = (*shapes[-1][:-1], 5)
    text = ",".join(terms)
    if rng.random() < 0.7:
        named = sorted(set(text) - set(".,"))
        output = [c for c in rng.permutation(named) if rng.random() < 0.5] if named else []
        if "..." in text:
            output.insert(int(rng.integers(0, len(output) + 1)), "...")
        text += "->" + "".join(output)
    return Case(text, tuple(shapes), bool(rng.random() < 0.3))


def split(flat, shapes):
    """The operands, of one vector that holds all of their elements."""
    sizes = [math.prod(shape) for shape in shapes]
    ends = np.cumsum(sizes)
    return [flat[e - n : e].reshape(s) for e, n, s in zip(ends, sizes, shapes, strict=True)]


def expected_jacobian(case, flat):
    """Element by element: the operand that has it replaced by a unit operand."""
    xs, found = split(flat, case.shapes), []
    for unit in np.eye(flat.size):
        units = split(unit, case.shapes)
        k = next(k for k, u in enumerate(units) if u.any())
        found.append(case.of([*xs[:k], units[k], *xs[k + 1 :]]))
    y = case.of(xs)
    return np.stack(found, -1) if found else np.zeros((*y.shape, 0))


def expected_hessian(case, flat, weights):
    """Of the sum of weights times the result: two operands at a time replaced by units."""
    xs, n = split(flat, case.shapes), flat.size
    result = np.zeros((n, n))
    units = [split(unit, case.shapes) for unit in np.eye(n)]
    owner = [next(k for k, u in enumerate(us) if u.any()) for us in units]
    for a in range(n):
        for b in range(n):
            if owner[a] != owner[b]:
                mixed = [*xs]
                mixed[owner[a]], mixed[owner[b]] = units[a][owner[a]], units[b][owner[b]]
                result[a, b] = np.sum(weights * case.of(mixed))
    return result


def check(case, rng) -> bool:
    """Compare everything; False where NumPy itself refuses the call, and it is refused here."""
    flat = rng.uniform(0.5, 1.5, sum(map(math.prod, case.shapes)))

    def f(flat):
        return case.of(split(flat, case.shapes))

    try:
        value = f(flat)
    except ValueError:
        _must_raise(f, flat)
        return False
    weights = rng.uniform(0.5, 1.5, value.shape)

    def weighted(flat):
        return np.sum(weights * f(flat))

    expected = expected_jacobian(case, flat)
    same("value", vmap(f)(flat[None])[0], value)
    same("Jacobian", jacobian(f)(flat), expected)
    same("gradient", grad(weighted)(flat), np.tensordot(weights, expected, value.ndim))
    lanes = rng.uniform(0.5, 1.5, (2, flat.size))
    same("lanes", vmap(f)(lanes), np.stack([f(lane) for lane in lanes]))
    if flat.size <= MANY:
        second = expected_hessian(case, flat, weights)
        same("Hessian", hessian(weighted)(flat), second)
        same("Hessian in lanes", vmap(hessian(weighted))(flat[None])[0], second)
    return True


def _must_raise(f, flat):
    try:
        found = jacobian(f)(flat)
    except (ValueError, TypeError):
        return
    raise AssertionError(f"NumPy refuses the call, a Jacobian of shape {found.shape} comes out")


def same(what, found, expected):
    if found.shape != expected.shape:
        raise AssertionError(f"{what}: shape {found.shape} in place of {expected.shape}")
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12, err_msg=what)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = refused = 0
    for seed in range(options.seed, options.seed + options.count):
        rng = np.random.default_rng(seed)
        case = random_case(rng)
        try:
            refused += not check(case, rng)
        except Exception as error:
            failed += 1
            text = " ".join(str(error).split())[:200]
            print(f"seed {seed}: {case}: {type(error).__name__}: {text}")
    print(f"{options.count} texts, {refused} refused by NumPy, {failed} wrong")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
