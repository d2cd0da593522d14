"""statezero.prime_rl in prime-rl's own Curriculum, with tasks, traces and episodes of verifiers.

PRIME_RL names a checkout of prime-rl, which is in no registry. Its orchestrator, which needs vLLM, is not run.
"""

import os
import pathlib
import pickle
import sys
import unittest
import uuid

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKOUT = os.environ.get("PRIME_RL")
if not CHECKOUT or sys.version_info < (3, 12):
    print("skipped: PRIME_RL must name a checkout of prime-rl, and Python must be 3.12 or later (PYTHON=python3.12)")
    sys.exit(77)
PARTS = ("src", "packages/prime-rl-configs/src")
sys.path[:0] = [str(FOLDER.parent / "src"), str(FOLDER.parents[1]), *(f"{CHECKOUT}/{part}" for part in PARTS)]
import verifiers.v1 as vf  # noqa: E402
from prime_rl.configs.orchestrator import AdvRangeGateConfig, CurriculumConfig  # noqa: E402
from prime_rl.orchestrator.curriculum import Curriculum  # noqa: E402

from common.cluster import Cluster  # noqa: E402
from statezero import Client  # noqa: E402
from statezero.prime_rl import Sampler  # noqa: E402

SIZE, CHOOSE = 4, 8


def tasks(count=64):
    return [vf.Task(vf.TaskData(idx=index, prompt=f"What is {index} + 1?")) for index in range(count)]


def group(task, rewards):
    """A finished group: an episode for each reward."""
    about = vf.TraceTask(type=type(task).__name__, data=task.data, key=task.key, hash=task.hash)
    name = vf.GroupInfo(id=str(uuid.uuid4()))
    episodes = []
    for reward in rewards:
        agent = vf.AgentInfo(config=vf.AgentConfig())
        trace = vf.Trace(task=about, agent=agent, nodes=[], rewards={"reward": vf.Reward(score=reward)}, ok=True)
        episodes.append(vf.Episode(env=vf.EnvInfo(id="sums", name="sums"), task=about, group=name, traces=[trace]))
    return episodes


class InCurriculum(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("table", workers=1)
        cls.cluster.wait_for_workers(1)
        cls.addClassCleanup(cls.cluster.stop)

    def curriculum(self, run, client=None):
        client = client or Client(self.cluster.url, timeout=60, strict=True)
        made = Curriculum(CurriculumConfig(gates={"signal": AdvRangeGateConfig()}), tasks())
        made.sampler = Sampler(tasks(), client, run, SIZE, choose=CHOOSE, pool=4 * CHOOSE)
        return made

    def steps(self, made, count):
        """Keys of the tasks handed out; each group is finished at once."""
        keys = []
        for _ in range(count * CHOOSE):
            task = next(made.sampler)
            keys.append(task.key)
            rate = task.data.idx % 5
            made.on_result(group(task, [float(index < rate) for index in range(SIZE)]))
        return keys

    def test_chosen_tasks_are_those_of_the_plan(self):
        made = self.curriculum("plan")
        keys = self.steps(made, 3)
        choice = made.sampler.last_choice
        self.assertEqual(sorted(keys[-CHOOSE:]), sorted(choice.ids))
        self.assertEqual((choice.random, choice.plan.status, len(choice.plan.items)), (False, "ok", 4 * CHOOSE))
        self.assertGreater(choice.plan.body["context_rows"], 0, "outcomes of earlier groups were not used")
        self.assertEqual(made.metrics()["sampler/statezero/fallbacks"], 0.0)
        self.assertEqual(made.sampler.outcome_steps, {})

    def test_a_checkpoint_in_the_middle_of_a_choice(self):
        made = self.curriculum("checkpoint")
        for _ in range(3):
            task = next(made.sampler)
            made.on_result(group(task, [0.0, 1.0, 1.0, 0.0]))
        state = pickle.loads(pickle.dumps(made.state_dict()))
        wanted = [next(made.sampler).key for _ in range(CHOOSE - 3)]
        restored = self.curriculum("checkpoint")
        restored.load_state_dict(state)
        self.assertEqual([next(restored.sampler).key for _ in range(CHOOSE - 3)], wanted)
        self.steps(restored, 1)
        self.assertEqual(restored.sampler.last_choice.plan.step, 1)

    def test_the_coordinator_is_killed_and_comes_back(self):
        with Cluster("table", workers=1) as cluster:
            cluster.wait_for_workers(1)
            client = Client(cluster.url, timeout=2)
            made = self.curriculum("killed", client)
            self.steps(made, 1)
            cluster.kill("coordinator")
            keys = self.steps(made, 1)
            self.assertEqual((made.sampler.last_choice.random, len(set(keys))), (True, CHOOSE))
            self.assertEqual(client.pending, CHOOSE)
            cluster.start_coordinator()
            cluster.wait_for_workers(1)
            self.steps(made, 1)
            self.assertEqual((made.sampler.last_choice.random, client.pending), (False, 0))


if __name__ == "__main__":
    unittest.main()
