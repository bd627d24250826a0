"""Training loops, by what they are defined to do; tests/differential has them beside Chainer."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import playground
from playground import Variable, computational_graph, iterators, training
from playground import functions as F
from playground.graph.errors import DeviceError
from playground.training import extensions, triggers
from playground.training.extensions.variable_statistics_plot import Reservoir


class Line(playground.Chain):
    """y = a x + b, by least squares."""

    def __init__(self) -> None:
        super().__init__()
        with self.init_scope():
            self.a = playground.Parameter(np.zeros((), "f8"))
            self.b = playground.Parameter(np.zeros((), "f8"))

    def forward(self, x: Any, y: Any) -> Any:
        loss = F.mean((self.a * x + self.b - y) ** 2)
        playground.report({"loss": loss}, self)
        return loss


def line_trainer(out: Path, stop: Any = (2, "epoch"), size: int = 2) -> tuple[Any, Line]:
    x = np.arange(8.0)
    link = Line()
    optimizer = playground.optimizers.SGD(0.02).setup(link)
    iterator = iterators.SerialIterator([*zip(x, 3 * x + 1, strict=True)], size, shuffle=False)
    updater = training.StandardUpdater(iterator, optimizer)
    return training.Trainer(updater, stop, out=str(out)), link


def test_a_line_is_found(tmp_path: Path) -> None:
    trainer, link = line_trainer(tmp_path, (400, "epoch"), 8)
    trainer.extend(extensions.LogReport(trigger=(100, "epoch")))
    trainer.run()
    assert link.a.item() == pytest.approx(3, abs=1e-2)
    assert link.b.item() == pytest.approx(1, abs=1e-2)
    log = json.loads((tmp_path / "log").read_text())
    assert [entry["epoch"] for entry in log] == [100, 200, 300, 400]
    losses = [entry["main/loss"] for entry in log]
    assert losses == sorted(losses, reverse=True)
    assert trainer.updater.get_optimizer("main").epoch == 400
    assert trainer.elapsed_time >= log[-1]["elapsed_time"] > 0


def test_the_log_holds_the_means(tmp_path: Path) -> None:
    trainer, _ = line_trainer(tmp_path)
    seen: list[float] = []
    trainer.extend(lambda t: seen.append(float(t.observation["main/loss"].array)), priority=500)
    trainer.extend(extensions.LogReport(postprocess=lambda entry: entry.update(mine=5)))
    trainer.run()
    log = json.loads((tmp_path / "log").read_text())
    assert [entry["main/loss"] for entry in log] == pytest.approx(
        [np.mean(seen[:4]), np.mean(seen[4:])]
    )
    assert [(entry["iteration"], entry["mine"]) for entry in log] == [(4, 5), (8, 5)]
    assert [*map(str, tmp_path.iterdir())] == [str(tmp_path / "log")]


def test_the_table_that_is_printed(tmp_path: Path) -> None:
    trainer, _ = line_trainer(tmp_path)
    out = io.StringIO()
    trainer.extend(extensions.LogReport())
    trainer.extend(extensions.PrintReport(["epoch", "a value that is long", "x"], out=out))
    trainer.extend(lambda t: t.observation.update({"a value that is long": 0.25}), "w", None, 500)
    trainer.run()
    assert out.getvalue() == (
        "epoch       a value that is long  x         \n"
        "\033[J1           0.25                              \n"
        "\033[J2           0.25                              \n"
    )
    with pytest.raises(TypeError, match="got int"):
        extensions.PrintReport([], log_report=3)(trainer)  # type: ignore[arg-type]


def test_printing_goes_where_standard_output_is_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer, _ = line_trainer(tmp_path)
    trainer.extend(extensions.PrintReport(["epoch", "main/loss"], extensions.LogReport()))
    trainer.extend(extensions.ProgressBar(update_interval=4))
    trainer.run()
    lines = capsys.readouterr().out
    assert lines.startswith("epoch       main/loss \n")
    assert "this epoch [....." in lines
    assert f"     total [{'#' * 25}{'.' * 25}] 50.00%\n" in lines
    assert "         4 iter, 1 epoch / 2 epochs\n" in lines


def test_a_progress_bar_of_a_length_nobody_tells(tmp_path: Path) -> None:
    trainer, _ = line_trainer(tmp_path, lambda trainer: trainer.updater.iteration == 3)
    trainer.extend(extensions.ProgressBar(update_interval=1, out=io.StringIO()))
    with pytest.raises(AttributeError, match="pass training_length"):
        trainer.run(show_loop_exception_msg=False)
    out = io.StringIO()
    bar = extensions.ProgressBar((6, "iteration"), 1, bar_length=6, out=out)
    trainer, _ = line_trainer(tmp_path, lambda trainer: trainer.updater.iteration == 3)
    trainer.extend(bar)
    trainer.run()
    assert "total [###...] 50.00%" in out.getvalue()


def test_a_text_in_the_log_is_printed(tmp_path: Path) -> None:
    trainer, _ = line_trainer(tmp_path, (1, "epoch"))
    out = io.StringIO()
    trainer.extend(extensions.LogReport(postprocess=lambda entry: entry.update(when="today")))
    trainer.extend(extensions.PrintReport(["when", "epoch"], out=out))
    trainer.run()
    assert out.getvalue().endswith("\033[Jtoday       1           \n")


def test_an_optimizer_that_was_not_set_up(tmp_path: Path) -> None:
    updater = training.StandardUpdater(
        iterators.SerialIterator([1], 1), playground.optimizers.SGD(), auto_new_epoch=False
    )
    with pytest.raises(AttributeError, match=r"'main' has no target: call optimizer\.setup"):
        training.Trainer(updater)


def test_slips_are_told_of(tmp_path: Path) -> None:
    for trigger in ("epoch", (1,), (1, "epoch", 2), 3):
        with pytest.raises(TypeError, match=r"such as \(1, 'epoch'\)"):
            line_trainer(tmp_path, trigger)
    with pytest.raises(ValueError, match="a period of 0 epochs"):
        training.get_trigger((0, "epoch"))
    each = (1, "iteration")
    for extension, words in (
        (extensions.LogReport(filename="{absent}", trigger=each), "main/loss"),
        (extensions.snapshot(filename="s_{iteration}"), "{.updater.iteration}"),
        (extensions.observe_lr("second"), "no optimizer 'second', only main"),
    ):
        trainer, _ = line_trainer(tmp_path)
        trainer.extend(extension, trigger=each)
        with pytest.raises(KeyError, match=words.replace("{", r"\{")):
            trainer.run(show_loop_exception_msg=False)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    trainer, _ = line_trainer(tmp_path / "file")
    with pytest.raises(FileExistsError):
        trainer.run()
    trainer, _ = line_trainer(tmp_path / "folder")
    trainer.extend(extensions.LogReport(filename="absent/log"))
    with pytest.raises(FileNotFoundError, match="absent/"):
        trainer.run(show_loop_exception_msg=False)


def test_an_evaluation_in_test_mode(tmp_path: Path) -> None:
    trainer, link = line_trainer(tmp_path, (1, "epoch"))
    seen = []

    def evaluate(x: Any, y: Any) -> None:
        seen.append((playground.config.train, playground.config.enable_backprop))
        link(x, y)

    held_out = iterators.SerialIterator([(1.0, 4.0), (2.0, 8.0)], 1, repeat=False, shuffle=False)
    trainer.extend(extensions.Evaluator(held_out, link, eval_func=evaluate, progress_bar=True))
    trainer.run()
    errors = [link.a.item() * x + link.b.item() - y for x, y in ((1, 4), (2, 8))]
    assert trainer.observation["validation/main/loss"] == pytest.approx(np.mean(np.square(errors)))
    assert seen == [(False, False)] * 2
    with pytest.warns(UserWarning, match="repeat=False"):
        extensions.Evaluator(iterators.SerialIterator([1], 1), link)
    plain: Any = iter([])
    evaluator = extensions.Evaluator({"main": plain}, link, progress_bar=True)
    with (
        pytest.warns(DeprecationWarning, match="no method reset"),
        pytest.raises(TypeError, match="current_position"),
    ):
        evaluator()


def test_a_learning_rate_that_shifts_goes_on_after_autoload(tmp_path: Path) -> None:
    """In Chainer it begins anew until it is shifted next."""
    rates = []
    for stop in (3, 5):
        trainer, _ = line_trainer(tmp_path, (stop, "epoch"))
        trainer.extend(extensions.ExponentialShift("lr", 0.5), trigger=(1, "epoch"))
        trainer.extend(extensions.snapshot(autoload=True))
        note = lambda t: rates.append(t.updater.get_optimizer("main").lr)  # noqa: E731
        trainer.extend(note, name="note", priority=1000)
        trainer.run()
    expected = [0.02 * 0.5 ** ((i - 1) // 4) for i in range(1, 21)]
    assert rates == pytest.approx(expected)


def test_a_run_that_stops_goes_on_with_its_log(tmp_path: Path) -> None:
    whole, link = line_trainer(tmp_path / "whole", (6, "epoch"))
    whole.extend(extensions.LogReport())
    whole.run()
    for stop in (2, 6):
        trainer, again = line_trainer(tmp_path / "parts", (stop, "epoch"))
        trainer.extend(extensions.LogReport())
        trainer.extend(extensions.snapshot(autoload=True))
        trainer.run()
    assert (again.a.array, again.b.array) == (link.a.array, link.b.array)
    logs = [json.loads((tmp_path / name / "log").read_text()) for name in ("whole", "parts")]
    for entry in (*logs[0], *logs[1]):
        del entry["elapsed_time"]
    assert logs[0] == logs[1]


def test_sums_that_are_no_whole_numbers_are_saved(tmp_path: Path) -> None:
    for stop in (3, 8):
        trainer, _ = line_trainer(tmp_path, (stop, "iteration"))
        trainer.extend(lambda t: t.observation.update(n=0.5, w=(2.0, 0.25)), "w", None, 500)
        trainer.extend(extensions.MicroAverage("n", "n", "one", (8, "iteration")))
        trainer.extend(extensions.LogReport(["w", "one"], trigger=(8, "iteration")))
        trainer.extend(extensions.snapshot(autoload=True), trigger=(3, "iteration"))
        trainer.run()
    (entry,) = json.loads((tmp_path / "log").read_text())
    assert (entry["w"], entry["one"]) == (2.0, 1.0)


def test_a_snapshot_that_cannot_be_written_leaves_none(tmp_path: Path) -> None:
    def fail(path: str, target: Any) -> None:
        Path(path).write_text("half of it")
        raise OSError("the disk is full")

    trainer, _ = line_trainer(tmp_path)
    trainer.extend(extensions.snapshot(fail))
    with pytest.raises(OSError, match="full"):
        trainer.run(show_loop_exception_msg=False)
    assert os.listdir(tmp_path) == []
    with pytest.raises(TypeError, match="not both"):
        extensions.snapshot(fail, writer=extensions.snapshot_writers.SimpleWriter())
    with pytest.raises(TypeError, match="unknown"):
        extensions.snapshot(unknown=3)
    with pytest.warns(DeprecationWarning, match="n_retains"):
        extensions.snapshot_object(None, "name", num_retain=3)


def test_a_training_that_diverges_ends(tmp_path: Path) -> None:
    trainer, link = line_trainer(tmp_path)
    trainer.extend(lambda t: link.a.array.fill(math.nan), name="break", priority=500)
    trainer.extend(extensions.FailOnNonNumber())
    with pytest.raises(RuntimeError, match=r"/a of the optimizer 'main' .* iteration 1"):
        trainer.run(show_loop_exception_msg=False)


def test_statistics_of_parameters(tmp_path: Path) -> None:
    trainer, link = line_trainer(tmp_path, (1, "iteration"))
    statistics = extensions.ParameterStatistics(
        link, {"twice": lambda x: x.sum() * 2}, trigger=(1, "iteration"), prefix="line"
    )
    statistics.register_statistics("pair", lambda x: np.array([1.0, 2.0]))
    trainer.extend(statistics)
    trainer.run()
    found = {k: float(v) for k, v in trainer.observation.items() if k.startswith("line")}
    assert found["line/None/a/data/twice"] == 2 * link.a.item()
    assert found["line/None/b/grad/pair/1"] == 2.0
    assert len(found) == 12
    with pytest.raises(AttributeError, match="report_grads=False"):
        extensions.ParameterStatistics(Line())(trainer)


def test_pictures(tmp_path: Path) -> None:
    trainer, link = line_trainer(tmp_path)
    drawn = []
    note = lambda figure, axes, summary: drawn.append(axes.lines[0].get_xydata().tolist())  # noqa: E731
    trainer.extend(extensions.PlotReport("main/loss", "epoch", postprocess=note))
    trainer.extend(extensions.PlotReport("absent", file_name="nothing.png"))
    for name, kwargs in {
        "all.png": {},
        "mean.png": {"plot_std": False, "percentile_sigmas": ()},
        "two.png": {"plot_mean": False, "percentile_sigmas": (25, 75), "report_grad": False},
        "one.svg": {"plot_mean": False, "plot_std": False, "percentile_sigmas": 50},
    }.items():
        plot: Any = extensions.VariableStatisticsPlot(
            [link, link.a], trigger=(2, "epoch"), filename=name, **kwargs
        )
        trainer.extend(plot)
    trainer.extend(extensions.LogReport(log_name=None))
    trainer.run()
    (first,), second = drawn
    assert (first, [x for x, _ in second]) == (second[0], [1.0, 2.0])
    names = {"all.png", "mean.png", "one.svg", "plot.png", "two.png"}
    assert {*os.listdir(tmp_path)} == names
    with pytest.raises(KeyError, match="the x_key"):
        extensions.PlotReport("main/loss", "absent", (1, "iteration"))(trainer)
    with pytest.raises(ValueError, match="at least one Variable"):
        extensions.VariableStatisticsPlot([])
    with pytest.raises(TypeError, match="other"):
        extensions.PlotReport("x", other=3)


def test_nothing_is_drawn_without_matplotlib(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    trainer, _ = line_trainer(tmp_path)
    with pytest.warns(UserWarning, match="matplotlib is not installed"):
        plot = extensions.PlotReport("main/loss")
    trainer.extend(plot)
    with pytest.warns(UserWarning, match="matplotlib is not installed"):
        trainer.run()
    assert os.listdir(tmp_path) == []


def test_a_reservoir_keeps_each_with_the_same_chance() -> None:
    np.random.seed(0)
    counts = np.zeros(10)
    for _ in range(2000):
        reservoir = Reservoir(3, ())
        for i in range(10):
            reservoir.add(np.asarray(i), i)
        idxs, data = reservoir.get_data()
        assert (idxs == data).all()
        counts[idxs] += 1
    np.testing.assert_allclose(counts / 2000, 0.3, atol=0.04)


def test_early_stopping(tmp_path: Path) -> None:
    trigger = triggers.EarlyStoppingTrigger((1, "iteration"), patience=3)
    trainer, link = line_trainer(tmp_path, trigger)
    trainer.extend(lambda t: link.cleargrads(), name="still")
    trainer.updater.get_optimizer("main").lr = 0.0  # no step: the third epoch is no better
    trainer.run()
    # The losses of the batches rise from the first on.
    assert trainer.updater.iteration == 4


def test_when_a_value_was_not_reported(tmp_path: Path) -> None:
    trainer, _ = line_trainer(tmp_path)
    trainer.extend(lambda t: None, trigger=triggers.MaxValueTrigger("absent"), name="best")
    with pytest.raises(KeyError, match=r"'absent' was not reported .* main/loss"):
        trainer.run(show_loop_exception_msg=False)
    stop = triggers.EarlyStoppingTrigger((1, "iteration"), "absent", max_trigger=(2, "iteration"))
    trainer, _ = line_trainer(tmp_path, stop)
    with pytest.warns(UserWarning, match="main/loss"):
        trainer.run()


def test_the_error_of_the_loop_is_told_and_raised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer, _ = line_trainer(tmp_path)

    @training.make_extension(on_error=lambda *args: 1 / 0)
    def broken(trainer: Any) -> None:
        raise LookupError("mine")

    trainer.extend(broken)
    with pytest.raises(LookupError, match="mine"):
        trainer.run()
    told = capsys.readouterr().err
    assert "iteration 1 with LookupError: mine" in told
    assert "on_error ended with ZeroDivisionError" in told


def test_updaters_that_are_refused() -> None:
    with pytest.raises(DeviceError, match="StandardUpdater"):
        training.updaters.MultiprocessParallelUpdater()
    assert not training.updaters.MultiprocessParallelUpdater.available()
    for call in ("finalize", "get_all_optimizers", "update"):
        with pytest.raises(NotImplementedError, match=f"define {call}"):
            getattr(training.Updater(), call)()


def test_the_graph_of_a_loss() -> None:
    x = Variable(np.ones(2), name="x")
    y = x * x + x
    dot = computational_graph.build_computational_graph([y]).dump()
    assert dot.startswith("digraph graphname{rankdir=TB;")
    assert dot.count("->") == 5  # x to both, the product's two, the sum's one; x * x counts once
    assert 'label="x: (2), float64"' in dot
    functions = computational_graph.build_computational_graph(
        y, remove_variable=True, rankdir="LR", function_style=None, show_name=False
    )
    assert functions.dump().count("->") == 1
    assert "rankdir=LR" in functions.dump()
    assert "x:" not in functions.dump()
    with pytest.raises(ValueError, match="LR or RL"):
        computational_graph.build_computational_graph(y, rankdir="up")
    with pytest.raises(TypeError, match="expected Variables"):
        computational_graph.build_computational_graph([3])
    with pytest.raises(NotImplementedError, match="'dot'"):
        functions.dump("png")


def test_a_graph_that_is_not_there(tmp_path: Path) -> None:
    for name, kind in {"absent": KeyError, "five": TypeError}.items():
        trainer, _ = line_trainer(tmp_path)
        trainer.extend(extensions.dump_graph(name, out_name="g.dot"))
        trainer.extend(lambda t: t.observation.update(five=5), name="w", priority=500)
        with pytest.raises(kind, match=name):
            trainer.run(show_loop_exception_msg=False)
        assert not playground.config.keep_graph_on_report


def test_the_names_are_loaded_when_asked_for() -> None:
    assert "playground.training" in sys.modules
    with pytest.raises(AttributeError, match="did you mean 'LogReport'"):
        extensions.LogRport
