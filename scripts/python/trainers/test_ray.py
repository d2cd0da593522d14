"""statezero.ray: Ray Data gives the same predictions as `statezero score`, to the bit, from two actors; and a cluster
of ours, which Ray starts again when its processes are killed, and ends."""

import corpus  # first: it sets the paths  # isort: skip

import os
import signal
import tempfile
import time
import unittest

os.environ["PYTHONPATH"] = os.pathsep.join([str(corpus.FOLDER), str(corpus.FOLDER.parent / "src")])  # of Ray

import numpy as np  # noqa: E402
import ray  # noqa: E402

from common import paths  # noqa: E402
from statezero.client import StateZeroError  # noqa: E402
from statezero.ray import Scorer, start_cluster  # noqa: E402

ITEMS = [{"prompt_id": f"p{number}", "prompt": f"What is {number} plus 7?"} for number in range(8)]


def setUpModule():
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    unittest.addModuleCleanup(ray.shutdown)


class RayData(unittest.TestCase):
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


class RayCluster(unittest.TestCase):
    def start(self, n=2, **options):
        cluster = start_cluster(n, model="table", program=paths.program(), **options)
        self.addCleanup(cluster.stop)
        return cluster

    def until(self, condition, seconds=120):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "it did not happen in time")
            time.sleep(0.1)

    def pids(self, actor):
        """Process ids of an actor and its child, also while Ray starts it again."""
        for _ in range(100):
            try:
                return ray.get(actor.pids.remote(), timeout=60)
            except ray.exceptions.RayError:
                time.sleep(0.2)
        raise AssertionError("the actor did not come back")

    def test_a_worker_whose_process_or_actor_is_killed_comes_back(self):
        cluster = self.start()
        plan = cluster.client(timeout=60, strict=True).plan("ray", 0, 64, ITEMS)
        self.assertEqual((plan.status, plan.total), ("ok", 64))
        for victim in (0, 1):  # first the actor's process, then the child alone
            before = self.pids(cluster.workers[0])
            os.kill(before[victim], signal.SIGKILL)
            self.until(lambda before=before: self.pids(cluster.workers[0])[1] != before[1])
            self.until(lambda: cluster.connected() == 2)
            self.assertFalse(_is_running(before[1]), "the child outlived its actor")
        plan = cluster.client(timeout=60, strict=True).plan("ray", 1, 64, ITEMS)
        self.assertEqual(plan.status, "ok")

    def test_a_coordinator_that_is_killed_keeps_its_plans(self):
        cluster = self.start(1)
        client = cluster.client(timeout=60, strict=True)
        plan = client.plan("kept", 0, 64, ITEMS)
        pids = self.pids(cluster.coordinator)
        os.kill(pids[1], signal.SIGKILL)
        self.until(lambda: cluster.connected() == 0 and self.pids(cluster.coordinator)[1] != pids[1])
        self.until(lambda: cluster.connected() == 1)
        again = client.plan("kept", 0, 64, ITEMS)
        self.assertEqual((again.plan_id, again.n), (plan.plan_id, plan.n))

    def test_stop_ends_every_process(self):
        cluster = self.start()
        pids = [pid for actor in [*cluster.workers, cluster.coordinator] for pid in self.pids(actor)]
        cluster.stop()
        self.until(lambda: not any(map(_is_running, pids)), 30)

    def test_a_worker_that_cannot_start(self):
        with self.assertRaisesRegex(StateZeroError, "0 of 1 workers"):
            self.start(1, worker_arguments=["--no-such-option"], timeout=6)


def _is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()
