"""Link: parameters under names."""

from __future__ import annotations

import copy as copies
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from playground.backend import Device, get_device
from playground.graph.backend import Device as Place
from playground.graph.backend import array_like, is_array
from playground.graph.errors import GraphError
from playground.graph.parameter import Parameter
from playground.graph.types import DType, Operand, Serializing, Shape
from playground.link_hook import LinkHook, _within, hooked, hooks_of

__all__ = ["Link"]

# A shape, or a shape and a dtype.
ParamSpec: TypeAlias = int | Shape | tuple[Shape, DType]
MODES = ("share", "copy", "init")


class Link:
    """A part of a model: its parameters are attributes, and an optimizer finds them.

    A :class:`Parameter` that is assigned within ``with self.init_scope():`` becomes one of the
    link's; ``link(*args)`` calls the ``forward`` that a subclass defines. Keywords make parameters
    at once: each is a shape, or a pair of shape and dtype.

    Attributes:
        name: what the chain that it belongs to calls it, or None.
    """

    _device: Place | None = None
    # On the class: a subclass that forgets super().__init__() still has it, and is told.
    _begun = False
    _link_hooks: dict[str, LinkHook] | None = None

    def __init__(self, **params: ParamSpec) -> None:
        super().__init__()
        self._params: set[str] = set()
        self._persistent: set[str] = set()
        self._within_init_scope = False
        self.name: str | None = None
        self._begun = True
        for name, value in params.items():
            shape, dtype = _shape_and_dtype(value)
            self.add_param(name, shape, dtype)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._begun:
            self._check_begun()
        forward = getattr(self, "forward", None)
        if forward is None:
            raise AttributeError(f"{type(self).__name__} cannot be called: define forward(self, …)")
        if self._link_hooks or _within.get():
            return hooked(hooks_of(self._link_hooks), self, forward, args, kwargs)
        return forward(*args, **kwargs)

    # -------------------------------------------------------------------------------- hooks

    @property
    def local_link_hooks(self) -> dict[str, LinkHook]:
        """The hooks of this link, by name."""
        if self._link_hooks is None:
            self._link_hooks = {}
        return self._link_hooks

    def add_hook(self, hook: LinkHook, name: str | None = None) -> Any:
        """Have ``hook`` called at every call of this link; returns the link."""
        if not isinstance(hook, LinkHook):
            raise TypeError(f"add_hook: expected a LinkHook, got {type(hook).__name__}")
        name = hook.name if name is None else name
        if name in self.local_link_hooks:
            raise KeyError(f"add_hook: there is a hook {name!r} already: pass another name=…")
        self.local_link_hooks[name] = hook
        hook.added(self)
        return self

    def delete_hook(self, name: str) -> None:
        """Take the hook of this name away."""
        if name not in self.local_link_hooks:
            raise KeyError(f"delete_hook: there is no hook {name!r}")
        self.local_link_hooks.pop(name).deleted(self)

    def __str__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in self.printable_specs)})"

    @property
    def printable_specs(self) -> Iterator[tuple[str, Any]]:
        """Pairs of name and value that ``str`` shows; a subclass says which."""
        return iter(())

    @classmethod
    def from_params(cls, *args: Any, **kwargs: Any) -> Any:
        """A link with parameters that exist; only some classes can be made so."""
        raise NotImplementedError(f"{cls.__name__}: from_params is not defined for it")

    def _check_begun(self) -> None:
        if not self._begun:
            raise GraphError(
                f"{type(self).__name__}: Link.__init__() has not been called: begin __init__ with "
                f"super().__init__()"
            )

    # ------------------------------------------------------------------------------ registration

    @property
    def within_init_scope(self) -> bool:
        """Whether an assignment registers parameters just now."""
        # Also asked before __init__ has run, by a subclass that assigns first.
        return vars(self).get("_within_init_scope", False)

    @contextmanager
    def init_scope(self) -> Iterator[None]:
        """Within it an attribute that a Parameter is assigned to becomes one of the link's."""
        self._check_begun()
        before = self._within_init_scope
        self._within_init_scope = True
        try:
            yield
        finally:
            self._within_init_scope = before

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, Parameter) and self.within_init_scope:
            value.name = name
            self._params.add(name)
            self._persistent.discard(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        self._params.discard(name)
        self._persistent.discard(name)
        super().__delattr__(name)

    def add_param(
        self,
        name: str,
        shape: Shape | int | None = None,
        dtype: DType = np.float32,
        initializer: Operand | None = None,
    ) -> None:
        """Register a new parameter ``name``; its values are NaN without an ``initializer``."""
        self._refuse_taken(name, "parameter")
        if initializer is None:
            # Chainer's: values that were never given show in every result.
            initializer = np.dtype(dtype).type("nan")
        elif isinstance(initializer, np.generic):
            initializer = initializer.item()  # a number, whose dtype says nothing
        with self.init_scope():
            setattr(self, name, Parameter(initializer, shape))

    def add_persistent(self, name: str, value: object) -> None:
        """Make ``value`` an attribute that is copied and saved with the parameters."""
        self._refuse_taken(name, "persistent value")
        self._persistent.add(name)
        vars(self)[name] = value

    def register_persistent(self, name: str) -> None:
        """Make an attribute that exists a persistent value."""
        if not hasattr(self, name):
            raise AttributeError(f"register_persistent: there is no attribute {name!r}")
        self._persistent.add(name)
        self._params.discard(name)

    def _refuse_taken(self, name: str, what: str) -> None:
        if name in vars(self):
            raise AttributeError(f"cannot register a new {what} {name!r}: the attribute exists")

    # --------------------------------------------------------------------------------- what it has

    def params(self, include_uninit: bool = True) -> Iterator[Parameter]:
        """The parameters, sorted by name, those of the children after them."""
        own = vars(self)
        # Sorted, as in Chainer: which update comes first must not hang on a set's order.
        for name in sorted(self._params):
            if include_uninit or own[name]._array is not None:
                yield own[name]
        for child in self.children():
            yield from child.params(include_uninit)

    def namedparams(self, include_uninit: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Pairs of path (``/child/name``) and parameter, in the order of :meth:`params`."""
        own = vars(self)
        for name in sorted(self._params):
            if include_uninit or own[name].is_initialized:
                yield f"/{name}", own[name]
        for name, child in self._named_children():
            for path, param in child.namedparams(include_uninit):
                yield f"/{name}{path}", param

    def _named_children(self) -> list[tuple[str, Link]]:
        return []

    def _beside(self, other: Link) -> Iterator[tuple[Link, Link]]:
        """Each child with the one of the same name in a link of the same build."""
        theirs = dict(other._named_children())
        return ((child, theirs[name]) for name, child in self._named_children())

    def children(self) -> Iterator[Link]:
        """The links that this one is made of."""
        return (child for _, child in self._named_children())

    def links(self, skipself: bool = False) -> Iterator[Link]:
        """This link and all below it."""
        if not skipself:
            yield self
        for child in self.children():
            yield from child.links()

    def namedlinks(self, skipself: bool = False) -> Iterator[tuple[str, Link]]:
        """Pairs of path and link."""
        if not skipself:
            yield "/", self
        for name, child in self._named_children():
            yield f"/{name}", child
            yield from ((f"/{name}{below}", link) for below, link in child.namedlinks(True))

    def count_params(self) -> int:
        """The number of values in all parameters; warns of those without a shape yet."""
        for name, param in self.namedparams():
            if not param.is_initialized:
                warnings.warn(f"count_params: {name} has no shape yet: left out", stacklevel=2)
        return sum(param.size for param in self.params(False))

    # ------------------------------------------------------------------------------- serialization

    def serialize(self, serializer: Serializing) -> None:
        """Hand every parameter and persistent value to ``serializer``, and keep what it returns.

        Whether that writes or reads is the serializer's; the children have their names before
        theirs.
        """
        own = vars(self)
        for name in sorted(self._params):
            param = own[name]
            data = serializer(name, param.array)
            if param.array is None and data is not None:
                param.initialize(data.shape)
                param._array[...] = array_like(np.asarray(data), param._array)
        for name in sorted(self._persistent):
            own[name] = serializer(name, own[name])
        for name, child in self._named_children():
            child.serialize(serializer[name])

    # ----------------------------------------------------------------------- gradients and updates

    def cleargrads(self) -> None:
        """Set every gradient to None."""
        for param in self.params():
            param.cleargrad()

    def zerograds(self) -> None:
        """Set every gradient to zeros (as in Chainer, deprecated: :meth:`cleargrads` is faster)."""
        warnings.warn("zerograds is deprecated: use cleargrads", DeprecationWarning, stacklevel=2)
        for param in self.params():
            param.zerograd()

    def addgrads(self, link: Link) -> None:
        """Add the gradients of ``link``, of the same build, to this link's."""
        for name in self._params:
            if vars(link)[name].is_initialized:
                vars(self)[name].addgrad(vars(link)[name])
        for child, other in self._beside(link):
            child.addgrads(other)

    def enable_update(self) -> None:
        """Let optimizers update the parameters (again)."""
        self._switch_update(True)

    def disable_update(self) -> None:
        """Keep the parameters as they are, whatever an optimizer does."""
        self._switch_update(False)

    def _switch_update(self, enabled: bool) -> None:
        for param in self.params():
            if param.update_rule is not None:
                param.update_rule.enabled = enabled

    @property
    def update_enabled(self) -> bool:
        """Whether an optimizer updates any of the parameters."""
        rules = (param.update_rule for param in self.params())
        return any(rule is not None and rule.enabled for rule in rules)

    # ----------------------------------------------------------------------------- copies, devices

    def copy(self, mode: str = "share") -> Any:
        """A copy of the link and all below it.

        ``'share'``: parameters of its own on the same arrays; ``'copy'``: on copies of them;
        ``'init'``: initialised again. Raises ValueError for another mode.
        """
        if mode not in MODES:
            raise ValueError(f"copy: mode is 'share', 'copy' or 'init', got {mode!r}")
        if mode == "share":
            return self._sharing()
        copied = copies.deepcopy(self)
        if mode == "init":
            for param in copied.params(include_uninit=False):
                param.initialize(param.shape)
        return copied

    def _sharing(self) -> Any:
        shared = copies.copy(self)
        shared._params, shared._persistent = set(self._params), set(self._persistent)
        shared.name = None
        for name in self._params:
            # Past __setattr__, which would register and rename it.
            vars(shared)[name] = param = copies.copy(vars(self)[name])
            param._grad = None
        return shared

    def repeat(self, n_repeat: int, mode: str = "init") -> Any:
        """A Sequential of ``n_repeat`` copies of this link; ``mode`` as for :meth:`copy`."""
        # A Sequential is a link: loaded where all of this class is.
        from playground.links.sequential import Sequential

        return Sequential(*[self.copy(mode) for _ in range(n_repeat)])

    def copyparams(self, link: Link, copy_persistent: bool = True) -> None:
        """Take over the values of ``link``, of the same build, perhaps from another device."""
        own, other = vars(self), vars(link)
        for name in self._params:
            if own[name].is_initialized and not other[name].is_initialized:
                other[name].initialize(own[name].shape)
            if other[name].is_initialized:
                own[name].copydata(other[name])
        for name in self._persistent if copy_persistent else ():
            if is_array(own[name]) and is_array(other[name]):
                own[name][...] = array_like(other[name], own[name])
            else:
                own[name] = copies.deepcopy(other[name])
        for child, of_other in self._beside(link):
            child.copyparams(of_other, copy_persistent)

    def to_device(self, device: str | int | Device | Place) -> Any:
        """Move all parameters and arrays to a device, such as ``'cuda'``; returns the link."""
        there = get_device(device)
        place = there.place
        own = vars(self)
        self._device = place
        for name in self._params:
            param = own[name]
            param._device = place
            if param.is_initialized:
                # A gradient on another device than its array would be refused on the way.
                grad, param._grad = param.grad, None
                param.array = place.put(param.array)
                param.grad = None if grad is None else place.put(grad)
        for name in self._persistent:
            if is_array(own[name]):
                own[name] = place.put(own[name])
        for child in self.children():
            child.to_device(there)
        return self

    @property
    def device(self) -> Device:
        """Where :meth:`to_device` has moved the link, or else the host."""
        return get_device(self._device or Place())

    @property
    def xp(self) -> Any:
        """The module of the link's arrays: ``numpy``, or ``cupy`` on a CUDA device."""
        return self.device.xp

    def to_intel64(self) -> Any:
        """Nothing but a warning, as there is no iDeep here; returns the link."""
        warnings.warn("to_intel64: there is no iDeep: the arrays stay NumPy's", stacklevel=2)
        return self

    def to_cpu(self) -> Any:
        """Move all parameters and arrays to the host; returns the link."""
        return self.to_device("cpu")

    def to_gpu(self, device: int | None = None) -> Any:
        """Move all parameters and arrays to a CUDA device; returns the link."""
        return self.to_device(device or 0)


def _shape_and_dtype(value: ParamSpec | None) -> tuple[Any, Any]:
    # (2, 3) is a shape and ((2, 3), "f8") a pair: only a dtype is no whole number.
    if isinstance(value, (tuple, list)) and len(value) == 2:
        first, second = value
        return (value, np.float32) if isinstance(second, (int, np.integer)) else (first, second)
    return value, np.float32
