"""snapshot and snapshot_object: a training or a part of it, saved to go on from."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from playground.training.extension import Extension
from playground.training.extensions.snapshot_writers import (
    SaveFunction,
    SimpleWriter,
    Writer,
    save_as_npz,
)

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["remove_old_snapshots", "snapshot", "snapshot_object", "snapshots_in"]

# A template that is filled with the trainer, or a function of it.
FileName = str | Callable[["Trainer"], str]
DEFAULT_NAME = "snapshot_iter_{.updater.iteration}"


def snapshot(
    savefun: SaveFunction | None = None, filename: FileName = DEFAULT_NAME, **kwargs: Any
) -> Extension:
    """An extension that saves the trainer into its folder, once an epoch.

    Args:
        savefun: a function of path and dict of arrays; default: ``serializers.save_npz``.
        filename: ``{.updater.iteration}`` in it is filled in by the trainer; or a function of it.
        target: what is saved; default: the trainer.
        condition: a function without arguments; nothing is saved where it is false.
        writer: in place of ``savefun``: one of ``snapshot_writers``.
        snapshot_on_error: save also where an error ends the training.
        n_retains: keep so many of the newest files alone. Default: all.
        autoload: begin with the newest file that is there, if there is one.
    """
    return _Snapshot(savefun, filename, **_retaining(kwargs))


def snapshot_object(
    target: Any, filename: FileName, savefun: SaveFunction | None = None, **kwargs: Any
) -> Extension:
    """As :func:`snapshot`, of an object that can be serialized: a model, an optimizer."""
    return _Snapshot(savefun, filename, target=target, **_retaining(kwargs))


def _retaining(kwargs: dict[str, Any]) -> dict[str, Any]:
    if "num_retain" in kwargs:
        warnings.warn("snapshot: num_retain is called n_retains", DeprecationWarning, stacklevel=3)
        kwargs["n_retains"] = kwargs.pop("num_retain")
    return kwargs


def snapshots_in(folder: str, filename: FileName) -> list[str]:
    """The snapshots that are there by a template of their names, the newest last."""
    if not isinstance(filename, str):
        return []
    # What the template is filled with is unknown: all that begins and ends as it does counts.
    begin, end = filename.split("{")[0], filename.split("}")[-1]
    names = [n for n in os.listdir(folder) if n.startswith(begin) and n.endswith(end)]
    files = filter(os.path.isfile, (os.path.join(folder, name) for name in names))
    # By their time: among names iteration 9 would come after 10.
    return sorted(files, key=lambda path: (os.stat(path).st_mtime, path))


def remove_old_snapshots(filename: FileName, folder: str, keep: int) -> None:
    """Remove all but the newest ``keep``."""
    for path in snapshots_in(folder, filename)[:-keep]:
        os.remove(path)


class _Snapshot(Extension):
    """What both functions make."""

    trigger = (1, "epoch")
    # After all others of an iteration, so that what they did is in it.
    priority = -100

    def __init__(
        self,
        savefun: SaveFunction | None,
        filename: FileName,
        *,
        target: Any = None,
        condition: Callable[[], Any] | None = None,
        writer: Writer | None = None,
        snapshot_on_error: bool = False,
        n_retains: int = -1,
        autoload: bool = False,
    ) -> None:
        if savefun is not None and writer is not None:
            raise TypeError("snapshot: give savefun or writer, not both: a writer has its own")
        self._target, self.filename, self.condition = target, filename, condition
        self.writer = writer or SimpleWriter(savefun=savefun or save_as_npz)
        self._snapshot_on_error = snapshot_on_error
        self.n_retains, self.autoload = n_retains, autoload

    def initialize(self, trainer: Trainer) -> None:
        """Load the newest snapshot, if that is wanted."""
        if self.autoload:
            found = snapshots_in(trainer.out, self.filename)
            if found:
                from playground.serializers import load_npz

                load_npz(found[-1], trainer if self._target is None else self._target)
        if self.n_retains > 0 and hasattr(self.writer, "_add_cleanup_hook"):
            # No method of this object: a hook travels to the process that writes.
            hook = partial(remove_old_snapshots, self.filename, trainer.out, self.n_retains)
            self.writer._add_cleanup_hook(hook)

    def __call__(self, trainer: Trainer) -> None:
        if self.condition is None or self.condition():
            self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        from playground.serializers import DictionarySerializer

        # Values as they are now, also for a writer that takes its time.
        serializer = DictionarySerializer()
        serializer.save(trainer if self._target is None else self._target)
        self.writer(_name_of(self.filename, trainer), trainer.out, serializer.target)

    def on_error(self, trainer: Trainer, exc: Exception, tb: TracebackType | None) -> None:
        """Save, if that is wanted."""
        # Whatever the condition says: it may be the last chance.
        if self._snapshot_on_error:
            self._save(trainer)

    def finalize(self) -> None:
        """Wait until everything is written."""
        if hasattr(self.writer, "finalize"):
            self.writer.finalize()


def _name_of(filename: FileName, trainer: Trainer) -> str:
    if not isinstance(filename, str):
        return filename(trainer)
    try:
        return filename.format(trainer)
    except (KeyError, IndexError) as error:
        raise type(error)(
            f"snapshot: the name {filename!r} is filled in by the trainer alone: write "
            f"{{.updater.iteration}} for the iteration"
        ) from error
