"""The optional extension; everything else is said in pyproject.toml.

With no compiler, or with one that fails, the package is installed without it and runs in Python.
"""

import hashlib
import os
import re
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCE = "playground/_tape.c"
# As playground/interpreters/recording/core.py reads it.
SEAL = b"playground tape "


class Sealed(build_ext):
    """Ends the file with a digest of it: loading a damaged library can end the process."""

    def build_extension(self, ext):
        super().build_extension(ext)
        if sys.platform != "linux":  # elsewhere the end of the file may be signed
            return
        with open(self.get_ext_fullpath(ext.name), "rb+") as file:
            content = file.read()
            if content[-48:-32] != SEAL:
                file.write(SEAL + hashlib.sha256(content).digest())


def tape():
    """The extension, built once for all versions of Python from 3.11 on where that can be."""
    try:
        import numpy
    except ImportError:
        return []
    with open("playground/_version.py") as file:
        (version,) = re.findall(r'__version__ = "(.*)"', file.read())
    with open(SOURCE, "rb") as file:
        # Ends of lines apart, which git may change.
        text = file.read().replace(b"\r\n", b"\n")
    # Python compares both with what it finds beside the extension: a stale one is not used.
    macros = [
        ("TAPE_VERSION", f'"{version}"'),
        ("TAPE_SOURCE", f'"{hashlib.sha256(text).hexdigest()[:16]}"'),
    ]
    stable = not sysconfig.get_config_var("Py_GIL_DISABLED")
    extension = Extension(
        "playground._tape",
        [SOURCE],
        include_dirs=[numpy.get_include()],
        define_macros=[*macros, *([("Py_LIMITED_API", "0x030B0000")] if stable else [])],
        libraries=[] if os.name == "nt" else ["m"],
        py_limited_api=stable,
        optional=True,
    )
    return [extension]


def options():
    """A wheel of the stable ABI says so in its name."""
    stable = not sysconfig.get_config_var("Py_GIL_DISABLED")
    return {"bdist_wheel": {"py_limited_api": "cp311"}} if stable else {}


setup(ext_modules=tape(), options=options(), cmdclass={"build_ext": Sealed})
