/* The tape: a list of NumPy's own inner loops, run over and over without the interpreter.
 *
 * A ufunc is a table of inner loops, one a signature of dtypes (PyUFuncObject, numpy/ufuncobject.h):
 *
 *     loop(char **args, const npy_intp *dimensions, const npy_intp *strides, void *data)
 *
 * Calling np.add spends a hundred times what the loop takes on three numbers, all of it on finding
 * out which loop, on which addresses, with which strides. Here that is found out once. What is no
 * ufunc (copies, casts, choices, gathering, a dot product, pow) is a loop of the same form below.
 *
 * playground/interpreters/recording/tape.py decides what is run, in NumPy's own order of axes, and
 * compares each loop with NumPy's own call before it trusts it. This file believes the order, but
 * not the shapes: what could lead a loop outside of an array is refused.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>

#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <time.h>
#endif

#ifndef TAPE_VERSION /* setup.py says of which version of the package, and of which text, this is */
#define TAPE_VERSION ""
#endif
#ifndef TAPE_SOURCE
#define TAPE_SOURCE ""
#endif

#define MAX_ARGS 8   /* inputs and outputs of a loop */
#define MAX_CORE 16  /* different core lengths of a gufunc */
#define MAX_STEPS 40 /* a stride for each argument, and for each of its core axes */
#define MAX_AXES 64  /* NPY_MAXDIMS of NumPy 2 */

typedef enum { LOOP, LOG, PYTHON, GUARD, HALT } Kind;

typedef struct {
    Kind kind;
    Py_ssize_t step; /* of which step of its phase this is a part */
    int checked;     /* a floating-point "invalid" (PYTHON: a false result) ends the run */
    int wanted;      /* the answer that lets a GUARD pass, that makes a HALT end the run */
    npy_intp row;    /* LOG: the bytes of a row */

    PyUFuncGenericFunction loop;
    void *data;
    int nargs;
    char *args[MAX_ARGS];
    npy_intp dims[1 + MAX_CORE];
    npy_intp steps[MAX_STEPS];
    int naxes;      /* the axes around the loop */
    npy_intp *axes; /* their lengths, and then, axis by axis, the strides of the arguments */

    PyArray_DotFunc *dot; /* of the dtype: what np.vdot calls */

    PyObject *function, *arguments; /* of PYTHON; borrowed from what the program holds */
} Op;

/* ------------------------------------------------------------------------- loops of our own */

typedef struct {
    uint64_t low, high;
} Wide;

/* By the size of an item, whatever it stands for. The order of arguments is inputs, output. */
#define MOVES(TYPE, NAME)                                                                         \
    static void copy_##NAME(char **args, const npy_intp *dims, const npy_intp *steps, void *data) \
    {                                                                                             \
        const char *from = args[0];                                                               \
        char *to = args[1];                                                                       \
        if (steps[0] == sizeof(TYPE) && steps[1] == sizeof(TYPE)) {                               \
            memmove(to, from, dims[0] * sizeof(TYPE));                                            \
            return;                                                                               \
        }                                                                                         \
        for (npy_intp i = 0; i < dims[0]; i++, from += steps[0], to += steps[1]) {                \
            *(TYPE *)to = *(const TYPE *)from;                                                    \
        }                                                                                         \
    }                                                                                             \
    static void where_##NAME(char **args, const npy_intp *dims, const npy_intp *steps,            \
                             void *data)                                                          \
    {                                                                                             \
        const char *is = args[0], *yes = args[1], *no = args[2];                                  \
        char *to = args[3];                                                                       \
        for (npy_intp i = 0; i < dims[0]; i++) {                                                  \
            TYPE a = *(const TYPE *)yes, b = *(const TYPE *)no;                                   \
            *(TYPE *)to = *(const npy_bool *)is ? a : b;                                          \
            is += steps[0], yes += steps[1], no += steps[2], to += steps[3];                      \
        }                                                                                         \
    }                                                                                             \
    /* an array, byte offsets into it, output */                                                  \
    static void take_##NAME(char **args, const npy_intp *dims, const npy_intp *steps, void *data) \
    {                                                                                             \
        const char *from = args[0], *at = args[1];                                                \
        char *to = args[2];                                                                       \
        for (npy_intp i = 0; i < dims[0]; i++, at += steps[1], to += steps[2]) {                  \
            *(TYPE *)to = *(const TYPE *)(from + *(const npy_intp *)at);                          \
        }                                                                                         \
    }                                                                                             \
    /* values, byte offsets into an array, the array */                                           \
    static void put_##NAME(char **args, const npy_intp *dims, const npy_intp *steps, void *data)  \
    {                                                                                             \
        const char *from = args[0], *at = args[1];                                                \
        char *to = args[2];                                                                       \
        for (npy_intp i = 0; i < dims[0]; i++, from += steps[0], at += steps[1]) {                \
            *(TYPE *)(to + *(const npy_intp *)at) = *(const TYPE *)from;                          \
        }                                                                                         \
    }

MOVES(uint8_t, 1)
MOVES(uint16_t, 2)
MOVES(uint32_t, 4)
MOVES(uint64_t, 8)
MOVES(Wide, 16)

/* float16, which C has not everywhere: exact to double, and rounded to even from it. */
static double
of_half(uint16_t half)
{
    uint64_t sign = (uint64_t)(half & 0x8000u) << 48, exponent = (half >> 10) & 0x1fu;
    uint64_t digits = half & 0x3ffu, bits;
    double value;
    if (exponent == 0) { /* zero, and numbers without a leading digit */
        value = (double)digits * 5.9604644775390625e-08;
        return sign ? -value : value;
    }
    bits = sign | (exponent == 31 ? (uint64_t)0x7ff : exponent + 1008) << 52 | digits << 42;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint16_t
to_half(double value)
{
    uint64_t bits, digits, rest, half;
    memcpy(&bits, &value, sizeof(bits));
    uint16_t sign = (uint16_t)(bits >> 48 & 0x8000u);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1023, cut = 42;
    digits = bits & 0xfffffffffffffu;
    if (exponent == 1024) { /* infinite, or NaN, which stays one */
        uint16_t top = (uint16_t)(digits >> 42);
        return sign | 0x7c00u | (digits && !top ? 1 : top);
    }
    if (exponent > 15) {
        return sign | 0x7c00u;
    }
    if (exponent < -25) {
        return sign;
    }
    if (exponent < -14) { /* the leading digit is written down, and moves to the right */
        digits |= (uint64_t)1 << 52;
        cut += -14 - exponent;
        half = digits >> cut;
    }
    else {
        half = (uint64_t)(exponent + 15) << 10 | digits >> cut;
    }
    rest = digits & (((uint64_t)1 << cut) - 1);
    if (rest > (uint64_t)1 << (cut - 1) || (rest == (uint64_t)1 << (cut - 1) && (half & 1))) {
        half++; /* also over into the exponent, up to infinity */
    }
    return (uint16_t)(sign | half);
}

#define AS_IT_IS(x) (x)
#define BY_FLOAT(x) to_half((double)(float)(x))

#define CAST(FROM, from, READ, TO, to, WRITE)                                    \
    static void cast_##from##_##to(char **args, const npy_intp *dims,            \
                                   const npy_intp *steps, void *data)            \
    {                                                                            \
        const char *source = args[0];                                            \
        char *target = args[1];                                                  \
        for (npy_intp i = 0; i < dims[0]; i++) {                                 \
            *(TO *)target = (TO)WRITE(READ(*(const FROM *)source));              \
            source += steps[0], target += steps[1];                              \
        }                                                                        \
    }

/* _Bool: in C, too, a number is true unless it is zero. */
#define CASTS(FROM, from, READ, HALF)                                                             \
    CAST(FROM, from, READ, _Bool, b1, AS_IT_IS)                                                   \
    CAST(FROM, from, READ, int8_t, i1, AS_IT_IS) CAST(FROM, from, READ, uint8_t, u1, AS_IT_IS)    \
    CAST(FROM, from, READ, int16_t, i2, AS_IT_IS) CAST(FROM, from, READ, uint16_t, u2, AS_IT_IS)  \
    CAST(FROM, from, READ, int32_t, i4, AS_IT_IS) CAST(FROM, from, READ, uint32_t, u4, AS_IT_IS)  \
    CAST(FROM, from, READ, int64_t, i8, AS_IT_IS) CAST(FROM, from, READ, uint64_t, u8, AS_IT_IS)  \
    CAST(FROM, from, READ, float, f4, AS_IT_IS) CAST(FROM, from, READ, double, f8, AS_IT_IS)      \
    CAST(FROM, from, READ, uint16_t, f2, HALF)

CASTS(_Bool, b1, AS_IT_IS, BY_FLOAT)
CASTS(int8_t, i1, AS_IT_IS, BY_FLOAT)
CASTS(uint8_t, u1, AS_IT_IS, BY_FLOAT)
CASTS(int16_t, i2, AS_IT_IS, BY_FLOAT)
CASTS(uint16_t, u2, AS_IT_IS, BY_FLOAT)
CASTS(int32_t, i4, AS_IT_IS, BY_FLOAT)
CASTS(uint32_t, u4, AS_IT_IS, BY_FLOAT)
CASTS(int64_t, i8, AS_IT_IS, BY_FLOAT)
CASTS(uint64_t, u8, AS_IT_IS, BY_FLOAT)
CASTS(float, f4, AS_IT_IS, BY_FLOAT)
CASTS(double, f8, AS_IT_IS, to_half)
CASTS(uint16_t, f2, of_half, BY_FLOAT)

/* What np.vdot calls on real arrays. */
static void
dot_items(char **args, const npy_intp *dims, const npy_intp *steps, void *data)
{
    const Op *op = data;
    op->dot(args[0], steps[0], args[1], steps[1], args[2], dims[0], NULL);
}

/* math.pow: C's pow, and "invalid" exactly where Python raises an error. */
static void
power_items(char **args, const npy_intp *dims, const npy_intp *steps, void *data)
{
    double x = *(const double *)args[0], y = *(const double *)args[1];
    double power = pow(x, y);
    int error = !isfinite(power) && isfinite(x) && isfinite(y);
    feclearexcept(FE_ALL_EXCEPT);
    if (error) {
        feraiseexcept(FE_INVALID);
        return;
    }
    *(double *)args[2] = power;
}

#define BY_SIZE(NAME)                                          \
    {#NAME, 1, 1, NAME##_1}, {#NAME, 2, 2, NAME##_2},          \
    {#NAME, 4, 4, NAME##_4}, {#NAME, 8, 8, NAME##_8},          \
    {#NAME, 16, 16, NAME##_16},

#define BY_DTYPE(FROM, SIZE)                                                                    \
    {#FROM "_b1", SIZE, 1, cast_##FROM##_b1}, {#FROM "_i1", SIZE, 1, cast_##FROM##_i1},         \
    {#FROM "_u1", SIZE, 1, cast_##FROM##_u1}, {#FROM "_i2", SIZE, 2, cast_##FROM##_i2},         \
    {#FROM "_u2", SIZE, 2, cast_##FROM##_u2}, {#FROM "_i4", SIZE, 4, cast_##FROM##_i4},         \
    {#FROM "_u4", SIZE, 4, cast_##FROM##_u4}, {#FROM "_i8", SIZE, 8, cast_##FROM##_i8},         \
    {#FROM "_u8", SIZE, 8, cast_##FROM##_u8}, {#FROM "_f2", SIZE, 2, cast_##FROM##_f2},         \
    {#FROM "_f4", SIZE, 4, cast_##FROM##_f4}, {#FROM "_f8", SIZE, 8, cast_##FROM##_f8},

static const struct {
    const char *name;
    npy_intp from, to; /* the size of an item of what is read, and of the last argument; 0: any */
    PyUFuncGenericFunction loop;
} own_loops[] = {
    BY_SIZE(copy) BY_SIZE(where) BY_SIZE(take) BY_SIZE(put)
    BY_DTYPE(b1, 1) BY_DTYPE(i1, 1) BY_DTYPE(u1, 1) BY_DTYPE(i2, 2) BY_DTYPE(u2, 2)
    BY_DTYPE(i4, 4) BY_DTYPE(u4, 4) BY_DTYPE(i8, 8) BY_DTYPE(u8, 8)
    BY_DTYPE(f2, 2) BY_DTYPE(f4, 4) BY_DTYPE(f8, 8)
    {"dot", 0, 0, dot_items},
    {"power", 8, 8, power_items},
};

/* --------------------------------------------------------------------------- one step, ready */

static PyArrayObject *
view_of(PyObject *views, int i)
{
    PyObject *view = PyTuple_GetItem(views, i);
    if (view != NULL && !PyArray_Check(view)) {
        PyErr_SetString(PyExc_TypeError, "a loop takes arrays");
        return NULL;
    }
    return (PyArrayObject *)view;
}

static int
refuse(const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    return -1;
}

static int
find_own_loop(Op *op, PyObject *name, PyObject *views)
{
    /* The condition of where is of another size. */
    int read = PyUnicode_CompareWithASCIIString(name, "where") == 0 ? 1 : 0;
    PyArrayObject *first = view_of(views, read), *last = view_of(views, op->nargs - 1);
    if (first == NULL || last == NULL) {
        return -1;
    }
    for (size_t i = 0; op->loop == NULL && i < sizeof(own_loops) / sizeof(own_loops[0]); i++) {
        npy_intp from = own_loops[i].from, to = own_loops[i].to;
        if ((from == 0 || from == PyArray_ITEMSIZE(first)) &&
            (to == 0 || to == PyArray_ITEMSIZE(last)) &&
            PyUnicode_CompareWithASCIIString(name, own_loops[i].name) == 0) {
            op->loop = own_loops[i].loop;
        }
    }
    if (op->loop == NULL) {
        return refuse("no loop of our own for these dtypes");
    }
    if (op->loop == dot_items) {
        PyArray_ArrFuncs *known = PyDataType_GetArrFuncs(PyArray_DESCR(first));
        op->dot = known == NULL ? NULL : known->dotfunc;
        op->data = op;
        return op->dot != NULL ? 0 : refuse("no dot product of this dtype");
    }
    return 0;
}

/* A ufunc's loop whose signature is exactly the arrays' dtypes. */
static int
find_loop(Op *op, PyUFuncObject *ufunc, PyObject *views)
{
    if (op->nargs != ufunc->nargs) {
        return refuse("the ufunc takes another number of arrays");
    }
    for (int i = 0; i < ufunc->ntypes; i++) {
        int same = ufunc->functions[i] != NULL;
        for (int k = 0; same && k < op->nargs; k++) {
            PyArrayObject *view = view_of(views, k);
            if (view == NULL) {
                return -1;
            }
            same = ufunc->types[i * ufunc->nargs + k] == PyArray_TYPE(view);
        }
        if (same) {
            op->loop = ufunc->functions[i];
            op->data = ufunc->data == NULL ? NULL : (void *)ufunc->data[i];
            return 0;
        }
    }
    return refuse("no loop for these dtypes");
}

/* Where a gufunc's own axes lie: their lengths behind the loop's, their strides behind its. */
static int
lay_core(Op *op, PyUFuncObject *ufunc, PyObject *views)
{
    int next = op->nargs;
    if (ufunc->core_num_dim_ix > MAX_CORE) {
        return refuse("too many core axes");
    }
    for (int d = 0; d < ufunc->core_num_dim_ix; d++) {
        op->dims[1 + d] = -1;
    }
    for (int k = 0; k < op->nargs; k++) {
        PyArrayObject *view = view_of(views, k);
        int count = ufunc->core_num_dims[k], start = PyArray_NDIM(view) - count;
        if (start < 0 || next + count > MAX_STEPS) {
            return refuse("too few axes, or too many core axes");
        }
        for (int j = 0; j < count; j++) {
            npy_intp length = PyArray_DIM(view, start + j);
            npy_intp *core = &op->dims[1 + ufunc->core_dim_ixs[ufunc->core_offsets[k] + j]];
            if (*core != -1 && *core != length) {
                return refuse("core axes of different lengths");
            }
            *core = length;
            /* NumPy does so with axes of length 1, and BLAS is asked by strides. */
            op->steps[next++] = length == 1 ? 0 : PyArray_STRIDE(view, start + j);
        }
    }
    return 0;
}

/* The axes that the loop runs along, and those around it: of all arrays the same lengths. */
static int
lay_axes(Op *op, PyObject *views, const int *core, int *empty)
{
    PyArrayObject *first = view_of(views, 0);
    int naxes = PyArray_NDIM(first) - (core == NULL ? 0 : core[0]);
    if (naxes < 0 || naxes > MAX_AXES) {
        return refuse("too few axes, or too many");
    }
    op->naxes = naxes > 0 ? naxes - 1 : 0;
    op->axes = PyMem_Calloc((size_t)(op->naxes + 1) * (1 + op->nargs), sizeof(npy_intp));
    if (op->axes == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    op->dims[0] = naxes > 0 ? PyArray_DIM(first, naxes - 1) : 1;
    for (int k = 0; k < op->nargs; k++) {
        PyArrayObject *view = view_of(views, k);
        if (view == NULL || PyArray_NDIM(view) - (core == NULL ? 0 : core[k]) != naxes) {
            return refuse("arrays of different numbers of axes");
        }
        op->args[k] = PyArray_BYTES(view);
        op->steps[k] = naxes > 0 ? PyArray_STRIDE(view, naxes - 1) : 0;
        for (int d = 0; d < naxes; d++) {
            if (PyArray_DIM(view, d) != PyArray_DIM(first, d)) {
                return refuse("axes of different lengths");
            }
            *empty = *empty || PyArray_DIM(view, d) == 0;
            if (d < op->naxes) {
                op->axes[d] = PyArray_DIM(view, d);
                op->axes[op->naxes + d * op->nargs + k] = PyArray_STRIDE(view, d);
            }
        }
    }
    return 0;
}

/* (kind, step, function, arrays, number) -> Op; *empty where there is nothing to do. */
static int
make_op(Op *op, PyObject *from, int *empty)
{
    int kind;
    Py_ssize_t number;
    PyObject *function, *views;
    if (!PyArg_ParseTuple(from, "inOO!n", &kind, &op->step, &function, &PyTuple_Type, &views,
                          &number)) {
        return -1;
    }
    op->kind = (Kind)kind;
    op->nargs = (int)PyTuple_Size(views);
    if (op->kind == PYTHON) {
        op->function = function;
        op->arguments = views;
        op->checked = number != 0;
        return 0;
    }
    if (op->nargs < 1 || op->nargs > MAX_ARGS) {
        return refuse("too many arrays, or none");
    }
    if (op->kind == GUARD || op->kind == HALT) {
        PyArrayObject *flag = view_of(views, 0);
        if (flag == NULL || PyArray_TYPE(flag) != NPY_BOOL || PyArray_SIZE(flag) != 1) {
            return refuse("a flag is one boolean");
        }
        op->args[0] = PyArray_BYTES(flag);
        op->wanted = number != 0;
        return 0;
    }
    op->checked = op->kind == LOOP && number != 0;
    op->row = op->kind == LOG ? number : 0;
    if (PyUnicode_Check(function)) {
        return find_own_loop(op, function, views) < 0 ? -1 : lay_axes(op, views, NULL, empty);
    }
    if (!PyObject_TypeCheck(function, &PyUFunc_Type)) {
        return refuse("neither a ufunc nor the name of a loop");
    }
    PyUFuncObject *ufunc = (PyUFuncObject *)function;
    const int *core = ufunc->core_enabled ? ufunc->core_num_dims : NULL;
    if (find_loop(op, ufunc, views) < 0 || (core != NULL && lay_core(op, ufunc, views) < 0)) {
        return -1;
    }
    return lay_axes(op, views, core, empty);
}

/* ------------------------------------------------------------------------------- the program */

typedef struct {
    PyObject_HEAD
    Py_ssize_t nphases;
    Py_ssize_t *starts; /* the ops of phase p are starts[p] to starts[p + 1] */
    Op *ops;
    Py_ssize_t nops;
    Py_ssize_t rows; /* of the shortest log; -1: there is none */
    int busy;
    PyObject *held; /* all that the ops point into */
} Program;

static Py_ssize_t
count_of(PyObject *phases)
{
    Py_ssize_t count = 0;
    for (Py_ssize_t p = 0; p < PyTuple_Size(phases); p++) {
        PyObject *phase = PyTuple_GetItem(phases, p);
        if (!PyTuple_Check(phase)) {
            refuse("a phase is a tuple");
            return -1;
        }
        count += PyTuple_Size(phase);
    }
    return count;
}

static int
fill(Program *self, PyObject *phases)
{
    for (Py_ssize_t p = 0; p < self->nphases; p++) {
        PyObject *phase = PyTuple_GetItem(phases, p);
        self->starts[p] = self->nops;
        for (Py_ssize_t i = 0; i < PyTuple_Size(phase); i++) {
            int empty = 0;
            Op *op = &self->ops[self->nops++]; /* counted first: it is freed with the program */
            if (make_op(op, PyTuple_GetItem(phase, i), &empty) < 0) {
                return -1;
            }
            if (empty) {
                PyMem_Free(op->axes);
                memset(op, 0, sizeof(Op));
                self->nops--;
            }
        }
    }
    self->starts[self->nphases] = self->nops;
    return 0;
}

static PyObject *
program_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *phases;
    Py_ssize_t rows = -1;
    if (!PyArg_ParseTuple(args, "O!|n", &PyTuple_Type, &phases, &rows)) {
        return NULL;
    }
    Py_ssize_t count = count_of(phases);
    if (count < 0) {
        return NULL;
    }
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Program *self = (Program *)allocate(type, 0);
    if (self == NULL) {
        return NULL;
    }
    Py_INCREF(phases);
    self->held = phases;
    self->rows = rows;
    self->nphases = PyTuple_Size(phases);
    self->starts = PyMem_Calloc((size_t)self->nphases + 1, sizeof(Py_ssize_t));
    self->ops = PyMem_Calloc((size_t)count + 1, sizeof(Op));
    if (self->starts == NULL || self->ops == NULL) {
        PyErr_NoMemory();
    }
    if (self->starts == NULL || self->ops == NULL || fill(self, phases) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int
program_traverse(Program *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE((PyObject *)self));
    Py_VISIT(self->held);
    return 0;
}

static int
program_clear(Program *self)
{
    self->nphases = 0; /* nothing is run that may be gone */
    Py_CLEAR(self->held);
    return 0;
}

static void
program_dealloc(Program *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyObject_GC_UnTrack(self);
    for (Py_ssize_t i = 0; self->ops != NULL && i < self->nops; i++) {
        PyMem_Free(self->ops[i].axes);
    }
    PyMem_Free(self->ops);
    PyMem_Free(self->starts);
    Py_CLEAR(self->held);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* ------------------------------------------------------------------------------------ running */

typedef enum { COUNT, TIME, STOPPED, HALTED, RAISED } Cause;

static double
now(void)
{
#ifdef _WIN32
    LARGE_INTEGER ticks, a_second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&a_second);
    return (double)ticks.QuadPart / (double)a_second.QuadPart;
#else
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
#endif
}

/* The loop at each place of the axes around it. */
static void
run_nest(const Op *op, char **args)
{
    npy_intp at[MAX_AXES];
    memset(at, 0, (size_t)op->naxes * sizeof(npy_intp));
    for (;;) {
        char *copies[MAX_ARGS]; /* matmul's loop moves what it is given */
        int d = op->naxes - 1;
        memcpy(copies, args, sizeof(copies));
        op->loop(copies, op->dims, op->steps, op->data);
        for (; d >= 0; d--) {
            const npy_intp *strides = op->axes + op->naxes + d * op->nargs;
            npy_intp moved = ++at[d] < op->axes[d] ? 1 : 1 - op->axes[d];
            for (int k = 0; k < op->nargs; k++) {
                args[k] += moved * strides[k];
            }
            if (moved == 1) {
                break;
            }
            at[d] = 0;
        }
        if (d < 0) {
            return;
        }
    }
}

static inline void
run_loop(const Op *op, npy_intp row)
{
    char *args[MAX_ARGS];
    memcpy(args, op->args, sizeof(args));
    args[op->nargs - 1] += row * op->row;
    if (op->naxes == 0) {
        op->loop(args, op->dims, op->steps, op->data);
    }
    else {
        run_nest(op, args);
    }
}

/* Python's answer: 1 go on, 0 stop, -1 an exception. */
static int
call_back(const Op *op, PyThreadState **thread)
{
    PyEval_RestoreThread(*thread);
    PyObject *result = PyObject_CallObject(op->function, op->arguments);
    int answer = result == NULL ? -1 : op->checked ? PyObject_IsTrue(result) : 1;
    Py_XDECREF(result);
    if (answer >= 0) {
        *thread = PyEval_SaveThread();
    }
    return answer;
}

/* One iteration: COUNT it and go on, or why not. After RAISED the GIL is held. */
static Cause
run_phase(const Op *op, const Op *end, npy_intp row, PyThreadState **thread, Py_ssize_t *step)
{
    Cause cause = COUNT;
    for (; op < end; op++) {
        int go_on = 1;
        switch (op->kind) {
            case LOOP:
            case LOG:
                if (!op->checked) {
                    run_loop(op, row);
                    continue;
                }
                feclearexcept(FE_ALL_EXCEPT);
                run_loop(op, row);
                go_on = !fetestexcept(FE_INVALID);
                break;
            case PYTHON:
                go_on = call_back(op, thread);
                break;
            case GUARD:
                go_on = (*(const npy_bool *)op->args[0] != 0) == op->wanted;
                break;
            case HALT:
                if (cause == COUNT && (*(const npy_bool *)op->args[0] != 0) == op->wanted) {
                    cause = HALTED;
                    *step = op->step;
                }
                continue;
        }
        if (go_on <= 0) {
            *step = op->step;
            return go_on < 0 ? RAISED : STOPPED;
        }
    }
    return cause;
}

/* run(count, row, phase, seconds) -> (iterations that count, cause, step that ended it)
 *
 * None where it does not run: numbers that are none, a log that is full, or it is running already.
 */
static PyObject *
program_run(Program *self, PyObject *const *arguments, Py_ssize_t given)
{
    Py_ssize_t number[3], done = 0, step = -1, next_look = 1, interval = 1;
    Cause cause = COUNT;
    if (given != 4) {
        PyErr_SetString(PyExc_TypeError, "run(count, row, phase, seconds)");
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        number[i] = PyNumber_AsSsize_t(arguments[i], PyExc_OverflowError);
        if (number[i] == -1 && PyErr_Occurred()) {
            return NULL;
        }
    }
    Py_ssize_t count = number[0], row = number[1], phase = number[2];
    double seconds = PyFloat_AsDouble(arguments[3]);
    if (seconds == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (self->busy || self->nphases == 0 || count < 0 || row < 0 || phase < 0 ||
        (self->rows >= 0 && (row > self->rows || count > self->rows - row))) {
        Py_RETURN_NONE;
    }
    self->busy = 1;
    phase %= self->nphases;
    PyThreadState *thread = PyEval_SaveThread();
    double before = now(), end = before + seconds;
    while (done < count) {
        cause = run_phase(self->ops + self->starts[phase], self->ops + self->starts[phase + 1],
                          row + done, &thread, &step);
        if (cause > TIME && cause != HALTED) {
            break;
        }
        done++;
        if (cause == HALTED) {
            break;
        }
        phase = phase + 1 == self->nphases ? 0 : phase + 1;
        if (done == next_look && done < count) {
            /* The clock costs a tenth of a small iteration: look some thirty times in all. */
            double time = now();
            if (time >= end) {
                cause = TIME;
                break;
            }
            if (time - before < seconds / 32) {
                interval *= 2;
            }
            else if (time - before > seconds / 16 && interval > 1) {
                interval /= 2;
            }
            before = time;
            next_look = done + interval;
        }
    }
    feclearexcept(FE_ALL_EXCEPT); /* or the next call of NumPy's would warn of them */
    if (cause != RAISED) {
        PyEval_RestoreThread(thread);
    }
    self->busy = 0;
    if (PyErr_Occurred()) { /* a loop may have run out of memory, too */
        return NULL;
    }
    return Py_BuildValue("nin", done, (int)cause, step);
}

/* ------------------------------------------------------------------------------------- module */

static PyMethodDef program_methods[] = {
    {"run", (PyCFunction)(void (*)(void))program_run, METH_FASTCALL,
     "run(count, row, phase, seconds) -> (done, cause, step)"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot program_slots[] = {
    {Py_tp_doc, "Program(phases): steps as (kind, step, function, arrays, number), made ready."},
    {Py_tp_new, program_new},
    {Py_tp_dealloc, program_dealloc},
    {Py_tp_traverse, program_traverse},
    {Py_tp_clear, program_clear},
    {Py_tp_methods, program_methods},
    {0, NULL},
};

static PyType_Spec program_spec = {
    .name = "playground._tape.Program",
    .basicsize = sizeof(Program),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = program_slots,
};

static int
module_exec(PyObject *module)
{
    if (PyArray_ImportNumPyAPI() < 0 || PyUFunc_ImportUFuncAPI() < 0) {
        return -1;
    }
    PyObject *type = PyType_FromModuleAndSpec(module, &program_spec, NULL);
    if (type == NULL || PyModule_AddObjectRef(module, "Program", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    if (PyModule_AddStringConstant(module, "VERSION", TAPE_VERSION) < 0) {
        return -1;
    }
    return PyModule_AddStringConstant(module, "SOURCE", TAPE_SOURCE);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_tape",
    .m_doc = "Runs NumPy's inner loops; playground.interpreters.recording.tape says which.",
    .m_slots = module_slots,
};

PyMODINIT_FUNC
PyInit__tape(void)
{
    return PyModuleDef_Init(&definition);
}
