"""playground: a Chainer-compatible backprop playground and an optimisation lab."""

# First of all: what follows takes time to load, in which Ctrl-C would be a traceback.
import playground._interrupts

# isort: split
from typing import TYPE_CHECKING, Any

import playground.interpreters.devices
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
    MissingDataError,
    MissingEntryError,
    MissingLibraryError,
    MissingModuleError,
    MissingNameError,
    NaNDetectedError,
    NondifferentiableError,
    NoRuleError,
    OperandError,
    OtherBuildError,
    PlaygroundError,
    SnapshotError,
    SymbolError,
    no_such_name,
)
from playground.graph.function_hook import FunctionHook, get_function_hooks
from playground.graph.function_node import FunctionNode
from playground.graph.parameter import Parameter
from playground.graph.variable import Variable, as_variable

if TYPE_CHECKING:
    from playground import (
        backend,
        backends,
        computational_graph,
        dataset,
        datasets,
        distribution,
        distributions,
        function_hooks,
        gradient_check,
        initializers,
        iterators,
        link_hooks,
        links,
        optimizer_hooks,
        optimizers,
        reporter,
        serializers,
        testing,
        training,
        transforms,
        utils,
    )
    from playground.backend import as_array, get_array_module, get_device, using_device
    from playground.distribution import Distribution, cross_entropy, kl_divergence, register_kl
    from playground.graph.backward import backward
    from playground.graph.function import Function, FunctionAdapter
    from playground.initializer import Initializer
    from playground.interpreters.recording.core import core
    from playground.interpreters.symbols import to_sympy
    from playground.lab.fit import Fit, fit
    from playground.lab.runlog import RunRecord, read_log, read_runs
    from playground.link_hook import LinkHook
    from playground.links import Chain, ChainList, Link, Sequential
    from playground.modes import (
        DebugMode,
        get_dtype,
        is_debug,
        mixed16,
        print_runtime_info,
        set_debug,
        static_graph,
    )
    from playground.optimizers import GradientMethod, Optimizer, UpdateRule
    from playground.reporter import (
        DictSummary,
        Reporter,
        Summary,
        get_current_reporter,
        report,
        report_scope,
    )
    from playground.serializer import AbstractSerializer, Deserializer, Serializer
    from playground.transforms.nonfinite import find_nan
    from playground.transforms.replay import replay


# What differentiating does without is loaded when it is first asked for.
_LAZY = {
    "AbstractSerializer": "playground.serializer",
    "Chain": "playground.links",
    "ChainList": "playground.links",
    "Deserializer": "playground.serializer",
    "Function": "playground.graph.function",
    "FunctionAdapter": "playground.graph.function",
    "as_array": "playground.backend",
    "backward": "playground.graph.backward",
    "get_array_module": "playground.backend",
    "get_array_types": "playground.backend",
    "get_cpu_array_types": "playground.backend",
    "is_arrays_compatible": "playground.backend",
    "get_device": "playground.backend",
    "using_device": "playground.backend",
    "DebugMode": "playground.modes",
    "disable_experimental_feature_warning": "playground.modes",
    "get_dtype": "playground.modes",
    "is_debug": "playground.modes",
    "mixed16": "playground.modes",
    "kl_divergence": "playground.distribution",
    "print_runtime_info": "playground.modes",
    "register_kl": "playground.distribution",
    "set_debug": "playground.modes",
    "should_use_cudnn": "playground.modes",
    "static_code": "playground.modes",
    "static_graph": "playground.modes",
    "DictSummary": "playground.reporter",
    "Distribution": "playground.distribution",
    "Fit": "playground.lab.fit",
    "GradientMethod": "playground.optimizers",
    "Initializer": "playground.initializer",
    "Link": "playground.links",
    "LinkHook": "playground.link_hook",
    "Optimizer": "playground.optimizers",
    "Reporter": "playground.reporter",
    "RunRecord": "playground.lab.runlog",
    "Sequential": "playground.links",
    "Serializer": "playground.serializer",
    "Summary": "playground.reporter",
    "UpdateRule": "playground.optimizers",
    "core": "playground.interpreters.recording.core",
    "cross_entropy": "playground.distribution",
    "find_nan": "playground.transforms.nonfinite",
    "fit": "playground.lab.fit",
    "get_current_reporter": "playground.reporter",
    "read_log": "playground.lab.runlog",
    "read_runs": "playground.lab.runlog",
    "replay": "playground.transforms.replay",
    "report": "playground.reporter",
    "report_scope": "playground.reporter",
    "to_sympy": "playground.interpreters.symbols",
}
_LAZY_MODULES = (
    "backend",
    "backends",
    "computational_graph",
    "utils",
    "computational_graph",
    "dataset",
    "datasets",
    "distribution",
    "distributions",
    "function_hooks",
    "gradient_check",
    "initializer",
    "initializers",
    "iterators",
    "link_hook",
    "link_hooks",
    "links",
    "optimizer",
    "optimizer_hooks",
    "optimizers",
    "reporter",
    "serializer",
    "testing",
    "serializers",
    "training",
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
    "DebugMode",
    "DegenerateEigenvalueError",
    "Deserializer",
    "DeviceError",
    "DictSummary",
    "Distribution",
    "Fit",
    "FitError",
    "Function",
    "FunctionAdapter",
    "FunctionHook",
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
    "LinkHook",
    "LogError",
    "MissingDataError",
    "MissingEntryError",
    "MissingLibraryError",
    "MissingModuleError",
    "MissingNameError",
    "NaNDetectedError",
    "NoRuleError",
    "NondifferentiableError",
    "OperandError",
    "Optimizer",
    "OtherBuildError",
    "Parameter",
    "PlaygroundError",
    "Reporter",
    "RunRecord",
    "Sequential",
    "Serializer",
    "SnapshotError",
    "Summary",
    "SymbolError",
    "UpdateRule",
    "Variable",
    "__version__",
    "as_array",
    "as_variable",
    "backend",
    "backends",
    "backward",
    "computational_graph",
    "config",
    "core",
    "cross_entropy",
    "dataset",
    "datasets",
    "distribution",
    "distributions",
    "find_nan",
    "fit",
    "force_backprop_mode",
    "function_hooks",
    "functions",
    "get_array_module",
    "get_current_reporter",
    "get_device",
    "get_dtype",
    "get_function_hooks",
    "global_config",
    "grad",
    "gradient_check",
    "initializers",
    "is_debug",
    "iterators",
    "kl_divergence",
    "link_hooks",
    "links",
    "mixed16",
    "no_backprop_mode",
    "optimizer_hooks",
    "optimizers",
    "print_runtime_info",
    "read_log",
    "read_runs",
    "register_kl",
    "replay",
    "report",
    "report_scope",
    "reporter",
    "serializers",
    "set_debug",
    "static_graph",
    "testing",
    "to_sympy",
    "training",
    "transforms",
    "using_config",
    "using_device",
    "utils",
]
