"""Tests that draw random numbers: how often they have to succeed."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

__all__ = ["repeat", "repeat_with_success_at_least", "retry"]


def _trial(instance: unittest.TestCase, test: Callable[[], Any]) -> Exception | None:
    try:
        instance.setUp()
        try:
            test()
        finally:
            instance.tearDown()
    except unittest.SkipTest:
        raise
    except Exception as error:
        return error
    return None


def repeat_with_success_at_least(
    times: int, min_success: int
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Decorator of a TestCase's method: up to ``times`` trials, ``min_success`` have to pass.

    Each is on an instance of its own, set up and torn down.
    """
    if times < min_success:
        raise ValueError(f"expected at least {min_success} trials, got times={times}")

    def decorate(method: Callable[..., Any]) -> Callable[..., None]:
        @wraps(method)
        def repeated(self: unittest.TestCase, *args: Any, **kwargs: Any) -> None:
            failures: list[Exception] = []
            for done in range(times):
                # Another instance: a trial must not find what the one before has left.
                own = type(self)(self._testMethodName)
                error = _trial(own, partial(method, own, *args, **kwargs))
                if error is not None:
                    failures.append(error)
                successes = done + 1 - len(failures)
                if successes >= min_success:
                    return
                if len(failures) > times - min_success:
                    raise self.failureException(
                        f"{len(failures)} of {done + 1} trials failed, {min_success} of {times} "
                        f"have to pass; the first: {failures[0]}"
                    ) from failures[0]

        return repeated

    return decorate


def repeat(times: int) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Decorator: all of so many trials have to pass."""
    return repeat_with_success_at_least(times, times)


def retry(times: int) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Decorator: one of so many trials has to pass."""
    return repeat_with_success_at_least(times, 1)
