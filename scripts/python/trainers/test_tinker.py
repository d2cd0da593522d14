"""statezero.tinker in the cookbook's own rollouts and advantages, with a policy of random tokens. No Tinker service."""

import asyncio
import dataclasses
import pathlib
import pickle
import random
import statistics
import sys
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "src"), str(FOLDER.parents[1])]
import tinker  # noqa: E402
from tinker_cookbook.completers import TokenCompleter, TokensWithLogprobs  # noqa: E402
from tinker_cookbook.rl.data_processing import compute_advantages  # noqa: E402
from tinker_cookbook.rl.problem_env import ProblemGroupBuilder  # noqa: E402
from tinker_cookbook.rl.rollout_strategy import RetryOnFailure  # noqa: E402
from tinker_cookbook.rl.rollouts import do_group_rollout  # noqa: E402
from tinker_cookbook.rl.types import Env, RLDataset, StepResult  # noqa: E402

from common.cluster import Cluster  # noqa: E402
from statezero import Client  # noqa: E402
from statezero.tinker import BudgetedDataset, ChosenDataset  # noqa: E402

SIZE, PROMPTS = 4, 8


class Policy(TokenCompleter):
    """Random tokens by seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    async def __call__(self, model_input, stop):
        tokens = [self.random.randrange(100) for _ in range(3)]
        return TokensWithLogprobs(tokens=tokens, maybe_logprobs=[-4.6] * 3)


class Sum(Env):
    """Succeeds where the first token is below the prompt's rate; fails as a program where it is 99."""

    def __init__(self, number, breaks):
        self.number, self.breaks = number, breaks

    async def initial_observation(self):
        return tinker.ModelInput.from_ints([self.number]), []

    async def step(self, action, *, extra=None):
        if self.breaks and action[0] >= 90:
            raise OSError("the sandbox is gone")
        reward = float(action[0] < 10 * (self.number % 10))
        return StepResult(reward, True, tinker.ModelInput.empty(), [])


@dataclasses.dataclass(frozen=True)
class Thunk:
    number: int
    breaks: bool = False

    def __call__(self):
        return Sum(self.number, self.breaks)


class Sums(RLDataset):
    def __init__(self, breaks=False):
        self.breaks = breaks

    def __len__(self):
        return 16

    def get_batch(self, index):
        first = index % 8 * PROMPTS
        return [ProblemGroupBuilder(Thunk(first + place, self.breaks), SIZE) for place in range(PROMPTS)]


def question(builder):
    return f"What is {builder.env_thunk.number} + 1?"


class Datasets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("table", workers=1)
        cls.cluster.wait_for_workers(1)
        cls.addClassCleanup(cls.cluster.stop)
        cls.client = Client(cls.cluster.url, timeout=60, strict=True)

    def roll_out(self, builders, strategy=None):
        async def all_groups():
            # As where rollouts are distributed: builders are pickled.
            copies = pickle.loads(pickle.dumps(builders))
            return await asyncio.gather(*(do_group_rollout(b, Policy(n), strategy) for n, b in enumerate(copies)))

        return asyncio.run(all_groups())

    def check_advantages(self, groups):
        for group, found in zip(groups, compute_advantages(groups), strict=True):
            rewards = group.get_total_rewards()
            mean = statistics.fmean(rewards)
            for reward, advantage in zip(rewards, found.tolist(), strict=True):
                self.assertAlmostEqual(advantage, reward - mean, delta=1e-6)

    def test_groups_of_planned_sizes(self):
        dataset = BudgetedDataset(Sums(), self.client, "sizes", question)
        sizes = set()
        for index in range(3):
            builders = dataset.get_batch(index)
            groups = self.roll_out(builders)
            self.check_advantages(groups)
            found = [len(group.trajectories_G) for group in groups]
            self.assertEqual((found, sum(found)), ([n for n in dataset.last_plan.n.values() if n], SIZE * PROMPTS))
            sizes.update(found)
        self.assertGreater(len(sizes), 1)
        self.assertGreater(dataset.last_plan.body["context_rows"], 0, "outcomes of earlier batches were not used")

    def test_chosen_prompts(self):
        dataset = ChosenDataset(Sums(), self.client, "chosen", question)
        self.assertEqual(len(dataset), 4)
        for index in range(3):
            groups = self.roll_out(dataset.get_batch(index))
            self.check_advantages(groups)
            self.assertEqual([len(group.trajectories_G) for group in groups], [SIZE] * PROMPTS)
        self.assertEqual((len(dataset.last_plan.items), dataset.last_plan.status), (4 * PROMPTS, "ok"))
        self.assertGreater(dataset.last_plan.body["context_rows"], 0)

    def test_a_batch_again_gets_its_plan_again(self):
        """As where a run resumes from a checkpoint."""
        dataset = BudgetedDataset(Sums(), self.client, "again", question)
        first = [dataset.get_batch(index) for index in range(2)]
        self.roll_out(first[0])
        second = BudgetedDataset(Sums(), self.client, "again", question).get_batch(1)
        self.assertEqual([b.num_envs for b in second], [b.num_envs for b in first[1]])

    def test_rollouts_that_fail(self):
        dataset = BudgetedDataset(Sums(breaks=True), self.client, "fails", question)
        groups = self.roll_out(dataset.get_batch(0), RetryOnFailure(max_retries=100))
        self.check_advantages(groups)
        self.assertGreater(sum(len(group.rollout_errors) for group in groups), 0)

    def test_the_coordinator_is_killed_and_comes_back(self):
        with Cluster("table", workers=1) as cluster:
            cluster.wait_for_workers(1)
            client = Client(cluster.url, timeout=2)
            dataset = BudgetedDataset(Sums(), client, "killed", question)
            for index in range(4):
                if index == 1:
                    cluster.kill("coordinator")
                if index == 3:
                    cluster.start_coordinator()
                    cluster.wait_for_workers(1)
                # In this process, so that one client keeps what cannot be delivered.
                builders = dataset.get_batch(index)
                groups = asyncio.run(self.in_order(builders))
                self.check_advantages(groups)
            self.assertEqual((client.fallbacks, client.pending, dataset.last_plan.fallback), (2, 0, False))

    async def in_order(self, builders):
        return [await do_group_rollout(b, Policy(n)) for n, b in enumerate(builders)]


if __name__ == "__main__":
    unittest.main()
