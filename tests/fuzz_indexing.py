"""Random indices, read and written: ``python -m tests.fuzz_indexing --count N --seed S``.

Reading and writing are linear, so that NumPy's own answer gives the derivatives too: an array of
numbered places, read by the index, says which element each result is.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import numpy as np

from playground.transforms import grad, hessian, jacobian, vmap

LENGTHS = (0, 1, 2, 3)


def random_index(rng, shape):
    """Parts for the axes of a shape, one after the other, with others that stand for none."""
    parts, axis, dots, made = [], 0, False, _made(rng)
    while True:
        kind = rng.random()
        if kind < 0.08:
            parts.append(None)
        elif kind < 0.16:
            parts.append((True, False, np.True_, np.array(True), np.array(False))[_pick(rng, 5)])
        elif kind < 0.3 and not dots:
            # It stands for no axis in half of the cases.
            dots = True
            parts.append(Ellipsis)
            axis = axis if rng.random() < 0.5 else int(rng.integers(axis, len(shape) + 1))
        elif axis < len(shape):
            part, used = _part(rng, shape[axis:], made)
            parts.append(part)
            axis += used
        if (axis >= len(shape) and rng.random() < 0.6) or rng.random() < 0.1:
            break
    if dots and axis < len(shape):
        # What the Ellipsis left for others has to be named.
        parts.extend(slice(None) for _ in shape[axis:])
    return parts[0] if len(parts) == 1 and rng.random() < 0.5 else tuple(parts)


def _made(rng):
    """The shape that the index arrays of one index are broadcast to."""
    return tuple(int(n) for n in rng.choice((1, 2, 3), rng.integers(1, 3)))


def _part(rng, shape, made):
    n = shape[0]
    kind = rng.random()
    if kind < 0.2 and n:
        place = int(rng.integers(-n, n))
        return (place, np.int64(place), np.int8(place), np.array(place))[_pick(rng, 4)], 1
    if kind < 0.4:
        ends = [None if rng.random() < 0.3 else int(k) for k in rng.integers(-n - 1, n + 2, 2)]
        return slice(*ends, (None, 1, 2, -1, -2)[_pick(rng, 5)]), 1
    if kind < 0.5:
        ndim = int(rng.integers(1, min(2, len(shape)) + 1))
        mask = rng.random(shape[:ndim]) < 0.5
        return (mask.tolist() if ndim == 1 and n and rng.random() < 0.3 else mask), ndim
    if kind < 0.55 or not n:
        return ([], (), [[]], np.zeros(0, int), slice(None))[_pick(rng, 5)], 1
    # Broadcast with the others: an axis may be missing, or of length 1.
    lead = int(rng.integers(0, len(made) + 1))
    lengths = [1 if rng.random() < 0.2 else k for k in made[lead:]]
    places = rng.integers(-n, n, lengths)
    form = rng.random()
    if places.ndim and form < 0.4:
        return (places.tolist() if form < 0.3 else tuple(places.tolist())), 1
    return places, 1


def _pick(rng, count):
    return int(rng.integers(count))


def random_case(rng):
    shape = tuple(int(n) for n in rng.choice(LENGTHS, rng.integers(0, 4), p=(0.05, 0.15, 0.3, 0.5)))
    return shape, random_index(rng, shape)


def check(shape, index, rng) -> bool:
    """Read and write; False where NumPy itself refuses the index, and it is refused here."""
    x = rng.uniform(0.5, 1.5, shape)
    try:
        places = np.arange(x.size).reshape(shape)[index]
    except (IndexError, ValueError, TypeError):
        _must_raise(lambda x: x[index] * 1.0, x)
        return False
    places = np.asarray(places)
    expected = np.zeros((*places.shape, x.size))
    np.put_along_axis(expected, places[..., None], 1.0, -1)
    _read(x, index, expected.reshape(places.shape + shape), rng)
    _written(x, index, places, rng)
    _with_lanes(x, index, rng)
    return True


def _with_lanes(x, index, rng):
    """One part of the index is other numbers in each lane."""
    parts = list(index) if isinstance(index, tuple) else [index]
    chosen = [i for i, p in enumerate(parts) if not is_mask(p) and is_places(p)]
    if not chosen or not x.size:
        return
    k = chosen[_pick(rng, len(chosen))]
    part = np.asarray(parts[k]).astype(int)
    shifted = np.stack([part, np.where(part < 0, -1, 0), part])

    def read(x, i):
        return x[(*parts[:k], i, *parts[k + 1 :])] * 1.0

    def written(x, i):
        y = np.copy(x)
        y[(*parts[:k], i, *parts[k + 1 :])] = 7.0
        return y

    lanes = np.stack([x, x + 1, x - 1])
    for f in (read, written):
        plain = np.stack([f(*pair) for pair in zip(lanes, shifted, strict=True)])
        same(f"index in lanes, {f.__name__}", vmap(f)(lanes, shifted), plain)
        plain = np.stack([f(x, i) for i in shifted])
        if f is read:
            same("index alone in lanes", vmap(f, (None, 0))(x, shifted), plain)
        slopes = np.stack([jacobian(f)(*pair) for pair in zip(lanes, shifted, strict=True)])
        same("index in lanes, Jacobian", vmap(jacobian(f))(lanes, shifted), slopes)


def is_mask(part):
    return np.asarray(part).dtype.kind == "b"


def is_places(part):
    return not (part is None or part is Ellipsis or isinstance(part, slice))


def _read(x, index, expected, rng):
    weights = rng.uniform(0.5, 1.5, np.shape(x[index]))

    def f(x):
        return x[index] * 1.0

    def squares(x):
        return np.sum(weights * x[index] ** 2) / 2

    same("Jacobian", jacobian(f)(x), expected)
    gradient = np.tensordot(weights * x[index], expected, weights.ndim)
    same("gradient", grad(squares)(x), gradient)
    lanes = np.stack([x, x + 1, x - 1])
    same("lanes", vmap(f)(lanes), np.stack([f(lane) for lane in lanes]))
    diagonal = np.tensordot(weights, expected, weights.ndim).reshape(-1)
    second = np.diag(diagonal).reshape(x.shape * 2)
    same("Hessian", hessian(squares)(x), second)
    same("Hessians in lanes", vmap(hessian(squares))(lanes)[1], second)


def _written(x, index, places, rng):
    """``y = x.copy(); y[index] = u``, by x and by u, which is broadcast to its target."""
    target = places.shape
    lead = int(rng.integers(0, len(target) + 1))
    shape = tuple(1 if rng.random() < 0.2 else n for n in target[lead:])
    u = rng.uniform(0.5, 1.5, shape)

    def f(x, u):
        y = np.copy(x)
        y[index] = u
        return y

    # Which element of (x, u) stands in each place of the result: NumPy writes their numbers.
    numbers = np.arange(x.size + u.size)
    whole = numbers[: x.size].reshape(x.shape).copy()
    whole[index] = numbers[x.size :].reshape(shape)
    expected = (whole[..., None] == numbers).astype(float)
    by_x = expected[..., : x.size].reshape(x.shape * 2)
    by_u = expected[..., x.size :].reshape(x.shape + shape)
    found = jacobian(f, (0, 1))(x, u)
    same("written, Jacobian by x", found[0], by_x)
    same("written, Jacobian by u", found[1], by_u)
    weights = rng.uniform(0.5, 1.5, x.shape)
    found = grad(lambda x, u: np.sum(weights * f(x, u)), (0, 1))(x, u)
    same("written, gradient by x", found[0], np.tensordot(weights, by_x, x.ndim))
    same("written, gradient by u", found[1], np.tensordot(weights, by_u, x.ndim))
    xs, us = np.stack([x, x + 1]), np.stack([u, u - 1])
    plain = np.stack([f(*pair) for pair in zip(xs, us, strict=True)])
    same("written, lanes", vmap(f)(xs, us), plain)
    same("written, lanes of x", vmap(f, (0, None))(xs, u), np.stack([f(lane, u) for lane in xs]))
    # Each number is in its place or is not: the Hessian of half the squares is diagonal.
    blocks = hessian(lambda x, u: np.sum(weights * f(x, u) ** 2) / 2, (0, 1))(x, u)
    for i, (part, by) in enumerate(((x, by_x), (u, by_u))):
        diagonal = np.tensordot(weights, by, x.ndim).reshape(-1)
        same("written, Hessian", blocks[i][i], np.diag(diagonal).reshape(part.shape * 2))
    same("written, mixed Hessian", blocks[0][1], np.zeros(x.shape + u.shape))


def _must_raise(f, x):
    for g in (jacobian(f), vmap(f)):
        try:
            found = g(x if g is not vmap else x[None])
        except (IndexError, ValueError, TypeError):
            continue
        raise AssertionError(f"NumPy refuses the index, shape {found.shape} comes out")


def same(what, found, expected):
    if found.shape != expected.shape:
        raise AssertionError(f"{what}: shape {found.shape} in place of {expected.shape}")
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=what)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = refused = 0
    for seed in range(options.seed, options.seed + options.count):
        rng = np.random.default_rng(seed)
        shape, index = random_case(rng)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                refused += not check(shape, index, rng)
        except Exception as error:
            failed += 1
            text = " ".join(str(error).split())[:160]
            print(f"seed {seed}: {shape}[{index!r}]: {type(error).__name__}: {text}")
    print(f"{options.count} indices, {refused} refused by NumPy, {failed} wrong")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
