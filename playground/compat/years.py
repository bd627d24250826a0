"""What Python and the libraries have dropped since, put back in this process and noted.

Modules that are gone are found again by a finder at the end of ``sys.meta_path``; attributes that
are gone are answered by a module's ``__getattr__``, which Python asks for missing ones alone: code
that uses today's names pays nothing.
"""

from __future__ import annotations

import builtins
import collections.abc
import math
import operator
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np

from playground.compat.loading import Made
from playground.compat.used import USES
from playground.graph.types import DType, HostArray

# What to write instead -> what that is. A module's old name -> such a text.
Maker = Callable[[], Any]


def _thing_at(path: str) -> Maker:
    """A thing by its dotted path, its module imported when it is asked for."""
    module, _, name = path.rpartition(".")
    if module == "dict":
        return lambda: getattr(dict, name)
    return lambda: getattr(import_module(module), name) if module else getattr(builtins, name)


def _as_written(names: str) -> dict[str, tuple[str, Maker]]:
    """``old=new`` pairs separated by spaces; ``new`` is said as it is written."""
    pairs = [pair.split("=") for pair in names.split()]
    return {old: (new.replace("numpy.", "np."), _thing_at(new)) for old, new in pairs}


def _value(value: Any) -> Maker:
    return lambda: value


# The names that NumPy 1.20 to 2.4 dropped.
NUMPY: dict[str, tuple[str, Maker]] = {
    **_as_written(
        "float=float int=int object=object str=str complex=complex unicode=str long=int "
        "NaN=numpy.nan NAN=numpy.nan Inf=numpy.inf infty=numpy.inf Infinity=numpy.inf "
        "PINF=numpy.inf product=numpy.prod cumproduct=numpy.cumprod alltrue=numpy.all "
        "sometrue=numpy.any in1d=numpy.isin trapz=numpy.trapezoid row_stack=numpy.vstack "
        "round_=numpy.round float_=numpy.float64 complex_=numpy.complex128 "
        "string_=numpy.bytes_ unicode_=numpy.str_ bool8=numpy.bool_ int0=numpy.intp "
        "uint0=numpy.uintp object0=numpy.object_ str0=numpy.str_ bytes0=numpy.bytes_ "
        "longfloat=numpy.longdouble singlecomplex=numpy.complex64 cfloat=numpy.complex128 "
        "longcomplex=numpy.clongdouble clongfloat=numpy.clongdouble mat=numpy.asmatrix "
        "typeDict=numpy.sctypeDict find_common_type=numpy.result_type "
        "rank=numpy.ndim"
    ),
    "NINF": ("-np.inf", _value(-math.inf)),
    "PZERO": ("0.0", _value(0.0)),
    "NZERO": ("-0.0", _value(-0.0)),
    "asscalar": ("a.item()", _value(lambda a: a.item())),
    "asfarray": ("np.asarray(a, dtype=float)", _value(lambda a, dtype=float: np.asarray(a, dtype))),
    "alen": ("len(a)", _value(lambda a: len(np.atleast_1d(a)))),
    "msort": ("np.sort(a, axis=0)", _value(lambda a: np.sort(a, axis=0))),
}
COLLECTIONS = {
    name: (f"collections.abc.{name}", _thing_at(f"collections.abc.{name}"))
    for name in collections.abc.__all__
}
# A module's name -> its missing attributes.
ATTRIBUTES: dict[str, Mapping[str, tuple[str, Maker]]] = {
    "numpy": NUMPY,
    "collections": COLLECTIONS,
    "time": {"clock": ("time.perf_counter()", _value(time.perf_counter))},
    "fractions": {"gcd": ("math.gcd", _value(math.gcd))},
    "inspect": _as_written("getargspec=inspect.getfullargspec"),
    "string": _as_written(
        "letters=string.ascii_letters lowercase=string.ascii_lowercase "
        "uppercase=string.ascii_uppercase"
    ),
    "operator": {"div": ("operator.truediv", _value(operator.truediv))},
    "base64": _as_written("encodestring=base64.encodebytes decodestring=base64.decodebytes"),
    "os": _as_written("getcwdu=os.getcwd"),
    "itertools": _as_written(
        "izip=zip imap=map ifilter=filter izip_longest=itertools.zip_longest "
        "ifilterfalse=itertools.filterfalse"
    ),
    "sys": {
        "maxint": ("sys.maxsize", _value(sys.maxsize)),
        "setdefaultencoding": ("nothing: it is UTF-8", _value(lambda name: None)),
    },
    "pandas": {"datetime": ("datetime.datetime", _thing_at("datetime.datetime"))}
    | _as_written("np=numpy"),
    "matplotlib.pyplot": {
        "hold": ("nothing: pictures are drawn into", _value(lambda *state: None))
    },
    "matplotlib.cm": {
        "spectral": ("plt.cm.nipy_spectral", _thing_at("matplotlib.cm.nipy_spectral")),
        "get_cmap": ("plt.get_cmap", _thing_at("matplotlib.pyplot.get_cmap")),
    },
}
# A module that is gone -> what it had, each by where it is now.
GONE: dict[str, Mapping[str, tuple[str, Maker]]] = {
    "cPickle": _as_written(
        "load=pickle.load loads=pickle.loads dump=pickle.dump dumps=pickle.dumps "
        "HIGHEST_PROTOCOL=pickle.HIGHEST_PROTOCOL Pickler=pickle.Pickler "
        "Unpickler=pickle.Unpickler"
    ),
    "StringIO": _as_written("StringIO=io.StringIO"),
    "cStringIO": _as_written("StringIO=io.StringIO"),
    "Queue": _as_written("Queue=queue.Queue Empty=queue.Empty Full=queue.Full"),
    "urllib2": _as_written("urlopen=urllib.request.urlopen Request=urllib.request.Request"),
    "xml.etree.cElementTree": _as_written(
        "parse=xml.etree.ElementTree.parse fromstring=xml.etree.ElementTree.fromstring "
        "Element=xml.etree.ElementTree.Element SubElement=xml.etree.ElementTree.SubElement "
        "ElementTree=xml.etree.ElementTree.ElementTree"
    ),
    "scipy.misc": _as_written(
        "logsumexp=scipy.special.logsumexp comb=scipy.special.comb "
        "factorial=scipy.special.factorial face=scipy.datasets.face "
        "ascent=scipy.datasets.ascent imread=matplotlib.image.imread "
        "imsave=matplotlib.image.imsave"
    ),
    "sklearn.cross_validation": _as_written(
        "train_test_split=sklearn.model_selection.train_test_split "
        "cross_val_score=sklearn.model_selection.cross_val_score "
        "KFold=sklearn.model_selection.KFold "
        "StratifiedKFold=sklearn.model_selection.StratifiedKFold"
    ),
    "sklearn.grid_search": _as_written("GridSearchCV=sklearn.model_selection.GridSearchCV"),
    "sklearn.externals": _as_written("joblib=joblib"),
    # Chainer needed six, so that scripts use it unasked; where it is installed, that one is found.
    "six": _as_written(
        "iteritems=dict.items iterkeys=dict.keys itervalues=dict.values text_type=str "
        "binary_type=bytes next=next callable=callable StringIO=io.StringIO BytesIO=io.BytesIO"
    )
    | {
        "PY2": ("False", _value(False)),
        "PY3": ("True", _value(True)),
        "string_types": ("(str,)", _value((str,))),
        "integer_types": ("(int,)", _value((int,))),
        "moves": ("today's names", lambda: import_module("six.moves")),
    },
    "six.moves": _as_written(
        "range=range xrange=range zip=zip map=map filter=filter input=input "
        "reduce=functools.reduce zip_longest=itertools.zip_longest"
    )
    | {
        name: (module, lambda module=module: import_module(module))
        for name, module in (("cPickle", "pickle"), ("queue", "queue"), ("urllib", "urllib"))
    },
    "sklearn.datasets.samples_generator": _as_written(
        "make_blobs=sklearn.datasets.make_blobs make_moons=sklearn.datasets.make_moons"
    ),
}

# SciPy keeps an empty module of that name so far.
ATTRIBUTES["scipy.misc"] = GONE["scipy.misc"]


def fromstring(text: Any, dtype: DType = float, count: int = -1, *, sep: str = "") -> HostArray:
    """``np.fromstring``, also of bytes, as it was until NumPy 2.3."""
    if sep == "":
        USES.note("np.fromstring(bytes)", "np.frombuffer(…).copy()")
        data = text.encode("latin-1") if isinstance(text, str) else text
        return np.frombuffer(data, dtype, count).copy()
    return _todays_fromstring(text, dtype, count, sep=sep)


_todays_fromstring = np.fromstring
# Functions that are there, and have lost a way to be called: module -> name -> what has both.
REPLACED: dict[str, dict[str, Any]] = {"numpy": {"fromstring": fromstring}}


class Gone(ModuleType):
    """A module that a library has dropped: its names lead to where they are now."""

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return list(GONE[self.__name__])
        return lookup(self.__name__, GONE[self.__name__], name)


def lookup(module: str, table: Mapping[str, tuple[str, Maker]], name: str) -> Any:
    """What replaces an attribute that a module has no more. Raises AttributeError."""
    if name not in table:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    instead, made = table[name]
    # Python's import machinery, and completion, ask for what nobody wrote.
    USES.note(f"{module.replace('numpy', 'np')}.{name}", instead)
    return made()


class _GoneFinder(MetaPathFinder):
    """Finds the modules of :data:`GONE`, after every other finder has been asked."""

    def find_spec(self, path: str, search: Any = None, target: Any = None) -> ModuleSpec | None:
        inside = any(name.startswith(f"{path}.") for name in GONE)
        return ModuleSpec(path, Made(Gone), is_package=inside) if path in GONE else None


class _Watcher(MetaPathFinder):
    """Lets a module be found by the others, and gives it its old names once it is there."""

    def __init__(self) -> None:
        self.searching: set[str] = set()

    def find_spec(self, path: str, search: Any = None, target: Any = None) -> ModuleSpec | None:
        if path not in ATTRIBUTES or path in self.searching:
            return None
        self.searching.add(path)
        try:
            from importlib.util import find_spec

            spec = find_spec(path)
        finally:
            self.searching.discard(path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Completing(spec.loader)
        return spec


class _Completing(Loader):
    """A loader that adds what is missing to the module that another one loads."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        complete(module)


def complete(module: ModuleType) -> None:
    """Let a module answer for its names of old."""
    table, before = ATTRIBUTES[module.__name__], vars(module).get("__getattr__")

    def answer(name: str) -> Any:
        if name in table:
            return lookup(module.__name__, table, name)
        if before is not None:
            return before(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    _keep(module, "__getattr__", answer)
    for name, function in REPLACED.get(module.__name__, {}).items():
        _keep(module, name, function)


_UNSET = object()
# What stood in a module before: (module, name) -> the old value.
_before: dict[tuple[str, str], Any] = {}


def _keep(module: ModuleType, name: str, value: Any) -> None:
    _before.setdefault((module.__name__, name), vars(module).get(name, _UNSET))
    setattr(module, name, value)


def put_back() -> None:
    """Put back what the years have taken away, in this process, until :func:`take_away`."""
    for name in ATTRIBUTES:
        if name in sys.modules:
            complete(sys.modules[name])
    sys.meta_path.insert(0, _Watcher())
    # Last, so that a module of that name which is installed after all is the one that is found.
    sys.meta_path.append(_GoneFinder())


def take_away() -> None:
    """Leave the modules as they are without :func:`put_back`."""
    ours = (_Watcher, _GoneFinder)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ours)]
    for (module, name), before in _before.items():
        if before is _UNSET:
            delattr(sys.modules[module], name)
        else:
            setattr(sys.modules[module], name, before)
    _before.clear()
    for path in [path for path, module in sys.modules.items() if isinstance(module, Gone)]:
        del sys.modules[path]
