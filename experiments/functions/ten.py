"""Ten ordinary NumPy functions: NumPy is all they know."""

from __future__ import annotations

from typing import Any

import numpy as np


def least_squares(x: Any, A: Any, b: Any) -> Any:
    """Squared residual of an overdetermined system."""
    return np.sum((A @ x - b) ** 2)


def log_determinant(L: Any) -> Any:
    """Log-determinant of the covariance matrix L Lᵀ + I."""
    return np.linalg.slogdet(L @ L.T + np.eye(len(L)))[1]


def softmax_regression(W: Any, X: Any, labels: Any) -> Any:
    """Mean cross entropy of a linear classifier, computed stably."""
    scores = X @ W
    scores = scores - np.max(scores, axis=1, keepdims=True)
    log_probabilities = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    return -np.mean(log_probabilities[np.arange(len(labels)), labels])


def kalman_likelihood(noise: Any, observations: Any) -> Any:
    """Negative log-likelihood of a constant-velocity Kalman filter; ``noise`` = log variances."""
    q, r = np.exp(noise[0]), np.exp(noise[1])
    F, H = np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    Q = q * np.array([[1 / 3, 1 / 2], [1 / 2, 1.0]])
    state, P, total = np.zeros(2), 10 * np.eye(2), 0.0
    for z in observations:
        state, P = F @ state, F @ P @ F.T + Q
        S = H @ P @ H.T + r
        innovation = z - H @ state
        gain = P @ H.T @ np.linalg.inv(S)
        state, P = state + gain @ innovation, P - gain @ H @ P
        total = total + 0.5 * (np.log(S[0, 0]) + innovation[0] ** 2 / S[0, 0])
    return total


def gaussian_process(log_parameters: Any, x: Any, y: Any) -> Any:
    """Negative log marginal likelihood of a Gaussian process (length, amplitude, noise)."""
    length, amplitude, noise = np.exp(log_parameters)
    distance = (x[:, None] - x[None, :]) ** 2
    K = amplitude * np.exp(-distance / (2 * length**2)) + noise * np.eye(len(x))
    return 0.5 * (y @ np.linalg.solve(K, y) + np.linalg.slogdet(K).logabsdet)


def spline_roughness(y: Any, knots: Any, points: Any) -> Any:
    """Sum of the squares of a natural cubic spline through (knots, y) at other points."""
    h = np.diff(knots)
    n = len(knots) - 2
    system = np.diag((h[:-1] + h[1:]) / 3) + np.diag(h[1:-1] / 6, 1) + np.diag(h[1:-1] / 6, -1)
    slopes = (y[1:] - y[:-1]) / h
    inner = np.linalg.solve(system, slopes[1:] - slopes[:-1])
    m = np.concatenate([np.zeros(1), inner, np.zeros(1)])
    i = np.clip(np.searchsorted(knots, points) - 1, 0, n)
    a, b = (knots[i + 1] - points) / h[i], (points - knots[i]) / h[i]
    cubic = ((a**3 - a) * m[i] + (b**3 - b) * m[i + 1]) * h[i] ** 2 / 6
    return np.sum((a * y[i] + b * y[i + 1] + cubic) ** 2)


def power_iteration(A: Any) -> Any:
    """Largest eigenvalue of AᵀA, by forty steps of the power method."""
    S = A.T @ A
    v = np.ones(S.shape[0])
    for _ in range(40):
        v = S @ v
        v = v / np.linalg.norm(v)
    return v @ S @ v


def pendulum(parameters: Any, times: int = 50, dt: float = 0.1) -> Any:
    """Squared angle of a damped pendulum after Runge-Kutta steps (angle, speed, damping)."""
    state, damping = parameters[:2], parameters[2]

    def slope(s: Any) -> Any:
        return np.stack([s[1], -np.sin(s[0]) - damping * s[1]])

    for _ in range(times):
        k1 = slope(state)
        k2 = slope(state + dt / 2 * k1)
        k3 = slope(state + dt / 2 * k2)
        k4 = slope(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state[0] ** 2


def explained_variance(X: Any, components: int = 2) -> Any:
    """Share of the variance that the first principal components explain."""
    centred = X - X.mean(axis=0)
    eigenvalues = np.linalg.eigvalsh(centred.T @ centred / (len(X) - 1))
    return eigenvalues[-components:].sum() / eigenvalues.sum()


def smoothing_error(alpha: Any, signal: Any) -> Any:
    """One-step error of double exponential smoothing, filled in element by element."""
    level, trend = np.zeros_like(signal * alpha[0]), np.zeros_like(signal * alpha[0])
    level[0], trend[0] = signal[0], signal[1] - signal[0]
    for t in range(1, len(signal)):
        level[t] = alpha[0] * signal[t] + (1 - alpha[0]) * (level[t - 1] + trend[t - 1])
        trend[t] = alpha[1] * (level[t] - level[t - 1]) + (1 - alpha[1]) * trend[t - 1]
    return np.mean((signal[1:] - level[:-1] - trend[:-1]) ** 2)
