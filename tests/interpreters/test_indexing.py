"""Indices read and written, on Variables and in lanes, against NumPy's own answer."""

import numpy as np
import pytest

from playground.transforms import grad, vmap
from tests.fuzz_indexing import check, random_case

P, Q = np.array([0, 1]), np.array([1, 0])
MASK = np.array([True, False, True])

# Each into an array of shape (2, 3, 2). NumPy takes an Ellipsis between two index arrays or
# numbers for a gap between them, also where it stands for no axis; and a truth value for an index
# array of one axis.
INDICES = {
    "an array and a number": (slice(None), [0, 1], ..., 1),
    "a number and an array": (slice(None), 1, ..., P),
    "two arrays": (slice(None), P, ..., Q),
    "numbers alone": (0, ..., 1, 1),
    "a gap ahead of neighbours": (..., slice(None), P, Q),
    "a gap behind neighbours": (slice(None), P, Q, ...),
    "no gap": (slice(None), P, Q),
    "arrays at the ends": (P, ..., slice(None), Q),
    "a mask and a number": (slice(None), MASK, ..., 0),
    "a mask of two axes": (np.array([[True, False, True]] * 2), ..., P[:1]),
    "True": True,
    "False": False,
    "NumPy's True": np.True_,
    "an array of one truth": np.array(True),
    "True behind an axis": (slice(None), True),
    "True and a number": (0, True),
    "True between arrays": (P, True, Q),
    "True, a slice, an array": (True, slice(None), P),
    "False and a number": (False, 0),
    "True, an axis, a number": (True, slice(None), 1),
    "a new axis between": (P, None, Q),
    "a 0-d array beside an array": (np.array(1), slice(None), P),
    "a column and a row": (P[:, None], slice(None), Q[None]),
    "a sequence of places": ((0, 0, 1),),
    "two sequences": ((0, 0), (1, 1)),
    "a range": (range(2), slice(None), range(2)),
    "an empty sequence": ((),),
    "an empty list in a list": ([[]],),
    "places read twice": (slice(None), [0, 0, -3]),
}


@pytest.mark.parametrize("name", INDICES)
def test_an_index_means_what_numpy_says(name):
    assert check((2, 3, 2), INDICES[name], np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(80))
@pytest.mark.filterwarnings("ignore:Out of bound index found")
def test_random_indices(seed):
    rng = np.random.default_rng(seed)
    check(*random_case(rng), rng)


def test_a_sequence_of_places_reads_an_element_as_often_as_it_names_it():
    # It was taken for a basic index, whose elements are read once.
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad(lambda x: x[((0, 0, 2),)].sum())(x), [2, 0, 1])


def test_a_gap_of_no_axis_puts_the_arrays_in_front():
    x = np.arange(24.0).reshape(2, 2, 3, 2)
    found = vmap(lambda x: x[:, [0, 2], ..., 1])(x)
    np.testing.assert_array_equal(found, np.stack([lane[:, [0, 2], ..., 1] for lane in x]))
    # By hand: the places of the list lead, the axis of the slice follows.
    np.testing.assert_array_equal(found[0], [[1, 7], [5, 11]])
