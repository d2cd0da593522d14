"""statezero.trl in the real GRPOTrainer: advantages by hand, resuming, a coordinator that is killed, two processes."""

import itertools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "src"), str(FOLDER.parents[1])]
import tiny  # noqa: E402
from datasets import Dataset  # noqa: E402
from trl import GRPOConfig, GRPOTrainer  # noqa: E402

from common.cluster import Cluster  # noqa: E402
from statezero import Client, RequestError, prompt_text  # noqa: E402
from statezero.trl import ChoosePrompts, Settings, UnequalGroups  # noqa: E402

SIZE, PROMPTS = 4, 8  # a group, and groups of a batch


class Recording:
    """Keeps what a trainer computed for each batch: prompts and advantages of all its rows."""

    def _generate_and_score_completions(self, inputs):
        self.batches = getattr(self, "batches", [])
        output = super()._generate_and_score_completions(inputs)
        if self.model.training:
            self.batches.append(output["advantages"].tolist())
        return output

    def _calculate_rewards(self, inputs, prompts, completions, completion_ids):
        each = super()._calculate_rewards(inputs, prompts, completions, completion_ids)
        if self.model.training:
            self.scored = getattr(self, "scored", [])
            self.scored.append(([row["prompt_id"] for row in inputs], each.tolist()))
        return each


class Chosen(Recording, ChoosePrompts, GRPOTrainer):
    pass


class Unequal(Recording, UnequalGroups, GRPOTrainer):
    pass


def right(prompts, completions, rate, **_):
    return [tiny.reward(prompt_text(p), c, r) for p, c, r in zip(prompts, completions, rate)]


def short(prompts, completions, rate, **_):
    """A second reward, None for a quarter of the rollouts."""
    values = [tiny.reward(prompt_text(p), c, 0.75, "short") for p, c in zip(prompts, completions)]
    return [
        tiny.reward(prompt_text(p), c, r, "b") if v else None for p, c, r, v in zip(prompts, completions, rate, values)
    ]


def sometimes(prompts, completions, rate, **_):
    """None for an eighth of the rollouts: NaN in the trainer."""
    values = right(prompts, completions, rate)
    keep = [tiny.reward(prompt_text(p), c, 0.875, "none") for p, c in zip(prompts, completions)]
    return [value if kept else None for value, kept in zip(values, keep)]


def trainer(kind, folder, client, run, functions=(right,), steps=2, chat=False, data=64, **options):
    settings = {key: options.pop(key) for key in ("pool", "n_min", "n_max") if key in options}
    arguments = GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=options.pop("batch", SIZE * PROMPTS),
        num_generations=SIZE,
        max_steps=steps,
        max_completion_length=4,
        logging_steps=1,
        save_strategy=options.pop("save_strategy", "no"),
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_num_workers=0,
        **options,
    )
    made = kind(
        model=tiny.model(),
        reward_funcs=list(functions),
        args=arguments,
        train_dataset=Dataset.from_list(tiny.rows(data, chat)),
        processing_class=tiny.tokenizer(),
    )
    made.statezero = Settings(client, run, **settings) if client else None
    return made


def deviation(values):
    return statistics.stdev(values) if len(values) > 1 else 0.0


def groups_of(keys, values):
    groups = {}
    for key, value in zip(keys, values):
        groups.setdefault(key, []).append(value)
    return {key: [v for v in group if not math.isnan(v)] for key, group in groups.items()}


def by_hand(keys, each, weights, scale, aggregation):
    """Advantages with the group of each row known, written from the definition with Python's own numbers."""
    unscored = [all(math.isnan(value) for value in row) for row in each]
    if aggregation == "normalize_then_sum":
        total = [0.0] * len(each)
        for index, weight in enumerate(weights):
            column = [row[index] for row in each]
            groups = groups_of(keys, column)
            for row, (key, value) in enumerate(zip(keys, column)):
                if not math.isnan(value):
                    total[row] += weight * (value - statistics.fmean(groups[key])) / (deviation(groups[key]) + 1e-4)
        scored = [value for value, no in zip(total, unscored) if not no]
        mean, spread = statistics.fmean(scored), deviation(scored)
        return [0.0 if no else (value - mean) / (spread + 1e-4) for value, no in zip(total, unscored)]
    total = [
        math.nan if no else sum(w * v for w, v in zip(weights, row) if not math.isnan(v))
        for row, no in zip(each, unscored)
    ]
    groups = groups_of(keys, total)
    everything = deviation([value for value in total if not math.isnan(value)])
    advantages = []
    for key, value in zip(keys, total):
        if math.isnan(value):
            advantages.append(0.0)
            continue
        spread = {"group": deviation(groups[key]), "batch": everything, "none": 1 - 1e-4}[scale]
        advantages.append((value - statistics.fmean(groups[key])) / (spread + 1e-4))
    return advantages


class Both(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("table", workers=1)
        cls.cluster.wait_for_workers(1)
        cls.client = Client(cls.cluster.url, timeout=60, strict=True)
        cls.addClassCleanup(cls.cluster.stop)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def worst(self, made, weights, scale="group", aggregation="sum_then_normalize"):
        self.assertEqual(len(made.batches), len(made.scored))
        differences = []
        for advantages, (keys, each) in zip(made.batches, made.scored):
            wanted = by_hand(keys, each, weights, scale, aggregation)
            differences += [abs(a - b) for a, b in zip(advantages, wanted, strict=True)]
        return max(differences)

    def test_unequal_groups_have_the_advantages_by_hand(self):
        worst = {}
        cases = itertools.product(
            ("group", "batch", "none"),
            ("sum_then_normalize", "normalize_then_sum"),
            ((right,), (right, short), (sometimes,)),
        )
        for number, (scale, aggregation, functions) in enumerate(cases):
            names = "+".join(function.__name__ for function in functions)
            with self.subTest(scale=scale, aggregation=aggregation, functions=names):
                weights = [1.0, 0.5][: len(functions)]
                options = {
                    "scale_rewards": scale,
                    "multi_objective_aggregation": aggregation,
                    "reward_weights": weights,
                }
                made = trainer(Unequal, self.folder, self.client, f"hand-{number}", functions, **options)
                made.statezero.reward_high = sum(weights)
                made.train()
                sizes = [len(group) for keys, _ in made.scored for group in groups_of(keys, [0.0] * len(keys)).values()]
                self.assertGreater(len(set(sizes)), 1, "groups are of one size: nothing is tested")
                worst[f"{scale} {aggregation} {names}"] = self.worst(made, weights, scale, aggregation)
                self.assertEqual(made.last_report.rejected, [])
        print(f"\nunequal groups: {len(worst)} settings, largest difference from by hand {max(worst.values()):.1e}")
        self.assertLess(max(worst.values()), 1e-6, worst)

    def test_a_sampler_alone_would_be_wrong(self):
        """What the adapter is for: the base class scores rows in order, as if every group had the same size."""

        class Naive(Unequal):
            def _advantages(self, group):
                rewards = self._total_rewards().view(-1, SIZE)
                advantages = (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)
                return advantages.view(-1), rewards.view(-1) > 2

        made = trainer(Naive, self.folder, self.client, "naive", steps=1)
        made.train()
        self.assertGreater(self.worst(made, [1.0]), 0.1)

    def test_chosen_prompts_are_equal_groups_of_the_plan(self):
        for chat in (False, True):
            run = f"choose-{chat}"
            made = trainer(Chosen, self.folder, self.client, run, (sometimes,), steps=4, chat=chat)
            made.train()
            self.assertLess(self.worst(made, [1.0]), 1e-6)
            for keys, _ in made.scored:
                self.assertEqual(
                    [len(group) for group in groups_of(keys, [0.0] * len(keys)).values()], [SIZE] * PROMPTS
                )
            planned = [int(name) for name, n in made.last_plan.n.items() if n]
            self.assertEqual(sorted(set(made.scored[-1][0])), sorted(planned))
            self.assertEqual((len(made.last_plan.items), made.last_plan.status), (4 * PROMPTS, "ok"))
            self.assertGreater(made.last_plan.body["context_rows"], 0, "the history of earlier steps was not used")
            self.assertEqual((made.last_report.accepted, made.last_report.rejected), (PROMPTS, []))

    def test_a_trainer_that_resumes_keeps_its_history(self):
        for kind in (Chosen, Unequal):
            run = f"resume-{kind.__name__}"
            first = trainer(kind, self.folder, self.client, run, steps=4, save_strategy="steps", save_steps=2)
            first.train()
            second = trainer(kind, self.folder, self.client, run, steps=6, save_strategy="steps", save_steps=2)
            second.train(resume_from_checkpoint=os.path.join(self.folder, "checkpoint-2"))
            self.assertEqual((len(first.batches), len(second.batches), second.last_plan.step), (4, 4, 5))
            self.assertLess(self.worst(second, [1.0]), 1e-6)
            self.assertGreater(second.last_plan.body["context_rows"], 0)
            self.assertFalse(second.last_plan.fallback)

    def test_a_trainer_that_resumes_with_other_data_drops_what_it_abandoned(self):
        for kind in (Chosen, Unequal):
            run, saving = f"other-{kind.__name__}", {"save_strategy": "steps", "save_steps": 2}
            folder = os.path.join(self.folder, run)
            first = trainer(kind, folder, self.client, run, steps=4, **saving)
            first.train()
            checkpoint = os.path.join(folder, "checkpoint-2")
            # The same run with other prompts: another plan for the same step is refused.
            with self.assertRaises(RequestError):
                trainer(kind, folder, self.client, run, steps=4, data=48, **saving).train(checkpoint)
            client = Client(self.cluster.url, timeout=60, strict=True, resume=True)
            second = trainer(kind, folder, client, run, steps=4, data=48, **saving)
            second.train(checkpoint)
            self.assertEqual((len(second.batches), second.last_plan.step, second.last_plan.status), (2, 3, "ok"))
            self.assertEqual(second.last_report.rejected, [])
            self.assertGreater(second.last_plan.body["context_rows"], 0, "the history before the checkpoint was lost")
            outcome = {"prompt_id": first.last_plan.items[0]["prompt_id"], "step": 3, "rewards": [1.0]}
            late = self.client.report(run, [outcome])
            self.assertEqual([entry["code"] for entry in late.rejected], ["abandoned"])

    def test_the_coordinator_is_killed_and_comes_back(self):
        for kind in (Chosen, Unequal):
            with Cluster("table", workers=1) as cluster:
                cluster.wait_for_workers(1)
                client = Client(cluster.url, timeout=2)
                made = trainer(kind, self.folder, client, "killed", steps=6)
                generate = made._generate_and_score_completions

                def killing(inputs, generate=generate, made=made, cluster=cluster):
                    if len(getattr(made, "batches", [])) == 2:
                        cluster.kill("coordinator")
                    if len(getattr(made, "batches", [])) == 4:
                        cluster.start_coordinator()
                        cluster.wait_for_workers(1)
                    return generate(inputs)

                made._generate_and_score_completions = killing
                made.train()
                self.assertEqual((len(made.batches), client.fallbacks, client.pending), (6, 2, 0))
                self.assertFalse(made.last_plan.fallback)
                self.assertLess(self.worst(made, [1.0]), 1e-6)

    def test_evaluation_is_left_alone(self):
        made = trainer(Unequal, self.folder, self.client, "evaluation", steps=1)
        made.train()
        step = made._plan_step
        made.evaluate(eval_dataset=Dataset.from_list(tiny.rows(8)))
        self.assertEqual(made._plan_step, step)

    def test_two_processes(self):
        for kind in ("Unequal", "Chosen"):
            command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0"]
            command += ["--rdzv_backend", "c10d", "--rdzv_endpoint", "127.0.0.1:0"]
            command += [__file__, "process", kind, self.folder, self.cluster.url]
            variables = {**os.environ, "OMP_NUM_THREADS": "1"}
            ended = subprocess.run(command, capture_output=True, text=True, timeout=600, env=variables)
            self.assertEqual(ended.returncode, 0, ended.stderr[-4000:])
            parts = [json.loads(pathlib.Path(self.folder, f"{kind}-{rank}.json").read_text()) for rank in range(2)]
            for first, second in zip(parts[0]["steps"], parts[1]["steps"], strict=True):
                keys, each = first["keys"] + second["keys"], first["each"]
                self.assertEqual(len(keys), len(each), "rewards are of all processes")
                wanted = by_hand(keys, each, [1.0], "group", "sum_then_normalize")
                found = first["advantages"] + second["advantages"]
                self.assertLess(max(abs(a - b) for a, b in zip(found, wanted, strict=True)), 1e-6)
            self.assertEqual((parts[0]["fallbacks"], parts[1]["fallbacks"]), (0, 0))


def process(kind, folder, url):
    """One of several processes of a run."""
    client = Client(url, timeout=60)
    made = trainer(globals()[kind], folder, client, f"processes-{kind}", steps=2, batch=SIZE * PROMPTS // 2)
    made.train()
    steps = [
        {"keys": keys, "each": each, "advantages": advantages}
        for advantages, (keys, each) in zip(made.batches, made.scored, strict=True)
    ]
    path = pathlib.Path(folder, f"{kind}-{made.accelerator.process_index}.json")
    path.write_text(json.dumps({"steps": steps, "fallbacks": client.fallbacks}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["process"]:
        process(*sys.argv[2:])
    else:
        unittest.main()
