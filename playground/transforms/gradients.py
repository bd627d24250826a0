"""First derivatives, by one pass back: gradients, and products with the Jacobian."""

from __future__ import annotations

from typing import Any

from playground.graph.errors import GradientError
from playground.graph.types import Tree, UserFunction
from playground.graph.variable import Variable
from playground.transforms.tracing import Argnums, Trace, as_seed, is_linked, seed_of_ones
from playground.transforms.values import (
    check_function,
    check_scalar,
    check_shape,
    described,
    fitting_all,
    named,
    numeric_leaves,
)

__all__ = ["elementwise_grad", "grad", "value_and_grad", "vjp", "with_aux"]


def grad(f: UserFunction, argnums: Argnums = 0, has_aux: bool = False) -> UserFunction:
    """The gradient of a function of one real value, as a function of the same arguments.

    The result has the form of the argument: a number, an array, a tuple, list or dict of arrays;
    several ``argnums`` give a tuple. With Variables among the arguments, or closed over, it is a
    Variable, which can be differentiated again.

    Args:
        f: plain NumPy code whose output has one element.
        argnums: the arguments to differentiate by; negative numbers count from the last.
        has_aux: f returns ``(value, aux)``, and the gradient comes as ``(gradient, aux)``.

    Raises GradientError where the output has more than one element or is complex, and BranchError
    where f asks for the type of a value and goes another way for a Variable (it is called three
    times more, once, to find out); warns where it does not depend on the arguments.
    """

    def gradient(*args: Tree, **kwargs: Tree) -> Any:
        trace = Trace("grad", f, argnums, args, kwargs)
        _, aux, derivatives = _differentiated(trace, has_aux)
        return (derivatives, trace.value(aux)) if has_aux else derivatives

    return named("grad", f, gradient, "The gradient")


def value_and_grad(f: UserFunction, argnums: Argnums = 0, has_aux: bool = False) -> UserFunction:
    """``(value, gradient)`` of a function of one real value, by one call of it.

    As :func:`grad`; with ``has_aux`` it is ``((value, aux), gradient)``.
    """

    def value_and_gradient(*args: Tree, **kwargs: Tree) -> Any:
        trace = Trace("value_and_grad", f, argnums, args, kwargs)
        y, aux, derivatives = _differentiated(trace, has_aux)
        value = trace.value(y)
        return ((value, trace.value(aux)) if has_aux else value), derivatives

    return named("value_and_grad", f, value_and_gradient, "Value and gradient")


def _differentiated(trace: Trace, has_aux: bool) -> tuple[Any, Any, Any]:
    y, aux = with_aux(trace) if has_aux else (trace.result, None)
    check_scalar(trace.name, y)
    return y, aux, _gradient_of_sum(trace, y)


def _gradient_of_sum(trace: Trace, y: Tree) -> Any:
    # Of one element or many: the derivative of a sum needs the same seed of ones.
    trace.look((y,))
    seeds = [(y, seed_of_ones(y, trace.recorded))] if isinstance(y, Variable) else []
    derivatives = trace.derivatives(trace.pull(seeds, trace.recorded), trace.recorded)
    trace.forget()
    return derivatives


def with_aux(trace: Trace) -> tuple[Any, Any]:
    """What a function with ``has_aux`` returned, in two."""
    result = trace.result
    if not isinstance(result, tuple) or len(result) != 2:
        raise GradientError(
            f"{trace.name}: with has_aux=True the function must return (value, aux), got "
            f"{described(result)}"
        )
    return result


def elementwise_grad(f: UserFunction, argnums: Argnums = 0) -> UserFunction:
    """Each element's own derivative, for a function that treats every element by itself.

    It is the gradient of the sum of f, in the argument's shape. Raises GradientError where the
    output has another shape than the argument.
    """

    def derivative(*args: Tree, **kwargs: Tree) -> Any:
        trace = Trace("elementwise_grad", f, argnums, args, kwargs)
        # Only the shapes can be checked: that elements do not mix is the caller's word.
        for given in trace.givens:
            check_shape(trace.name, trace.result, given.variable.shape, given.name)
        return _gradient_of_sum(trace, trace.result)

    return named("elementwise_grad", f, derivative, "The derivative, element by element,")


def vjp(f: UserFunction, *primals: Tree) -> tuple[Any, UserFunction]:
    """``(value, pull)``: the value of f, and the products of cotangents with its Jacobian.

    ``pull(cotangent)``, for a cotangent in the form and shape of the value, returns a tuple of one
    gradient a primal. It may be called any number of times.
    """
    check_function("vjp", f)
    if not primals:
        raise TypeError("vjp: expected the arguments to differentiate by: vjp(f, x, …)")
    trace = Trace("vjp", f, tuple(range(len(primals))), primals, {})
    ys = [y for _, y in numeric_leaves("vjp", trace.result)]
    trace.look(ys)
    # The graph keeps arrays for the passes: who writes into the value must not change them.
    value = trace.value(trace.result, copied=True)
    # Not forget, as passes are still to come: the user may call pull long after this returns.
    trace.seal(ys)

    def pull(cotangent: Tree) -> Any:
        fitted = fitting_all("vjp", cotangent, trace.result, "the cotangent")
        pairs = [(y, c) for y, c in fitted if isinstance(y, Variable)]
        recorded = trace.recorded or is_linked(c for _, c in pairs)
        seeds = [(y, as_seed(c, recorded)) for y, c in pairs]
        return trace.derivatives(trace.pull(seeds, recorded), recorded)

    return value, pull
