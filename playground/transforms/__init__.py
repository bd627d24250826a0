"""Functions from functions: the derivatives of plain NumPy code, and the same code over an axis."""

from playground.transforms.checking import check_grads
from playground.transforms.gradients import elementwise_grad, grad, value_and_grad, vjp
from playground.transforms.jacobians import hessian, hvp, jacobian, jvp
from playground.transforms.vmap import vmap

__all__ = [
    "check_grads",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
    "vmap",
]
