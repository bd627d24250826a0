"""``python -m playground.run``: what a script sees, how it ends, and what --check reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from playground.run import main
from tests.loops import about

SAVED = (
    "import tempfile, chainer, chainer.links as L, chainer.serializers as S;"
    "out = tempfile.mkdtemp() + '/out.npz'; S.save_npz(out, L.Linear(2, 3));"
)


def run(tmp_path: Path, text: str, *words: str, name: str = "script.py", **more: str) -> tuple:
    """Exit code, output and errors of a script in a process of its own."""
    (tmp_path / name).write_text(text)
    for other, content in more.items():
        (tmp_path / f"{other}.py").write_text(content)
    command = [sys.executable, "-m", "playground.run", *words[:0], str(tmp_path / name), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_script_of_chainer_1_and_python_2(tmp_path: Path) -> None:
    text = """
import sys, numpy as np
import chainer
import chainer.functions as F
from chainer import Variable, optimizers
import helper
x = Variable(np.array([[1., 2.]], dtype=np.float32), volatile=False)
y = F.sum(x * x)
y.backward()
print x.grad.tolist(), sys.argv[1:], __name__, np.float, 7 / 2, helper.half(5)
print [n for n in xrange(2)], chainer.__version__
"""
    helper = "def half(n):\n    print 'half', n\n    return n / 2\n"
    code, out, errors = run(tmp_path, text, "--gpu", "-1", helper=helper)
    assert code == 0, errors
    assert out.splitlines() == [
        "half 5",
        "[[2.0, 4.0]] ['--gpu', '-1'] __main__ <class 'float'> 3 2",
        "[0, 1] 7.8.1",
    ]
    for told in (
        "script.py: Python 2 (line 10: ",
        "helper.py: Python 2 (line 2: ",
        "np.float -> float",
        "script.py:7: Variable(…, volatile=…) -> with chainer.no_backprop_mode()",
        "/ of whole numbers -> //",
    ):
        assert (
            told.replace("line 11", "line 1") in errors.replace("line 10", "line 1")
            or told in errors
        )
    assert not list(tmp_path.rglob("*.pyc"))


def test_an_error_is_the_scripts_own(tmp_path: Path) -> None:
    text = "import chainer\ndef f(x):\n    return x['a']\n\nf({})\n"
    code, _, errors = run(tmp_path, text)
    lines = errors.splitlines()
    assert code == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('script.py", line 5, in <module>')
    assert lines[-1] == "KeyError: 'a'"
    assert "playground" not in errors


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import chainer\nchainer.functions.nonesuch\n", "script.py:2: chainer.functions.nonesuch"),
        ("from chainer.links import Nonesuch\n", "script.py:1: chainer.links.Nonesuch is not here"),
        ("import chainer.nonesuch\n", "script.py:1: chainer.nonesuch is not here"),
        ("x = = 1\n", "script.py: neither Python 3 nor 2"),
        ("import chainermn\n", "script.py:1: chainermn is not here"),
        ("import chainerx.testing\n", "script.py:1: chainerx.testing is not here"),
        ("import chainerx\nchainerx.zeros(3)\n", "script.py:2: chainerx.zeros: ChainerX is not"),
        (f"{SAVED}S.load_npz(out, L.Linear(4, 3))\n", "loading 'W': expected shape (3, 4), got"),
        (f"{SAVED}S.load_npz(out, L.Linear(2, 4))\n", "loading 'W': expected shape (4, 2), got"),
        (f"{SAVED}S.load_npz(out, L.Scale(1, (3,)))\n", "loading 'W': expected shape (3,), got"),
        (f"{SAVED}S.load_npz(out, L.LSTM(2, 3))\n", "the snapshot has no 'lateral/"),
        (f"{SAVED}S.load_npz(__file__, L.Linear(2, 3))\n", "is no npz file"),
    ],
)
def test_what_cannot_be_run_is_one_line(tmp_path: Path, text: str, line: str) -> None:
    code, _, errors = run(tmp_path, text)
    assert code == 2
    assert line in errors
    assert len(errors.splitlines()) == 1


def test_a_script_may_ask_whether_chainerx_is_there(tmp_path: Path) -> None:
    text = """
import chainer, chainerx, numpy as np
device = chainer.get_device("@numpy")
print(chainerx.is_available(), device.xp is chainerx, isinstance(np.ones(2), chainerx.ndarray))
"""
    assert run(tmp_path, text)[:2] == (0, "False False False\n")


def test_exit_codes_and_output_are_the_scripts(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys\nprint('x')\nsys.exit(7)\n") == (7, "x\n", "")
    assert run(tmp_path, "print(open(__file__).readline())\n")[1].startswith("print(open")
    code, _, errors = run(tmp_path, "raise KeyboardInterrupt\n")
    assert (code, errors.splitlines()[-1]) == (130, "KeyboardInterrupt")


def test_relative_files_and_modules_are_those_of_the_script(tmp_path: Path) -> None:
    text = "import helper, os, sys\nprint(helper.x, sys.path[0] == os.path.dirname(__file__))\n"
    assert run(tmp_path, text, helper="x = 3\n")[1] == "3 True\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nix.py"], "nix.py: no such file"),
        (["."], ".: a folder, not a script"),
        ([], "give a script to run"),
        (["--fake-data", "nix"], "there is no stand-in for 'nix'"),
        (["--nix", "a.py"], "unrecognized arguments: --nix"),
    ],
)
def test_bad_input(
    capsys: pytest.CaptureFixture[str], words: list[str], line: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    errors = capsys.readouterr().err
    assert line in errors
    assert len(errors.splitlines()) == 1


def check(capsys: pytest.CaptureFixture[str], *paths: Path) -> tuple[int, str]:
    code = main(["--check", *map(str, paths)])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_check_reads_scripts_of_each_age(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, old = tmp_path / "new.py", tmp_path / "old.py"
    new.write_text(
        "import chainer\nimport chainer.functions as F\nfrom chainer import optimizers as O\n"
        "y = F.exp\nclip = F.clip\nF.nonesuch(1)\nraise SystemExit('it must not be run')\n"
    )
    old.write_text(
        "import numpy\nfrom chainer import FunctionSet, Variable\nx = Variable(1, volatile=True)\n"
        "print x, numpy.float\noptimizer.zero_grads()\n"
    )
    code, text = check(capsys, new, old)
    assert code == 1
    for line in (
        "new.py: 4 of 5 names of Chainer are here",
        "  missing    chainer.functions.nonesuch: no name of Chainer 7.8.1's either",
        "  differs    chainer.functions.clip: limits that meet",
        "old.py: 2 of 2 names of Chainer are here",
        "  put back   line 2: chainer.FunctionSet -> chainer.Chain",
        "  put back   line 3: volatile= -> with chainer.no_backprop_mode()",
        "  put back   line 4: numpy.float -> float",
        "  put back   line 5: .zero_grads() -> model.cleargrads()",
        "  Python 2   line 4: print x, numpy.float  ->  print(x, numpy.float)",
        "1 of 2 files find all of their names",
    ):
        with about(line):
            assert line in text
    assert check(capsys, old)[0] == 0
    assert check(capsys, tmp_path / "nix.py", old)[0] == 2


def test_fake_data_go_where_a_script_looks_for_them(tmp_path: Path) -> None:
    text = (
        "import chainer\ntrain, test = chainer.datasets.get_mnist()\n"
        "print(len(train), train[0][0].shape, test[0][1].dtype)\n"
    )
    environment = {**os.environ, "CHAINER_DATASET_ROOT": str(tmp_path / "root")}
    (tmp_path / "script.py").write_text(text)
    command = [sys.executable, "-W", "ignore", "-m", "playground.run"]
    for words, code, said in (
        ([], 2, "--fake-data mnist"),
        (["--fake-data", "mnist"], 0, "1000 (784,) int32"),
        (["--fake-data", "mnist"], 2, "is there already"),
        ([], 0, "1000 (784,) int32"),
    ):
        with about(f"{words} {code}"):
            done = subprocess.run(
                [*command, *words, str(tmp_path / "script.py")],
                capture_output=True, text=True, timeout=120, check=False, env=environment,
            )  # fmt: skip
            assert done.returncode == code
            assert said in done.stdout + done.stderr


def test_models_and_their_weights_by_chainers_paths(tmp_path: Path) -> None:
    """Networks from the modules that held them; one line says where weights belong."""
    text = """
import numpy as np
import chainer.links as L
from chainer.links import NStepLSTM
from chainer.links.caffe import CaffeFunction
from chainer.links.caffe.caffe_function import CaffeFunction as same
from chainer.links.model.vision import resnet
from chainer.functions.loss.ctc import connectionist_temporal_classification
from chainer.functions.rnn.n_step_lstm import n_step_lstm
from chainer.links.model.vision.vgg import VGG16Layers
lstm = NStepLSTM(n_layers=1, in_size=3, out_size=2, dropout=0.1)
print(lstm(None, None, [np.ones((4, 3), 'f')])[2][0].shape, same is CaffeFunction)
VGG16Layers()
"""
    code, said, complaint = run(tmp_path, text)
    assert code == 2
    assert "(4, 2) True" in said
    assert "VGG_ILSVRC_16_layers.npz" in complaint
    assert "Traceback" not in complaint


def test_packages_in_a_virtual_environment_beside_the_script_are_left_alone(
    tmp_path: Path,
) -> None:
    package = tmp_path / ".venv" / "lib" / "site-packages"
    package.mkdir(parents=True)
    (package / "installed.py").write_text("x = 7 / 2\ny = xrange if False else 3\n")
    text = f"import sys\nsys.path.append({str(package)!r})\nimport installed\nprint(installed.x)\n"
    assert run(tmp_path, text) == (0, "3.5\n", "")
