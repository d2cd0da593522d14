"""Tests of the aims: each can be missed."""

import pathlib
import statistics
import sys
import tempfile
import unittest
from random import Random

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import acceptance
import text
from limited import limited

from common import rows


def predictor(name, references, aucs):
    """One head's figures: AUC by source, two policies of two draws each."""
    sources = []
    for source, auc in aucs.items():
        draws = [
            {"policy": policy, "seed": seed, "auc": auc + 0.01 * seed + 0.02 * (policy == "a")}
            for policy in ("a", "b")
            for seed in (0, 1)
        ]
        sources.append({"source": source, "auc": auc, "contexts": 4, "draws": draws})
    full = name if references == "none" else f"{name}, {references}"
    mean = {"auc": sum(aucs.values()) / len(aucs), "ece": 0.03, "ece_expected": 0.02}
    return {"name": full, "head": name, "references": references, "mean": mean, "sources": sources}


def comparison(*predictors):
    return {"comparison": {"sizes": [{"context_size": size, "predictors": predictors} for size in (32, 256)]}}


def budget(predictor_, source, share, error):
    versions = [{"belief": {"share": share}}, {"belief": {"share": share}}]
    belief = {"share": share, "stderr": error}
    return {"context_size": 256, "predictor": predictor_, "source": source, "belief": belief, "versions": versions}


class Aims(unittest.TestCase):
    def results(self, inverted, plans=()):
        plain = {"ikp": 0.7, "mint": 0.7}
        references = [
            predictor("compact", "none", plain),
            predictor("compact", "others:2", {"ikp": 0.80, "mint": 0.80}),
            predictor("compact", "others:3", {"ikp": 0.82, "mint": 0.82}),
            predictor("compact", "inverted:3", inverted),
        ]
        return {
            "main": comparison(predictor("compact", "none", plain), predictor("gaussian-process", "none", plain)),
            "references": comparison(*references),
            "coverage": comparison(*references[:1]),
            "budgets": {"comparison": {"budgets": list(plans)}},
        }

    def met(self, results, part):
        found = [met for claim, size, _, _, _, met in acceptance.rows(results) if part in claim and size == 256]
        self.assertTrue(found, part)
        return all(found)

    def test_an_inverted_reference_that_is_believed_misses_every_aim_about_it(self):
        for part in ("two good ones", "not inverted", "worst source"):
            self.assertTrue(self.met(self.results({"ikp": 0.82, "mint": 0.82}), part))
            self.assertFalse(self.met(self.results({"ikp": 0.74, "mint": 0.74}), part))

    def test_one_that_is_only_silenced_misses_the_aim_against_the_same_three(self):
        results = self.results({"ikp": 0.80, "mint": 0.80})
        self.assertTrue(self.met(results, "two good ones"))
        self.assertFalse(self.met(results, "not inverted"))

    def test_a_loss_on_one_source_is_seen_beside_gains_on_others(self):
        results = self.results({"ikp": 0.86, "mint": 0.76})
        self.assertTrue(self.met(results, "against two good ones (2 sources)"))
        self.assertFalse(self.met(results, "worst source"))

    def test_plans_alone_may_be_below_uniform_within_two_standard_errors(self):
        for share, is_met in ((0.1, True), (-0.05, True), (-0.07, False)):
            results = self.results({"ikp": 0.82, "mint": 0.82}, [budget("compact", "v0_dapo", share, 0.03)])
            self.assertEqual(self.met(results, "budgets alone"), is_met)

    def test_plans_with_three_references_need_two_fifths_of_the_oracles_gain(self):
        for share, is_met in ((0.41, True), (0.39, False)):
            plans = [budget("compact, others:3", "evalperf", share, 0.2)]
            self.assertEqual(self.met(self.results({"ikp": 0.82, "mint": 0.82}, plans), "others:3, share"), is_met)


class Losses(unittest.TestCase):
    def test_the_error_of_an_auc_is_that_of_drawn_queries(self):
        random = Random(1)

        def auc():
            right, wrong = [random.gauss(0.5, 1) for _ in range(12)], [random.gauss(0, 1) for _ in range(9)]
            return sum(a > b for a in right for b in wrong) / 108

        drawn = [auc() for _ in range(4000)]
        self.assertAlmostEqual(text.auc_error(statistics.fmean(drawn), 12, 9), statistics.stdev(drawn), delta=0.01)

    def test_a_source_that_is_below_is_named_with_its_queries(self):
        mine = predictor("compact", "none", {"sql_llm": 0.44, "mint": 0.7})
        for source in mine["sources"]:
            source.update(queries=84, reliability=[{"count": 42, "score": 0.25}, {"count": 42, "score": 0.75}])
        other = predictor("gaussian-process", "none", {"sql_llm": 0.5, "mint": 0.7})
        said = text.losses(comparison(mine, other)["comparison"])
        self.assertIn("at 256 rows: `sql_llm` (−0.060; 21 queries, by which alone an AUC is ± 0.128)", said)
        self.assertNotIn("mint", said)


class Excess(unittest.TestCase):
    def test_it_is_the_mean_over_sources_with_its_error_and_has_no_aim(self):
        sources = [
            {"source": name, "ece": 0.05 + gap, "ece_expected": 0.05, "auc": 0.7, "draws": []}
            for name, gap in (("a", 0.01), ("b", 0.03))
        ] + [{"source": "c", "draws": []}]
        value, error = acceptance.excess({"sources": sources})
        self.assertAlmostEqual(value, 0.02)
        self.assertAlmostEqual(error, 0.01)
        self.assertEqual(acceptance.excess({"sources": sources[:1]})[1], None)
        self.assertEqual(acceptance.excess({"sources": sources[2:]}), None)

    def test_each_aim_of_ece_has_it_in_the_next_line(self):
        main = predictor("compact", "none", {"ikp": 0.7, "mint": 0.7})
        for source in main["sources"]:
            source.update(ece=0.08, ece_expected=0.05)
        lines = text.claims({"main": comparison(main)}).splitlines()
        places = [place for place, line in enumerate(lines) if "ECE, mean of all" in line]
        self.assertEqual(len(places), 2)
        for place in places:
            self.assertIn("above right beliefs", lines[place + 1])
            self.assertIn("+0.030 ± 0.000", lines[place + 1])


class Parts(unittest.TestCase):
    def test_a_part_has_at_most_n_prompts_of_each_role_and_all_their_outcomes(self):
        with tempfile.TemporaryDirectory() as folder:
            stem = pathlib.Path(folder, "made")
            prompts = [{"prompt_id": f"p{i}", "prompt": f"text {i}"} for i in range(20)]
            outcomes = [
                {"prompt_id": f"p{i}", "policy_id": policy, "reward": 1, "role": "query" if i < 5 else "context"}
                for i in range(20)
                for policy in "ab"
            ]
            rows.write_gzip(f"{stem}.prompts.jsonl.gz", prompts)
            rows.write_gzip(f"{stem}.outcomes.jsonl.gz", outcomes)
            part = limited(str(stem), folder, 8)
            kept = {row["prompt_id"] for row in rows.read(part + ".prompts.jsonl.gz")}
            self.assertEqual(len(kept), 13)
            found = rows.read(part + ".outcomes.jsonl.gz")
            self.assertEqual(found, [row for row in outcomes if row["prompt_id"] in kept])


if __name__ == "__main__":
    unittest.main()
