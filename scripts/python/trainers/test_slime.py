"""statezero.slime in slime's own rollout, data source, filter and rewards, on a CPU; a server of random tokens by seed
answers in place of SGLang's router and engines.

SLIME names a checkout of slime, which is in no registry. Its `RolloutManager` and trainer, which need sglang and
Megatron, are not run.
"""

import argparse
import http.server
import json
import os
import pathlib
import random
import sys
import tempfile
import threading
import unittest

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKOUT = os.environ.get("SLIME")
if not CHECKOUT:
    print("skipped: SLIME must name a checkout of https://github.com/THUDM/slime")
    sys.exit(77)
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "src"), str(FOLDER.parents[1]), CHECKOUT]
os.environ["no_proxy"] = "127.0.0.1"
import tiny  # noqa: E402
from slime.rollout.base_types import call_rollout_fn  # noqa: E402
from slime.utils.http_utils import init_http_client  # noqa: E402
from slime.utils.misc import SingletonMeta, load_function  # noqa: E402
from slime.utils.types import Sample  # noqa: E402

from common.cluster import Cluster  # noqa: E402
from statezero import Client  # noqa: E402
from statezero.client import RequestError  # noqa: E402
from statezero.slime import KEY, ChosenPrompts, report  # noqa: E402

SIZE, BATCH, PROMPTS = 4, 4, 64


class Answers(http.server.BaseHTTPRequestHandler):
    """What slime asks SGLang's router and engines for. Every reply is three random tokens."""

    protocol_version = "HTTP/1.1"
    tokens = random.Random(0)

    def do_GET(self):
        found = {"/workers": {"workers": [{"url": f"http://127.0.0.1:{self.server.server_port}"}]}}
        self.answer(found.get(self.path, {"num_reqs": 0}))

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        each = [[-4.6, self.tokens.randrange(3, 90), None] for _ in range(3)]
        about = {"output_token_logprobs": each, "finish_reason": {"type": "length"}, "completion_tokens": 3}
        self.answer({"text": "".join(chr(token + 30) for _, token, _ in each), "meta_info": about})

    def answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


async def reward(args, sample, **_):
    """1 at the prompt's own rate."""
    return tiny.reward(sample.prompt, sample.response, sample.metadata["rate"])


class Adapter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        tiny.tokenizer().save_pretrained(cls.folder)
        tiny.model().config.save_pretrained(cls.folder)
        lines = []
        for row in tiny.rows(PROMPTS):
            metadata = {"prompt_id": row["prompt_id"], "rate": row["rate"]}
            lines.append(json.dumps({"text": row["prompt"], "metadata": metadata}) + "\n")
        (cls.folder / "prompts.jsonl").write_text("".join(lines), encoding="utf-8")
        sys.modules["test_slime"] = sys.modules[__name__]

    def setUp(self):
        self.cluster = self.enterContext(Cluster("table"))
        self.cluster.wait_for_workers(1)
        self.client = Client(self.cluster.url, timeout=60, strict=True)

    def arguments(self, **changes):
        """slime's arguments as far as data source and rollout read them, with its own defaults."""
        values = {
            "prompt_data": str(self.folder / "prompts.jsonl"), "hf_checkpoint": str(self.folder), "input_key": "text",
            "label_key": None, "metadata_key": "metadata", "tool_key": None, "multimodal_keys": None,
            "apply_chat_template": False, "apply_chat_template_kwargs": None, "rollout_max_prompt_len": None,
            "rollout_global_dataset": True, "rollout_shuffle": True, "rollout_seed": 42, "dump_details": None,
            "n_samples_per_prompt": SIZE, "rollout_batch_size": BATCH, "over_sampling_batch_size": BATCH,
            "buffer_filter_path": None, "dynamic_sampling_filter_path": None, "rollout_sample_filter_path": None,
            "rollout_all_samples_process_path": "statezero.slime.report", "custom_generate_function_path": None,
            "custom_rm_path": "test_slime.reward", "group_rm": False, "reward_key": None, "rm_type": None,
            "partial_rollout": False, "mask_offpolicy_in_partial_rollout": False, "ci_test": False,
            "use_rollout_routing_replay": False, "rollout_temperature": 1.0, "rollout_top_p": 1.0, "rollout_top_k": -1,
            "rollout_max_response_len": 3, "rollout_stop": None, "rollout_stop_token_ids": None,
            "rollout_skip_special_tokens": True, "sglang_router_ip": "127.0.0.1", "sglang_dp_size": None,
            "sglang_router_port": self.server.server_port, "sglang_server_concurrency": 32, "rollout_num_engines": 1,
            "use_distributed_post": False, "sglang_speculative_algorithm": None, "save": str(self.folder),
            "load": str(self.folder), "statezero": {"url": self.cluster.url, "run": "slime", "timeout": 60.0},
        }  # fmt: skip
        return argparse.Namespace(**{**values, **changes})

    def source(self, **changes):
        """A data source of the class that slime would load, and its arguments."""
        SingletonMeta._instances.clear()
        args = self.arguments(**changes)
        init_http_client(args)
        return load_function("statezero.slime.ChosenPrompts")(args), args

    def rollout(self, source, args, number):
        generate = load_function("slime.rollout.sglang_rollout.generate_rollout")
        return call_rollout_fn(generate, args, number, source, evaluation=False)

    def test_rollouts_have_chosen_prompts_and_all_rewards_are_reported(self):
        source, args = self.source()
        rates = []
        for number in range(3):
            groups = self.rollout(source, args, number).samples
            self.assertEqual([len(group) for group in groups], [SIZE] * BATCH)
            planned = {name for name, budget in source.last_choice.plan.n.items() if budget}
            if not source.last_choice.random:
                self.assertEqual({str(group[0].metadata["prompt_id"]) for group in groups}, planned)
            self.assertEqual(len(source.last_choice.plan.items), 4 * BATCH)
            rates += [sum(sample.reward for sample in group) for group in groups]
        known = list(self.client.outcomes("slime"))
        self.assertEqual([outcome["n"] for outcome in known], [SIZE] * 3 * BATCH)
        self.assertEqual(sorted(round(SIZE * outcome["mean"]) for outcome in known), sorted(map(round, rates)))
        self.assertGreater(sum(rates), 0, "the reward function did not run")
        self.assertFalse(source.last_choice.random, "later choices must use the outcomes")

    def test_groups_that_the_filter_drops_are_reported_too(self):
        name = "slime.rollout.filter_hub.dynamic_sampling_filters.check_reward_nonzero_std"
        source, args = self.source(dynamic_sampling_filter_path=name)
        output = self.rollout(source, args, 0)
        self.assertTrue(all(0 < sum(s.reward for s in group) < SIZE for group in output.samples))
        dropped = sum(output.metrics.values())
        self.assertGreater(dropped, 0, "the filter must have dropped some")
        known = list(self.client.outcomes("slime"))
        self.assertGreaterEqual(len(known), BATCH + dropped)
        self.assertGreaterEqual(sum(outcome["mean"] in (0, 1) for outcome in known), dropped)

    def test_a_checkpoint_of_slime_goes_on_with_the_same_choice(self):
        source, _ = self.source()
        source.get_samples(BATCH)
        source.save(0)
        wanted = [group[0].metadata["prompt_id"] for group in source.get_samples(BATCH)]
        other, _ = self.source()
        other.load(0)
        self.assertEqual([group[0].metadata["prompt_id"] for group in other.get_samples(BATCH)], wanted)

    def test_groups_that_slime_gives_back_come_first_and_keep_their_plan(self):
        source, args = self.source()
        groups = source.get_samples(BATCH)
        source.add_samples(groups[:2])
        again = source.get_samples(BATCH)
        self.assertEqual(again[:2], groups[:2])
        self.assertEqual([group[0].metadata[KEY]["policy_version"] for group in again], [0, 0, 1, 1])

    def test_samples_that_failed_count_as_failed_and_several_of_a_rollout_are_one(self):
        source, args = self.source()
        first, second = source.get_samples(2)
        for sample in (*first, *second):
            sample.reward, sample.status = 1.0, Sample.Status.COMPLETED
        first[0].status, first[1].reward = Sample.Status.ABORTED, None
        report(args, [first, [[sample, sample] for sample in second]], source.get_samples)
        known = list(self.client.outcomes("slime"))
        self.assertEqual([(outcome["n"], outcome["failed"]) for outcome in known], [(SIZE - 2, 2), (SIZE, 0)])

    def test_without_a_coordinator_prompts_are_random(self):
        source, args = self.source(statezero={"url": "http://127.0.0.1:9", "run": "slime", "timeout": 1.0})
        groups = self.rollout(source, args, 0).samples
        self.assertEqual(len(groups), BATCH)
        self.assertTrue(source.last_choice.random)

    def test_settings_that_are_missing_or_unknown_are_named(self):
        with self.assertRaisesRegex(RequestError, "statezero: pol: no such setting"):
            ChosenPrompts(self.arguments(statezero={"url": self.cluster.url, "run": "slime", "pol": 3}))
        with self.assertRaisesRegex(RequestError, "statezero: run: missing"):
            ChosenPrompts(self.arguments(statezero={"url": self.cluster.url}))


if __name__ == "__main__":
    unittest.main()
