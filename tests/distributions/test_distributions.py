"""Distributions against what defines them: integrals and sums of their own densities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import playground
from playground import Variable, distributions
from playground import functions as F
from playground.gradient_check import check_double_backward
from tests.loops import for_each

# name: parameters, those of another one, and a grid that has nearly all of the probability.
LINE = np.linspace(-60, 60, 240_001)
RIGHT = np.linspace(1e-7, 400, 800_001)
UNIT = np.linspace(1e-6, 1 - 1e-6, 200_001)
CONTINUOUS: dict[str, tuple[tuple[float, ...], tuple[float, ...], Any]] = {
    "Normal": ((0.5, 1.5), (-1.0, 2.0), LINE),
    "Laplace": ((0.5, 1.5), (-1.0, 2.0), LINE),
    "Gumbel": ((0.5, 1.5), (-1.0, 2.0), LINE),
    "Exponential": ((0.75,), (1.5,), RIGHT),
    "Gamma": ((2.5, 1.5), (3.0, 2.0), RIGHT),
    "Chisquare": ((4.5,), (3.5,), RIGHT),
    "LogNormal": ((0.25, 0.5), (0.0, 0.75), RIGHT),
    "Beta": ((2.5, 3.5), (3.0, 2.0), UNIT),
    "Pareto": ((1.5, 9.0), (1.25, 8.0), np.linspace(1.5, 400, 1_600_001)),
}
COUNTS = np.arange(1, 400.0)
DISCRETE = {
    "Poisson": ((3.5,), (2.5,), np.arange(0, 400.0)),
    "Geometric": ((0.25,), (0.5,), COUNTS),
    "Bernoulli": ((0.25,), (0.625,), np.arange(2.0)),
}


def made(name: str, params: tuple[float, ...]) -> Any:
    return getattr(distributions, name)(*[np.array(value) for value in params])


def expected(grid: Any, weights: Any, values: Any, counts: bool) -> float:
    return float((weights * values).sum() if counts else np.trapezoid(weights * values, grid))


@for_each([*CONTINUOUS, *DISCRETE])
def test_moments_entropy_and_divergence_are_integrals_of_the_density(name: str) -> None:
    counts = name in DISCRETE
    params, others, x = (DISCRETE if counts else CONTINUOUS)[name]
    one, two = made(name, params), made(name, others)
    log1, log2 = one.log_prob(x).array, two.log_prob(x).array
    p = np.exp(log1)
    mean = expected(x, p, x, counts)
    divergence = expected(x, p, log1 - log2, counts)
    assert expected(x, p, 1.0, counts) == pytest.approx(1, abs=1e-4)
    assert one.mean.item() == pytest.approx(mean, rel=2e-3)
    variance = expected(x, p, (x - mean) ** 2, counts)
    assert one.variance.item() == pytest.approx(variance, rel=2e-3)
    assert one.stddev.item() == pytest.approx(math.sqrt(variance), rel=2e-3)
    assert playground.kl_divergence(one, two).item() == pytest.approx(divergence, rel=2e-3)
    np.testing.assert_allclose(one.prob(x[:9]).array, p[:9], rtol=1e-6)
    if name not in ("Poisson", "Geometric"):
        entropy = expected(x, p, -log1, counts)
        assert one.entropy.item() == pytest.approx(entropy, rel=2e-3)


@for_each(["Normal", "Laplace", "Cauchy", "Exponential"])
def test_cdf_is_the_integral_of_the_density_and_icdf_its_inverse(name: str) -> None:
    one = made(name, (0.75,) if name == "Exponential" else (0.5, 1.5))
    x = Variable(np.array([0.0, 0.25, 0.5, 1.0, 3.0]))
    y = one.cdf(x)
    (slope,) = playground.grad([F.sum(y)], [x])
    np.testing.assert_allclose(slope.array, one.prob(x).array, rtol=1e-10)
    np.testing.assert_allclose(one.icdf(y).array, x.array, atol=1e-12)


def test_outside_of_the_support_the_density_is_zero() -> None:
    x = np.array([-1.0, -0.25])
    for name, params in {
        "Exponential": (2.0,),
        "Gamma": (2.5, 1.5),
        "Chisquare": (3.0,),
        "LogNormal": (0.0, 1.0),
        "Beta": (2.0, 3.0),
        "Pareto": (1.0, 2.0),
    }.items():
        given = [Variable(np.array(value)) for value in params]
        logarithm = getattr(distributions, name)(*given).log_prob(x)
        np.testing.assert_array_equal(logarithm.array, [-np.inf, -np.inf])
        playground.grad([F.sum(F.where(x > 0, logarithm, 0.0))], given)
    np.testing.assert_array_equal(made("Exponential", (2.0,)).cdf(x).array, [0, 0])


def test_bernoulli_is_exact_for_large_and_infinite_log_odds() -> None:
    logit = Variable(np.array([-1000.0, 1000.0, -np.inf, np.inf, 1000.0]))
    x = np.array([0, 1, 0, 1, 0])
    y = distributions.Bernoulli(logit=logit).log_prob(x)
    np.testing.assert_array_equal(y.array, [0, 0, 0, 0, -1000])
    (slope,) = playground.grad([F.sum(y)], [logit])
    np.testing.assert_array_equal(slope.array, [0, 0, 0, 0, -1])


def test_bernoulli_of_no_truth_values() -> None:
    p = np.array([0.25, 0.25, 0.25])
    x = np.array([0.5, 1.0, 2.0])
    mixture = distributions.Bernoulli(p).log_prob(x).array
    np.testing.assert_allclose(mixture, x * math.log(0.25) + (1 - x) * math.log(0.75))
    strict = distributions.Bernoulli(p, binary_check=True)
    np.testing.assert_allclose(strict.log_prob(x).array, [-np.inf, math.log(0.25), -np.inf])
    np.testing.assert_array_equal(strict.prob(x).array, [0, 0.25, 0])


def test_categories() -> None:
    p = np.array([[0.5, 0.25, 0.25], [0.0, 0.75, 0.25]])
    by_number, by_vector = distributions.Categorical(p), distributions.OneHotCategorical(p)
    np.testing.assert_allclose(by_number.log_prob(np.array([1, 2])).array, np.log([0.25, 0.25]))
    other = distributions.Categorical(logit=np.log([[0.5, 0.25, 0.25]] * 2) + 3)
    np.testing.assert_allclose(other.log_prob(np.array([0, 1])).array, np.log([0.5, 0.25]))
    # 0 log 0 is 0.
    entropy = [0.5 * math.log(2) + 0.5 * math.log(4), -0.75 * math.log(0.75) + 0.25 * math.log(4)]
    np.testing.assert_allclose(by_number.entropy.array, entropy)
    np.random.seed(1)
    numbers, vectors = by_number.sample(500), by_vector.sample((100, 5))
    assert numbers.shape == (500, 2)
    assert vectors.shape == (100, 5, 2, 3)
    assert not (numbers.array[:, 1] == 0).any()
    np.testing.assert_array_equal(vectors.array.sum(-1), np.ones((100, 5, 2)))
    np.testing.assert_allclose(vectors.array.mean((0, 1)), p, atol=0.06)


def test_dirichlet_of_two_is_beta() -> None:
    alpha, x = np.array([2.5, 3.5]), np.array([[0.25, 0.75], [0.5, 0.5]])
    two, beta = distributions.Dirichlet(alpha), made("Beta", (2.5, 3.5))
    np.testing.assert_allclose(two.log_prob(x).array, beta.log_prob(x[:, 0]).array)
    np.testing.assert_allclose(two.entropy.array, beta.entropy.array)
    np.testing.assert_allclose(two.variance.array[0], beta.variance.array)
    other = distributions.Dirichlet(alpha[::-1].copy())
    same = made("Beta", (3.5, 2.5))
    np.testing.assert_allclose(
        playground.kl_divergence(two, other).array, playground.kl_divergence(beta, same).array
    )


def test_multivariate_normal_against_its_formula() -> None:
    random = np.random.default_rng(5)
    loc, factor = random.normal(size=(2, 3)), np.tril(random.normal(size=(2, 3, 3))) + 2 * np.eye(3)
    one = distributions.MultivariateNormal(loc, scale_tril=factor)
    covariance = factor @ factor.transpose(0, 2, 1)
    np.testing.assert_allclose(one.covariance.array, covariance)
    np.testing.assert_allclose(one.variance.array, np.diagonal(covariance, axis1=1, axis2=2))
    x = random.normal(size=(4, 2, 3))
    squares = np.einsum("nbi,bij,nbj->nb", x - loc, np.linalg.inv(covariance), x - loc)
    logdet = np.linalg.slogdet(2 * math.pi * covariance)[1]
    np.testing.assert_allclose(one.log_prob(x).array, -0.5 * squares - 0.5 * logdet)
    np.testing.assert_allclose(one.entropy.array, 0.5 * logdet + 1.5)
    other = distributions.MultivariateNormal(loc + 1, scale_tril=2 * factor)
    inverse = np.linalg.inv(4 * covariance)
    moved = np.einsum("i,bij,j->b", np.ones(3), inverse, np.ones(3))
    divergence = 0.5 * (3 / 4 - 3 + 3 * math.log(4) + moved)
    np.testing.assert_allclose(playground.kl_divergence(one, other).array, divergence)


def test_independent_covariance_has_a_block_each() -> None:
    factor = np.broadcast_to(np.array([[1.0, 0.0], [0.5, 2.0]]), (2, 3, 2, 2)).copy()
    factor[1] *= 2
    one = distributions.MultivariateNormal(np.zeros((2, 3, 2)), scale_tril=factor)
    found = distributions.Independent(one, 1).covariance.array
    block = np.array([[1, 0.5], [0.5, 4.25]])
    np.testing.assert_allclose(found, [np.kron(np.eye(3), block), np.kron(np.eye(3), 4 * block)])


def test_draws_follow_the_switch_and_the_parameters() -> None:
    with playground.using_config("rng", np.random.default_rng(3)):
        draws = {
            name: made(name, CONTINUOUS[name][0]).sample_n(20_000).array for name in CONTINUOUS
        }
    for name, drawn in draws.items():
        one = made(name, CONTINUOUS[name][0])
        assert drawn.mean() == pytest.approx(one.mean.item(), abs=5 * drawn.std() / 140)
    loc, scale = Variable(np.array([1.0, 2.0])), Variable(np.array([0.5, 0.25]))
    drawn = distributions.Normal(loc, scale).sample(3)
    first, second = playground.grad([F.sum(drawn)], [loc, scale])
    np.testing.assert_array_equal(first.array, [3, 3])
    noise = (drawn.array - loc.array) / scale.array
    np.testing.assert_allclose(second.array, noise.sum(0))


@for_each([*CONTINUOUS, "Cauchy"])
def test_logarithms_are_differentiable_twice(name: str) -> None:
    params = CONTINUOUS.get(name, ((0.5, 1.5), (), None))[0]
    x = np.array([0.375, 0.625]) if name == "Beta" else np.array([2.125, 3.25])
    given = [np.full(2, value) for value in (*params,)]

    def logarithm(x: Variable, *params: Variable) -> Variable:
        return getattr(distributions, name)(*params).log_prob(x)

    check_double_backward(
        logarithm, (x, *given), np.ones(2), [np.ones(2)] * (1 + len(given)), atol=1e-4, rtol=1e-4
    )


def test_a_pair_that_nobody_knows_and_one_that_a_user_registers() -> None:
    normal, laplace = made("Normal", (0.0, 1.0)), made("Laplace", (0.0, 1.0))
    with pytest.raises(KeyError, match=r"register_kl\(Normal, Laplace\)"):
        playground.kl_divergence(normal, laplace)

    class Own(distributions.Normal):
        pass

    own = Own(np.array(0.0), np.array(2.0))
    assert playground.kl_divergence(own, own).item() == 0

    @playground.register_kl(Own, distributions.Laplace)
    def mine(one: Any, two: Any) -> Any:
        return one.scale + two.scale

    assert playground.kl_divergence(own, laplace).item() == 3
    assert playground.cross_entropy(normal, own).item() == pytest.approx(
        normal.entropy.item() + math.log(2) + 0.125 - 0.5
    )


def test_what_is_not_defined_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Gamma: cdf"):
        made("Gamma", (1.0, 1.0)).cdf(np.ones(2))
    with pytest.warns(RuntimeWarning, match="Cauchy: it has no mean"):
        assert math.isnan(made("Cauchy", (0.0, 1.0)).mean.item())
    with pytest.raises(ValueError, match="exactly one of scale or log_scale"):
        distributions.Normal(np.zeros(2))


EDGES = {
    "Beta, b = 1": (distributions.Beta(np.array([2.0]), np.array([1.0])), [1.0], math.log(2)),
    "Beta, a = 1": (distributions.Beta(np.array([1.0]), np.array([2.0])), [0.0], math.log(2)),
    "Beta, flat": (distributions.Beta(np.array([1.0]), np.array([1.0])), [0.0], 0.0),
    "Gamma, k = 1": (distributions.Gamma(np.array([1.0]), np.array([2.0])), [0.0], -math.log(2)),
    "Chisquare, k = 2": (distributions.Chisquare(np.array([2.0])), [0.0], -math.log(2)),
    "Dirichlet": (
        distributions.Dirichlet(np.array([[1.0, 1.0, 2.0]])),
        [[0.0, 0.5, 0.5]],
        math.log(3),
    ),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", EDGES)
def test_the_edge_of_the_support_where_the_density_does_not_vanish(name: str) -> None:
    made, x, expected = EDGES[name]
    np.testing.assert_allclose(made.log_prob(np.array(x)).array, expected, rtol=1e-12, atol=1e-12)
