"""The NumPy functions that are not recorded: constant, refused, or with nothing to differentiate.

With the rules beside this file it decides every public function; ``coverage`` lists them all.
"""

from __future__ import annotations

from playground.functions.registry import constant, not_applicable, refuse, refuse_writing

# ----------------------------------------------- constant: steps, indices, answers, descriptions

constant("allclose array_equal array_equiv isclose isin in1d")
constant("iscomplexobj isfortran isrealobj")
constant("may_share_memory shares_memory ndim shape size")
constant("argpartition argsort argwhere flatnonzero lexsort nonzero")
constant("diag_indices_from tril_indices_from triu_indices_from")
constant("ravel_multi_index unravel_index einsum_path")
constant("common_type min_scalar_type result_type can_cast")
constant("array2string array_repr array_str")
constant("linalg.matrix_rank")

# ------------------------------------------------------------- refused, with what to use instead

refuse_writing("copyto fill_diagonal place put put_along_axis putmask")

refuse(
    "apply_along_axis",
    "it stores the results in an array of its own: stack them, numpy.stack([f(row) for row in v])",
)
refuse("apply_over_axes", "give the axes to the reduction itself: numpy.sum(v, axis=(0, 1))")
refuse("partition", "use numpy.sort, whose first k elements are the same set")
refuse("sort_complex", "complex numbers have no order that could be differentiated: use numpy.sort")
refuse(
    "unique unique_all unique_counts unique_inverse unique_values",
    "which elements are equal is a question about values: find them in v.array with "
    "return_index=True, and read v at that index",
)
refuse(
    "intersect1d setdiff1d setxor1d union1d",
    "sets are a matter of values: work on v.array with return_indices=True or numpy.isin, and "
    "read v at the index",
)
refuse("asmatrix bmat", "a Variable is no numpy.matrix: use two dimensions and @, or numpy.block")
refuse(
    "asarray_chkfinite asfortranarray require",
    "the layout in memory is no matter of the graph: use v as it is, or v.array for the values",
)
refuse(
    "linalg.eig linalg.eigvals",
    "use numpy.linalg.eigh or eigvalsh, which are for symmetric and Hermitian matrices",
)
refuse(
    "linalg.tensorinv linalg.tensorsolve",
    "reshape to a matrix: numpy.linalg.inv or solve of v.reshape(n, n), reshaped back",
)
refuse(
    "fft.fft fft.fft2 fft.fftn fft.hfft fft.ifft fft.ifft2 fft.ifftn fft.ihfft fft.irfft "
    "fft.irfft2 fft.irfftn fft.rfft fft.rfft2 fft.rfftn",
    "it is linear: multiply by the matrices of its cosines and sines, C @ v and S @ v",
)

# ------------------------------------------------------------------------------- not applicable

not_applicable(
    "from_dlpack frombuffer fromfile fromfunction fromiter fromregex fromstring genfromtxt load "
    "loadtxt",
    "it makes a new array; wrap that, Variable(array)",
)
not_applicable(
    "bartlett blackman hamming hanning kaiser diag_indices indices mask_indices tril_indices "
    "triu_indices fft.fftfreq fft.rfftfreq",
    "it makes an array from numbers that are no data",
)
not_applicable("save savetxt savez savez_compressed", "store the values, v.array")
not_applicable(
    "base_repr binary_repr format_float_positional format_float_scientific get_printoptions "
    "printoptions set_printoptions datetime_as_string info get_include show_config show_runtime "
    "test typename",
    "it is about text, settings and NumPy itself",
)
not_applicable(
    "getbufsize geterr geterrcall setbufsize seterr seterrcall nested_iters frompyfunc",
    "it is about how NumPy calculates",
)
not_applicable(
    "broadcast_shapes datetime_data isdtype isscalar issubdtype iterable mintypecode promote_types",
    "it is about types and shapes",
)
not_applicable("busday_count busday_offset is_busday", "it is about dates")
not_applicable("packbits unpackbits", "it is about bits")
