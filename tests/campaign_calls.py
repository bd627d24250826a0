"""The calls that random programs are made of: templates in plain NumPy, by function.

``{a}`` and the like stand for operands, which ``tests/campaign_programs.py`` chooses among the
values that a program has at hand, or makes of one of them:

=====  ====================================  =====  ==========================================
a      an array of any shape                 ax     an axis of the last array
n      one with an axis and an element       b      an operand that broadcasts with the last
o      a vector                              s      one of the last array's shape
m      a matrix                              I      a list of places along the last's axis 0
q      a well conditioned square matrix      M      a list of booleans, one a row of the last
r      any square matrix                     B      booleans in the shape of the last array
h      a symmetric one                       c      a number
d      a positive definite one               k      1, 2 or 3
p      an array of positive values           v      a vector as long as the last is wide
u      of values in (-1, 1)                  g      of values above 1
=====  ====================================  =====  ==========================================
"""

from __future__ import annotations

# What is called -> how. Functions under their names in NumPy; what is none has a word and a colon.
CALLS: dict[str, tuple[str, ...]] = {}


def _calls(text: str) -> None:
    """One line a function: its name, then templates separated by two bars."""
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, templates = line.partition(" ")
        CALLS[name] = tuple(template.strip() for template in templates.split("||"))


def _same(words: str, template: str) -> None:
    """Functions that are called alike; @ stands for the name."""
    for name in words.split():
        CALLS[name] = tuple(t.strip() for t in template.replace("@", name).split("||"))


_same(
    """absolute angle arctan arcsinh cbrt ceil conjugate cos cosh deg2rad degrees exp exp2 expm1 fabs
    fix floor imag negative nan_to_num positive rad2deg radians real rint sign sin sinc sinh
    square tan tanh trunc copy ones_like zeros_like real_if_close""",
    "np.@({a})",
)
_same("sqrt log log10 log1p log2 reciprocal", "np.@({p})")
_same("arccos arcsin arctanh", "np.@({u})")
_same("arccosh", "np.@({g})")
_same("around round", "np.@({a}) || np.@({a}, 1)")
_same(
    """add subtract multiply maximum minimum fmax fmin hypot logaddexp logaddexp2 arctan2 heaviside""",
    "np.@({a}, {b}) || np.@({a}, {s}) || np.@({a}, {a})",
)
_same(
    "divide remainder fmod floor_divide",
    "np.@({a}, {p}) || np.@({a}, {c}) || np.@({c}, {p})",
)
_same("power float_power", "np.@({p}, {b}) || np.@({a}, {k}) || np.@({p}, {c})")
_same(
    """sum mean prod std var max min amax amin nansum nanmean nanprod nanstd nanvar nanmax nanmin
    median nanmedian ptp""",
    "np.@({n}) || np.@({n}, axis={ax}) || np.@({n}, axis={ax}, keepdims=True)",
)
_same(
    "percentile nanpercentile",
    "np.@({n}, 30.0) || np.@({n}, 62.5, axis={ax}) || np.@({n}, [25, 50], axis={ax})",
)
_same(
    "quantile nanquantile",
    "np.@({n}, 0.3) || np.@({n}, 0.625, axis={ax}) || np.@({n}, [0.25, 0.5], axis={ax})",
)
_same(
    "cumprod cumsum nancumprod nancumsum",
    "np.@({n}) || np.@({n}, axis={ax})",
)
_same("cumulative_prod cumulative_sum", "np.@({n}, axis={ax})")
_same("atleast_1d atleast_2d atleast_3d ravel squeeze transpose", "np.@({a})")
_same("flip", "np.@({a}) || np.@({n}, axis={ax})")
_same("fliplr flipud rot90 matrix_transpose linalg.matrix_transpose", "np.@({m})")
_same("linalg.diagonal linalg.trace", "np.@({m})")
_same("fft.fftshift fft.ifftshift", "np.@({n})")
_same("tril triu", "np.@({m}) || np.@({m}, -1) || np.@({m}, 1)")
_same("trace diagonal", "np.@({m}) || np.@({m}, 1)")
_same("diag diagflat", "np.@({o}) || np.@({o}, 1)")
_same("hstack vstack dstack column_stack", "np.@([{o}, {s}])")
_same("concatenate", "np.@([{n}, {s}], axis={ax}) || np.@([{a}, {a}], axis=None)")
_same("stack", "np.@([{a}, {s}]) || np.@([{n}, {s}], axis=-1)")
_same("append", "np.@({a}, {a}) || np.@({n}, {s}, axis={ax})")
_same("dot inner matmul", "np.@({o}, {s}) || np.@({r}, {s}) || np.@({m}, {v})")
_same("outer linalg.outer", "np.@({o}, {o})")
_same("kron", "np.@({a}, {a}) || np.@({m}, {m})")
_same("vdot vecdot linalg.vecdot", "np.@({o}, {s})")
_same("linalg.matmul", "np.@({r}, {s})")
_same("matvec", "np.@({m}, {v})")
_same("vecmat", "np.@(np.resize({a}, 2), np.resize({a}, (2, 3)))")
_same("cross linalg.cross", "np.@(np.resize({a}, 3), np.resize({a}, 3))")
_same(
    "tensordot linalg.tensordot",
    "np.@({m}, {s}, axes=2) || np.@({o}, {o}, axes=0) || np.@({r}, {s}, axes=1)",
)
_same("convolve correlate", "np.@({o}, {o}) || np.@({o}, {o}, 'same') || np.@({o}, {o}, 'valid')")
_same("polyadd polysub polymul", "np.@({o}, {o})")
_same("hsplit", "np.@({m}, 1)[0] || np.@({m}, [1])[0]")
_same("vsplit", "np.@({m}, 1)[0] || np.@({m}, [1])[-1]")
_same("split array_split", "np.@({n}, [1])[-1] || np.@({n}, 1)[0]")
_same("dsplit", "np.@(np.dstack([{a}, {s}]), 2)[1]")
_same("linalg.norm", "np.@({n}) || np.@({o}, 3) || np.@({o}, 1) || np.@({m}, axis={ax})")
_same("linalg.vector_norm", "np.@({n}) || np.@({n}, axis={ax}) || np.@({n}, ord=1)")
_same("linalg.matrix_norm", "np.@({m}) || np.@({m}, ord=1) || np.@({m}, ord=2)")
_same("linalg.inv linalg.det", "np.@({q}) || np.@({r})")
_same("linalg.slogdet", "np.@({q})[1]")
_same("linalg.cholesky", "np.@({d})")
_same("linalg.pinv", "np.@({m}) || np.@({q})")
_same("linalg.cond", "np.@({q}) || np.@({q}, 1)")
_same("linalg.svdvals", "np.@({m})")
_same("linalg.eigvalsh", "np.@({h}) || np.@({r}) || np.@({h})[-1]")

_calls("""
amax np.amax({n}) || np.amax({n}, axis={ax})
array_split np.array_split({n}, 2)[1]
astype np.astype({a}, {a}.dtype)
average np.average({n}) || np.average({n}, axis={ax}) || np.average({p}, weights={s})
bincount np.bincount([0, 1, 0], weights=np.resize({a}, 3)) || np.bincount([2, 0, 2, 0], np.resize({a}, 4), 4)
block np.block([{a}, {s}]) || np.block([[{m}, {s}], [{s}, {s}]])
broadcast_arrays np.broadcast_arrays({a}, {b})[0]
broadcast_to np.broadcast_to({a}, (2, *{a}.shape))
choose np.choose([0, 1, 1], [np.resize({a}, 3), np.resize({a}, 3)])
clip np.clip({a}, -0.5, 1.0) || np.clip({a}, None, 0.7) || np.clip({a}, {c}, None)
compress np.compress([True], {n}, axis=0) || np.compress([True, False, True], np.resize({a}, 4))
copysign np.copysign({a}, {c}) || np.copysign({p}, {s})
corrcoef np.corrcoef(np.resize({a}, (2, 3)))
cov np.cov({m}) || np.cov({o}) || np.cov({o}, {s})
delete np.delete({n}, 0, axis={ax}) || np.delete({n}, [0])
diff np.diff({n}) || np.diff({n}, axis={ax})
divmod np.divmod({a}, {p})[0] || np.divmod({a}, {p})[1]
ediff1d np.ediff1d({n})
einsum np.einsum('ij,ij->i', {m}, {s}) || np.einsum('ii->i', {r}) || np.einsum('i,j->ji', {o}, {o}) || np.einsum('ij->', {m}) || np.einsum('ij,j->i', {m}, {v}) || np.einsum('...i->...', {n}) || np.einsum('ij,jk,kl->il', {r}, {s}, {s})
empty_like {new} = np.empty_like({a}); {new}[...] = {s}
expand_dims np.expand_dims({a}, 0) || np.expand_dims({a}, -1)
extract np.extract({B}, {n})
full_like np.full_like({a}, {c}) || np.full_like({a}, np.sum({a}))
geomspace np.geomspace(np.sum({p}), 2.0, 4)
gradient np.gradient(np.resize({a}, 4)) || np.gradient(np.resize({a}, (2, 3)), axis=1) || np.gradient(np.resize({a}, 4), 0.5)
insert np.insert({n}, 0, {c}, axis={ax}) || np.insert({o}, 1, np.sum({a}))
interp np.interp({a}, [-1.0, 0.3, 2.0], np.resize({a}, 3)) || np.interp({u}, np.arange(3.0) - 1, np.resize({a}, 3))
ix_ {m}[np.ix_([0], [0, 0])]
ldexp np.ldexp({a}, 2)
linalg.eigh np.linalg.eigh({h})[0] || (lambda w, v: (v * w) @ v.T)(*np.linalg.eigh({h})) || (lambda w, v: (v * np.exp(w)) @ v.T)(*np.linalg.eigh({h})) || np.linalg.eigh({h})[1] ** 2
linalg.lstsq np.linalg.lstsq({m} + 0.0, {m}[:, 0], rcond=None)[0]
linalg.matrix_power np.linalg.matrix_power({r}, 3) || np.linalg.matrix_power({q}, -1)
linalg.multi_dot np.linalg.multi_dot([{r}, {s}, {s}])
linalg.qr np.linalg.qr({q})[0] || np.linalg.qr({q})[1] || np.linalg.qr({q}, 'r')
linalg.solve np.linalg.solve({q}, {s}) || np.linalg.solve({q}, {v})
linalg.svd np.linalg.svd({m}, compute_uv=False) || (lambda u, s, v: (u * s) @ v)(*np.linalg.svd({m}, full_matrices=False)) || np.linalg.svd({m}, full_matrices=False)[1]
linspace np.linspace({a}, {s}, 3) || np.linspace(np.sum({a}), 1.0, 4)
logspace np.logspace(np.tanh(np.sum({a})), 1.0, 3)
meshgrid np.meshgrid({o}, {o})[0] || np.meshgrid({o}, {o}, indexing='ij')[1]
modf np.modf({a})[0] || np.modf({a})[1]
moveaxis np.moveaxis({n}, 0, -1)
pad np.pad({n}, 1) || np.pad({n}, 1, 'edge') || np.pad({n}, (1, 0), 'wrap') || np.pad({n}, 1, 'reflect')
polyder np.polyder({o})
polyint np.polyint({o})
polyval np.polyval({o}, {a}) || np.polyval([1.0, -2.0], {a})
repeat np.repeat({n}, 2) || np.repeat({n}, 2, axis={ax})
reshape np.reshape({a}, -1) || np.reshape({a}, (-1, 1)) || np.reshape({n}, (1, -1), order='F')
resize np.resize({n}, (2, 3))
roll np.roll({n}, 1) || np.roll({n}, -1, axis={ax})
rollaxis np.rollaxis({m}, 1)
select np.select([{a} > 0.2, {s} < -0.5], [{s}, {s} ** 2], 0.5)
sort np.sort({n}) || np.sort({n}, axis={ax}) || np.sort({n}, axis=None)
swapaxes np.swapaxes({m}, 0, 1)
take np.take({n}, {I}, axis=0) || np.take({n}, 0, axis={ax}) || np.take({n}, [[0, -1], [0, 0]])
take_along_axis np.take_along_axis({m}, np.argsort({m}, axis=1), axis=1) || np.take_along_axis({o}, np.array({I}), 0)
tile np.tile({a}, 2) || np.tile({a}, (2, 1))
trapezoid np.trapezoid({n}) || np.trapezoid({n}, axis={ax}) || np.trapezoid({o}, dx=0.5)
trim_zeros np.trim_zeros({o})
unstack np.unstack({n})[0] || np.unstack({m}, axis=1)[-1]
unwrap np.unwrap({o} * 3)
vander np.vander({o}) || np.vander({o}, 3, increasing=True)
where np.where({B}, {a}, {s}) || np.where({a} > 0, {s}, {c}) || np.where({n} > 0.5, {s} ** 2, -{s})
add.accumulate np.add.accumulate({n}) || np.add.accumulate({n}, axis={ax})
add.reduce np.add.reduce({n}) || np.add.reduce({n}, axis={ax})
logaddexp.reduce np.logaddexp.reduce({n}) || np.logaddexp.reduce({n}, axis={ax})
maximum.reduce np.maximum.reduce({n}) || np.maximum.reduce({n}, axis={ax})
minimum.reduce np.minimum.reduce({n}) || np.minimum.reduce({n}, axis={ax})
multiply.accumulate np.multiply.accumulate({n}) || np.multiply.accumulate({n}, axis={ax})
multiply.reduce np.multiply.reduce({n}) || np.multiply.reduce({n}, axis={ax})

operator:+ {a} + {b} || {c} + {a} || {a} + {s}
operator:- {a} - {b} || {c} - {a} || {a} - {a} || -{a}
operator:* {a} * {b} || {c} * {a} || {a} * {s}
operator:/ {a} / {p} || {c} / {p} || {a} / 3
operator:** {a} ** 2 || {p} ** {b} || {a} ** 3 || {p} ** -0.5 || 2.0 ** {a}
operator:% {a} % {p} || {a} % 0.7
operator:// {a} // {p}
operator:abs abs({a})
operator:@ {m} @ {v} || {r} @ {s} || {o} @ {s}
operator:mask {a} * ({a} > 0)
index:basic {n}[0] || {n}[-1] || {n}[::-1] || {n}[..., 0] || {n}[:1] || {n}[None] || {a}[()] || {m}[:, 0] || {m}[:, ::-1] || {m}.T[0]
index:fancy {n}[{I}] || {m}[:, [0, 0]] || {m}[[0, -1], [0, 0]] || {n}[np.array({I})[:, None]] || {m}[..., [0], 0]
index:boolean {n}[{B}] || {n}[{M}]
method:sum {n}.sum() || {n}.sum(axis={ax}) || {n}.sum(axis={ax}, keepdims=True)
method:mean {n}.mean() || {n}.mean({ax})
method:max {n}.max() || {n}.min({ax})
method:prod {n}.prod() || {n}.prod(axis={ax})
method:var {n}.var() || {n}.var(axis={ax}) || {n}.std(axis={ax})
method:shape {a}.reshape(-1) || {a}.ravel() || {a}.T || {a}.flatten() || {m}.transpose(1, 0) || {a}.squeeze() || {m}.swapaxes(0, 1)
method:copy {a}.copy() || {a}.astype({a}.dtype)
method:cumsum {n}.cumsum() || {n}.cumsum(axis={ax}) || {n}.cumprod()
method:dot {o}.dot({s}) || {m}.dot({v})
method:pick {n}.take({I}) || {m}.diagonal() || {m}.trace() || {n}.repeat(2) || {a}.clip(-1, 1) || {a}.round(1)
python:loop sum(row * (i + 1) for i, row in enumerate({n})) || np.stack([row * 2 for row in {n}])
python:branch ({a} if np.sum({a}) > 0 else -{s}) || (lambda t: t * t)({a})
assign:one {new} = {n}.copy(); {new}[0] = {c} || {new} = {n}.copy(); {new}[-1] = {new}[0] * {c} || {new} = {n}.copy(); {new}[..., 0] *= {c}
assign:part {new} = np.zeros_like({n}); {new}[0] = {s}[0] || {new} = np.zeros_like({n}); {new}[...] = {s} || {new} = {m}.copy(); {new}[:, 0] = {m}[0, 0] || {new} = {n}.copy(); {new}[::-1] += {s}
assign:fancy {new} = {n}.copy(); {new}[{I}] = {c} || {new} = {n}.copy(); {new}[{B}] = 0.25 || {new} = {n}.copy(); {new}[{I}] += 1.5 || {new} = {n}.copy(); {new}[{new} > 0.5] *= 2.0
assign:update {new} = {a} * 1.0; {new} += {s} || {new} = {a} * 1.0; {new} *= {c} || {new} = {a} * 1.0; {new} -= {c}; {new} /= 2.0
""")

# What leaves elements unused, whose infinite derivatives are none of the result's.
SELECTING = """
    where select choose clip compress extract take nan index maximum minimum max min fmax fmin
    median quantile percentile delete trim_zeros tril triu diag assign mask
""".split()  # noqa: SIM905 (a list of words, as it is read)

# Recorded functions that no program calls, and why.
NOT_CALLED = {"row_stack": "NumPy warns that it is deprecated, and later versions lack it"}

# Whose last bits are not NumPy's, and why. All others give NumPy's value bit for bit.
LAST_BITS: dict[str, str] = {}


def _loose(words: str, reason: str) -> None:
    LAST_BITS.update((word, reason) for word in words.split())


_loose(
    """divide operator:/ mean nanmean var nanvar std nanstd average method:mean method:var
    assign:update""",
    "Chainer's division by a number is a product with its reciprocal, to the last bit",
)
_loose(
    """linalg.eigvalsh linalg.svdvals linalg.svd linalg.cond linalg.matrix_norm""",
    "LAPACK takes another way to the values alone than to the vectors that backward reads",
)
_loose("linalg.lstsq", "solved by the singular values, which rank and derivative need")
_loose(
    """linalg.norm linalg.vector_norm vdot vecdot linalg.vecdot dot inner method:dot nanprod
    matmul linalg.matmul operator:@ matvec vecmat tensordot linalg.tensordot linalg.multi_dot""",
    "a sum or a product over another layout of the memory, in an order of its own",
)
_loose(
    "percentile nanpercentile quantile nanquantile median nanmedian",
    "the weights of two neighbours, where NumPy adds a part of their distance",
)
_loose("logaddexp.reduce", "one maximum for all terms, where NumPy adds them one by one")
_loose("vander", "powers, where NumPy multiplies on, and their finite derivatives at 0")
_loose("sinc degrees rad2deg deg2rad radians", "a product with a rounded factor of another order")
_loose("gradient geomspace logspace linspace", "differences and powers taken in another order")
_loose("cov corrcoef", "a product with the reciprocal of the count")
_loose("float_power", "the dtype is kept, where NumPy computes in float64")
