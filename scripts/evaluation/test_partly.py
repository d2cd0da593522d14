"""Tests of the page that is remade in part."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import partly
import text

PAGE = f"""# How well

{
    text.table(
        text.AIMS,
        [
            ["gain (10 sources)", "256", "≥ +0.080", "+0.046 ± 0.012", "**no**, by 0.034"],
            ["ECE (right beliefs would show 0.062)", "256", "≤ 0.035", "0.066", "**no**, by 0.031"],
            ["the same, above right beliefs", "256", "–", "+0.004", "–"],
            ["ECE (right beliefs would show 0.059)", "32", "≤ 0.035", "0.059", "**no**, by 0.024"],
            ["the same, above right beliefs", "32", "–", "+0.000", "–"],
            ["the same, above right beliefs", "32", "–", "+0.001", "–"],
            ["budgets", "32", "≥ 0.000", "0.100", "yes"],
        ],
    )
}

ECE of right beliefs is not 0: said otherwise
before.

More.
"""


class PartlyTests(unittest.TestCase):
    def test_only_the_same_aims_change_each_in_its_place(self):
        rows = [
            ["gain (9 sources)", "256", "≥ +0.080", "+0.081 ± 0.010", "yes"],
            ["the same, above right beliefs", "32", "–", "+0.002 ± 0.001", "–"],
            ["the same, above right beliefs", "32", "–", "+0.003 ± 0.001", "–"],
        ]
        found, before = partly.aims(PAGE, rows).splitlines(), PAGE.splitlines()
        changed = {place: line for place, line in enumerate(found) if line != before[place]}
        self.assertEqual(list(changed), [4, 8, 9])
        self.assertEqual(changed[9], "| the same, above right beliefs | 32 | – | +0.003 ± 0.001 | – |")
        self.assertEqual(len(found), len(before))

    def test_an_aim_that_the_page_does_not_have_is_refused(self):
        with self.assertRaisesRegex(ValueError, "no aim 'gain' at 32 rows"):
            partly.aims(PAGE, [["gain", "32", "≥ 0", "0", "yes"]])

    def test_without_figures_only_the_paragraph_changes(self):
        results = dict.fromkeys(("main", "budgets", "references", "coverage", "sample", "leaks"))
        page = partly.remade(PAGE, results)
        self.assertIn(f"\n\n{text.BY_CHANCE}\n\nMore.\n", page)
        self.assertNotIn("otherwise", page)


if __name__ == "__main__":
    unittest.main()
