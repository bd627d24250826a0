"""Old Chainer scripts run here: ``import chainer`` leads to playground.

:func:`install` turns the import hook on in this process, :func:`uninstall` off; :func:`find` says
what a dotted name of Chainer's is here. ``python -m playground.run script.py`` does the whole.
"""

from __future__ import annotations

from playground.compat.hook import find, install, uninstall

__all__ = ["find", "install", "uninstall"]
