"""The pool: measured rollouts of every prompt under every version, and the utility of budgets on it.

Standard library only. Utility is the objective `expectedContrast`: failed rollouts in a group that also holds a
success. For a pool of M rollouts with F failures, the expectation over groups of n drawn without replacement is exact:
n F / M - n C(F, n) / C(M, n).
"""

import hashlib
import math
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import rows


class Pool:
    """Rewards by (version, prompt id), and the versions and prompt ids that are complete."""

    def __init__(self, path):
        measured = rows.read(path)
        self.rewards = {(row["policy_version"], row["prompt_id"]): row["rewards"] for row in measured}
        self.versions = sorted({version for version, _ in self.rewards})
        ids = dict.fromkeys(row["prompt_id"] for row in measured)
        self.prompt_ids = [i for i in ids if all((version, i) in self.rewards for version in self.versions)]

    def deal(self, policy_id, version, prompt_id):
        """The order in which a policy gets the rollouts: their indices."""
        order = list(range(len(self.rewards[version, prompt_id])))
        seed = hashlib.sha256(f"{repetition(policy_id)}/{version}/{prompt_id}".encode()).digest()
        random.Random(int.from_bytes(seed[:6], "big")).shuffle(order)
        return order

    def dealt(self, policy_id, version, prompt_id, n):
        """Rewards of the first `n` rollouts in that order."""
        rewards = self.rewards[version, prompt_id]
        return [rewards[number] for number in self.deal(policy_id, version, prompt_id)[:n]]

    def expected(self, version, prompt_id, n):
        """Expected utility of `n` rollouts of a prompt, over all orders."""
        rewards = self.rewards[version, prompt_id]
        size, failed = len(rewards), sum(reward == 0 for reward in rewards)
        return n * failed / size - n * math.comb(failed, n) / math.comb(size, n)

    def oracle(self, version, prompt_ids, total, n_min, n_max):
        """Budgets of the greatest expected utility with the pool known, by dynamic programming."""
        best, choices = {0: 0.0}, []
        for prompt_id in prompt_ids:
            values = [self.expected(version, prompt_id, n) for n in range(n_min, n_max + 1)]
            step, choice = {}, {}
            for spent, value in best.items():
                for n, gain in enumerate(values, n_min):
                    if spent + n <= total and value + gain > step.get(spent + n, -1.0):
                        step[spent + n], choice[spent + n] = value + gain, n
            best = step
            choices.append(choice)
        spent, budgets = max(best, key=lambda spent: (best[spent], spent)), {}
        for prompt_id, choice in zip(reversed(prompt_ids), reversed(choices)):
            budgets[prompt_id] = choice[spent]
            spent -= choice[spent]
        return budgets


def repetition(policy_id):
    """The part of a policy's id that seeds the order: equal for the arms of one repetition, so that they compare."""
    return policy_id.rsplit("/", 1)[-1]


def realised(rewards):
    """Failed rollouts in a group that also holds a success."""
    failures = sum(reward == 0 for reward in rewards)
    return failures if failures < len(rewards) else 0


def is_silent(rewards):
    """Whether a group has no gradient: all rewards are the same."""
    return len(set(rewards)) < 2
