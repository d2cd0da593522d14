"""Tests of the intervals' table: what cannot be gained is no share."""

import pathlib
import sys
import unittest
import warnings

try:
    import numpy as np

    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
    import intervals

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def case(rates, policy="a", rollouts=16):
    """One draw: beliefs that follow the rates, and the concentrations of two heads."""
    rates = np.array(rates, float)
    p = np.clip(rates, 0.1, 0.9)
    return {"policy": policy, "p": p, "y": rates, "n": np.full(len(rates), rollouts), "kappas": [2.0, 3.0]}


@unittest.skipIf(MISSING, MISSING)
class SharesTests(unittest.TestCase):
    MIXED = [0.0, 0.0, 0.0, 0.1, 0.2, 0.5, 0.9, 1.0] * 4

    def setUp(self):
        # 0/0 must not happen, and be hidden by a mean.
        warnings.simplefilter("error")
        self.addCleanup(warnings.resetwarnings)

    def test_a_plan_has_a_share_where_rates_differ(self):
        self.assertGreater(intervals.realised(case(self.MIXED), 2.0), 0.2)

    def test_there_is_none_where_every_rate_is_the_same(self):
        for rate in (0.0, 0.5, 1.0):
            self.assertTrue(np.isnan(intervals.realised(case([rate] * 8), 2.0)), rate)

    def test_a_draw_without_gain_does_not_count_in_its_policys_mean(self):
        with_gain, without = case(self.MIXED), case([1.0] * 32)
        alone, both = intervals.figures([with_gain]), intervals.figures([with_gain, without])
        self.assertTrue(np.array_equal(alone[5:7], both[5:7]))

    def test_a_source_without_gain_says_so_and_leaves_the_mean(self):
        found = intervals.figures([case(self.MIXED), case(self.MIXED[::-1], "b")])
        empty = intervals.figures([case([1.0] * 32), case([0.0] * 32, "b")])
        self.assertEqual(intervals.row("`made`", "0", empty)[7:], [intervals.NO_GAIN] * 3)
        mean = intervals.mean([found, empty])
        self.assertTrue(np.allclose(mean[5:], found[5:]))
        self.assertAlmostEqual(mean[4], (found[4] + empty[4]) / 2)
        self.assertFalse([cell for cell in intervals.row("**all**", "none", mean) if "nan" in cell.lower()])
        self.assertEqual(intervals.row("**all**", "none", intervals.mean([empty]))[7:], [intervals.NO_GAIN] * 3)


if __name__ == "__main__":
    unittest.main()
