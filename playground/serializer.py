"""What serializers are: objects that a link, an optimizer or a trainer hands its values to.

``value = serializer(key, value)`` writes the value, or returns the one that was read, and
``serializer[key]`` is the serializer of a part. So one method ``serialize`` of each class both
saves and loads.
"""

from __future__ import annotations

from playground.graph.types import Serializing

__all__ = ["AbstractSerializer", "Deserializer", "Serializer"]


class AbstractSerializer:
    """What every serializer can do."""

    def __getitem__(self, key: str) -> Serializing:
        raise NotImplementedError(f"{type(self).__name__}: define __getitem__(key)")

    def __call__(self, key: str, value: Serializing) -> Serializing:
        raise NotImplementedError(f"{type(self).__name__}: define __call__(key, value)")


class Serializer(AbstractSerializer):
    """A serializer that writes; it returns the values as they are."""

    def save(self, obj: Serializing) -> None:
        """Write an object that has a method ``serialize``."""
        obj.serialize(self)


class Deserializer(AbstractSerializer):
    """A serializer that reads."""

    def load(self, obj: Serializing) -> None:
        """Read an object that has a method ``serialize``."""
        obj.serialize(self)
