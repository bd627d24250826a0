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
        found = tuple(template.strip() for template in templates.split("||"))
        CALLS[name] = CALLS.get(name, ()) + found


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
polydiv np.polydiv({o}, [2.0, -1.0])[0] || np.polydiv({o}, [2.0, -1.0])[1]
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

# Further ways to call them.
_calls("""
sum np.sum({n}, axis={ax}, where={B}) || np.sum({n}, initial={c}) || np.sum({m}, axis=(0, 1)) || np.sum({n}, axis=())
prod np.prod({n}, axis={ax}, where={B}) || np.prod({m}, axis=(0, 1), keepdims=True)
mean np.mean({n}, axis={ax}, where={B} | True) || np.mean({m}, axis=(0, -1)) || np.mean({n}, axis=(0,))
max np.max({n}, initial=0.3) || np.max({m}, axis=(0, 1)) || np.max({n}, axis={ax}, where={B}, initial=-9.0)
min np.min({n}, initial=0.3) || np.min({m}, axis=(1, 0), keepdims=True)
std np.std({n}, ddof=1) || np.std({m}, axis=1, ddof=1) || np.std({m}, axis=(0, 1), correction=0)
var np.var({n}, ddof=1) || np.var({m}, axis=(0, 1), keepdims=True)
nansum np.nansum(np.where({B}, {s}, np.nan), axis=0) || np.nansum(np.where({n} > 0, {s}, np.nan))
nanmean np.nanmean(np.where({n} > -3, {s}, np.nan), axis={ax})
linalg.norm np.linalg.norm({m}, 'fro') || np.linalg.norm({m}, 'nuc') || np.linalg.norm({m}, 2) || np.linalg.norm({m}, -2) || np.linalg.norm({m}, np.inf) || np.linalg.norm({o}, np.inf) || np.linalg.norm({o}, -1) || np.linalg.norm({m}, axis=(0, 1)) || np.linalg.norm({n}, axis={ax}, keepdims=True) || np.linalg.norm({o}, 2.5) || np.linalg.norm({o}, 0)
linalg.vector_norm np.linalg.vector_norm({n}, ord=3) || np.linalg.vector_norm({m}, axis=(0, 1), keepdims=True) || np.linalg.vector_norm({n}, ord=np.inf)
linalg.matrix_norm np.linalg.matrix_norm({m}, ord='nuc') || np.linalg.matrix_norm({m}, ord=-1) || np.linalg.matrix_norm({m}, keepdims=True)
linalg.cond np.linalg.cond({q}, 'fro') || np.linalg.cond({m}) || np.linalg.cond({q}, np.inf) || np.linalg.cond({q}, -2)
linalg.pinv np.linalg.pinv({m}, rcond=1e-9) || np.linalg.pinv({r})
linalg.matrix_power np.linalg.matrix_power({r}, 0) || np.linalg.matrix_power({r}, 1) || np.linalg.matrix_power({q}, -2)
linalg.eigvalsh np.linalg.eigvalsh({r}, UPLO='U')
linalg.eigh np.linalg.eigh({r}, 'U')[0] || (lambda w, v: v @ np.diag(w ** 2) @ v.T)(*np.linalg.eigh({h})) || (lambda w, v: (v * np.sqrt(w)) @ v.T)(*np.linalg.eigh({d}))
linalg.svd (lambda u, s, v: u[:, :1] * s[0] @ v[:1])(*np.linalg.svd({m}, full_matrices=False)) || (lambda u, s, v: u @ v)(*np.linalg.svd({q}))
linalg.solve np.linalg.solve({q}, np.eye(len({q}), dtype={a}.dtype)) || np.linalg.solve({q}[None], {s})
linalg.inv np.linalg.inv({d}) || np.linalg.inv({q}[None])
linalg.det np.linalg.det({d}) || np.linalg.det({q}[None]) || np.linalg.det(np.zeros_like({r}) + {s})
linalg.qr np.linalg.qr({m} + 0.5)[1] || np.linalg.qr({m} + 0.25)[0]
linalg.trace np.linalg.trace({m}, offset=1)
linalg.diagonal np.linalg.diagonal({m}, offset=-1)
einsum np.einsum('ij->ji', {m}) || np.einsum('ii', {r}) || np.einsum({m}, [0, 1], {s}, [0, 1], [1]) || np.einsum('i,i', {o}, {s}) || np.einsum('ij,kj->ik', {m}, {s}) || np.einsum('...,...->...', {a}, {b}) || np.einsum('...j,...j', {n}, {s}) || np.einsum('ij,j,i->', {r}, {v}, {v}) || np.einsum('i,->i', {o}, {c})
tensordot np.tensordot({m}, {s}, ([0, 1], [0, 1])) || np.tensordot({m}, {s}, (1, 1)) || np.tensordot({m}, {s}, axes=[[0], [0]])
matmul np.matmul({r}[None], {s}) || np.matmul(np.stack([{r}, {s}]), {s})
dot np.dot({a}, {c}) || np.dot({r}[None], {s})
inner np.inner({m}, {s}) || np.inner({a}, {c})
cross np.cross(np.resize({a}, (2, 3)), np.resize({a}, 3)) || np.cross(np.resize({a}, (3, 2)), np.resize({a}, (3, 2)), axis=0)
kron np.kron({o}, {m}) || np.kron({a}, {c})
outer np.outer({m}, {o}) || np.multiply.outer({o}, {o}) || np.add.outer({a}, {o}) || np.subtract.outer({o}, {o})
trace np.trace({m}, -1) || np.trace(np.stack([{m}, {s}]), axis1=1, axis2=2)
diagonal np.diagonal({m}, -1) || np.diagonal(np.stack([{m}, {s}]), 0, 0, 2)
diag np.diag({m}) || np.diag({m}, -1) || np.diag({o}, -2)
diff np.diff({n}, n=2) || np.diff({n}, prepend=0.5) || np.diff({o}, append={o}) || np.diff({n}, axis={ax}, append={c})
ediff1d np.ediff1d({n}, to_end=[1.0]) || np.ediff1d({n}, to_begin={c})
gradient np.gradient(np.resize({a}, 5), np.array([0.0, 0.5, 1.5, 2.0, 4.0])) || np.gradient(np.resize({a}, (3, 3)))[0] || np.gradient(np.resize({a}, 4), edge_order=2)
roll np.roll({m}, (1, -1), (0, 1)) || np.roll({n}, 5)
flip np.flip({m}, (0, 1))
rot90 np.rot90({m}, 2) || np.rot90({m}, -1, (1, 0))
pad np.pad({n}, 1, constant_values=0.5) || np.pad({n}, (0, 2), 'symmetric') || np.pad({m}, ((1, 0), (0, 2))) || np.pad({n}, 1, 'linear_ramp') || np.pad({n}, 1, 'mean') || np.pad({n}, 1, 'maximum') || np.pad({n}, 2, 'reflect', reflect_type='odd')
clip np.clip({a}, {s} - 0.5, {s} + 0.2) || np.clip({a}, a_min=-1.0, a_max=None) || {a}.clip({c}) || {a}.clip(max=0.4)
where np.where({a} > -9, {s}, 0.0) || np.where(np.isnan({a}), 0.0, {s}) || np.where({a} > 0.5, np.log({p}), {s}) || np.where(np.abs({a}) < 5, {a}, np.inf)
select np.select([{a} > 0.5], [{s}]) || np.select([{a} < 0, {a} < 1], [-{s}, 2.0], {s})
take np.take({n}, [0, 5], mode='clip', axis=0) || np.take({n}, [-7, 4], mode='wrap') || np.take({m}, {I}, axis=1, mode='wrap') || np.take({n}, np.array(0), 0)
choose np.choose(np.array([[0, 1], [1, 0]]), [{c}, np.resize({a}, (2, 2))]) || np.choose([0, 3], [np.resize({a}, 2), {c}], mode='clip')
delete np.delete({n}, slice(0, 1), axis=0) || np.delete({n}, [0, -1], axis={ax}) || np.delete({o}, {M})
insert np.insert({n}, [0, -1], {c}, axis=0) || np.insert({m}, 1, {v}, axis=0) || np.insert({o}, {I}, {c})
append np.append({n}, {c}) || np.append({o}, [1.0, 2.0])
repeat np.repeat({n}, 0, axis=0) || np.repeat({o}, np.arange(len({o}))) || np.repeat({a}, 3)
tile np.tile({n}, (1, 2, 1)) || np.tile({a}, ()) || np.tile({o}, 0)
concatenate np.concatenate([{m}, {s}, {s}], 1) || np.concatenate([{o}, [0.5, 1.0]]) || np.concatenate(({n}, {n}[:0]))
stack np.stack({n}, 1) || np.stack([{n}, {s}], axis={ax})
hstack np.hstack([{m}, {s}]) || np.hstack([{a}, {a}]) || np.hstack([{a}, 1.0])
vstack np.vstack([{m}, {s}]) || np.vstack([{o}, {s}, {s}])
split np.split({n}, [0, 2, 1])[1] || np.split({m}, [1], axis=1)[0] || np.array_split({n}, 3)[2]
transpose np.transpose({m}, (1, 0)) || np.transpose(np.stack([{m}, {s}]), (2, 0, 1)) || np.transpose({m}, (-1, 0))
squeeze np.squeeze({a}[None], 0) || np.squeeze({m}[:, :1], axis=1)
expand_dims np.expand_dims({a}, (0, 1)) || np.expand_dims({m}, (1, -1))
moveaxis np.moveaxis(np.stack([{m}, {s}]), [0, 1], [-1, 0])
reshape np.reshape({m}, {m}.T.shape) || np.reshape({a}, ({a}.size,)) || np.reshape({m}, -1, order='F') || np.reshape({m}, -1, order='A')
ravel np.ravel({m}, 'F') || {m}.flatten('F') || {m}.ravel(order='F') || np.ravel({m}.T, 'K')
broadcast_to np.broadcast_to({n}[:1], ({n}.shape)) || np.broadcast_to({n}[..., :0], (2, *{n}.shape[:-1], 0))
average np.average({m}, axis=1, weights={v} ** 2 + 1) || np.average({n}, axis={ax}, keepdims=True) || np.average({m}, axis=0, weights={s} ** 2 + 1)
cov np.cov({m}, rowvar=False) || np.cov({m}, bias=True) || np.cov({m}, ddof=0)
quantile np.quantile({n}, 0.0) || np.quantile({n}, 1.0, axis={ax}) || np.quantile({m}, 0.4, axis=(0, 1), keepdims=True)
percentile np.percentile({n}, [0, 100], axis={ax}) || np.percentile({m}, 50, axis=(0, 1))
median np.median({m}, axis=(0, 1)) || np.median(np.resize({a}, 4))
sort np.sort({n}, kind='stable') || -np.sort(-{n}, axis={ax})
interp np.interp({a}, [0.0, 1.0], [0.5, -0.5], left=-1.0) || np.interp({a}, np.sort(np.resize({a}, 3)) * 0 + np.arange(3.0), np.resize({a}, 3), period=2.5)
trapezoid np.trapezoid({o}, np.cumsum({p})[:len({o})]) || np.trapezoid({m}, dx=0.1, axis=0)
polyval np.polyval({o}, {c}) || np.polyval({o}, {m})
polyder np.polyder({o}, 2)
polyint np.polyint({o}, 2) || np.polyint({o}, k=0.5)
vander np.vander({o}, 1) || np.vander({o}, 0)
linspace np.linspace(np.sum({a}), np.mean({a}), 5, endpoint=False) || np.linspace({a}, {s}, 1) || np.linspace(0.0, np.sum({a}), 3)
meshgrid np.meshgrid({o}, {o}, sparse=True)[1] || np.meshgrid({o}, [1.0, 2.0])[0]
tril np.tril(np.stack([{m}, {s}]), 0) || np.tril({m}, -5)
triu np.triu(np.stack([{m}, {s}]), 1) || np.triu({m}, 9)
nan_to_num np.nan_to_num(np.log({a}), nan=0.5) || np.nan_to_num({a}, posinf=1.0)
unwrap np.unwrap({o} * 4, period=3.0) || np.unwrap({m} * 5, axis=0)
sinc np.sinc({a} * 1e-3)
heaviside np.heaviside({a}, 0.5)
ldexp np.ldexp({a}, [1]) || np.ldexp({a}, -3)
power np.power({a}, 2.0) || np.power({a}, 0) || np.power(1.5, {a})
hypot np.hypot({a}, 0.0) || np.hypot({c}, {a})
arctan2 np.arctan2({a}, {p}) || np.arctan2({a}, -1.0) || np.arctan2(0.5, {a})
square np.square({a}[..., None]) || np.square({n}[::2])
absolute np.absolute({a} - {s}) || np.abs({a}) ** 2
reciprocal np.reciprocal({a} + 7.0)
angle np.angle({a}, deg=True)
operator:** {a} ** 0 || {a} ** 1 || {a} ** -1 || {p} ** 1.5 || 1.0 ** {a} || ({a} ** 2) ** 0.5
operator:mask {a} * ({a} >= {s}) || np.where({a} == {a}, {a}, 0.0) || {n}[{n} > 0.1]
operator:abs abs({a}) ** 3 || abs(-{a}) || +{a} || divmod({a}, {p})[1]
operator:/ {a} / {s} || 1 / {p} || {a} / {a}
index:basic {n}[1:] || {n}[::2] || {n}[-1:] || {m}[0, 0] || {m}[..., -1] || {m}[None, :, 0] || {m}[1:, ::-1] || {n}[...] || {m}[:, None] || {m}[-1][-1] || {a}[None, ...] || {n}[5:]
index:fancy {m}[np.ix_([0, -1], [0, 0, -1])] || {m}[[0, 0]] || {m}[[[0], [-1]], [0, -1]] || {m}[:, [[0, -1]]] || {m}[0, [0, -1]] || {m}[[0, -1], :1] || {m}[None, [0, 0]] || {n}[[]] || {m}[[0], ..., [0]] || {m}[np.array(0)] || {m}[:, None, [0, -1]]
index:boolean {m}[:, {m}[0] == {m}[0]] || {n}[np.ones({n}.shape, bool)] || {m}[{M}, 0] || {m}[True] || {m}[[i == 0 for i in range(len({m}))], [0]] || {n}[{n} < 0]
method:sum {a}.sum() || {m}.sum(axis=(0, 1)) || {m}.sum(1, keepdims=True)
method:var {m}.var(axis=(0, 1)) || {n}.var(ddof=1) || {m}.std(1, ddof=1)
method:pick {m}.diagonal(1) || {n}.compress([True]) || {n}.take([0, -1], axis={ax}) || {m}.trace(1) || {n}.repeat(2, axis={ax}) || np.sort({n}).copy() || np.ptp({n})
method:shape {m}.reshape({m}.size, 1) || {m}.T.reshape(-1) || {a}.reshape(()) if {a}.size == 1 else {s} || {m}.transpose() || {m}.flatten('F') || {a}[None].squeeze(0)
method:max {m}.max(axis=(0, 1)) || {n}.max(axis={ax}, keepdims=True) || {n}.min()
python:loop [x * x for x in {n}][-1] || sum({n}) || max({o}) || np.stack([{o}[i] for i in range(len({o}))]) || sum(x * y for x, y in zip({o}, {s})) || np.array([{o}[0], {o}[-1] * 2])
python:make np.array([{o}[0] * 2, {c}]) || np.array([[{o}[0], {o}[-1]], [0.0, 1.0]]) || np.ones_like({a}) * {s} || np.full(3, 1.0) * np.sum({a}) || np.asarray({a}) * 2 || np.zeros_like({m}) + {v} || np.eye(2) * np.sum({a})
assign:one {new} = {m}.copy(); {new}[0, 0] = np.sum({s}) || {new} = {m}.copy(); {new}[-1] = {new}[0] || {new} = {a} * 1.0; {new}[...] = {c} || {new} = {m} + 0; {new}[:, -1] += {m}[:, 0]
assign:part {new} = np.zeros_like({m}); {new}[:, 0] = {m}[:, -1]; {new}[0, :] += {m}[0] || {new} = np.zeros(({m}).shape, like={m}); {new}[:1] = {v} || {new} = {m}.copy(); {new}[0], {new}[-1] = {m}[-1], {m}[0]
assign:fancy {new} = {m}.copy(); {new}[[0, -1], [0, -1]] = {c} || {new} = {m}.copy(); {new}[:, [0, 0]] += 1.0 || {new} = {n}.copy(); {new}[{new} < 0] = 0.0 || {new} = {m}.copy(); {new}[np.arange(1), :1] = {m}[:1, :1] || {new} = {m}.copy(); {new}[[0, 0]] = {s}[:2][:1] || {new} = {n}.copy(); {new}[...] = {new}[::-1]
assign:update {new} = {a} * 1.0; {new} **= 2 || {new} = {n} * 1.0; {new}[1:] -= {new}[:-1] || {new} = {n} * 1.0; {new}[0] /= 3.0
""")

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
_loose("cross linalg.cross", "in another layout of the memory, in whose order sums come")
_loose("correlate", "a convolution, whose products come in another order")
_loose("logaddexp.reduce", "one maximum for all terms, where NumPy adds them one by one")
_loose("vander", "powers, where NumPy multiplies on, and their finite derivatives at 0")
_loose("sinc degrees rad2deg deg2rad radians", "a product with a rounded factor of another order")
_loose("gradient geomspace logspace linspace", "differences and powers taken in another order")
_loose("cov corrcoef", "a product with the reciprocal of the count")
_loose("float_power", "the dtype is kept, where NumPy computes in float64")
