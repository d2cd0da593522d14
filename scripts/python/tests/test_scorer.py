"""Tests of scorer.py against the real program: skipped, with the reason, where STATEZERO_BINARY does not name it."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import warnings

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "src"), str(FOLDER.parents[1])]
from common import paths, rows  # noqa: E402
from statezero.client import RequestError, StateZeroError  # noqa: E402
from statezero.ray import warn_of_niceness  # noqa: E402
from statezero.scorer import Scorer  # noqa: E402

BINARY = os.environ.get("STATEZERO_BINARY")
QUERIES = paths.SAMPLE / "queries.jsonl.gz"
CONTEXT = paths.SAMPLE / "context.three-shot-t0.8.jsonl.gz"
MODEL = str(paths.DEFAULT_MODEL if paths.DEFAULT_MODEL.exists() else "table")


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@unittest.skipUnless(BINARY, "STATEZERO_BINARY does not name the program: the scorer was not tested")
class RealProgram(unittest.TestCase):
    def test_predictions_are_those_of_score_to_the_bit(self):
        queries = rows.read(QUERIES)
        with tempfile.TemporaryDirectory() as folder:
            command = [BINARY, "score", "--prompts", str(QUERIES), "--context", str(CONTEXT), "--workers", "1"]
            command += ["--model", MODEL, "--output", f"{folder}/out", "--store", "off"]
            subprocess.run(command, check=True, capture_output=True)
            parts = sorted(pathlib.Path(folder, "out").glob("part-*.jsonl"))
            wanted = [json.loads(line) for part in parts for line in part.read_text(encoding="utf-8").splitlines()]
        with Scorer(CONTEXT, model=MODEL, arguments=["--store", "off"]) as scorer:
            # Batches of several sizes, in another order: no prediction depends on them.
            found = scorer.score([row["prompt"] for row in queries[:7]])
            found += scorer.score([row["prompt"] for row in reversed(queries[7:])])[::-1]
        self.assertEqual(len(found), len(wanted))
        for name in ("p", "kappa", "p_lo", "p_hi", "truncated"):
            self.assertEqual([row[name] for row in found], [row[name] for row in wanted], name)

    def test_processes_end_with_their_parent(self):
        script = (
            "import os, sys; sys.path[:0] = [sys.argv[1]]\n"
            "from statezero.scorer import Scorer\n"
            "scorer = Scorer([{'prompt': 'x', 'reward': 1}], model='table')\n"
            "print(len(scorer.score(['What is 1 + 1?'])), *(child.pid for child in scorer._children), flush=True)\n"
            "os.kill(os.getpid(), 9)\n"
        )
        command = [sys.executable, "-c", script, str(FOLDER.parent / "src")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
        count, *pids = ended.stdout.split()
        self.assertEqual((count, len(pids)), ("1", 2), ended.stderr)
        end = time.monotonic() + 100
        while any(map(is_alive, pids)) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertFalse(any(map(is_alive, pids)))

    def test_a_model_that_is_not_there(self):
        with self.assertRaisesRegex(StateZeroError, "worker did not start"):
            Scorer([{"prompt": "x", "reward": 1}], model="/nowhere")


class Niceness(unittest.TestCase):
    def test_a_low_priority_on_a_busy_machine_is_a_warning(self):
        for niceness, load, is_warned in ((15, 9.0, True), (15, 0.5, False), (0, 9.0, False)):
            with (
                unittest.mock.patch("os.nice", return_value=niceness),
                unittest.mock.patch("os.getloadavg", return_value=(load, 0, 0)),
                unittest.mock.patch("os.cpu_count", return_value=2),
                warnings.catch_warnings(record=True) as caught,
            ):
                warnings.simplefilter("always")
                warn_of_niceness()
            self.assertEqual([str(w.message)[:33] for w in caught], ["this process has the niceness 15,"] * is_warned)


class Contexts(unittest.TestCase):
    def test_rows_that_cannot_be_used_are_named(self):
        good = {"prompt": "x", "k": 1, "n": 2}
        for wrong in ({"prompt": "x"}, {"reward": 1}, {"prompt": "x", "reward": 2}, {"prompt": "x", "k": 1, "n": -1}):
            with self.assertRaisesRegex(RequestError, "context row 2"):
                Scorer([good, wrong], program="/nowhere")
        for count in (0, 2049):
            with self.assertRaisesRegex(RequestError, f"not {count}"):
                Scorer([good] * count, program="/nowhere")


if __name__ == "__main__":
    unittest.main()
