"""statezero.ray in Ray Data: the same predictions as `statezero score`, to the bit, from two actors."""

import corpus  # first: it sets the paths  # isort: skip

import os
import tempfile
import time
import unittest

os.environ["PYTHONPATH"] = os.pathsep.join([str(corpus.FOLDER), str(corpus.FOLDER.parent / "src")])  # of Ray

import numpy as np  # noqa: E402
import ray  # noqa: E402

from statezero.ray import Scorer  # noqa: E402


class RayData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
        cls.addClassCleanup(ray.shutdown)

    def test_the_same_predictions_as_score(self):
        rows = corpus.prompts()
        with tempfile.TemporaryDirectory() as folder:
            wanted = corpus.by_score(folder)
        options = {"model": corpus.MODEL, "arguments": ["--store", "off"]}
        begin = time.monotonic()
        scored = (
            ray.data.from_items(rows, override_num_blocks=8)
            .map_batches(
                Scorer,
                fn_constructor_args=[str(corpus.CONTEXT)],
                fn_constructor_kwargs=options,
                compute=ray.data.ActorPoolStrategy(size=2),
                batch_size=100,
            )
            .take_all()
        )
        seconds = time.monotonic() - begin
        self.assertEqual(len(scored), len(rows))
        for row in scored:
            self.assertEqual(row["error"], "")
            for name in corpus.FIELDS:
                self.assertEqual(np.float32(row[name]), np.float32(wanted[row["prompt_id"]][name]))
        print(f"\nray: {len(scored)} rows equal to `score`, two actors, {seconds:.1f} s with their start")


if __name__ == "__main__":
    unittest.main()
