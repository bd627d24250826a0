"""Converters: a batch of examples becomes arrays, on the device where they are needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from playground.backend import Device, get_device
from playground.graph.backend import is_array
from playground.graph.types import Batch, Raw, Scalar

__all__ = [
    "ConcatWithAsyncTransfer",
    "Converter",
    "call_converter",
    "concat_examples",
    "converter",
    "device_of",
    "to_device",
]

DeviceLike: TypeAlias = Device | int | str | None
# One number for all, or one for each part of an example.
Padding: TypeAlias = Scalar | None


class Converter:
    """Base class of converters: ``converter(batch, device)`` gives the converted batch."""

    def __call__(self, batch: Batch, device: Device | None) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: define __call__(batch, device)")


class _Decorated(Converter):
    """A function as a converter: what names a device arrives there as a Device."""

    def __init__(self, base_callable: Callable[..., Any]) -> None:
        if not callable(base_callable):
            raise TypeError(
                f"converter: expected a function of batch and device, got "
                f"{type(base_callable).__name__}"
            )
        self.base_callable = base_callable
        self.__doc__ = base_callable.__doc__

    # Not the base's parameters: a decorated function may have others, by other names.
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) > 1:
            args = (args[0], device_of(args[1]), *args[2:])
        elif "device" in kwargs:
            kwargs["device"] = device_of(kwargs["device"])
        return self.base_callable(*args, **kwargs)


def converter() -> Callable[[Callable[..., Any]], Converter]:
    """Decorator: make a converter of a function of batch and device.

    The function gets the device as a Device, or None; a plain function gets a number (-1 for the
    CPU), as it did in older versions of Chainer.
    """
    return _Decorated


def device_of(spec: DeviceLike) -> Device | None:
    """The device that ``spec`` names; None for None, the CPU for any negative number."""
    if spec is None:
        return None
    return get_device(-1 if isinstance(spec, int) and spec < 0 else spec)


def call_converter(converter: Callable[..., Any], batch: Batch, device: Device | None) -> Any:
    """Convert a batch with a converter of the new or of the old style."""
    if device is None or isinstance(converter, Converter):
        return converter(batch, device)
    return converter(batch, -1 if device.place.number is None else device.place.number)


def to_device(device: DeviceLike, x: Raw) -> Any:
    """The array ``x`` on a device; where ``device`` is None, as it is."""
    place = device_of(device)
    return x if place is None else place.send_array(x)


def _concat_examples(batch: Batch, device: DeviceLike = None, padding: Padding = None) -> Any:
    """Put a list of examples together into arrays whose first axis is the batch.

    Examples that are arrays or numbers give one array, tuples a tuple of arrays, dicts a dict of
    arrays. The parts of a batch are to have one shape; with ``padding`` (a number, or one for each
    part) they are filled up to the smallest that holds all. Raises ValueError.
    """
    if len(batch) == 0:
        raise ValueError("concat_examples: the batch is empty, expected at least one example")
    first = batch[0]
    if isinstance(first, (tuple, dict)):
        _check_parts(batch, first)
    if isinstance(first, tuple):
        pads = padding if isinstance(padding, tuple) else [padding] * len(first)
        return tuple(
            to_device(device, _joined([example[i] for example in batch], pads[i], f"part {i}"))
            for i in range(len(first))
        )
    if isinstance(first, dict):
        by_key = padding if isinstance(padding, dict) else dict.fromkeys(first, padding)
        return {
            key: to_device(
                device, _joined([example[key] for example in batch], by_key[key], repr(key))
            )
            for key in first
        }
    return to_device(device, _joined(batch, padding, "the examples"))


def _check_parts(batch: Batch, first: tuple[Any, ...] | dict[Any, Any]) -> None:
    """Raise IndexError or KeyError for an example that has not all parts of the first."""
    for number, example in enumerate(batch):
        if isinstance(first, dict):
            missing = [key for key in first if key not in example]
            if missing:
                raise KeyError(
                    f"concat_examples: example {number} of the batch has no {missing[0]!r}"
                )
        elif len(example) < len(first):
            raise IndexError(
                f"concat_examples: example {number} of the batch has {len(example)} parts, the "
                f"first has {len(first)}"
            )


concat_examples = _Decorated(_concat_examples)


def _joined(parts: Batch, padding: Padding, what: str) -> Any:
    try:
        if not is_array(parts[0]):
            # Numbers and lists of them.
            array = np.asarray(parts)
            if array.dtype.kind in ("O" if padding is not None else "OUS"):
                raise TypeError(
                    f"concat_examples: {what} are to be arrays or numbers, got "
                    f"{type(parts[0]).__name__}: leave them out with a converter of your own"
                )
            return array if padding is None else _padded(array, padding)
        if padding is not None:
            return _padded(parts, padding)
        # The array that meets others of its kind decides on the device.
        return np.concatenate([part[None] for part in parts])
    except TypeError as error:
        kinds = sorted({type(part).__name__ for part in parts})
        if len(kinds) < 2:
            raise
        raise TypeError(
            f"concat_examples: {what} of this batch are of different kinds: {', '.join(kinds)}"
        ) from error
    except ValueError as error:
        shapes = sorted({np.shape(part) for part in parts if is_array(part)})
        if len(shapes) < 2 and is_array(parts[0]):
            raise
        raise ValueError(
            f"concat_examples: {what} of this batch have different shapes"
            f"{' ' + ', '.join(map(str, shapes[:4])) if shapes else ''}: fill them up with "
            f"padding=0, or convert the batch with a converter of your own"
        ) from error


def _padded(parts: Batch, padding: Scalar) -> Any:
    shape = tuple(max(lengths) for lengths in zip(*(part.shape for part in parts), strict=True))
    first = parts[0]
    like = first if is_array(first) else None
    # The dtype of the first: a padding of 0.5 among integers is 0, as in Chainer.
    filled: Any = np.full((len(parts), *shape), padding, dtype=first.dtype, like=like)
    for i, part in enumerate(parts):
        filled[(i, *map(slice, part.shape))] = part
    return filled


class ConcatWithAsyncTransfer:
    """:func:`concat_examples`, under the name that moved batches while a device was computing.

    Batches are moved when they are asked for.
    """

    def __init__(self, stream: object = None, compute_stream: object = None) -> None:
        self.compute_stream = compute_stream

    def __call__(self, batch: Batch, device: DeviceLike = None, padding: Padding = None) -> Any:
        return concat_examples(batch, device, padding)
