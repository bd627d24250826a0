"""Idioms of Chainer 1 to 4 that 7.8.1 itself no longer has, put on top of what is here.

Only names that are looked up through ``chainer`` are adapted, and each is noted with what to write
instead. Classes are changed in place, so that ``isinstance`` and subclasses see one class:
:func:`give_back` gives them back as they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import partial, wraps
from inspect import signature
from typing import Any

from playground.compat.names import below, public
from playground.compat.used import USES
from playground.graph.config import using_own
from playground.graph.types import Raw

# The layers that Chainer 1 kept among the functions: F.Linear is L.Linear.
LAYERS = """
    BatchNormalization Bilinear BinaryHierarchicalSoftmax Convolution2D ConvolutionND CRF1d
    Deconvolution2D EmbedID Inception InceptionBN Linear NegativeSampling PReLU Parameter
""".split()  # noqa: SIM905 (a list of words, as it is read)

OLD_MODULES = {"chainer.flag": ("ON", "OFF", "AUTO")}


class _Old(dict[str, Any]):
    """Names that 7.8.1 no longer had, each made when it is asked for; None: it cannot be made."""

    def __contains__(self, path: object) -> bool:
        return self.get(path) is not None  # type: ignore[arg-type]

    def get(self, path: str, default: Any = None) -> Any:
        make = super().get(path)
        return default if make is None else make()

    def __getitem__(self, path: str) -> Any:
        return self.get(path)


def _function_set() -> Any:
    from playground.compat.function_set import FunctionSet

    return FunctionSet


OLD: dict[str, Any] = _Old(
    {f"chainer.functions.{name}": partial(below, f"chainer.links.{name}") for name in LAYERS}
    | {
        # Scripts of all ages ask which it is; it is this one that is answered for.
        "chainer.__version__": lambda: "7.8.1",
        "chainer.FunctionSet": _function_set,
        "chainer.function_set.FunctionSet": _function_set,
        "chainer.flag.ON": lambda: "on",
        "chainer.flag.OFF": lambda: "off",
        "chainer.flag.AUTO": lambda: "auto",
    }
)


def names_in(module: str) -> list[str]:
    """The old names that a module had, and that can be made here."""
    inside = [path for path in OLD if path.rpartition(".")[0] == module]
    return [path.rpartition(".")[2] for path in inside if path in OLD]


def newer_name(path: str) -> str:
    """Where 7.8.1 had what an older Chainer had at ``path``."""
    if path in OLD and path.startswith("chainer.functions."):
        return f"chainer.links.{path.rpartition('.')[2]}"
    return "chainer.Chain" if path.endswith("FunctionSet") else public(path)


# ------------------------------------------------------------------------------- old keywords

# Functions whose ``train=`` or ``test=`` became the configuration's.
_TRAINED = {
    "dropout", "zoneout", "n_step_lstm", "n_step_bilstm", "n_step_gru", "n_step_bigru",
    "n_step_rnn", "n_step_birnn", "batch_normalization", "simplified_dropconnect",
}  # fmt: skip
# Switches of libraries on a device that are not there; what they chose made no difference.
_SWITCHES = {"use_cudnn", "deterministic", "cover_all_deprecated"}
_OLD_KEYWORDS = _SWITCHES | {"train", "test"}
_SWITCHED = {
    "average_pooling_2d", "average_pooling_nd", "convolution_2d", "convolution_nd",
    "deconvolution_2d", "deconvolution_nd", "log_softmax", "max_pooling_2d", "max_pooling_nd",
    "relu", "sigmoid", "softmax", "softmax_cross_entropy", "spatial_pyramid_pooling_2d", "tanh",
}  # fmt: skip


def without_old_keywords(keywords: dict[str, Any], name: str) -> tuple[dict[str, Any], Any]:
    """Keywords without those of old, and the context in which these hold."""
    kept = {k: v for k, v in keywords.items() if k not in _OLD_KEYWORDS}
    for switch in _SWITCHES & keywords.keys():
        USES.note(f"{name}({switch}=…)", f"chainer.using_config({switch!r}, …), or nothing")
    if "train" in keywords:
        USES.note(f"{name}(train=…)", "with chainer.using_config('train', …)")
        return kept, using_own({"train": bool(keywords["train"])})
    if "test" in keywords:
        USES.note(f"{name}(test=…)", "with chainer.using_config('train', not …)")
        return kept, using_own({"train": not keywords["test"]})
    return kept, nullcontext()


def taking_old_keywords(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        if not keywords:
            return function(*args)
        keywords, context = without_old_keywords(keywords, name)
        with context:
            return function(*args, **keywords)

    return call


# ------------------------------------------------------------------------------ adapted objects

_NOTHING = object()
# What classes were before: (class, attribute) -> the old value.
_changed: dict[tuple[type, str], Any] = {}


def change(cls: type, name: str, value: Any) -> None:
    """Put ``value`` into a class until :func:`give_back`."""
    _changed.setdefault((cls, name), vars(cls).get(name, _NOTHING))
    setattr(cls, name, value)


def give_back() -> None:
    """Give the classes back as they were."""
    for (cls, name), value in _changed.items():
        if value is _NOTHING:
            delattr(cls, name)
        else:
            setattr(cls, name, value)
    _changed.clear()


def adapted(path: str, found: Any) -> Any:
    """What a script gets for a name: the same, which also takes the idioms of old."""
    namespace, _, name = path.rpartition(".")
    if namespace == "chainer.functions" and name in _TRAINED | _SWITCHED:
        return taking_old_keywords(found, f"F.{name}")
    if not isinstance(found, type):
        return found
    if path == "chainer.Variable":
        adapt_variable(found)
    elif namespace in ("chainer.links", "chainer.functions"):
        adapt_link(found)
    elif namespace == "chainer.optimizers" or path in (
        "chainer.Optimizer",
        "chainer.GradientMethod",
    ):
        adapt_optimizer(below("chainer.Optimizer"))
    return found


# ----------------------------------------------------------------------------------- Variable

VOLATILE = "with chainer.no_backprop_mode(): …"


def adapt_variable(cls: Any) -> None:
    if (cls, "__init__") in _changed:
        return
    begin = cls.__init__

    @wraps(begin)
    def init(self: Any, data: Raw = None, *args: Any, **keywords: Any) -> None:
        if "volatile" in keywords:
            USES.note("Variable(…, volatile=…)", VOLATILE)
            if keywords.pop("volatile") in (True, "on", "ON"):
                keywords["requires_grad"] = False
        begin(self, data, *args, **keywords)

    change(cls, "__init__", init)
    change(cls, "volatile", property(lambda self: "auto" if self.requires_grad else "on"))


# --------------------------------------------------------------------------------------- links


def adapt_link(cls: Any) -> None:
    if (cls, "__init__") in _changed:
        return
    begin, call = cls.__init__, cls.__call__

    @wraps(begin)
    def init(self: Any, *args: Any, **keywords: Any) -> None:
        begin(self, *args, **as_initializers(cls.__name__, keywords))

    @wraps(call)
    def called(self: Any, *args: Any, **keywords: Any) -> Any:
        # A subclass of the script's may have a train= of its own.
        if not keywords or keywords.keys() <= signature(self.forward).parameters.keys():
            return call(self, *args, **keywords)
        keywords, context = without_old_keywords(keywords, f"L.{cls.__name__}(…)")
        with context:
            return call(self, *args, **keywords)

    change(cls, "__init__", init)
    change(cls, "__call__", called)


def as_initializers(name: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """Chainer 1's ``wscale=`` and ``bias=`` as initializers."""
    kept = {k: v for k, v in keywords.items() if k not in _SWITCHES | {"wscale", "bias"}}
    if "wscale" in keywords:
        USES.note(f"L.{name}(wscale=…)", "initialW=chainer.initializers.LeCunNormal(scale=…)")
        # The scale of the weights went with the root of it.
        scale = math.sqrt(keywords["wscale"])
        kept["initialW"] = _multiplied_initially(kept.get("initialW"), scale)
    if "bias" in keywords:
        USES.note(f"L.{name}(bias=…)", "initial_bias=…")
        kept.setdefault("initial_bias", keywords["bias"])
    return kept


def _multiplied_initially(initial: Any, scale: float) -> Any:
    if initial is None:
        return below("chainer.initializers.LeCunNormal")(scale)
    if not callable(initial):
        return initial * scale

    def fill(array: Raw) -> None:
        initial(array)
        array *= scale

    return fill


# ---------------------------------------------------------------------------------- optimizers


# What optimizers had -> what to write instead.
OLD_METHODS = {
    "zero_grads": "model.cleargrads()",
    "weight_decay": "optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(…))",
    "clip_grads": "optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(…))",
    "compute_grads_norm": "the norm of param.grad over model.params()",
    "accumulate_grads": "model.addgrads(other)",
    "use_cleargrads": "nothing: gradients are cleared, not zeroed",
}


class _OldOptimizer:
    """The methods of :data:`OLD_METHODS`, for a class that has a ``target``."""

    target: Any

    def _graded(self) -> list[Any]:
        return [param for param in self.target.params() if param._grad is not None]

    def zero_grads(self) -> None:
        # Not target.zerograds(), which warns of itself at every step.
        for param in self.target.params():
            param.zerograd()

    def weight_decay(self, decay: float) -> None:
        for param in _OldOptimizer._graded(self):
            param.grad = param.grad + decay * param.array

    def compute_grads_norm(self) -> float:
        squares = [(param.grad**2).sum() for param in _OldOptimizer._graded(self)]
        return math.sqrt(sum(map(float, squares)))

    def clip_grads(self, maxnorm: float) -> None:
        norm = _OldOptimizer.compute_grads_norm(self)
        for param in _OldOptimizer._graded(self) if norm > maxnorm else ():
            param.grad = param.grad * (maxnorm / norm)

    def accumulate_grads(self, grads: Iterable[Raw]) -> None:
        for param, grad in zip(self.target.params(), grads, strict=True):
            param.grad = grad if param.grad is None else param.grad + grad

    def use_cleargrads(self, use: bool = True) -> None:
        pass


def adapt_optimizer(cls: Any) -> None:
    """Give the base of optimizers the methods of old, each of which notes its use."""
    for name in OLD_METHODS:
        if not hasattr(cls, name):
            change(cls, name, _noted(name, getattr(_OldOptimizer, name)))


def _noted(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        USES.note(f"optimizer.{name}(…)", OLD_METHODS[name])
        return method(self, *args, **keywords)

    return call
