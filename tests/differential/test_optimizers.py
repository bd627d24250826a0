"""Optimizers and links: Chainer 7.8.1 and playground run the same scripts, bit for bit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, raised, run, same

STEPS = 101
DTYPES = ["f2", "f4", "f8"]


def model(engine: Any, dtype: str = "f4") -> Any:
    """A link of two parameters whose loss is a bumpy quadratic with curvatures far apart."""
    rng = np.random.default_rng(3)

    class Model(engine.Link):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.w = engine.Parameter(rng.uniform(-1, 1, (2, 3)).astype(dtype))
                self.b = engine.Parameter(rng.uniform(-1, 1, 3).astype(dtype))
            self.scale = np.array([0.01, 1, 30], dtype)

        def forward(self, x: Any) -> Any:
            F = engine.functions
            y = (F.matmul(x, self.w) + F.broadcast_to(self.b, (4, 3))) * self.scale
            return F.sum(y * y) / 8 + F.sum(F.sin(y))

    return Model()


def points(dtype: str) -> np.ndarray:
    return np.random.default_rng(4).uniform(-1, 1, (4, 2)).astype(dtype)


def course(make: Callable[[Any], Any], dtype: str, steps: int = STEPS) -> Callable[[Any], Any]:
    """The parameters after every fiftieth of many updates, and the rule's memory at the end."""

    def script(engine: Any) -> Any:
        link, x = model(engine, dtype), points(dtype)
        optimizer = make(engine).setup(link)
        seen = []
        for i in range(steps):
            optimizer.update(link, x)
            if i < 2 or i % 50 == 0:
                seen.append([param.array.copy() for param in link.params()])
        return seen, [param.update_rule.state for param in link.params()], optimizer.t

    return script


MAKERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda e: e.optimizers.SGD(lr=1e-4),
    "momentum": lambda e: e.optimizers.MomentumSGD(lr=1e-4, momentum=0.8),
    "adam": lambda e: e.optimizers.Adam(),
    "adam of the study": lambda e: e.optimizers.Adam(alpha=1e-3, eps=1e-7),
    "adam betas": lambda e: e.optimizers.Adam(0.01, 0.8, 0.9, 1e-3),
    "adam eta": lambda e: e.optimizers.Adam(eta=0.3),
    "adam all": lambda e: e.optimizers.Adam(
        eta=0.7, weight_decay_rate=0.02, amsgrad=True, adabound=True, final_lr=0.02, gamma=0.05
    ),
    "adamw": lambda e: e.optimizers.AdamW(weight_decay_rate=0.05),
    "amsgrad": lambda e: e.optimizers.AMSGrad(alpha=0.03, beta2=0.5),
    "adabound": lambda e: e.optimizers.AdaBound(final_lr=3e-3, gamma=0.1),
    "adagrad": lambda e: e.optimizers.AdaGrad(lr=0.02),
    "adadelta": lambda e: e.optimizers.AdaDelta(),
    "adadelta rho": lambda e: e.optimizers.AdaDelta(rho=0.7, eps=1e-4),
    "rmsprop": lambda e: e.optimizers.RMSprop(lr=1e-3, eps=1e-3),
    "rmsprop inside": lambda e: e.optimizers.RMSprop(1e-3, 0.9, 1e-3, eps_inside_sqrt=True),
    "rmsprop eps": lambda e: e.optimizers.RMSprop(eps=0),
    "graves": lambda e: e.optimizers.RMSpropGraves(),
    "graves all": lambda e: e.optimizers.RMSpropGraves(1e-3, 0.9, 0.8, 1e-2),
    "smorms3": lambda e: e.optimizers.SMORMS3(eps=1e-3),
    "corrected momentum": lambda e: e.optimizers.CorrectedMomentumSGD(lr=1e-4, momentum=0.8),
    "nesterov": lambda e: e.optimizers.NesterovAG(lr=1e-4),
    "msvag": lambda e: e.optimizers.MSVAG(lr=1e-3),
    "msvag all": lambda e: e.optimizers.MSVAG(1e-3, 0.8, 0.7, weight_decay_rate=0.02),
    "amsbound": lambda e: e.optimizers.AMSBound(final_lr=3e-3, gamma=0.1),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MAKERS)
def test_many_updates_are_equal(name: str, dtype: str) -> None:
    script = course(MAKERS[name], dtype)
    theirs = run(script, chainer)
    assert_same(run(script, playground), theirs)
    first, last = theirs[0][0], theirs[0][-1]
    # In half precision the mean of squares underflows, in both engines.
    assert dtype == "f2" or all(
        np.isfinite(a).all() and (a != b).any() for a, b in zip(last, first, strict=True)
    )


def hook_makers() -> dict[str, Callable[[Any], list[Any]]]:
    def noise(xp: Any, shape: Any, dtype: Any, hook: Any, opt: Any) -> Any:
        return np.full(shape, hook.eta * (1 + opt.t), dtype)

    return {
        "weight decay": lambda h: [h.WeightDecay(0.01)],
        "lasso": lambda h: [h.Lasso(0.003)],
        "clipping": lambda h: [h.GradientClipping(0.5)],
        "clipping that is seldom needed": lambda h: [h.GradientClipping(20.0)],
        "hard clipping": lambda h: [h.GradientHardClipping(-0.1, 0.2)],
        "noise": lambda h: [h.GradientNoise(0.3)],
        "own noise": lambda h: [h.GradientNoise(0.01, noise)],
        "lars": lambda h: [h.GradientLARS()],
        "lars all": lambda h: [h.GradientLARS(0.9, 0.01, 1e-3)],
        "several": lambda h: [h.WeightDecay(0.1), h.GradientClipping(1.0), h.Lasso(0.01)],
    }


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", hook_makers())
def test_hooks_change_the_gradients_alike(name: str, dtype: str) -> None:
    def script(engine: Any) -> Any:
        np.random.seed(1)
        optimizer = engine.optimizers.MomentumSGD(lr=1e-3)
        link, x = model(engine, dtype), points(dtype)
        optimizer.setup(link)
        for hook in hook_makers()[name](engine.optimizer_hooks):
            optimizer.add_hook(hook)
        seen = []
        for i in range(60):
            optimizer.update(link, x)
            if i % 20 == 0:
                seen.append([(p.array.copy(), p.grad.copy()) for p in link.params()])
        return seen

    assert_same(run(script, playground), run(script, chainer))


@same
def test_hooks_of_one_rule_and_their_names(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.SGD(lr=1e-3).setup(link)
    link.w.update_rule.add_hook(engine.optimizer.WeightDecay(0.5))
    optimizer.add_hook(engine.optimizer.GradientClipping(1.0), "first")
    optimizer.add_hook(engine.optimizer.GradientClipping(2.0))
    twice = raised(lambda: optimizer.add_hook(engine.optimizer_hooks.GradientClipping(3.0)))
    optimizer.update(link, x)
    optimizer.remove_hook("first")
    optimizer.update(link, x)
    return twice, link.w.array, link.b.array, link.w.grad


@same
def test_weight_decay_knows_the_loss_scale(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.SGD(lr=1e-3).setup(link)
    optimizer.add_hook(engine.optimizer_hooks.WeightDecay(0.5))
    optimizer.set_loss_scale(64.0)
    for _ in range(3):
        optimizer.update(link, x)
    return link.w.array, link.b.array


@pytest.mark.parametrize("name", ["AdaGrad", "MSVAG", "NesterovAG", "RMSpropGraves", "SMORMS3"])
def test_hyperparameters_of_the_rest(name: str) -> None:
    def script(engine: Any) -> Any:
        optimizer = getattr(engine.optimizers, name)(lr=0.5)
        link, x = model(engine), points("f4")
        optimizer.setup(link)
        optimizer.lr *= 0.01
        link.w.update_rule.hyperparam.lr = 1e-4
        for _ in range(3):
            optimizer.update(link, x)
        values = optimizer.hyperparam.get_dict(), link.w.update_rule.hyperparam.get_dict()
        rule = type(optimizer.create_update_rule()).__name__
        return values, rule, link.w.array, link.b.array

    assert_same(run(script, playground), run(script, chainer))


@pytest.mark.parametrize("name", ["adam", "adabound"])
def test_the_learning_rate_and_the_bounds_as_they_go(name: str) -> None:
    def script(engine: Any) -> Any:
        link, x = model(engine), points("f4")
        optimizer = MAKERS[name](engine).setup(link)
        seen = []
        for i in range(20):
            optimizer.update(link, x)
            optimizer.alpha *= 0.9  # as a schedule does
            rule = link.w.update_rule
            seen.append((optimizer.alpha_t, rule.alpha_t, optimizer.lr, rule.lr))
            seen.append(rule.bounds if i and name == "adabound" else ())
        return seen, [param.array for param in link.params()]

    assert_same(run(script, playground), run(script, chainer))


# ---------------------------------------------------------------------------- the two ways


@same
def test_gradients_by_hand_then_update(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.Adam(alpha=1e-3, eps=1e-7)
    optimizer.setup(link)
    for _ in range(50):
        link.cleargrads()
        link(x).backward()
        optimizer.update()
    return [param.array for param in link.params()], link.w.grad, optimizer.t


def test_both_ways_are_one() -> None:
    def by_hand(engine: Any) -> Any:
        link, x = model(engine), points("f4")
        optimizer = engine.optimizers.Adam().setup(link)
        for _ in range(20):
            link.cleargrads()
            link(x).backward()
            optimizer.update()
        return [param.array for param in link.params()]

    def by_loss(engine: Any) -> Any:
        link, x = model(engine), points("f4")
        optimizer = engine.optimizers.Adam().setup(link)
        for _ in range(20):
            optimizer.update(lambda scale, x: scale * link(x), 1, x=x)
        return [param.array for param in link.params()]

    assert_same(run(by_hand, playground), run(by_loss, playground))


@same
def test_the_loss_is_computed_before_the_gradients_are_cleared(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.SGD().setup(link)
    seen = []

    def loss(x: Any) -> Any:
        seen.append(None if link.w.grad is None else link.w.grad.copy())
        return link(x)

    for _ in range(3):
        optimizer.update(loss, x)
    return seen


@same
def test_the_array_is_updated_in_place(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    array = link.w.array
    found = []
    for name in ("SGD", "MomentumSGD", "Adam", "AMSBound"):
        getattr(engine.optimizers, name)().setup(link).update(link, x)
        found.append((link.w.array is array, array.copy()))
    engine.optimizers.AdamW(weight_decay_rate=0.5).setup(link).update(link, x)
    return found, link.w.array is array, array


@same
def test_a_parameter_that_the_loss_does_not_use(engine: Any) -> Any:
    link = model(engine)
    optimizer = engine.optimizers.Adam().setup(link)
    optimizer.update(lambda: engine.functions.sum(link.w * link.b))
    for _ in range(5):
        optimizer.update(lambda: engine.functions.sum(link.w * link.w))
    return link.b.array, link.b.grad, link.b.update_rule.state, link.b.update_rule.t


@same
def test_an_uninitialised_parameter(engine: Any) -> Any:
    link = engine.Link()
    with link.init_scope():
        link.later = engine.Parameter(0.5)
        link.now = engine.Parameter(np.ones(2, "f4"))
    optimizer = engine.optimizers.Adam().setup(link)
    before = raised(lambda: optimizer.update(lambda: engine.functions.sum(link.now)))
    link.later.initialize((2,))
    optimizer.update(lambda: engine.functions.sum(link.now * link.later))
    return before, link.later.array, link.now.array, link.later.update_rule.t


@same
def test_zerograds_instead_of_cleargrads(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.SGD().setup(link)
    optimizer.use_cleargrads(False)
    optimizer.update(link, x)
    return link.w.array, link.w.grad, link.b.grad


# --------------------------------------------------------------------------- hyperparameters


@same
def test_hyperparameters_are_looked_up_in_the_parent(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.Adam(alpha=0.1).setup(link)
    rule = link.b.update_rule
    rule.hyperparam.alpha = 0.5
    optimizer.beta1 = 0.7
    optimizer.update(link, x)
    values = rule.hyperparam.get_dict(), link.w.update_rule.hyperparam.get_dict()
    parent = rule.hyperparam.parent is optimizer.hyperparam
    return values, parent, repr(rule.hyperparam), link.b.array, link.w.array, optimizer.alpha


@same
def test_a_hyperparameter_that_nobody_has(engine: Any) -> Any:
    rule = engine.optimizers.Adam().setup(model(engine)).target.w.update_rule
    return raised(lambda: rule.hyperparam.momentum), raised(lambda: rule.bounds)


@same
def test_the_learning_rate_before_the_first_update(engine: Any) -> Any:
    optimizer = engine.optimizers.Adam().setup(model(engine))
    return raised(lambda: optimizer.alpha_t), raised(lambda: optimizer.lr)


def of_eps(eps: float, dtype: str) -> Callable[[Any], Any]:
    def script(engine: Any) -> Any:
        link = model(engine, dtype)
        optimizer = engine.optimizers.Adam(eps=eps).setup(link)
        return raised(lambda: optimizer.update(link, points(dtype))), link.w.array

    return script


@pytest.mark.parametrize(("eps", "dtype"), [(0.0, "f2"), (0.0, "f4"), (1e-38, "f4"), (1e-50, "f8")])
def test_a_small_eps(eps: float, dtype: str) -> None:
    assert_same(run(of_eps(eps, dtype), playground), run(of_eps(eps, dtype), chainer))


@pytest.mark.parametrize(("eps", "dtype"), [(1e-50, "f2"), (1e-50, "f4")])
def test_deviation_an_eps_that_vanishes_is_a_value_error(eps: float, dtype: str) -> None:
    """Chainer means to say so, and fails while putting the sentence together."""
    theirs, _ = run(of_eps(eps, dtype), chainer)
    ours, untouched = run(of_eps(eps, dtype), playground)
    assert isinstance(theirs.error, AttributeError)
    assert isinstance(ours.error, ValueError)
    assert "too small for float32" in str(ours.error)
    assert np.array_equal(untouched, model(playground, dtype).w.array)


# -------------------------------------------------------------------- rules, disabled and own


@same
def test_a_disabled_rule_leaves_its_parameter(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.Adam().setup(link)
    link.w.update_rule.enabled = False
    for _ in range(3):
        optimizer.update(link, x)
    partly = link.update_enabled, link.w.update_rule.t, link.w.update_rule.state
    link.disable_update()
    optimizer.update(link, x)
    off = link.update_enabled, link.b.array.copy(), link.b.update_rule.t, optimizer.t
    link.enable_update()
    optimizer.update(link, x)
    return partly, off, link.w.array, link.b.array


@same
def test_an_update_rule_of_ones_own(engine: Any) -> Any:
    class Signs(engine.UpdateRule):
        def init_state(self, param: Any) -> None:
            self.state["seen"] = np.zeros_like(param.array)

        def update_core_cpu(self, param: Any) -> None:
            self.state["seen"] += 1
            param.array -= self.hyperparam.size * np.sign(param.grad) * self.state["seen"]

    class Descent(engine.GradientMethod):
        def __init__(self) -> None:
            super().__init__()
            self.hyperparam.size = 0.125

        def create_update_rule(self) -> Any:
            return Signs(self.hyperparam)

    link, x = model(engine), points("f4")
    optimizer = Descent().setup(link)
    for _ in range(4):
        optimizer.update(link, x)
    missing = engine.UpdateRule()
    return link.w.array, link.b.array, raised(lambda: missing.update(link.w))


@same
def test_setup_again_starts_afresh(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.MomentumSGD().setup(link)
    optimizer.update(link, x)
    optimizer.new_epoch()
    before = optimizer.t, optimizer.epoch
    optimizer.setup(link)
    state = link.w.update_rule.state
    return before, optimizer.t, optimizer.epoch, state, optimizer.target is link


@same
def test_what_cannot_be_set_up_or_updated(engine: Any) -> Any:
    optimizer = engine.optimizers.Adam()
    return (
        raised(lambda: optimizer.setup(engine.Parameter(np.ones(2, "f4")))),
        raised(lambda: optimizer.add_hook(print)),
        raised(lambda: engine.GradientMethod().setup(model(engine))),
        raised(lambda: engine.Optimizer().setup(model(engine)).update()),
    )


@same
def test_epochs(engine: Any) -> Any:
    optimizer = engine.optimizers.SGD().setup(model(engine))
    optimizer.new_epoch()
    wrong = raised(lambda: optimizer.new_epoch(auto=True))
    optimizer.use_auto_new_epoch = True
    optimizer.new_epoch(auto=True)
    return wrong, raised(optimizer.new_epoch), optimizer.epoch


# -------------------------------------------------------------------------------------- hooks


@same
def test_hooks_of_the_optimizer(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.SGD().setup(link)
    log: list[Any] = []

    def decay(rule: Any, param: Any) -> None:
        log.append((param.name, rule is param.update_rule))
        param.grad = param.grad + 0.25 * param.array

    def clear(optimizer: Any) -> None:
        log.append(("clear", optimizer.t))
        optimizer.target.b.cleargrad()

    def after(optimizer: Any) -> None:
        log.append(("after", optimizer.t, link.b.grad.copy()))

    decay.call_for_each_param = True  # type: ignore[attr-defined]
    after.timing = "post"  # type: ignore[attr-defined]
    optimizer.add_hook(decay)
    optimizer.add_hook(after, name="last")
    optimizer.add_hook(clear, timing="pre")
    optimizer.update(link, x)
    optimizer.remove_hook("decay")
    optimizer.update(link, x)
    return log, link.w.array, link.b.array


@same
def test_hooks_of_one_parameter(engine: Any) -> Any:
    link, x = model(engine), points("f4")
    optimizer = engine.optimizers.Adam().setup(link)
    log: list[Any] = []

    def before(rule: Any, param: Any) -> None:
        log.append(("before", rule.t, param.array.copy()))
        param.grad = np.sign(param.grad)

    def after(rule: Any, param: Any) -> None:
        log.append(("after", rule.t, param.array.copy()))

    link.w.update_rule.add_hook(before)
    link.w.update_rule.add_hook(after, timing="post")
    optimizer.update(link, x)
    link.w.update_rule.remove_hook("before")
    optimizer.update(link, x)
    return log, link.w.array


@same
def test_hooks_that_are_refused(engine: Any) -> Any:
    optimizer = engine.optimizers.SGD().setup(model(engine))
    optimizer.add_hook(lambda o: None, "one")
    nameless = type("Nameless", (), {"__call__": lambda self, o: None})()
    return (
        raised(lambda: optimizer.add_hook("no function")),
        raised(lambda: optimizer.add_hook(lambda o: None, "one")),
        raised(lambda: optimizer.add_hook(lambda o: None, "two", timing="now")),
        raised(lambda: optimizer.add_hook(nameless)),
        raised(lambda: optimizer.remove_hook("three")),
        raised(lambda: optimizer.call_hooks("now")),
    )


# -------------------------------------------------------------------- loss scaling, half precision


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_fixed_loss_scale(dtype: str) -> None:
    def script(engine: Any) -> Any:
        link, x = model(engine, dtype), points(dtype)
        optimizer = engine.optimizers.SGD(lr=1e-3).setup(link)
        optimizer.set_loss_scale(8)
        for _ in range(20):
            optimizer.update(link, x)
        return link.w.array, link.b.array, link.w.grad

    assert_same(run(script, playground), run(script, chainer))


@same
def test_a_loss_scale_that_adapts_itself(engine: Any) -> Any:
    link, x = model(engine, "f2"), points("f2")
    optimizer = engine.optimizers.SGD(lr=1e-3).setup(link)
    optimizer.loss_scaling(interval=4)
    scales = []
    for _ in range(40):
        optimizer.update(link, x)
        scales.append((optimizer._loss_scale, optimizer.is_safe_to_update()))
    safe = [ok for _, ok in scales]
    return scales, any(safe), all(safe), link.w.array


@same
def test_loss_scales_that_are_refused(engine: Any) -> Any:
    optimizer = engine.optimizers.SGD().setup(model(engine))
    return (
        raised(lambda: optimizer.loss_scaling(interval=0)),
        raised(lambda: optimizer.loss_scaling(scale=0)),
        raised(lambda: optimizer.set_loss_scale(-1.0)),
    )


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "amsbound"])
def test_half_precision_by_way_of_single(name: str) -> None:
    def script(engine: Any) -> Any:
        link, x = model(engine, "f2"), points("f2")
        optimizer = MAKERS[name](engine)
        optimizer.use_fp32_update()
        optimizer.setup(link)
        for _ in range(100):
            optimizer.update(link, x)
        state = link.w.update_rule.state
        return link.w.array, link.b.array, link.w.grad, state

    assert_same(run(script, playground), run(script, chainer))


# -------------------------------------------------------------------------------------- links


def tree(engine: Any) -> Any:
    """A chain of a chain and a link, registered in every way there is."""

    class Inner(engine.Chain):
        def __init__(self) -> None:
            super().__init__(z=engine.Link(p=(2, 2), q=(3, np.dtype("f8"))))
            with self.init_scope():
                self.a = engine.Parameter(np.arange(3, dtype="f4"))
                self.later = engine.Parameter(0.25)

        def forward(self, x: Any) -> Any:
            return x * self.a

    class Outer(engine.Chain):
        def __init__(self) -> None:
            super().__init__()
            with self.init_scope():
                self.inner = Inner()
                self.c = engine.Parameter(7.0, (2,))
            self.add_link("b", engine.Link())
            self.b.add_param("x", 2, initializer=np.float64(3))
            self.plain = engine.Parameter(np.ones(1, "f4"))  # outside of the scope: no part of it
            self.add_persistent("mean", np.ones(2, "f4"))
            self.count = 5
            self.register_persistent("count")

        def forward(self, x: Any) -> Any:
            return engine.functions.sum(self.inner(x)) + self.c[0]

    return Outer()


def described(param: Any) -> Any:
    return param.name, param.array, None if param.array is None else param.grad


@same
def test_the_parts_of_a_chain(engine: Any) -> Any:
    link = tree(engine)
    names = {id(part): path for path, part in link.namedlinks()}
    return (
        [(path, described(param)) for path, param in link.namedparams()],
        [path for path, _ in link.namedparams(include_uninit=False)],
        [param.name for param in link.params()],
        [param.name for param in link.params(include_uninit=False)],
        [path for path, _ in link.namedlinks()],
        [path for path, _ in link.namedlinks(skipself=True)],
        [names[id(part)] for part in link.links()],
        [part.name for part in link.links(skipself=True)],
        [part.name for part in link.children()],
        [part.name for part in link["inner"].children()],
        link.count_params(),
        str(link),
        str(engine.Link()),
        str(engine.Chain()),
    )


@same
def test_a_link_that_is_called(engine: Any) -> Any:
    link = tree(engine)
    link.cleargrads()
    link(np.arange(3, dtype="f4")).backward()
    return [param.grad for param in link.params(False)]


@pytest.mark.parametrize("mode", ["share", "copy"])
def test_copies_of_a_chain(mode: str) -> None:
    def script(engine: Any) -> Any:
        link = tree(engine)
        link.inner.a.grad = np.ones(3, "f4")
        engine.optimizers.SGD().setup(link)
        other = link.copy(mode)
        other.c.array[...] = 1
        other.inner.a.array[...] = 9
        other.add_link("new", engine.Link())
        return (
            [(path, described(param)) for path, param in other.namedparams()],
            [(path, described(param)) for path, param in link.namedparams()],
            [part.name for part in other.children()],
            [part.name for part in link.children()],
            other.name,
            other.inner.a.update_rule is link.inner.a.update_rule,
        )

    assert_same(run(script, playground), run(script, chainer))


@same
def test_a_copy_that_is_initialised_again(engine: Any) -> Any:
    def fill(array: Any) -> None:
        array[...] = array.size

    link = engine.Chain(child=engine.Link())
    link.child.add_param("x", (2,), initializer=fill)
    link.add_param("y", (3,), initializer=0.5)
    link.add_param("z")
    link.y.array[...] = link.child.x.array[...] = 4
    other = link.copy("init")
    return [(param.name, param.array) for param in (*link.params(), *other.params())]


@same
def test_values_and_gradients_from_another_link(engine: Any) -> Any:
    one, other = tree(engine), tree(engine)
    for number, param in enumerate(other.params(False)):
        param.array[...] = number
        param.grad = param.array + 1
    other.mean, other.count = np.full(2, 8, "f4"), 9
    other.inner.later.cleargrad()
    one.cleargrads()
    one.addgrads(other)
    one.addgrads(other)
    grads = [param.grad for param in one.params(False)]
    one.copyparams(other, copy_persistent=False)
    kept = one.mean.copy(), one.count
    one.copyparams(other)
    return grads, [param.array for param in one.params()], kept, one.mean, one.count


@same
def test_gradients_cleared_and_zeroed(engine: Any) -> Any:
    link = tree(engine)
    link.cleargrads()
    cleared = [param.grad for param in link.params(False)]
    for param in link.params(False):
        param.array[...] = 3
    link.zerograds()
    link.inner.later.initialize((2,))
    return cleared, [param.grad for param in link.params(False)]


@same
def test_attributes_that_are_deleted_or_taken(engine: Any) -> Any:
    link = tree(engine)
    taken = (
        raised(lambda: link.add_param("c", (2,))),
        raised(lambda: link.add_persistent("c", 2)),
        raised(lambda: link.add_link("c", engine.Link())),
        raised(lambda: link.add_link("new", 3)),
        raised(lambda: link.register_persistent("nothing")),
        raised(lambda: link.copy("deep")),
        raised(lambda: link["nothing"]),
    )
    del link.inner
    del link.c
    link.register_persistent("plain")
    with link.init_scope():
        link.plain = engine.Parameter(np.ones(2, "f4"))
        inside = link.within_init_scope
    return taken, [path for path, _ in link.namedparams()], inside, link.within_init_scope


@same
def test_a_link_whose_constructor_was_forgotten(engine: Any) -> Any:
    class Forgetful(engine.Link):
        def __init__(self) -> None:
            self.x = 1

        def forward(self) -> int:
            return 1

    def scope() -> None:
        with Forgetful().init_scope():
            pass

    return raised(scope), raised(Forgetful()), raised(engine.Link())


def test_adam_finds_the_minimum() -> None:
    """Not only equal to Chainer's: it descends."""
    link = playground.Link()
    with link.init_scope():
        link.x = playground.Parameter(np.array([3.0, -2.0]))
    optimizer = playground.optimizers.Adam(alpha=0.05).setup(link)
    for _ in range(2000):
        optimizer.update(lambda: ((link.x - np.array([1.0, math.pi])) ** 2).sum())
    np.testing.assert_allclose(link.x.array, [1.0, math.pi], atol=1e-6)


def test_deviation_initialised_copies_keep_the_values_of_an_array() -> None:
    """Chainer has no way to make them."""

    def script(engine: Any) -> Any:
        link = engine.Link()
        with link.init_scope():
            link.w = engine.Parameter(np.ones(2, "f4"))
        return raised(lambda: link.copy("init").w.array.tolist())

    ours, theirs = (run(script, engine) for engine in (playground, chainer))
    assert ours == [1.0, 1.0]
    assert isinstance(theirs.error, Exception)
