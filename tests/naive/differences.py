"""Central differences, one entry at a time, on plain NumPy functions."""

import numpy as np


def gradient(f, x, eps=1e-6):
    """∂f/∂x of a scalar f."""
    return jacobian(lambda x: np.asarray(f(x)), x, eps)


def jacobian(f, x, eps=1e-6):
    """∂f/∂x, of shape f(x).shape + x.shape."""
    x = np.asarray(x, np.float64)
    out = np.zeros(np.shape(f(x)) + x.shape)
    for entry in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[entry] = eps
        out[(..., *entry)] = (f(x + step) - f(x - step)) / (2 * eps)
    return out


def hessian(f, x, eps=1e-4):
    """∂²f/∂x² of a scalar f."""
    return jacobian(lambda x: gradient(f, x, eps), x, eps)
