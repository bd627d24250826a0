"""Optimizers' base classes and hooks under the names of Chainer's module ``optimizer``."""

from playground.optimizer_hooks import (
    GradientClipping,
    GradientHardClipping,
    GradientLARS,
    GradientNoise,
    Lasso,
    WeightDecay,
    exponential_decay_noise,
)
from playground.optimizers.gradient_method import GradientMethod, Optimizer
from playground.optimizers.hyperparameter import Hyperparameter, HyperparameterProxy
from playground.optimizers.update_rule import UpdateRule

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientMethod",
    "GradientNoise",
    "Hyperparameter",
    "HyperparameterProxy",
    "Lasso",
    "Optimizer",
    "UpdateRule",
    "WeightDecay",
    "exponential_decay_noise",
]
