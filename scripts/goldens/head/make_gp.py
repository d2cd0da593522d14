"""Writes Tests/Goldens/head/*.json: the results of the head's numpy version on small synthetic inputs.

    python3 make_gp.py ../../head/constants.json ../../../Tests/Goldens/head

Needs numpy and scipy. constants.json is what scripts/head/fit.py wrote and GaussianProcessConstants.swift holds.
"""

import json
import os
import sys

import numpy as np
import scipy
from scipy.stats import beta

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../head"))
import gaussian_process as gp  # noqa: E402
from surface_features import surface_features  # noqa: E402

TEXTS = [
    "",
    " ",
    "a",
    "What is 12 + 30?",
    "Prove that $x^2 \\ge 0$ for all real x.\nUse no calculus.",
    "def f(a, b):\n    return a[0] + b['k']  # the least\n\tpass\n",
    "Wie groß ist die größte Zahl?\r\n\tÄpfel, Öl; über_alles",
    "比較：3.14 與 2.71，哪個最大？",
    "line one\n\n  indented line\n-- end\u00a0of\u2003it",
    "e\u0301 👩‍👩‍👧 \\(a\\) \\[b\\] \\\\alpha",
    "Least! (Maximum) 'not' \"never\" cannot, neither. nor: no",
    "99999999999999999999999 007 1e10 3.5-2",
    "\x0bA\x0cB\x1cC\x85D",
    "the the The THE tHe",
    "a" * 3000 + " " + "1" * 400,
]


def case(name, seed, rows, columns, queries, rollouts, duplicates=False):
    random = np.random.RandomState(seed)
    x = random.randn(rows + queries, columns)
    if duplicates:
        x[1 : rows // 2] = x[0]
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    f = np.abs(random.randn(rows + queries, len(gp_constants["mean"]))) * 1.5
    if duplicates:
        f[1 : rows // 2] = f[0]
    x, f = x.round(4), f.round(3)
    n = random.choice(rollouts, rows)
    truth = 1 / (1 + np.exp(-(2 * x[:rows, 0] * columns**0.5 - 0.4 * f[:rows, 0] + 0.5)))
    reward = random.binomial(n, truth) / n
    raw, base, left_out = gp.raw_score(x[:rows], f[:rows], reward, n, x[rows:], f[rows:], gp_constants)
    p = gp.calibrated(raw, base, rows, gp_constants)
    kappa = gp.concentration(left_out, reward, n, base, rows, gp_constants)
    low, high = beta.ppf(0.1, p * kappa, (1 - p) * kappa), beta.ppf(0.9, p * kappa, (1 - p) * kappa)
    return {
        "name": name,
        "columns": columns,
        "context": np.hstack([x[:rows], f[:rows]]).ravel().tolist(),
        "rewards": reward.tolist(),
        "rollouts": n.tolist(),
        "queries": np.hstack([x[rows:], f[rows:]]).ravel().tolist(),
        "p": p.round(9).tolist(),
        "kappa": round(kappa, 9),
        "low": np.minimum(low, p).round(9).tolist(),
        "high": np.maximum(high, p).round(9).tolist(),
    }


def write(folder, name, value):
    value = {"made by": "scripts/goldens/head/make_gp.py", "numpy": np.__version__, "scipy": scipy.__version__, **value}
    with open(os.path.join(folder, name), "w") as file:
        json.dump(value, file, ensure_ascii=True, separators=(",", ":"))
        file.write("\n")


with open(sys.argv[1]) as constants_file:
    gp_constants = json.load(constants_file)


def main():
    folder = sys.argv[2]
    write(folder, "surface.json", {"texts": TEXTS, "features": [surface_features(t).round(7).tolist() for t in TEXTS]})
    write(
        folder,
        "gp.json",
        {
            "cases": [
                case("single rollouts", 1, 40, 24, 12, [1]),
                case("eight rollouts, odd width", 2, 61, 13, 9, [8]),
                case("mixed rollouts", 3, 16, 17, 9, [1, 2, 16]),
                case("duplicate rows", 4, 32, 16, 8, [4], duplicates=True),
            ]
        },
    )
    random = np.random.RandomState(5)
    rows = []
    for _ in range(300):
        mean, kappa = random.rand(), 10 ** random.uniform(-1, 3)
        a, b = mean * kappa, (1 - mean) * kappa
        rows.append([a, b, beta.ppf(0.1, a, b), beta.ppf(0.5, a, b), beta.ppf(0.9, a, b), beta.cdf(0.3, a, b)])
    write(folder, "beta.json", {"columns": "a b q10 q50 q90 cdf(0.3)", "rows": np.array(rows).round(12).tolist()})


if __name__ == "__main__":
    main()
