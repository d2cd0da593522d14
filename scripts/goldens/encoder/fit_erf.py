#!/usr/bin/env python3
"""Fits the coefficients of Sources/Kernels/Vectors/VectorMath.swift.

erf(x) = x · P(x²) / Q(x²) on [0, 3.92], with P and Q of degree 5.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 mpmath==1.3.0
    venv/bin/python scripts/goldens/encoder/fit_erf.py

Linearised least squares at Chebyshev nodes, with weights that grow where the error is large (Lawson), which tends to
the minimax fit. Prints the coefficients from the constant upwards, and the relative error in double precision.
"""

import mpmath
import numpy as np

END, DEGREE, NODES, ROUNDS = 3.92, 5, 400, 40
mpmath.mp.dps = 40

nodes = [(mpmath.mpf(1) + mpmath.cos(mpmath.pi * i / (NODES - 1))) / 2 * END for i in range(NODES - 1)]
target = np.array([float(mpmath.erf(x) / x) for x in nodes])
# Divided by 16 the powers of x² stay near 1, and the normal equations well conditioned.
z = np.array([float(x * x) / 16 for x in nodes])
powers = z[:, None] ** np.arange(DEGREE + 1)
weight, denominator = np.ones_like(z), np.ones_like(z)
for _ in range(ROUNDS):
    scale = weight / (denominator * target)
    matrix = np.hstack([scale[:, None] * powers, -(scale * target)[:, None] * powers[:, 1:]])
    solution = np.linalg.lstsq(matrix, scale * target, rcond=None)[0]
    p, q = solution[: DEGREE + 1], np.concatenate([[1.0], solution[DEGREE + 1 :]])
    denominator = powers @ q
    error = np.abs(powers @ p / denominator / target - 1)
    weight *= np.sqrt(error / error.mean() + 1e-3)
    weight /= weight.mean()
unscale = 16.0 ** np.arange(DEGREE + 1)
print("P", [str(np.float32(c)) for c in p / unscale])
print("Q", [str(np.float32(c)) for c in q / unscale])
print("largest relative error", error.max())
