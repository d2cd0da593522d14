"""Tests of what takes the calibration error apart: right beliefs have nothing above chance, wrong levels are found."""

import pathlib
import sys
import unittest

try:
    import numpy as np

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    import recalibration

    MISSING = ""
except ImportError as error:
    MISSING = str(error)

QUERIES = 200


def cases(level, slope=1.0, rollouts=1):
    """Draws of five sources whose predictions are off by a level of each draw's own, and by a slope of all."""
    random, found = np.random.RandomState(5), []
    for source in "abcde":
        for seed in range(4):
            z = random.normal(0, 1, QUERIES)
            true = 1 / (1 + np.exp(-z))
            n = np.full(QUERIES, float(rollouts))
            y = recalibration.drawn(true, 2.0, n, random)
            p = 1 / (1 + np.exp(-(slope * z + random.normal(0, level))))
            found.append(
                {"source": source, "seed": seed, "size": 32, "p": p, "y": y, "n": n, "kappa": 2.0, "base": y.mean()}
            )
    return found


def above(made, correction):
    found = np.array(list(recalibration.parts(made, 32, correction, np.random.RandomState(0)).values()))
    return (found[:, 0] - found[:, 2]).mean(), found[:, 1].mean(), found[:, 2].mean()


@unittest.skipIf(MISSING, MISSING)
class MadeOfTests(unittest.TestCase):
    def test_right_beliefs_have_nothing_above_chance_and_the_formula_says_what_drawing_says(self):
        for rollouts in (1, 8):
            for correction in recalibration.CORRECTIONS:
                excess, formula, drawn = above(cases(0, rollouts=rollouts), correction)
                self.assertLess(abs(excess), 0.008, (rollouts, correction))
                if correction == recalibration.CORRECTIONS[0]:
                    self.assertLess(abs(formula - drawn), 0.003, rollouts)

    def test_a_wrong_level_of_each_draw_is_in_the_first_line_and_not_in_the_second(self):
        made = cases(0.8)
        self.assertGreater(above(made, recalibration.CORRECTIONS[0])[0], 0.03)
        self.assertLess(abs(above(made, recalibration.CORRECTIONS[1])[0]), 0.012)
        error, base, noise = recalibration.levels(made, 32)[0]
        self.assertGreater(error, 2 * noise)
        self.assertEqual(base, 0)

    def test_a_wrong_slope_is_in_the_second_line_and_not_in_the_third(self):
        made = cases(0, slope=3)
        self.assertGreater(above(made, recalibration.CORRECTIONS[1])[0], 0.03)
        self.assertLess(abs(above(made, recalibration.CORRECTIONS[2])[0]), 0.012)

    def test_a_draw_of_one_class_is_corrected_to_a_finite_level(self):
        p = recalibration.corrected(np.full(20, 0.3), np.ones(20), recalibration.CORRECTIONS[1])
        self.assertTrue(np.all((p > 0.8) & (p < 1)))


if __name__ == "__main__":
    unittest.main()
