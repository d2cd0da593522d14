"""The rollout policy of the loop: SmolLM2-135M-Instruct, a few worked examples, a temperature.

`python3 policy.py serve` is a program for `statezero rollout`: assignments as JSON lines on standard input, rewards as
JSON lines on standard output. `python3 policy.py record OUT.jsonl` measures a pool once: 32 rollouts of every prompt
under every version, which `recorded.py` plays back and `measure.py` draws from.

Nothing is trained here. What changes from version to version, as weights would, is the number of worked examples and
the temperature. Each rollout has its own seeded stream of random numbers, so a rollout can be made again.
"""

import argparse
import copy
import hashlib
import json
import os
import random
import sys
import time

import torch
from transformers import DynamicCache

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "sample"))

import families  # noqa: E402
import rollouts  # noqa: E402
from prompts import read_prompts  # noqa: E402

POLICY = "smollm2-135m-instruct/loop"
# A version is a policy at a step: (worked examples, temperature).
VERSIONS = [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0), (3, 0.8), (3, 0.5)]
SAMPLES = 32
MAX_NEW_TOKENS = 12
SEED = 11


def before(shots):
    """The text before a prompt."""
    return "".join(f"Question: {q}\nAnswer: {a}\n\n" for q, a in rollouts.SHOTS[:shots]) + "Question:"


class Version(rollouts.Policy):
    """The model with a number of worked examples and a temperature; its fixed prefix is computed once."""

    @torch.inference_mode()
    def __init__(self, version, tokenizer, model):
        shots, self.temperature = VERSIONS[version]
        self.number, self.tokenizer, self.model = version, tokenizer, model
        self.lead, self.after = " ", "\nAnswer:"
        ids = torch.tensor([tokenizer(before(shots), add_special_tokens=False).input_ids])
        self.prefix = model(input_ids=ids, past_key_values=DynamicCache(), use_cache=True).past_key_values
        self.stops = {tokenizer.convert_tokens_to_ids(t) for t in ("<|im_end|>", "<|endoftext|>")}
        self.breaks = {i for i in range(len(tokenizer)) if "\n" in tokenizer.decode([i])}

    def uniform(self, prompt_id, stream, first, count):
        """Numbers in [0,1) that decide the tokens of rollouts `first`, …: one row per rollout, one column per step."""
        rows = []
        for number in range(first, first + count):
            words = f"{SEED}/{self.number}/{prompt_id}/{stream}/{number}"
            rng = random.Random(int.from_bytes(hashlib.sha256(words.encode()).digest()[:6], "big"))
            rows.append([rng.random() for _ in range(MAX_NEW_TOKENS)])
        return torch.tensor(rows, dtype=torch.float64)

    @torch.inference_mode()
    def roll_out(self, prompt, prompt_id, stream, count):
        """`count` replies to one prompt, first line only."""
        cache = copy.deepcopy(self.prefix)
        out = self.model(
            input_ids=torch.tensor([self.encode(prompt)]), past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        cache = out.past_key_values
        cache.batch_repeat_interleave(count)
        logits = out.logits[:, -1].repeat_interleave(count, dim=0)
        uniform = self.uniform(prompt_id, stream, 0, count)
        ids = self.sample(logits, cache, uniform, self.temperature)
        return [self.text(row).split("\n")[0] for row in ids]


def serve(args):
    """Rolls out assignments from standard input, until it ends."""
    prompts = {row["prompt_id"]: row for row in read_prompts()}
    tokenizer, model = rollouts.load()
    versions = {}
    for line in sys.stdin:
        task = json.loads(line)
        version = task["policy_version"]
        if version not in versions:
            versions = {version: Version(version, tokenizer, model)}
        # A second attempt at a prompt draws other random numbers than the first.
        texts = versions[version].roll_out(task["prompt"], task["prompt_id"], task["assignment"], task["n"])
        metadata = prompts[task["prompt_id"]]["metadata"]
        for number, text in enumerate(texts):
            print(
                json.dumps(
                    {
                        "assignment": task["assignment"],
                        "reward": float(families.verify(metadata, text)),
                        "reference": f"{task['assignment']}/{number}",
                    }
                ),
                flush=True,
            )


def record(args):
    """Measures the pool: one line per prompt and version, appended; lines that exist are not measured again."""
    rollouts.drop_cut_line(args.out)
    done = {(row["policy_version"], row["prompt_id"]) for row in rollouts.read_rows(args.out)}
    prompts = read_prompts()
    tokenizer, model = rollouts.load()
    start, count = time.time(), 0
    with open(args.out, "a", encoding="utf-8") as out:
        # A share of the prompts under all versions before the next share: a stopped run leaves complete prompts.
        for share in range(0, len(prompts), args.share):
            for number in range(len(VERSIONS)):
                todo = [p for p in prompts[share : share + args.share] if (number, p["prompt_id"]) not in done]
                version = Version(number, tokenizer, model) if todo else None
                for prompt in todo:
                    texts = version.roll_out(prompt["prompt"], prompt["prompt_id"], "pool", SAMPLES)
                    rewards = [int(families.verify(prompt["metadata"], text)) for text in texts]
                    out.write(
                        json.dumps(
                            {
                                "policy_version": number,
                                "prompt_id": prompt["prompt_id"],
                                "rewards": rewards,
                                "replies": texts,
                            },
                            ensure_ascii=False,
                        )
                        + "\n"
                    )
                    out.flush()
                    count += SAMPLES
                if todo:
                    spent = time.time() - start
                    print(
                        f"version {number}, prompts from {share}: {count} rollouts, {spent:.0f} s, "
                        f"{spent / count:.4f} s each",
                        file=sys.stderr,
                        flush=True,
                    )


def main():
    """Serves, or records."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("serve").set_defaults(verb=serve)
    recorder = verbs.add_parser("record")
    recorder.add_argument("out")
    recorder.add_argument("--share", type=int, default=24, help="prompts measured under all versions before the next")
    recorder.set_defaults(verb=record)
    args = parser.parse_args()
    args.verb(args)


if __name__ == "__main__":
    main()
