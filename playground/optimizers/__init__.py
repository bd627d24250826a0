"""Optimizers in Chainer's form: ``Adam(alpha=1e-3).setup(link).update(lossfun, *args)``.

The arithmetic runs on arrays of any registered type: NumPy's operators and ufuncs are all it needs.
"""

from typing import TYPE_CHECKING

from playground.graph.errors import no_such_name
from playground.optimizers.adam import AdaBound, Adam, AdamRule, AdamW, AMSBound, AMSGrad
from playground.optimizers.adaptive import (
    SMORMS3,
    AdaDelta,
    AdaDeltaRule,
    AdaGrad,
    AdaGradRule,
    RMSprop,
    RMSpropGraves,
    RMSpropGravesRule,
    RMSpropRule,
    SMORMS3Rule,
)
from playground.optimizers.gradient_method import GradientMethod, Optimizer
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.msvag import MSVAG, MSVAGRule
from playground.optimizers.sgd import (
    SGD,
    CorrectedMomentumSGD,
    CorrectedMomentumSGDRule,
    MomentumSGD,
    MomentumSGDRule,
    NesterovAG,
    NesterovAGRule,
    SGDRule,
)
from playground.optimizers.update_rule import UpdateRule

__all__ = [
    "MSVAG",
    "SGD",
    "SMORMS3",
    "AMSBound",
    "AMSGrad",
    "AdaBound",
    "AdaDelta",
    "AdaDeltaRule",
    "AdaGrad",
    "AdaGradRule",
    "Adam",
    "AdamRule",
    "AdamW",
    "CorrectedMomentumSGD",
    "CorrectedMomentumSGDRule",
    "GradientMethod",
    "Hyperparameter",
    "HyperparameterProxy",
    "MSVAGRule",
    "MomentumSGD",
    "MomentumSGDRule",
    "NesterovAG",
    "NesterovAGRule",
    "Optimizer",
    "RMSprop",
    "RMSpropGraves",
    "RMSpropGravesRule",
    "RMSpropRule",
    "SGDRule",
    "SMORMS3Rule",
    "UpdateRule",
]


if not TYPE_CHECKING:  # for a type checker every name would exist

    def __getattr__(name: str) -> object:
        raise no_such_name(__name__, name, __all__)
