"""Tests of the concentration's fit: outcomes of a known concentration give it back."""

import pathlib
import sys
import unittest

try:
    import numpy as np

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    import calibration
    from inference import Head

    MISSING = ""
except ImportError as error:
    MISSING = str(error)

LN_KAPPA = 0.0


def outcomes(random, rows, rollouts):
    """Predictions, and mean rewards of so many rollouts at rates that vary around them as κ = e^LN_KAPPA says."""
    p = random.uniform(0.05, 0.95, rows)
    rates = random.beta(p * np.exp(LN_KAPPA), (1 - p) * np.exp(LN_KAPPA))
    return p, random.binomial(rollouts, rates) / rollouts


def fitted(rollouts, count):
    """ln κ without rows of several rollouts in the context, of two sources; `count` says how outcomes are counted."""
    random = np.random.RandomState(1)
    cases = []
    for source in ("one", "two"):
        for rows in (0, 64, 256):
            p, rewards = outcomes(random, 600, rollouts)
            thinned, n = count(rewards, np.full(len(p), float(rollouts)), random)
            context_p, context_y = outcomes(random, rows, 1) if rows else (np.zeros(0), np.zeros(0))
            cases.append(
                dict(source=source, rows=rows, p=p, thinned=thinned, n=n, context_p=context_p, context_y=context_y,
                     context_n=np.ones(rows))
            )  # fmt: skip
    return calibration.fit_concentration(cases, lambda line: None)


@unittest.skipIf(MISSING, MISSING)
class ConcentrationTests(unittest.TestCase):
    def test_thinned_rows_have_the_mean_and_the_spread_of_sixteen_rollouts(self):
        random = np.random.RandomState(0)
        rewards, n = calibration.thinned(np.full(20_000, 0.25), np.full(20_000, 128.0), random)
        self.assertEqual(set(n), {16})
        self.assertTrue(np.all(rewards * 16 == np.round(rewards * 16)))
        self.assertAlmostEqual(rewards.mean(), 0.25, delta=0.003)
        without_replacement = 0.25 * 0.75 / 16 * (128 - 16) / (128 - 1)
        self.assertAlmostEqual(rewards.var(), without_replacement, delta=0.0005)

    def test_rows_of_few_rollouts_stay_as_they_are(self):
        rewards, rollouts = np.array([0.3, 0.5, 1.0]), np.array([10.0, 16.0, 1.0])
        found, n = calibration.thinned(rewards, rollouts, np.random.RandomState(0))
        self.assertTrue(np.array_equal(found, rewards) and np.array_equal(n, rollouts))

    def test_rows_of_many_rollouts_give_back_their_concentration(self):
        for rollouts in (8, 128):
            centre, by_size, _ = fitted(rollouts, calibration.thinned)
            self.assertAlmostEqual(centre, LN_KAPPA, delta=0.12, msg=f"{rollouts} rollouts")
            self.assertAlmostEqual(by_size, 0, delta=0.05)

    def test_the_mean_of_many_rollouts_must_not_stand_for_that_of_sixteen(self):
        centre, _, _ = fitted(128, lambda rewards, n, _: (rewards, np.minimum(n, calibration.ROLLOUTS_MOST)))
        self.assertGreater(centre, LN_KAPPA + 0.15)

    def test_sources_of_single_rollouts_say_nothing_of_the_concentration(self):
        self.assertFalse(calibration.has_several(np.array([1.0, 1.0, 2.0])))
        self.assertTrue(calibration.has_several(np.array([1.0, 8.0, 8.0])))
        self.assertFalse(calibration.has_several(np.zeros(0)))

    def test_the_network_is_the_mean_of_its_copies(self):
        random = np.random.RandomState(2)
        head = Head.__new__(Head)
        shapes = {
            "difficulty.first.weight": (20, 9), "difficulty.first.bias": (20,), "difficulty.second.weight": (7, 20),
            "difficulty.second.bias": (7,), "surface.mean": (5,),
        }  # fmt: skip
        head.w = {name: random.randn(*shape) for name, shape in shapes.items()} | {"surface.scale": np.ones(5)}
        rows = type("Rows", (), {"x": random.randn(6, 4), "surface": random.randn(6, 5)})
        copies = [head.copy(fold, 5).columns(rows)[1] for fold in range(5)]
        self.assertTrue(np.allclose(np.mean(copies, 0), head.columns(rows)[1]))
        self.assertFalse(np.allclose(copies[0], copies[1]))


if __name__ == "__main__":
    unittest.main()
