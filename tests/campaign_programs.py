"""Random programs in plain NumPy: what they are, how they are made, how a failing one shrinks."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests.campaign_calls import CALLS, LAST_BITS

Values = dict[str, Any]
LARGEST, HIGHEST = 64, 1e4
_NAME = re.compile(r"\b[xv]\d+\b")
_OPERAND = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Program:
    """Lines that each bind a name, and the arrays they start from.

    ``by`` are the inputs to differentiate by; the others are constants. The last line's value is
    the program's.
    """

    inputs: Mapping[str, np.ndarray]
    lines: tuple[str, ...]
    by: tuple[str, ...]
    calls: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names that the lines bind."""
        return [line.split(" ", 1)[0] for line in self.lines]

    @property
    def point(self) -> tuple[np.ndarray, ...]:
        return tuple(self.inputs[name] for name in self.by)

    def function(self, trace: bool = False, dtype: Any = None) -> Callable[..., Any]:
        """The program as a function of ``by``; with ``trace`` it returns all lines' values."""
        result = f"({', '.join(self.names)},)" if trace else self.names[-1]
        body = [part for line in self.lines for part in line.split("; ")] + [f"return {result}"]
        text = f"def f({', '.join(self.by)}):\n    " + "\n    ".join(body)
        space: Values = {"np": np}
        for name, value in self.inputs.items():
            space[name] = value if dtype is None else value.astype(dtype)
        exec(compile(text, "<program>", "exec"), space)  # noqa: S102 (programs are texts)
        return space["f"]

    def alone(self) -> Iterator[tuple[Program, bool]]:
        """Each line as a program, and whether its value is NumPy's bit for bit."""
        found = quietly(self.function(trace=True), *self.point)
        values = {**self.inputs, **dict(zip(self.names, found, strict=True))}
        for line, call in zip(self.lines, self.calls, strict=True):
            own = {n: np.asarray(values[n]) for n in _NAME.findall(line.split("=", 1)[1])}
            own.pop(line.split(" ", 1)[0], None)
            # Of one number, which NumPy has as a scalar, a power is the C library's.
            number = "**" in line and any(not value.ndim for value in own.values())
            yield Program(own, (line,), tuple(own), (call,)), call not in LAST_BITS and not number

    def text(self) -> str:
        """Python that can be run: the inputs and ``f``."""
        body = [part for line in self.lines for part in line.split("; ")]
        inputs = [f"{name} = {as_text(value)}" for name, value in self.inputs.items()]
        lines = [*body, f"return {self.names[-1]}"]
        head = ["import numpy as np", "", *inputs, "", f"def f({', '.join(self.by)}):"]
        return "\n".join([*head, *("    " + line for line in lines)])


def as_text(value: np.ndarray) -> str:
    """An array as an expression that gives it back bit for bit."""
    text = f"np.array({value.tolist()!r}"
    return f"{text})" if value.size else f"np.zeros({value.shape})"


def quietly(function: Callable[..., Any], *args: Any) -> Any:
    """A call without NumPy's warnings, which random values are bound to bring up."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*args)


# ------------------------------------------------------------------------------ making one


def make(seed: int, wanted: str | None = None) -> Program:
    """The program of a seed, always the same; with ``wanted``, one that calls that function."""
    rng = np.random.default_rng(seed)
    for _ in range(200):
        program = _attempt(rng, wanted)
        if program is not None:
            return program
    raise ValueError(f"no program of seed {seed} came out that calls {wanted}")


def _attempt(rng: np.random.Generator, wanted: str | None) -> Program | None:
    values: Values = {f"x{i}": an_input(rng) for i in range(rng.integers(1, 4))}
    inputs, lines, calls = dict(values), [], []
    count = int(rng.integers(5, 13))
    names = list(CALLS)
    for i in range(count):
        word = wanted if wanted and i == count - 1 else names[rng.integers(len(names))]
        for _ in range(8):
            made = _statement(rng, values, word, f"v{len(lines)}", _unused(values, lines))
            if made is not None:
                lines.append(made[0])
                calls.append(word)
                values[f"v{len(lines) - 1}"] = made[1]
                break
    if not lines or (wanted and calls[-1] != wanted):
        return None
    by = tuple(name for name in inputs if rng.random() < 0.8) or ("x0",)
    program = pruned(Program(inputs, tuple(lines), by, tuple(calls)))
    return program if program.by and (wanted or len(program.lines) >= 3) else None


def _unused(values: Values, lines: Sequence[str]) -> list[str]:
    used = {name for line in lines for name in _NAME.findall(line.split("=", 1)[1])}
    return [name for name in values if name not in used]


def pruned(program: Program) -> Program:
    """Without the lines and inputs that the last line does not depend on."""
    needed, kept = {program.names[-1]}, []
    calls = program.calls or ("",) * len(program.lines)
    for line, call in zip(reversed(program.lines), reversed(calls), strict=True):
        if line.split(" ", 1)[0] in needed:
            needed.update(_NAME.findall(line))
            kept.append((line, call))
    kept.reverse()
    inputs = {name: value for name, value in program.inputs.items() if name in needed}
    by = tuple(name for name in program.by if name in inputs)
    return Program(inputs, tuple(t for t, _ in kept), by, tuple(c for _, c in kept))


def an_input(rng: np.random.Generator) -> np.ndarray:
    """An array of few elements: 0-d, empty, with ties, zeros and equal eigenvalues now and then."""
    ndim = int(rng.choice([0, 1, 2, 2, 3], p=[0.1, 0.3, 0.25, 0.25, 0.1]))
    shape = tuple(int(n) for n in rng.choice([1, 2, 3, 4], size=ndim, p=[0.15, 0.35, 0.4, 0.1]))
    if ndim and rng.random() < 0.03:
        shape = (*shape[:-1], 0)
    values = np.round(rng.uniform(-2, 2, shape), 3)
    kind = rng.random()
    if kind < 0.08:
        values = np.round(values)  # integers: ties and zeros, and where steps are
    elif kind < 0.14:
        values = np.full(shape, np.round(rng.uniform(0.2, 2), 2))
    elif kind < 0.18:
        values = np.zeros(shape)
    elif kind < 0.26:
        n = int(rng.integers(1, 4))
        values = float(rng.integers(1, 3)) * np.eye(n)
    return np.asarray(values)


def _statement(
    rng: np.random.Generator, values: Values, word: str, new: str, unused: Sequence[str]
) -> tuple[str, Any] | None:
    """A line that calls ``word`` and its value, or None where the choice did not work out."""
    templates = CALLS[word]
    template = templates[rng.integers(len(templates))]
    text = Operands(rng, values, unused, new).filled(template)
    if text is None:
        return None
    line = text if template.startswith("{new}") else f"{new} = {text}"
    space: Values = {**values, "np": np}
    try:
        quietly(exec, line, space)
    except Exception:
        return None
    value = space[new]
    if not _is_fit(value, rng) or any(np.shape(space[k]) != np.shape(values[k]) for k in values):
        return None
    return line, np.asarray(value)


def _is_fit(value: Any, rng: np.random.Generator) -> bool:
    if not isinstance(value, (np.ndarray, np.floating)) or value.dtype != "d":
        return False
    if value.size > LARGEST or (not value.size and rng.random() < 0.7):
        return False
    return bool(np.all(np.isfinite(value)) and np.all(np.abs(value) < HIGHEST))


class Operands:
    """Fills a template with operands of the kinds that it asks for."""

    def __init__(
        self, rng: np.random.Generator, values: Values, unused: Sequence[str], new: str
    ) -> None:
        self.rng, self.values, self.unused, self.new = rng, values, unused, new
        self.last: Any = np.zeros(())

    def filled(self, template: str) -> str | None:
        """The template's text, or None where no operand of a kind can be had."""
        try:
            return _OPERAND.sub(self._operand, template)
        except (LookupError, TypeError, ValueError):
            return None

    def _operand(self, match: re.Match[str]) -> str:
        kind = match[1]
        text: str = getattr(self, f"_{kind}", self._word)() if len(kind) < 3 else self.new
        if kind in "anomqrhdpugs":
            self.last = quietly(eval, text, {**self.values, "np": np})
        self.last_text = text if kind in "anomqrhdpugs" else getattr(self, "last_text", "")
        return text

    def _word(self) -> str:
        raise LookupError("a kind of operand that is not known")

    def _among(self, fits: Callable[[Any], bool]) -> str:
        names = [name for name, value in self.values.items() if fits(value)]
        fresh = [name for name in names if name in self.unused]
        names = fresh if fresh and self.rng.random() < 0.85 else names
        if not names:
            raise LookupError("no value fits")
        return names[self.rng.integers(len(names))]

    def _a(self) -> str:
        return self._among(lambda x: True)

    def _n(self) -> str:
        return self._among(lambda x: x.ndim > 0 and (x.size > 0 or self.rng.random() < 0.3))

    def _o(self) -> str:
        try:
            return self._among(lambda x: x.ndim == 1 and x.size)
        except LookupError:
            return f"np.ravel({self._among(lambda x: x.size > 0)})"

    def _m(self) -> str:
        try:
            return self._among(lambda x: x.ndim == 2 and x.size)
        except LookupError:
            shape = tuple(int(n) for n in self.rng.integers(1, 4, size=2))
            return f"np.resize({self._among(lambda x: x.size > 0)}, {shape})"

    def _r(self) -> str:
        try:
            return self._among(lambda x: x.ndim == 2 and len(x) == x.shape[1] > 0)
        except LookupError:
            n = int(self.rng.integers(1, 4))
            return f"np.resize({self._among(lambda x: x.size > 0)}, ({n}, {n}))"

    def _square(self, form: str) -> str:
        text = self._r()
        n = len(quietly(eval, text, {**self.values, "np": np}))
        return form.format(text, f"np.eye({n}, dtype={text}.dtype)")

    def _q(self) -> str:
        return self._square("({0} + 4.5 * {1})")

    def _h(self) -> str:
        return self._square("({0} + {0}.T)")

    def _d(self) -> str:
        return self._square("({0} @ {0}.T + {1})")

    def _p(self) -> str:
        return f"({self._a()} ** 2 + 0.5)"

    def _u(self) -> str:
        return f"(0.9 * np.sin({self._a()}))"

    def _g(self) -> str:
        return f"({self._a()} ** 2 + 1.5)"

    def _s(self) -> str:
        shape = np.shape(self.last)
        try:
            return self._among(lambda x: x.shape == shape)
        except LookupError:
            return f"np.cos({self.last_text})"

    def _b(self) -> str:
        def fits(x: Any) -> bool:
            try:
                return np.broadcast_shapes(x.shape, np.shape(self.last)) is not None
            except ValueError:
                return False

        return self._among(fits) if self.rng.random() < 0.85 else self._c()

    def _v(self) -> str:
        n = np.shape(self.last)[-1]
        try:
            return self._among(lambda x: x.shape == (n,))
        except LookupError:
            return f"np.resize({self._among(lambda x: x.size > 0)}, {n})"

    def _c(self) -> str:
        return repr(float(np.round(self.rng.uniform(-2, 2), 1)))

    def _k(self) -> str:
        return str(self.rng.integers(1, 4))

    def _ax(self) -> str:
        ndim = np.ndim(self.last)
        return str(self.rng.integers(-ndim, ndim))

    def _I(self) -> str:  # noqa: N802 (the kind's letter)
        n = len(self.last)
        return str([int(i) for i in self.rng.integers(-n, n, size=self.rng.integers(1, 4))])

    def _M(self) -> str:  # noqa: N802
        return str([bool(b) for b in self.rng.integers(0, 2, size=len(self.last))])

    def _B(self) -> str:  # noqa: N802
        mask = self.rng.integers(0, 2, size=np.shape(self.last)).astype(bool)
        return f"np.array({mask.tolist()})" if mask.size else f"np.zeros({mask.shape}, bool)"


# -------------------------------------------------------------------------------- shrinking


def smaller(program: Program) -> Iterator[Program]:
    """Programs with fewer lines that may fail alike: cut at the end, or begun in the middle."""
    found = quietly(program.function(trace=True), *program.point)
    values = dict(zip(program.names, found, strict=True))
    for stop in range(1, len(program.lines)):
        yield pruned(replace(program, lines=program.lines[:stop], calls=program.calls[:stop]))
    for i, name in reversed(list(enumerate(program.names[:-1]))):
        # What the line computed becomes an input, and with it goes all that it was made of.
        start = f"x{max(int(x[1:]) for x in program.inputs) + 1}"
        rest = [re.sub(rf"\b{name}\b", start, line) for line in program.lines[i + 1 :]]
        lines = (*program.lines[:i], *rest)
        calls = (*program.calls[:i], *program.calls[i + 1 :])
        inputs = {**program.inputs, start: np.asarray(values[name])}
        yield pruned(Program(inputs, lines, (*program.by, start), calls))
    for name in program.by:
        if len(program.by) > 1:
            yield replace(program, by=tuple(b for b in program.by if b != name))


def shrunk(program: Program, fails: Callable[[Program], bool]) -> Program:
    """The smallest program found that still fails in the same way."""
    while True:
        for candidate in smaller(program):
            if candidate.by and fails(candidate):
                program = candidate
                break
        else:
            return program
