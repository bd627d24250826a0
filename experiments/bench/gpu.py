"""All that is to be seen of a GPU, in one script of a few minutes.

``python -m experiments.bench.gpu`` runs the tests marked ``gpu``, the main job and each study with
``--device cuda``, and times a step of the inverse (float32) at n = 3, 100, 1000 and 8192 against
the two products of matrices that it cannot do without. ``--device cpu`` does the same on the host,
to try the script. Every part has a limit of time; what fails is said, and the next part goes on.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from playground import DeviceError, Variable
from playground.graph.backend import Device, parse_device, synchronize

SIZES = (3, 100, 1000, 8192)
COMMANDS = {
    "inverse": ("--size", "30", "--max-seconds", "20"),
    "eigenvalue": ("--max-steps", "200", "--starts", "1"),
    "field": ("--preset", "waves"),
    "logistic": (),
    "quadratic": ("--Q", "2,1;1,3", "--b", "1,1"),
}  # fmt: skip
# Of all parts together; eight minutes with what lies between.
TESTS_S, COMMAND_S, STEP_S = 180, 40, 3.0


def ended(command: list[str], limit: float) -> str:
    """The last line that a command printed, and how it ended."""
    began = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return f"not done after {limit:g} s"
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    last = said[-1].strip() if said else "nothing printed"
    return f"exit {done.returncode} after {time.monotonic() - began:.1f} s: {last}"


def tests(device: str) -> str:
    """The tests that need a GPU; on the host they are skipped."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-p", "no:cacheprovider", "tests"]
    return ended(command, TESTS_S)


def study(name: str, device: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        flags = [
            *COMMANDS[name],
            "--device",
            device,
            "--no-plot",
            "--out",
            str(Path(folder, "run")),
        ]
        return ended([sys.executable, "-m", f"playground.{name}", *flags], COMMAND_S)


def paced(call: Callable[[], Any]) -> float:
    """Milliseconds of a call, the device waited for: a median over some seconds."""
    synchronize(call())
    times: list[float] = []
    stop = time.monotonic() + STEP_S
    while len(times) < 3 or (time.monotonic() < stop and len(times) < 200):
        began = time.perf_counter()
        synchronize(call())
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def step_and_products(n: int, device: Device) -> tuple[float, float]:
    """Milliseconds of a step of the inverse, and of its two products alone."""
    rng = np.random.default_rng(0)
    X, Y, eye = (device.put(x.astype("f")) for x in (rng.random((n, n)), np.eye(n), np.eye(n)))
    xp = device.xp

    def step() -> Any:
        v = Variable(Y)
        np.abs(X @ v - eye).sum().backward()
        return Y - 1e-4 * v.grad

    return paced(step), paced(lambda: xp.matmul(X.T, xp.matmul(X, Y)))


def main() -> None:
    """Print what was seen, as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--n", type=int, nargs="+", default=SIZES)
    parser.add_argument("--no-tests", action="store_true", help="leave the tests out")
    options = parser.parse_args()
    try:
        device = parse_device(options.device)
    except DeviceError as error:
        parser.error(str(error))
    print(f"| part | on {device.name} |\n|---|---|", flush=True)
    if not options.no_tests:
        print(f"| tests marked gpu | {tests(options.device)} |", flush=True)
    for name in COMMANDS:
        print(f"| playground.{name} | {study(name, options.device)} |", flush=True)
    print("\n| n | step, ms | two products, ms | ratio |\n|---|---|---|---|", flush=True)
    with device.use():
        for n in options.n:
            step, products = step_and_products(n, device)
            print(f"| {n} | {step:.4g} | {products:.4g} | {step / products:.2f} |", flush=True)


if __name__ == "__main__":
    main()
