"""Training loops: the same script on both engines, to the last bit of what it writes."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import playground
import playground.training
from tests.differential.both import Raised, assert_same, chainer, raised, run, same

import chainer.training.extensions  # isort: skip

ENGINES = {"playground": playground, "chainer": chainer}


def model(engine: Any) -> Any:
    """A small net on numbers that are the same every time, that reports its loss."""
    rng = np.random.RandomState(1)

    class Net(engine.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.w = engine.Parameter(rng.rand(4, 5).astype("f4"))
                self.v = engine.Parameter(rng.rand(5, 3).astype("f4"))

        def __call__(self, x: Any, y: Any) -> Any:
            h = engine.functions.tanh(engine.functions.matmul(x, self.w))
            off = engine.functions.matmul(h, self.v) - y
            loss = engine.functions.sum(off * off) / len(x)
            engine.report({"loss": loss, "size": len(x), "half": len(x) / 2}, self)
            return loss

    return Net()


def trainer_of(engine: Any, out: Path, stop: Any = (3, "epoch"), order: Any = None) -> Any:
    """A trainer, its net and its iterator of examples to test on."""
    rng = np.random.RandomState(2)
    pairs = engine.datasets.TupleDataset(rng.rand(30, 4).astype("f4"), rng.rand(30, 3).astype("f4"))
    train, test = engine.datasets.split_dataset(pairs, 20)
    net = model(engine)
    optimizer = engine.optimizers.Adam().setup(net)
    np.random.seed(0)
    iterator = engine.iterators.SerialIterator(train, 6, order_sampler=order)
    held_out = engine.iterators.SerialIterator(test, 4, repeat=False, shuffle=False)
    updater = engine.training.StandardUpdater(iterator, optimizer)
    return engine.training.Trainer(updater, stop, out=str(out)), net, held_out


def both(tmp_path: Path, script: Callable[[Any, Path], Any]) -> tuple[Any, Any]:
    outcomes = []
    for name, engine in ENGINES.items():
        folder = tmp_path / name
        folder.mkdir()
        outcomes.append(run(lambda engine, folder=folder: script(engine, folder), engine))
    ours, theirs = outcomes
    assert_same(ours, theirs)
    return ours, theirs


def log_in(folder: Path, name: str = "log") -> Any:
    """The entries, in the order of their keys in the file."""
    entries = json.loads((folder / name).read_text(), object_pairs_hook=list)
    return [[pair for pair in map(tuple, e) if pair[0] != "elapsed_time"] for e in entries]


def test_the_usual_training(tmp_path: Path) -> None:
    def script(engine: Any, out: Path) -> Any:
        trainer, net, held_out = trainer_of(engine, out)
        kinds, printed = engine.training.extensions, io.StringIO()
        trainer.extend(kinds.Evaluator(held_out, net))
        trainer.extend(kinds.dump_graph("main/loss"))
        trainer.extend(kinds.LogReport())
        trainer.extend(kinds.LogReport(["main/loss"], (2, "iteration"), filename="log_{iteration}"))
        trainer.extend(kinds.observe_lr())
        trainer.extend(kinds.observe_value("seven", lambda trainer: 7))
        names = ["epoch", "main/loss", "validation/main/loss", "lr", "nothing", "elapsed"]
        trainer.extend(kinds.PrintReport(names, out=printed))
        trainer.extend(kinds.ParameterStatistics(net, prefix="net"))
        trainer.extend(kinds.ExponentialShift("alpha", 0.5), trigger=(1, "epoch"))
        trainer.extend(kinds.PlotReport(["main/loss"], "epoch", (3, "epoch"), filename="plot.png"))
        trainer.extend(kinds.FailOnNonNumber())
        trainer.extend(kinds.unchain_variables())
        trainer.extend(kinds.MicroAverage("main/size", "main/half", "quotient"))
        trainer.extend(kinds.VariableStatisticsPlot(net, 3, trigger=(3, "epoch")))
        best = engine.training.triggers.MinValueTrigger("validation/main/loss")
        trainer.extend(kinds.snapshot_object(net, "net_{.updater.iteration}"), trigger=best)
        trainer.run()
        assert (out / "plot.png").stat().st_size > 1000
        numbers = trainer.updater.epoch, trainer.updater.iteration, trainer.updater.epoch_detail
        files = sorted(os.listdir(out))
        graph = sorted(re.sub(r"\d{9,}", "N", (out / "cg.dot").read_text()).split(";"))
        logs = log_in(out), log_in(out, "log_10")
        return logs, printed.getvalue(), files, graph, numbers, net.w.array, np.random.rand()

    both(tmp_path, script)


def test_the_same_snapshots_and_a_training_that_goes_on(tmp_path: Path) -> None:
    """Bit for bit as one that was never stopped, also from the other engine's snapshot."""

    def extended(engine: Any, out: Path, stop: int) -> Any:
        # Not from the global generator, whose state is in no snapshot.
        order = lambda order, position: np.roll(order, 3)[::-1]  # noqa: E731
        trainer, net, held_out = trainer_of(engine, out, (stop, "epoch"), order)
        kinds = engine.training.extensions
        trainer.extend(kinds.Evaluator(held_out, net))
        trainer.extend(kinds.LogReport(trigger=(3, "iteration")))
        trainer.extend(kinds.PlotReport(["main/loss"], trigger=(4, "epoch"), filename="plot.png"))
        trainer.extend(kinds.LinearShift("alpha", (0.1, 0.01), (0, 5)), trigger=(1, "epoch"))
        points = engine.training.triggers.ManualScheduleTrigger([4, 11], "iteration")
        trainer.extend(kinds.ExponentialShift("beta1", 0.5), trigger=points)
        trainer.extend(kinds.snapshot(filename="s_{.updater.iteration}"), trigger=(2, "epoch"))
        return trainer, net

    def script(engine: Any, out: Path) -> Any:
        trainer, net = extended(engine, out, 4)
        trainer.run()
        with np.load(out / "s_7") as file:
            saved = {name: file[name] for name in file.files}
        for name in ("_snapshot_elapsed_time", "extensions/LogReport/_log"):
            saved.pop(name)
        return saved, net.w.array, log_in(out)

    (_, whole, log), _ = both(tmp_path, script)
    for engine in ENGINES.values():
        for source in ENGINES:
            out = tmp_path / "further"
            trainer, net = extended(engine, out, 4)
            engine.serializers.load_npz(str(tmp_path / source / "s_7"), trainer)
            trainer.run()
            assert trainer.elapsed_time > trainer._snapshot_elapsed_time > 0
            np.testing.assert_array_equal(net.w.array, whole)
            assert log_in(out) == log


def test_the_newest_snapshots_are_kept_and_found(tmp_path: Path) -> None:
    def script(engine: Any, out: Path) -> Any:
        for stop in (5, 8):
            trainer, net, _ = trainer_of(engine, out, (stop, "iteration"))
            snapshot = engine.training.extensions.snapshot(n_retains=2, autoload=True)
            trainer.extend(snapshot, trigger=(1, "iteration"))
            trainer.run()
        target = model(engine)
        for file in out.iterdir():
            assert file.suffix == ""
        again, _, _ = trainer_of(engine, out, (8, "iteration"))
        again.extend(engine.training.extensions.snapshot_object(target, "other"))
        again.run()
        return sorted(os.listdir(out)), net.w.array

    both(tmp_path, script)


WRITERS = ["SimpleWriter", "ThreadWriter", "ProcessWriter", "ThreadQueueWriter"]


@pytest.mark.parametrize("name", [*WRITERS, "ProcessQueueWriter"])
def test_snapshots_by_every_writer(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    trainer, net, _ = trainer_of(playground, out, (3, "iteration"))
    kinds = playground.training.extensions
    writer = getattr(kinds.snapshot_writers, name)()
    trainer.extend(kinds.snapshot(writer=writer, n_retains=2), trigger=(1, "iteration"))
    trainer.run()
    assert sorted(os.listdir(out)) == ["snapshot_iter_2", "snapshot_iter_3"]
    other = model(chainer)
    path = "updater/model:main/"
    chainer.serializers.load_npz(str(out / "snapshot_iter_3"), other, path)
    np.testing.assert_array_equal(other.v.array, net.v.array)


# ------------------------------------------------------------------------------------ triggers


class Clock:
    """An updater that only counts: epochs of three iterations and a third."""

    previous_epoch_detail = None
    out = "nowhere"

    def __init__(self) -> None:
        self.iteration, self.epoch_detail, self.elapsed_time = 0, 0.0, 0.0
        self.updater, self.observation = self, {}

    @property
    def epoch(self) -> int:
        return int(self.epoch_detail)

    def tick(self) -> None:
        self.previous_epoch_detail = self.epoch_detail
        self.iteration += 1
        self.epoch_detail = self.iteration * 0.3
        self.elapsed_time = 0.4 * self.iteration
        # Falls, and rises again; every fourth time nothing is reported.
        self.observation = {"main/loss": np.float32((self.iteration - 9) ** 2), "n": 1}
        self.observation["validation/main/accuracy"] = self.iteration % 7
        if self.iteration % 4 == 0:
            self.observation = {}


TRIGGERS: dict[str, Callable[[Any, Any], Any]] = {
    "2 iterations": lambda t, get: get((2, "iteration")),
    "an epoch": lambda t, get: get((1, "epoch")),
    "half an epoch": lambda t, get: get((0.5, "epoch")),
    "2.5 iterations": lambda t, get: get((2.5, "iteration")),
    "never": lambda t, get: get(None),
    "once": lambda t, get: t.OnceTrigger(),
    "once again": lambda t, get: t.OnceTrigger(True),
    "a second": lambda t, get: t.TimeTrigger(1.0),
    "points": lambda t, get: t.ManualScheduleTrigger([2, 5, 6], "iteration"),
    "epochs": lambda t, get: t.ManualScheduleTrigger([0.2, 1.5, 3], "epoch"),
    "a point": lambda t, get: t.ManualScheduleTrigger(4, "iteration"),
    "smallest": lambda t, get: t.MinValueTrigger("main/loss", (3, "iteration")),
    "largest": lambda t, get: t.MaxValueTrigger("main/loss"),
    "best": lambda t, get: t.BestValueTrigger("n", lambda best, new: True, (2, "iteration")),
    "stops": lambda t, get: t.EarlyStoppingTrigger((1, "iteration"), patience=2),
    "patient": lambda t, get: t.EarlyStoppingTrigger((1, "iteration"), patients=5),
    "high": lambda t, get: t.EarlyStoppingTrigger((1, "iteration"), "validation/main/accuracy"),
    "max": lambda t, get: t.EarlyStoppingTrigger(mode="max", max_trigger=(11, "iteration")),
}


@pytest.mark.parametrize("name", [*TRIGGERS])
@pytest.mark.parametrize("every", [1, 3])
def test_when_triggers_fire(name: str, every: int) -> None:
    def script(engine: Any) -> Any:
        training = engine.training
        trigger, clock, found = TRIGGERS[name](training.triggers, training.get_trigger), Clock(), []
        for _ in range(20):
            clock.tick()
            if clock.iteration % every == 0:
                fired = raised(lambda: trigger(clock))
                finished = getattr(trigger, "finished", None)
                count = getattr(trigger, "count", None)
                found.append((bool(fired), isinstance(fired, Raised), finished, count))
        length = raised(lambda: trigger.get_training_length())
        return found, length, str(trigger) if "Interval" in str(trigger) else None

    assert_same(run(script, playground), run(script, chainer))


@pytest.mark.parametrize("name", [*TRIGGERS])
@pytest.mark.parametrize("old", [False, True])
def test_triggers_that_are_saved(name: str, old: bool) -> None:
    """``old``: from a snapshot that does not hold what it asks for."""

    def script(engine: Any) -> Any:
        training = engine.training
        make = TRIGGERS[name]
        first, second = (make(training.triggers, training.get_trigger) for _ in range(2))
        clock, saved = Clock(), engine.serializers.DictionarySerializer()
        for _ in range(6):
            clock.tick()
            raised(lambda: first(clock))
        if not hasattr(first, "serialize"):
            return "no state"
        first.serialize(saved)
        names = sorted(saved.target)
        content = {} if old else saved.target
        load = engine.serializers.NpzDeserializer(content)
        lost = raised(lambda: second.serialize(load))
        fired = []
        for _ in range(8):
            clock.tick()
            fired.append(bool(raised(lambda: second(clock))))
        return names, lost if isinstance(lost, Raised) else None, fired

    assert_same(run(script, playground), run(script, chainer))


@same
def test_triggers_that_are_refused(engine: Any) -> Any:
    kinds = engine.training.triggers
    return (
        raised(lambda: kinds.IntervalTrigger(1, "day")),
        raised(lambda: kinds.ManualScheduleTrigger(1, "day")),
        raised(lambda: kinds.EarlyStoppingTrigger(patience=1, patients=2)),
        raised(lambda: kinds.EarlyStoppingTrigger(other=2)),
        raised(lambda: kinds.MinValueTrigger("absent", (1, "iteration"))(Clock())) and None,
    )


# -------------------------------------------------------------------------------------- shifts

SHIFTS: dict[str, Callable[[Any], Any]] = {
    "exponential": lambda e: e.ExponentialShift("alpha", 0.5),
    "exponential, down to": lambda e: e.ExponentialShift("alpha", 0.5, 0.1, 0.03),
    "exponential, up to": lambda e: e.ExponentialShift("alpha", 1.5, -1.0, -4.0),
    "inverse": lambda e: e.InverseShift("alpha", 0.5, 2),
    "inverse, down to": lambda e: e.InverseShift("alpha", 0.5, 2, init=1.0, target=0.2),
    "inverse, up to": lambda e: e.InverseShift("alpha", 0.5, -1, init=1.0, target=2.6),
    "linear": lambda e: e.LinearShift("alpha", (0.1, 0.9), (2, 6)),
    "multistep": lambda e: e.MultistepShift("alpha", 0.1, [2, 3, 6], 1.0),
    "multistep, its own": lambda e: e.MultistepShift("alpha", 0.1, [2, 2, 2], None),
    "polynomial": lambda e: e.PolynomialShift("alpha", 2, 8),
    "polynomial, down to": lambda e: e.PolynomialShift("alpha", 0.5, 10, 2.0, 1.5),
    "step": lambda e: e.StepShift("alpha", 0.5, 3),
    "step, up to": lambda e: e.StepShift("alpha", 2, 2, init=1.0, target=5),
    "warm-up": lambda e: e.WarmupShift("alpha", 0.1, 4, 0.9),
    "warm-up, its own": lambda e: e.WarmupShift("alpha", None, 3, 0.9),
}


class Loop:
    """A trainer that only has an optimizer."""

    def __init__(self, optimizer: Any) -> None:
        self.updater, self.optimizer = self, optimizer

    def get_optimizer(self, name: str) -> Any:
        return self.optimizer


@pytest.mark.parametrize("name", [*SHIFTS])
def test_values_of_shifts(name: str) -> None:
    def script(engine: Any) -> Any:
        loop = Loop(engine.optimizers.Adam(alpha=0.25))
        first, second = (SHIFTS[name](engine.training.extensions) for _ in range(2))
        first.initialize(loop)
        values = [float(loop.optimizer.alpha)]
        saved = engine.serializers.DictionarySerializer()
        for _ in range(9):
            first(loop)
            values.append(float(loop.optimizer.alpha))
        first.serialize(saved)
        second.serialize(engine.serializers.NpzDeserializer(saved.target))
        second(loop) if name.startswith(("warm", "linear")) else None
        return values, sorted(saved.target), second._t, float(loop.optimizer.alpha)

    assert_same(run(script, playground), run(script, chainer))


@same
def test_shifts_that_are_refused(engine: Any) -> Any:
    kinds = engine.training.extensions
    return (
        raised(lambda: kinds.ExponentialShift("alpha", -1)),
        raised(lambda: kinds.InverseShift("alpha", -1, 1)),
    )


# ------------------------------------------------------------------------------------- the loop


def test_the_order_of_calls(tmp_path: Path) -> None:
    def script(engine: Any, out: Path) -> Any:
        trainer, _, _ = trainer_of(engine, out, (2, "iteration"))
        training, calls = engine.training, []

        class Mine(training.Extension):
            def __init__(self, label: str) -> None:
                self.label = label

            def note(self, *what: Any) -> None:
                calls.append((self.label, self.name, *what))

            def __call__(self, trainer: Any) -> None:
                self.note(trainer.updater.iteration, sorted(trainer.observation))

            def initialize(self, trainer: Any) -> None:
                self.note("initialize", trainer.is_before_training)

            def finalize(self) -> None:
                self.note("finalize")

        class Writes(Mine):
            priority = training.PRIORITY_WRITER
            trigger = 2, "iteration"

        @training.make_extension(default_name="decorated", priority=training.PRIORITY_EDITOR)
        def decorated(trainer: Any) -> None:
            calls.append(("decorated", trainer.updater.iteration))

        def plain(trainer: Any) -> None:
            calls.append(("plain", trainer.updater.iteration))

        trainer.extend(Mine("a"), call_before_training=True)
        trainer.extend(plain, priority=1000, trigger=(2, "iteration"))
        trainer.extend(plain, name="again")
        trainer.extend(Mine("b"), priority=150)
        trainer.extend(Writes("c"))
        trainer.extend(decorated)
        trainer.extend(lambda trainer: calls.append("lambda"))
        names = trainer.get_extension("Mine_1").label, plain.name, decorated.name
        absent = raised(lambda: trainer.get_extension("absent"))
        early = raised(lambda: trainer.elapsed_time)
        trainer.run()
        again = raised(trainer.run)
        refused = (
            raised(lambda: trainer.extend(plain, name="training")),
            raised(lambda: trainer.extend(object())),
            raised(lambda: trainer.extend(plain, invoke_before_training=True)),
            raised(lambda: trainer.extend(plain, other=True)),
            raised(lambda: training.make_extension(invoke_before_training=True)),
            raised(lambda: training.Extension()(trainer)),
            raised(lambda: training.Extension().invoke_before_training),
        )
        return calls, names, absent, early, again, refused, plain.name

    both(tmp_path, script)


@pytest.mark.parametrize("show", [True, False])
def test_an_error_in_the_loop(tmp_path: Path, show: bool, capsys: Any) -> None:
    def script(engine: Any, out: Path) -> Any:
        trainer, net, _ = trainer_of(engine, out)
        calls: list[Any] = []
        kinds = engine.training.extensions

        class Mine(engine.training.Extension):
            def __call__(self, trainer: Any) -> None:
                if trainer.updater.iteration == 5:
                    raise ArithmeticError("the fifth")

            def on_error(self, trainer: Any, error: Exception, traceback: Any) -> None:
                calls.append(("on_error", type(error), traceback is not None))

            def finalize(self) -> None:
                calls.append("finalize")

        trainer.extend(Mine())
        trainer.extend(kinds.LogReport(trigger=(2, "iteration")))
        trainer.extend(kinds.snapshot(filename="on_error", snapshot_on_error=True))
        with pytest.raises(ArithmeticError, match="the fifth"):
            trainer.run(show_loop_exception_msg=show)
        os.remove(out / "on_error")
        return calls, log_in(out), trainer.updater.iteration, net.w.array

    both(tmp_path, script)
    assert ("the fifth" in capsys.readouterr().err) == show


def test_ctrl_c_keeps_the_log(tmp_path: Path) -> None:
    def script(engine: Any, out: Path) -> Any:
        trainer, _, _ = trainer_of(engine, out)
        calls: list[str] = []

        @engine.training.make_extension(
            on_error=lambda *args: calls.append("on_error"),
            finalizer=lambda: calls.append("finalize"),
        )
        def interrupt(trainer: Any) -> None:
            if trainer.updater.iteration == 6:
                raise KeyboardInterrupt

        trainer.extend(interrupt)
        trainer.extend(engine.training.extensions.LogReport(trigger=(2, "iteration")))
        with pytest.raises(KeyboardInterrupt):
            trainer.run()
        return calls, log_in(out)

    both(tmp_path, script)


def test_an_evaluator_by_itself(tmp_path: Path) -> None:
    def script(engine: Any, out: Path) -> Any:
        _, net, held_out = trainer_of(engine, out)
        modes: list[Any] = []

        def evaluate(x: Any, y: Any) -> None:
            modes.append((engine.config.train, engine.config.enable_backprop, len(x)))
            net(x, y)

        kinds = engine.training.extensions
        hooked = kinds.Evaluator(held_out, {"main": net}, eval_hook=lambda e: modes.append("hook"))
        plain = kinds.Evaluator({"main": held_out}, net, eval_func=evaluate, device=-1)
        plain.name = "mine"
        seen: dict[str, Any] = {}
        with engine.Reporter().scope(seen):
            results = hooked(), plain()
        return results, seen, modes, plain.default_name, plain.trigger, plain.priority

    both(tmp_path, script)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_updaters_with_all_their_arguments(tmp_path: Path, dtype: str) -> None:
    def script(engine: Any, out: Path) -> Any:
        data = [{"x": np.full(2, i, dtype), "n": i} for i in range(7)]
        link = engine.Link()
        link.add_param("w", (2,), dtype, initializer=1.0)
        seen: list[Any] = []

        def loss(x: Any, n: Any) -> Any:
            seen.append((x.dtype.str, n.tolist()))
            return engine.functions.sum((link.w * x) * (link.w * x))

        def old_style(batch: Any, device: Any) -> Any:
            seen.append(device)
            return engine.dataset.concat_examples(batch, device)

        iterator = engine.iterators.SerialIterator(data, 3, shuffle=False)
        optimizer = engine.optimizers.SGD(0.001).setup(link)
        updater = engine.training.updaters.StandardUpdater(
            {"main": iterator},
            {"main": optimizer},
            old_style,
            device="@numpy",
            loss_func=loss,
            loss_scale=4.0,
        )
        for _ in range(3):
            updater.update()
        twice = raised(lambda: optimizer.new_epoch())
        return seen, link.w.array, optimizer.epoch, updater.iteration, updater.is_new_epoch, twice

    both(tmp_path, script)


def test_a_batch_in_shares(tmp_path: Path) -> None:
    def script(engine: Any, out: Path) -> Any:
        rng = np.random.RandomState(2)
        x, y = rng.rand(8, 4).astype("f4"), rng.rand(8, 3).astype("f4")
        pairs = engine.datasets.TupleDataset(x, y)
        net = model(engine)
        optimizer = engine.optimizers.MomentumSGD(0.01).setup(net)
        iterator = engine.iterators.SerialIterator(pairs, 4, shuffle=False)
        updater = engine.training.updaters.ParallelUpdater(
            iterator, optimizer, devices={"main": -1, "second": -1}
        )
        trainer = engine.training.Trainer(updater, (3, "epoch"), out=str(out))
        trainer.extend(engine.training.extensions.LogReport())
        trainer.run()
        kind = engine.training.updaters.ParallelUpdater
        refused = (
            raised(lambda: kind(iterator, optimizer)),
            raised(lambda: kind(iterator, optimizer, devices={"other": -1})),
        )
        return log_in(out), net.w.array, optimizer.epoch, refused

    both(tmp_path, script)


@same
def test_signatures(engine: Any) -> Any:
    """What each takes, by name and in this order."""
    import inspect

    kinds, found = engine.training.extensions, {}
    for name in ("LogReport", "PrintReport", "PlotReport", "ProgressBar", "snapshot", "Evaluator"):
        names = [*inspect.signature(getattr(kinds, name)).parameters]
        found[name] = [n for n in names if n not in ("kwargs", "progress_bar")]
    return found


def test_two_optimizers_and_parts_of_a_users_own(tmp_path: Path) -> None:
    """As in scripts of adversarial nets, and of recurrent ones with iterators of their own."""

    def script(engine: Any, out: Path) -> Any:
        class Windows(engine.dataset.Iterator):
            def __init__(self, size: int) -> None:
                self.size, self.epoch, self.is_new_epoch, self.at = size, 0, False, 0
                self.previous_epoch_detail = -1.0

            def __next__(self) -> Any:
                self.previous_epoch_detail = self.epoch_detail
                batch = [np.float32(self.at + i) for i in range(3)]
                self.at += 3
                self.is_new_epoch = self.at // self.size > self.epoch
                self.epoch = self.at // self.size
                return batch

            @property
            def epoch_detail(self) -> float:
                return self.at / self.size

            def serialize(self, serializer: Any) -> None:
                self.at = serializer("at", self.at)
                self.epoch = serializer("epoch", self.epoch)

        class Turns(engine.training.StandardUpdater):
            def update_core(self) -> None:
                one, two = self.get_optimizer("main"), self.get_optimizer("second")
                x = self.converter(self.get_iterator("main").next(), self.device)
                noise = np.float32(np.random.rand())
                loss = engine.functions.sum((one.target.w * x - two.target.w) * noise)
                engine.report({"loss": loss}, one.target)
                engine.report({"noise": noise}, two.target)
                for optimizer, sign in ((one, 1), (two, -1)):
                    optimizer.target.cleargrads()
                    (loss * sign).backward()
                    optimizer.update()
                if self.is_new_epoch:
                    one.new_epoch(auto=True)

        class Mine(engine.training.extensions.Evaluator):
            default_name = "mine"

            def evaluate(self) -> Any:
                summary = engine.DictSummary()
                for x in (1.0, 3.0):
                    seen: dict[str, Any] = {}
                    with engine.report_scope(seen):
                        engine.report({"x": x * 2}, self.get_target("main"))
                    summary.add(seen)
                return summary.compute_mean()

        links = [engine.Link(w=(3,)), engine.Link(w=(3,))]
        for link in links:
            link.w.array[...] = 0.5
        optimizers = {
            "main": engine.optimizers.SGD(0.01).setup(links[0]),
            "second": engine.optimizers.MomentumSGD(0.02).setup(links[1]),
        }
        np.random.seed(3)
        updater = Turns({"main": Windows(6)}, optimizers)
        trainer = engine.training.Trainer(updater, (4, "epoch"), out=str(out))
        trainer.extend(Mine({}, links[0]))
        trainer.extend(engine.training.extensions.observe_lr("second", "rate"))
        trainer.extend(engine.training.extensions.LogReport())
        trainer.extend(engine.training.extensions.snapshot(filename="s"), trigger=(4, "epoch"))
        trainer.run()
        with np.load(out / "s") as file:
            names = sorted(file.files)
        return log_in(out), [link.w.array for link in links], names

    both(tmp_path, script)
