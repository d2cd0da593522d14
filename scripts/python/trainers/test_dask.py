"""statezero.dask in Dask: the same predictions as `statezero score`, to the bit, from two processes."""

import corpus  # first: it sets the paths  # isort: skip

import os
import tempfile
import time
import unittest

os.environ["PYTHONPATH"] = os.pathsep.join([str(corpus.FOLDER), str(corpus.FOLDER.parent / "src")])  # of workers

import dask.dataframe  # noqa: E402
import numpy as np  # noqa: E402
import pandas  # noqa: E402
from distributed import Client, LocalCluster  # noqa: E402

import statezero.dask  # noqa: E402


def children() -> int:
    """Child processes of this process, where it runs."""
    pid = os.getpid()
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return len(file.read().split())


class Dask(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
        cls.cluster = LocalCluster(**settings)
        cls.addClassCleanup(cls.cluster.close)
        cls.client = Client(cls.cluster)
        cls.addClassCleanup(cls.client.close)

    def test_the_same_predictions_as_score(self):
        rows = corpus.prompts()
        with tempfile.TemporaryDirectory() as folder:
            wanted = corpus.by_score(folder)
        frame = dask.dataframe.from_pandas(pandas.DataFrame(rows), npartitions=8)
        begin = time.monotonic()
        options = {"model": corpus.MODEL, "arguments": ["--store", "off"]}
        lazy = statezero.dask.score(frame, str(corpus.CONTEXT), **options)
        scored = lazy.compute()
        seconds = time.monotonic() - begin
        self.assertEqual(list(scored.dtypes), list(lazy.dtypes))
        self.assertEqual(len(scored), len(rows))
        for row in scored.to_dict("records"):
            self.assertEqual(row["error"], "")
            for name in corpus.FIELDS:
                self.assertEqual(np.float32(row[name]), np.float32(wanted[row["prompt_id"]][name]))
        print(f"\ndask: {len(scored)} rows equal to `score`, two processes, {seconds:.1f} s with their start")
        # A coordinator and a worker in each process that had partitions, for all of its partitions together.
        self.assertLessEqual(set(self.client.run(children).values()), {0, 2})
        self.client.run(statezero.dask.close)
        self.assertEqual(set(self.client.run(children).values()), {0})

    def test_an_empty_partition(self):
        frame = dask.dataframe.from_pandas(pandas.DataFrame({"prompt": ["a", "b"]}), npartitions=1)
        empty = frame[frame["prompt"] == "c"]
        context = [{"prompt": "What is 1 + 1?", "reward": 1.0}]
        self.assertEqual(len(statezero.dask.score(empty, context, model="table").compute()), 0)


if __name__ == "__main__":
    unittest.main()
