"""statezero.verl in verl's own v1 trainer (PPOTrainerSync.step), its agent loops and TransferQueue, on CPU.

The policy and the update of its weights are replaced: an agent loop answers with the same tokens and a reward by seed,
and log probabilities are zeros. Batches, dispatch, padding, grouping and advantages are verl's.
"""

import os
import pathlib
import statistics
import sys
import tempfile
import types
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
PATHS = [str(FOLDER), str(FOLDER.parent / "src"), str(FOLDER.parents[1])]
sys.path[:0] = PATHS
os.environ["PYTHONPATH"] = os.pathsep.join(PATHS)  # of Ray
os.environ["TRANSFER_QUEUE_ENABLE"] = "1"
os.environ["RAY_DEDUP_LOGS"] = "0"

import datasets  # noqa: E402
import hydra  # noqa: E402
import numpy as np  # noqa: E402
import ray  # noqa: E402
import tiny  # noqa: E402
import torch  # noqa: E402
import transfer_queue as tq  # noqa: E402
import verl  # noqa: E402
from omegaconf import OmegaConf, open_dict  # noqa: E402
from tensordict import TensorDict  # noqa: E402
from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopMetrics, AgentLoopOutput  # noqa: E402
from verl.trainer.ppo.v1.agent_loop_tq import AgentLoopManagerTQ  # noqa: E402
from verl.trainer.ppo.v1.trainer_sync import PPOTrainerSync  # noqa: E402
from verl.workers.utils.padding import response_to_nested  # noqa: E402

from common.cluster import Cluster  # noqa: E402
from statezero import RequestError  # noqa: E402
from statezero.verl import Manager  # noqa: E402

SIZE, PROMPTS = 4, 8


class RandomLoop(AgentLoopBase):
    """One turn of a policy that succeeds at the prompt's own rate; `breaks`: some rollouts end with an error."""

    def __init__(self, **_):
        pass  # needs neither tokenizer nor server

    async def run(self, sampling_params, **fields):
        extra = fields["extra_info"]
        text, session = fields["raw_prompt"][0]["content"], fields["session_id"]
        salt = f"{fields['uid']}/{session}"
        if extra["breaks"] and tiny.reward(text, salt, 0.2, "breaks"):
            raise OSError("the sandbox is gone")
        length = 2 + len(text) % 3
        return AgentLoopOutput(
            prompt_ids=list(range(5, 5 + len(text))),
            response_ids=list(range(40, 40 + length)),
            response_mask=[1] * length,
            response_logprobs=[-1.0] * length,
            reward_score=tiny.reward(text, salt, extra["rate"]),
            num_turns=2,
            metrics=AgentLoopMetrics(),
            extra_fields={"reward_extra_info": {}, "min_global_steps": 0, "max_global_steps": 0},
        )


class Trainer(PPOTrainerSync):
    """verl's trainer without GPUs: what is replaced is only what would run a model."""

    def begin(self, manager):
        self._init_tokenizer()
        self._init_dataloader()
        self.global_steps = 1
        self.curr_step_profile = False
        self.agent_loop_manager = manager
        self.reward_loop_manager = types.SimpleNamespace(reward_loop_worker_handles=[])
        self.checkpoint_manager = types.SimpleNamespace(sleep_replicas=lambda: None, update_weights=lambda step: None)
        self.actor_rollout_wg = types.SimpleNamespace(
            _dispatch_info={"actor": [0, 1]},
            save_checkpoint=lambda *parts, **options: None,
            load_checkpoint=lambda *parts, **options: None,
        )
        self.trained = []

    def _compute_old_log_prob(self, batch, metrics):
        data = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=["response_mask"])
        zeros = torch.zeros_like(data.to_padded_tensor()["response_mask"], dtype=torch.float32)
        nested = response_to_nested(zeros, data["response_mask"])
        fields = TensorDict({"old_log_probs": nested}, batch_size=len(batch))
        return tq.kv_batch_put(keys=batch.keys, partition_id=batch.partition_id, fields=fields)

    def _update_actor(self, batch, metrics):
        names = ["uid", "advantages", "rm_scores"]
        data = tq.kv_batch_get(keys=batch.keys, partition_id=batch.partition_id, select_fields=names)
        padding = [bool(tag.get("is_padding", False)) for tag in batch.tags]
        uids = [str(getattr(uid, "data", uid)) for uid in data["uid"]]
        rows = zip(uids, data["advantages"].unbind(), data["rm_scores"].unbind(), padding)
        self.trained.append([(uid, float(a[-1]), float(r.sum()), pad) for uid, a, r, pad in rows])
        return batch

    def one_step(self, saves=False):
        metrics = {}
        batch = self.step(metrics, {})
        tq.kv_clear(partition_id="train", keys=list(tq.kv_list("train").get("train", {})))
        if saves:
            self._save_checkpoint()
        self.global_steps += 1
        return batch

    def resume(self):
        """As verl's `fit` does."""
        self._load_checkpoint()
        self.global_steps += 1


def configuration(folder, url, run, breaks=False, seed=1, **settings):
    """verl's own defaults, with a tiny model and data set in `folder`."""
    path = pathlib.Path(folder)
    tiny.model().save_pretrained(path / "model")
    tiny.tokenizer().save_pretrained(path / "model")
    rows = [
        {
            "data_source": "sums",
            "prompt": row["prompt"],
            "reward_model": {"style": "rule", "ground_truth": ""},
            "extra_info": {"index": row["prompt_id"], "rate": row["rate"], "breaks": breaks},
        }
        for row in tiny.rows(64, chat=True)
    ]
    datasets.Dataset.from_list(rows).to_parquet(str(path / "train.parquet"))
    (path / "loops.yaml").write_text("- name: random\n  _target_: test_verl.RandomLoop\n")
    overrides = [
        f"data.train_files={path}/train.parquet",
        f"data.val_files={path}/train.parquet",
        f"data.train_batch_size={PROMPTS}",
        "data.max_prompt_length=64",
        "data.max_response_length=8",
        "data.dataloader_num_workers=0",
        f"data.seed={seed}",
        f"trainer.default_local_dir={path}/checkpoints",
        f"actor_rollout_ref.model.path={path}/model",
        "actor_rollout_ref.rollout.name=vllm",
        f"actor_rollout_ref.rollout.n={SIZE}",
        f"actor_rollout_ref.actor.ppo_mini_batch_size={PROMPTS}",
        "actor_rollout_ref.rollout.agent.num_workers=2",
        f"actor_rollout_ref.rollout.agent.agent_loop_config_path={path}/loops.yaml",
        "actor_rollout_ref.rollout.agent.default_agent_loop=random",
        "algorithm.adv_estimator=grpo",
        "trainer.device=cpu",
        "transfer_queue.enable=True",
        "transfer_queue.backend.SimpleStorage.num_data_storage_units=1",
    ]
    with hydra.initialize_config_dir(str(pathlib.Path(verl.__file__).parent / "trainer" / "config"), version_base=None):
        config = hydra.compose("ppo_trainer", overrides)
    with open_dict(config):
        config.statezero = {"url": url, "run": run, "timeout": 60, **settings}
    OmegaConf.resolve(config)
    return config


class V1(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("table", workers=1)
        cls.cluster.wait_for_workers(1)
        cls.addClassCleanup(cls.cluster.stop)
        ray.init(num_cpus=8, include_dashboard=False, log_to_driver=False)
        cls.addClassCleanup(ray.shutdown)

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def begin(self, run, manager=Manager, url=None, folder=None, **options):
        config = configuration(folder or self.folder(), url or self.cluster.url, run, **options)
        tq.init(config.transfer_queue)
        self.addCleanup(tq.close)
        trainer = Trainer(config)
        trainer.begin(manager.create(config=config, llm_client=None, teacher_client=None))
        return trainer

    def check(self, rows, scale=True):
        """verl's advantages against those by hand, in the uid's own group. Returns the sizes of the groups."""
        groups = {}
        for uid, _, reward, padding in rows:
            if not padding:
                groups.setdefault(uid, []).append(reward)
        for uid, advantage, reward, padding in rows:
            if padding:
                continue
            group = groups[uid]
            mean, deviation = (statistics.fmean(group), statistics.stdev(group)) if len(group) > 1 else (0.0, 1.0)
            wanted = (reward - mean) / (deviation + 1e-6) if scale else reward - mean
            self.assertAlmostEqual(advantage, wanted, delta=1e-5 if scale else 1e-6)
        return sorted(map(len, groups.values()))

    def test_planned_batches_need_no_padding_and_have_the_advantages_by_hand(self):
        # An objective whose plans are not made even where predictions are doubted, as here without much history.
        trainer = self.begin("sizes", options={"objective": "expectedContrast"})
        sizes = set()
        for _ in range(4):
            trainer.one_step()
            rows = trainer.trained[-1]
            found = self.check(rows)
            plan = trainer.agent_loop_manager.last_plan
            self.assertEqual(found, sorted(n for n in plan.n.values() if n))
            self.assertEqual((len(rows), sum(row[3] for row in rows)), (SIZE * PROMPTS, 0), "no row is padding")
            sizes.update(found)
        self.assertGreater(len(sizes), 1)
        self.assertEqual(plan.status, "ok")
        self.assertGreater(plan.body["context_rows"], 0, "outcomes of earlier batches were not used")

    def test_without_deviation(self):
        trainer = self.begin("none")
        with open_dict(trainer.config):
            trainer.config.algorithm.norm_adv_by_std_in_grpo = False
        trainer.one_step()
        self.check(trainer.trained[-1], scale=False)

    def test_rollouts_that_fail(self):
        trainer = self.begin("fails", breaks=True)
        for _ in range(2):
            trainer.one_step()
            self.check(trainer.trained[-1])
            self.assertGreater(sum(row[3] for row in trainer.trained[-1]), 0, "verl pads for rollouts that failed")

    def test_the_coordinator_is_killed_and_comes_back(self):
        with Cluster("table", workers=1) as cluster:
            cluster.wait_for_workers(1)
            trainer = self.begin("killed", url=cluster.url)
            with open_dict(trainer.config):
                trainer.config.statezero.timeout = 2
            trainer.agent_loop_manager._client.timeout = 2.0
            fallbacks = []
            for step in range(4):
                if step == 1:
                    cluster.kill("coordinator")
                if step == 3:
                    cluster.start_coordinator()
                    cluster.wait_for_workers(1)
                trainer.one_step()
                self.check(trainer.trained[-1])
                fallbacks.append(trainer.agent_loop_manager.last_plan.fallback)
            self.assertEqual(fallbacks, [False, True, True, False])

    def test_a_trainer_that_resumes_keeps_its_history(self):
        folder, plans = self.folder(), {}

        def go_on(trainer, step):
            trainer.one_step(saves=step == 2)
            plan = plans[step] = trainer.agent_loop_manager.last_plan
            self.assertEqual((plan.step, plan.status), (step, "ok"))
            self.check(trainer.trained[-1])

        first = self.begin("resume", folder=folder)
        for step in (1, 2, 3, 4):
            go_on(first, step)
        before = dict(plans)
        late = first.agent_loop_manager._client
        tq.close()

        # From verl's own checkpoint: the data loader goes on where it was, so steps get their plans again.
        second = self.begin("resume", folder=folder)
        second.resume()
        go_on(second, 3)
        self.assertEqual(plans[3].plan_id, before[3].plan_id)
        tq.close()

        # With another order of the data: without `resume` the plan would be another one for the same step.
        other = self.begin("resume", folder=folder, seed=2)
        other.resume()
        other.train_dataloader.load_state_dict(_other_order(other))
        with self.assertRaises(RequestError):
            other.one_step()
        tq.close()

        third = self.begin("resume", folder=folder, seed=2, resume=True)
        third.resume()
        third.train_dataloader.load_state_dict(_other_order(third))
        go_on(third, 3)
        self.assertNotEqual(plans[3].plan_id, before[3].plan_id)
        self.assertEqual(plans[3].body["context_rows"], before[3].body["context_rows"], "history of steps 1 and 2")
        go_on(third, 4)
        self.assertGreater(plans[4].body["context_rows"], plans[3].body["context_rows"])
        outcome = {"prompt_id": before[4].items[0]["prompt_id"], "step": 4, "rewards": [1.0]}
        self.assertEqual([entry["code"] for entry in late.report("resume", [outcome]).rejected], ["abandoned"])

    def test_without_the_adapter_groups_are_equal(self):
        trainer = self.begin("plain", manager=AgentLoopManagerTQ)
        trainer.one_step()
        self.assertEqual(self.check(trainer.trained[-1]), [SIZE] * PROMPTS)


def _other_order(trainer):
    """The state of a data loader that begins anew, in the order of its own seed."""
    trainer._init_dataloader()
    return trainer.train_dataloader.state_dict()


if __name__ == "__main__":
    np.random.seed(0)
    unittest.main()
