"""Tests of the preset "widening": what it asks for with and without agreement of predictions and outcomes, against a
server in this process that plans evenly with predictions of its own."""

import hashlib
import pathlib
import pickle
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "src")]
from test_client import scripted  # noqa: E402

from statezero.client import Client, _Agreement  # noqa: E402

POOL = [{"prompt_id": f"p{index:03d}", "prompt": str(index)} for index in range(128)]
CAUTIOUS = ("informationGain", 2, 16)


def chance(name: str) -> float:
    return int(name[1:]) / 128


def answer(_, body):
    """Even budgets, with a prediction for each prompt; or all outcomes accepted."""
    if "outcomes" in body:
        return {"accepted": len(body["outcomes"]), "duplicates": 0, "rejected": [], "decisions": []}
    n = body["total"] // len(body["items"])
    digest = hashlib.sha256(n.to_bytes(4, "little") * len(body["items"])).hexdigest()
    items = [{"prompt_id": item["prompt_id"], "n": n, "p": chance(item["prompt_id"])} for item in body["items"]]
    about = {"policy_id": body["policy_id"], "step": body["step"], "status": "ok", "digest": digest}
    return {**about, "items": items, "total": n * len(items), "surplus": 0}


class Preset(unittest.TestCase):
    def setUp(self):
        context = scripted((200, {}, answer))
        url, self.server = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.client = Client(url, strict=True)

    def asked(self, step, client=None, preset="widening"):
        (client or self.client).plan("llm", step, 8 * len(POOL), POOL, preset=preset)
        body = self.server.asked[-1][1]
        return body["objective"], body["n_min"], body["n_max"]

    def outcomes(self, step, rate=chance):
        found = []
        for item in POOL:
            right = round(8 * rate(item["prompt_id"]))
            found.append({"prompt_id": item["prompt_id"], "step": step, "rewards": [1] * right + [0] * (8 - right)})
        return found

    def test_it_widens_once_predictions_agree_with_outcomes(self):
        self.assertEqual(self.asked(0), CAUTIOUS)
        self.client.report("llm", self.outcomes(0))
        objective, smallest, largest = self.asked(1)
        agreement = self.client.agreement("llm", 1)
        self.assertAlmostEqual(agreement, 0.999 * 128 / 192, 2)
        self.assertEqual((objective, smallest, largest), ("informationGain", 2, round((1 + 3 * agreement) * 8)))
        self.assertEqual(largest, 24)
        self.client.report("llm", self.outcomes(1))
        self.assertGreater(self.asked(2)[2], largest, "more evidence widens further")
        self.assertEqual(self.client.agreement("other"), 0, "each policy has its own")
        self.assertEqual(self.asked(3, preset="trainer"), CAUTIOUS, "the default does not widen")

    def test_outcomes_that_do_not_agree_leave_it_cautious(self):
        for step, rate in enumerate(
            (lambda name: 1 - chance(name), lambda name: 0.5, lambda name: int(name[1:]) * 5 % 9 / 8)
        ):
            client = Client(f"http://127.0.0.1:{self.server.server_address[1]}", strict=True)
            self.asked(step, client)
            client.report("llm", self.outcomes(step, rate))
            self.assertEqual(self.asked(step + 10, client), CAUTIOUS)

    def test_the_same_step_is_asked_for_in_the_same_way(self):
        first = self.asked(0)
        self.client.report("llm", self.outcomes(0))
        self.assertEqual(self.asked(0), first)
        self.assertNotEqual(self.asked(1), first)

    def test_an_outcome_counts_once_and_only_where_it_was_predicted(self):
        self.client.report("llm", self.outcomes(0))
        self.assertEqual(self.client.agreement("llm"), 0, "no plan predicted them")
        self.asked(0)
        self.client.report("llm", self.outcomes(0))
        once = self.client.agreement("llm")
        self.client.report("llm", self.outcomes(0))
        self.assertEqual(self.client.agreement("llm"), once)

    def test_outcomes_that_come_with_a_plan_count_for_it(self):
        self.asked(0)
        self.client.plan("llm", 1, 8 * len(POOL), POOL, outcomes=self.outcomes(0), preset="widening")
        self.assertEqual(self.server.asked[-1][1]["n_max"], 24)

    def test_a_copy_knows_what_its_original_knew(self):
        self.asked(0)
        self.client.report("llm", self.outcomes(0))
        copy = pickle.loads(pickle.dumps(self.client))
        self.assertEqual(copy.agreement("llm"), self.client.agreement("llm"))
        self.assertEqual(self.asked(1, copy), self.asked(1))

    def test_means_failed_rollouts_and_predictions_that_are_missing(self):
        known = _Agreement()
        known.expect([{"prompt_id": str(index), "p": index / 9 if index else None} for index in range(10)])
        known.report("0", {"rewards": [1.0]})
        known.report("1", {"rewards": []})
        known.report("2", {"failed": 4})
        known.report("3", {"mean": 1 / 3, "n": 8})
        known.report("4", {"rewards": [1.0, 0.0], "failed": 2})
        known.report("5", {"rewards": [1.0, 0.0]})
        self.assertEqual(list(known._pairs), [(3 / 9, 1 / 3), (4 / 9, 0.25), (5 / 9, 0.5)])

    def test_what_is_kept_is_bounded(self):
        known = _Agreement()
        for first in range(0, 3 * known.PROMPTS_MAX, known.PROMPTS_MAX):
            known.expect({"prompt_id": str(first + index), "p": 0.5} for index in range(known.PROMPTS_MAX))
        self.assertEqual(len(known._expected), known.PROMPTS_MAX)
        for step in range(3 * known.STEPS_MAX):
            known.at(step)
        self.assertEqual((len(known._at), min(known._at)), (known.STEPS_MAX, 2 * known.STEPS_MAX))


if __name__ == "__main__":
    unittest.main()
