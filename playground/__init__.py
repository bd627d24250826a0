"""playground: a Chainer-compatible backprop playground and an optimisation lab."""

# First of all: what follows takes time to load, in which Ctrl-C would be a traceback.
import playground._interrupts

# isort: split
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
    BranchError,
    DegenerateEigenvalueError,
    DeviceError,
    FitError,
    GradientCheckError,
    GradientCheckInputError,
    GradientError,
    GraphCutError,
    GraphError,
    InputError,
    InvalidAxis,
    InvalidIndex,
    InvalidMatrix,
    InvalidType,
    IterationCutError,
    LogError,
    MissingEntryError,
    MissingLibraryError,
    NaNDetectedError,
    NondifferentiableError,
    NoRuleError,
    OperandError,
    PlaygroundError,
    SnapshotError,
    SymbolError,
    no_such_name,
)
from playground.graph.function_node import FunctionNode
from playground.graph.parameter import Parameter
from playground.graph.variable import Variable, as_variable

if TYPE_CHECKING:
    from playground import (
        gradient_check,
        initializers,
        links,
        optimizer_hooks,
        optimizers,
        serializers,
        transforms,
    )
    from playground.initializer import Initializer
    from playground.interpreters.symbols import to_sympy
    from playground.lab.fit import Fit, fit
    from playground.lab.runlog import RunRecord, read_log, read_runs
    from playground.links import Chain, ChainList, Link, Sequential
    from playground.optimizers import GradientMethod, Optimizer, UpdateRule
    from playground.serializer import AbstractSerializer, Deserializer, Serializer
    from playground.transforms.nonfinite import find_nan


# What differentiating does without is loaded when it is first asked for.
_LAZY = {
    "AbstractSerializer": "playground.serializer",
    "Chain": "playground.links",
    "ChainList": "playground.links",
    "Deserializer": "playground.serializer",
    "Fit": "playground.lab.fit",
    "GradientMethod": "playground.optimizers",
    "Initializer": "playground.initializer",
    "Link": "playground.links",
    "Optimizer": "playground.optimizers",
    "RunRecord": "playground.lab.runlog",
    "Sequential": "playground.links",
    "Serializer": "playground.serializer",
    "UpdateRule": "playground.optimizers",
    "find_nan": "playground.transforms.nonfinite",
    "fit": "playground.lab.fit",
    "read_log": "playground.lab.runlog",
    "read_runs": "playground.lab.runlog",
    "to_sympy": "playground.interpreters.symbols",
}
_LAZY_MODULES = (
    "gradient_check",
    "initializer",
    "initializers",
    "links",
    "optimizer",
    "optimizer_hooks",
    "optimizers",
    "serializer",
    "serializers",
    "transforms",
)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in _LAZY_MODULES:
        return import_module(f"playground.{name}")
    raise no_such_name("playground", name, __all__)


def __dir__() -> list[str]:
    return __all__


__all__ = [
    "AbstractSerializer",
    "BranchError",
    "Chain",
    "ChainList",
    "DegenerateEigenvalueError",
    "Deserializer",
    "DeviceError",
    "Fit",
    "FitError",
    "FunctionNode",
    "GradientCheckError",
    "GradientCheckInputError",
    "GradientError",
    "GradientMethod",
    "GraphCutError",
    "GraphError",
    "Initializer",
    "InputError",
    "InvalidAxis",
    "InvalidIndex",
    "InvalidMatrix",
    "InvalidType",
    "IterationCutError",
    "Link",
    "LogError",
    "MissingEntryError",
    "MissingLibraryError",
    "NaNDetectedError",
    "NoRuleError",
    "NondifferentiableError",
    "OperandError",
    "Optimizer",
    "Parameter",
    "PlaygroundError",
    "RunRecord",
    "Sequential",
    "Serializer",
    "SnapshotError",
    "SymbolError",
    "UpdateRule",
    "Variable",
    "__version__",
    "as_variable",
    "config",
    "find_nan",
    "fit",
    "force_backprop_mode",
    "functions",
    "global_config",
    "grad",
    "gradient_check",
    "initializers",
    "links",
    "no_backprop_mode",
    "optimizer_hooks",
    "optimizers",
    "read_log",
    "read_runs",
    "serializers",
    "to_sympy",
    "transforms",
    "using_config",
]
