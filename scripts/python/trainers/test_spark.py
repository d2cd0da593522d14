"""statezero.spark in Spark: the same predictions as `statezero score`, to the bit, from two partitions."""

import corpus  # first: it sets the paths  # isort: skip

import os
import sys
import tempfile
import time
import unittest

os.environ["PYTHONPATH"] = os.pathsep.join([str(corpus.FOLDER), str(corpus.FOLDER.parent / "src")])  # of tasks
os.environ["PYSPARK_PYTHON"] = sys.executable

import numpy as np  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

from statezero.spark import scored_schema, scorer  # noqa: E402


class Spark(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        cls.session = builder.getOrCreate()
        cls.addClassCleanup(cls.session.stop)

    def test_the_same_predictions_as_score(self):
        rows = corpus.prompts()
        with tempfile.TemporaryDirectory() as folder:
            wanted = corpus.by_score(folder)
        frame = self.session.createDataFrame(rows).repartition(2)
        begin = time.monotonic()
        function = scorer(str(corpus.CONTEXT), model=corpus.MODEL, arguments=["--store", "off"])
        scored = frame.mapInArrow(function, scored_schema(frame.schema)).collect()
        seconds = time.monotonic() - begin
        self.assertEqual(len(scored), len(rows))
        for row in scored:
            self.assertEqual(row["error"], "")
            for name in corpus.FIELDS:
                self.assertEqual(np.float32(row[name]), np.float32(wanted[row["prompt_id"]][name]))
        print(f"\nspark: {len(scored)} rows equal to `score`, two partitions, {seconds:.1f} s with their start")


if __name__ == "__main__":
    unittest.main()
