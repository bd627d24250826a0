"""Many cases in one test, where a test each would cost more than the cases themselves.

Pytest takes some milliseconds for a test, whatever it does: 25,000 of them take minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def about(what: str) -> Iterator[None]:
    """Say in the report of a failure which turn of a loop it was."""
    try:
        yield
    except BaseException as error:
        error.add_note(what)
        raise


def for_each(
    cases: Iterable[Any], name: Callable[[Any], str] = str
) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    """Decorator: one test of all cases, which fails with the names of those that fail."""

    def over(check: Callable[[Any], None]) -> Callable[[], None]:
        def test() -> None:
            failed = []
            for case in cases:
                try:
                    with about(name(case)):
                        check(case)
                except AssertionError as error:
                    failed.append(error)
            if failed:
                raise ExceptionGroup(f"{len(failed)} cases", failed)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return over
