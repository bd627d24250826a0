"""Mutants that compute the same, with the reason; ``tests/mutate.py`` leaves them out."""

from __future__ import annotations

# A pattern found in the mutant as the script prints it -> why no check can tell it apart.
EQUIVALENT: dict[str, str] = {
    r"reshape\(.*-1.*->.*reshape\(.*-2": "NumPy takes any negative length for the one to find",
    r"->\s+return -\(?(gz \* 0|np\.zeros|zeros$)": "the sign of a zero",
    r"strict=True.*strict=False": "the lengths are equal, which strict only says",
    r"^Sum\.backward: if type\(gy\)": "the way for one number is the faster of two",
    r"^MatMul\.forward: return np\.dot": "dot is matmul for two matrices, at less overhead",
    r"^Copysign\.backward:.*np\.sign\(x\) /": "a sign divides as it multiplies",
    r"^Sinc\.forward: near =": "both ways hold on a wide ring, where either may be taken",
    r"^GetItemGrad\.forward: (if gy\.dtype\.kind|sums = .*1j)": "complex numbers are not in the "
    "table: tests/functions/test_complex.py",
    r"^(SetItem|ClearItem)\.forward: .*copied\(x, self\.index": "copied looks for lanes in both",
    r"^QR\.backward: k = ": "a k above the columns leaves an empty rest",
    r"^(Max|Min)\.backward: count = .*keepdims=False": "reshaped right after, to the kept axes",
    r"^Eigh\.backward: quotients = .*differences\(w\) - eye": "on the diagonal 0 is divided",
    r"^PowerNorm\.backward: return gx \+ factor.*return gx - factor": "a term that is 0, and whose "
    "derivative is NaN wherever its factor is not 0",
    r"^Svd\.backward: (gu|gvh) = .*-> +(gu = u|gvh = vh)( \* 1)? if": "a multiple of U "
    "as its cotangent asks nothing of it, whose columns have length 1",
    r"^LogNdtr\.backward: left, right": "arguments of a side that is not taken",
}
