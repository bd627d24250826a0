"""playground: a Chainer-compatible backprop playground and an optimisation lab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import playground.interpreters.methods  # noqa: F401 (Variable's NumPy protocols and methods)
from playground import functions
from playground._version import __version__
from playground.graph.backprop import grad
from playground.graph.config import (
    config,
    force_backprop_mode,
    global_config,
    no_backprop_mode,
    using_config,
)
from playground.graph.errors import (
    DegenerateEigenvalueError,
    DeviceError,
    FitError,
    GradientError,
    GraphCutError,
    GraphError,
    InputError,
    InvalidIndex,
    InvalidType,
    LogError,
    NaNDetectedError,
    NoRuleError,
    PlaygroundError,
)
from playground.graph.function_node import FunctionNode
from playground.graph.variable import Parameter, Variable, as_variable

if TYPE_CHECKING:
    from playground.lab.fit import Fit, fit
    from playground.lab.runlog import RunRecord, read_log


# The lab is loaded when it is first asked for, so that differentiating costs no lab.
_LAZY = {
    "Fit": "playground.lab.fit",
    "RunRecord": "playground.lab.runlog",
    "fit": "playground.lab.fit",
    "read_log": "playground.lab.runlog",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'playground' has no attribute {name!r}")


__all__ = [
    "DegenerateEigenvalueError",
    "DeviceError",
    "Fit",
    "FitError",
    "FunctionNode",
    "GradientError",
    "GraphCutError",
    "GraphError",
    "InputError",
    "InvalidIndex",
    "InvalidType",
    "LogError",
    "NaNDetectedError",
    "NoRuleError",
    "Parameter",
    "PlaygroundError",
    "RunRecord",
    "Variable",
    "__version__",
    "as_variable",
    "config",
    "fit",
    "force_backprop_mode",
    "functions",
    "global_config",
    "grad",
    "no_backprop_mode",
    "read_log",
    "using_config",
]
