"""Extensions: what a trainer does beside the updates: evaluate, log, print, draw, save, shift."""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.training.extensions import snapshot_writers
from playground.training.extensions.dump_graph import DumpGraph
from playground.training.extensions.evaluator import Evaluator
from playground.training.extensions.fail_on_nonnumber import FailOnNonNumber
from playground.training.extensions.log_report import LogReport
from playground.training.extensions.micro_average import MicroAverage
from playground.training.extensions.parameter_statistics import ParameterStatistics
from playground.training.extensions.plot_report import PlotReport
from playground.training.extensions.print_report import PrintReport
from playground.training.extensions.progress_bar import ProgressBar
from playground.training.extensions.shifts import (
    ExponentialShift,
    InverseShift,
    LinearShift,
    MultistepShift,
    PolynomialShift,
    StepShift,
    WarmupShift,
)
from playground.training.extensions.snapshots import snapshot, snapshot_object
from playground.training.extensions.value_observation import observe_lr, observe_value
from playground.training.extensions.variable_statistics_plot import VariableStatisticsPlot
from playground.training.extensions.variable_unchain import unchain_variables

# Chainer has both names.
dump_graph = DumpGraph

__all__ = [
    "DumpGraph",
    "Evaluator",
    "ExponentialShift",
    "FailOnNonNumber",
    "InverseShift",
    "LinearShift",
    "LogReport",
    "MicroAverage",
    "MultistepShift",
    "ParameterStatistics",
    "PlotReport",
    "PolynomialShift",
    "PrintReport",
    "ProgressBar",
    "StepShift",
    "VariableStatisticsPlot",
    "WarmupShift",
    "dump_graph",
    "observe_lr",
    "observe_value",
    "snapshot",
    "snapshot_object",
    "snapshot_writers",
    "unchain_variables",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
