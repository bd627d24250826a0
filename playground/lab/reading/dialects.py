"""How a file is spelt: what the user said of it, and what else was found."""

from __future__ import annotations

import argparse
import codecs
from dataclasses import dataclass

from playground.graph.errors import nearest

__all__ = ["SEPARATORS", "Dialect", "decimal_mark", "encoding_name", "separator_name"]

# The names of separators in sentences. A blank stands for any number of blanks and tabs.
SEPARATORS = {",": "comma", ";": "semicolon", "tab": "tab", "|": "bar", "blank": "blank"}


@dataclass(frozen=True)
class Dialect:
    """What is known of a file beforehand; "auto" where it is to be found out.

    Attributes:
        decimal: "." or ",".
        sep: a key of SEPARATORS.
        header: "yes" or "no".
        encoding: a name that Python knows.
    """

    decimal: str = "auto"
    sep: str = "auto"
    header: str = "auto"
    encoding: str = "auto"


def decimal_mark(text: str) -> str:
    """The type of a flag that takes a decimal mark."""
    found = {"point": ".", "comma": ","}.get(text.lower(), text)
    if found not in (".", ",", "auto"):
        raise argparse.ArgumentTypeError(f"expected . or , or auto, got {text!r}")
    return found


def separator_name(text: str) -> str:
    """The type of a flag that takes a separator, as its sign or by its name."""
    signs = {"\t": "tab", "\\t": "tab", " ": "blank", "space": "blank", "auto": "auto"}
    known = {**signs, **{name: sign for sign, name in SEPARATORS.items()}}
    found = known.get(text.lower(), text)
    if found not in SEPARATORS and found != "auto":
        close = nearest(text, [*SEPARATORS.values(), "auto"])
        meant = f": did you mean {close!r}?" if close else ""
        raise argparse.ArgumentTypeError(
            f"expected comma, semicolon, tab, bar, blank or auto, got {text!r}{meant}"
        )
    return found


def encoding_name(text: str) -> str:
    """The type of a flag that takes the name of an encoding."""
    try:
        # Some codecs of Python's, such as zip, make no text.
        if text != "auto":
            b"1".decode(codecs.lookup(text).name)
    except (LookupError, ValueError, UnicodeError) as error:
        raise argparse.ArgumentTypeError(
            f"expected an encoding such as utf-8, utf-16 or latin-1, or auto, got {text!r}"
        ) from error
    return text
