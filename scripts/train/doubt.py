"""Measures how far a plan should doubt its predictions: `doubt` in Sources/Planning/Plans/DoubtedGain.swift.

    python3 doubt.py --work WORK

WORK is the folder of a finished `train.py`. For contexts of policies kept out of training, on prompts of several
rollouts that their copy of the difficulty network has not seen, it makes plans from the head's beliefs (mean 8
rollouts in [4, 32]) and compares what they realise at the observed rates with two expectations of it: under the
beliefs, and with the beliefs exchanged among the prompts. `doubt` is the weight of the second that fits best.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import calibration
import numpy as np
import torch
from episodes import Features
from outcomes import FOLDS
from regression import ContextRegression
from train import Training, difficulty
from validation import SIZES, Validation

from common import arguments
from common.budgets import CERTAIN, MEAN, MOST, contrast, planned

PROMPTS_MIN = 20
SINGLE = "deepscaler_k128"  # one policy, 128 rollouts a prompt: its own folds serve


def mixed(p, kappa):
    """`mixedGroupProbability`, likewise."""
    a, b = p * kappa, (1 - p) * kappa
    values, failed, solved = np.zeros((len(p), MOST + 1)), np.ones(len(p)), np.ones(len(p))
    for budget in range(1, MOST + 1):
        drawn = budget - 1
        failed, solved = failed * (b + drawn) / (kappa + drawn), solved * (a + drawn) / (kappa + drawn)
        values[:, budget] = 1 - failed - solved if budget > 1 else 0
    return values


OBJECTIVES = {"expectedContrast": contrast, "mixedGroupProbability": mixed}


def figures(curves, p, kappa, rates):
    """Gains over equal budgets, as shares: believed, with beliefs exchanged, realised."""
    believed, true = curves(p, kappa), curves(np.clip(rates, 1e-9, 1 - 1e-9), CERTAIN)
    budgets, rows = planned(believed), np.arange(len(p))
    even, even_true = believed[:, MEAN].sum(), true[:, MEAN].sum()
    if even_true < 1e-3:
        return None
    exchanged = believed.mean(0)[budgets].sum()
    return believed[rows, budgets].sum() / even - 1, exchanged / even - 1, true[rows, budgets].sum() / even_true - 1


def cases(training, features, regression, constants):
    """(objective, source, believed, exchanged, realised), with known and unknown copies of the network."""
    left_out = {source: FOLDS + i for i, group in enumerate(features.groups) for source in group}
    kept = dict(training.validation.kept) | {SINGLE: training.records.get(SINGLE, [])}
    several = {s: v for s, v in kept.items() if any(record.rollouts.max() > 1 for record in v)}
    draws = Validation(training.corpus, several, None).cases(SIZES, 400, range(3), 6)
    for record, fold, context, query in draws:
        many = record.rollouts[query] > 1
        if many.sum() < PROMPTS_MIN:
            continue
        for member in {fold, left_out[record.source]}:
            fit = regression(Validation.batch(features, member, record, context, query))
            z, level = fit["query"][0].double().numpy(), float(fit["level"][0])
            p = calibration.probability(z, level, len(context), constants["probability"])
            centre, by_size = constants["concentration"][:2]
            kappa = np.exp(centre + by_size * np.log2((len(context) + 1) / 257))
            for objective, curves in OBJECTIVES.items():
                found = figures(curves, p[many], kappa, record.rewards[query][many])
                if found:
                    yield objective, record.source, *found


def show(objective, found):
    names = np.array([source for source, *_ in found])
    believed, exchanged, realised = np.array([row[1:] for row in found]).T
    weight = np.array([1 / (names == name).sum() for name in names])
    slope = exchanged - believed
    doubt = (weight * slope * (realised - believed)).sum() / (weight * slope**2).sum()
    print(f"{objective}: doubt {doubt:.2f}, by least squares over {len(set(names))} sources")
    for name in sorted(set(names)):
        mine = names == name
        gains = [f"{values[mine].mean():+.4f}" for values in (believed, exchanged, realised)]
        refused = (believed + exchanged)[mine] <= 0
        print(
            f"  {name}: {mine.sum()} contexts, gain believed {gains[0]}, exchanged {gains[1]}, realised {gains[2]}; "
            f"uniform by the rule {refused.mean():.0%}"
        )


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("--work", required=True, metavar="DIR", help="folder of a finished train.py")
    given = parser.parse_args()
    torch.set_num_threads(1)
    training = Training(argparse.Namespace(work=given.work, without=[], data=None, embeddings=[], seed=0))
    columns, _, groups = training.stage("difficulty.pkl", None)
    scale = columns[:FOLDS].flatten(0, 1).std(0)
    scale[0] = 1
    features = Features(training.corpus, training.x, training.f, columns / scale, groups)
    regression = ContextRegression(difficulty.COLUMNS)
    regression.load_state_dict(training.stage("regression.pkl", None))
    regression.eval()
    constants = training.stage("calibration.pkl", None)
    with torch.no_grad():
        found = list(cases(training, features, regression, constants))
    for objective in OBJECTIVES:
        show(objective, [row[1:] for row in found if row[0] == objective])


if __name__ == "__main__":
    main()
