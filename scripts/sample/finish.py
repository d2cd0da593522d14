"""Judges the replies, and writes the files under data/ and the tables in README.md.

`python3 finish.py PROMPTS.jsonl ROLLOUT_DIR` uses each policy of ROLLOUT_DIR that has replies to every prompt.
Standard library only, and the same replies write the same bytes.
"""

import hashlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import families

from common import arguments, markdown, paths
from common.rows import read as read_rows
from common.rows import write_gzip

DATA = paths.SAMPLE
SPLIT_SEED = "statezero-sample-1"
CONTEXT_PROMPTS = 512
HISTORY_ROWS = 256
ORDER = ["three-shot-t0.8", "zero-shot-t0.8", "three-shot-t0.3", "zero-shot-t0.3"]
BEGIN, END = "<!-- tables: written by finish.py -->", "<!-- end of tables -->"


def short(policy_id):
    """The part of a policy's name that differs between the policies of this sample."""
    return policy_id.split("/")[-1]


def hash_order(prompt_id):
    """A seeded order that does not depend on the other prompts."""
    return hashlib.sha256(f"{SPLIT_SEED}/{prompt_id}".encode()).hexdigest()


def read_policies(folder, prompts):
    """{policy_id: {prompt_id: row}} of the policies that are complete, in a fixed order."""
    found, texts = {}, {p["prompt_id"]: p["prompt"] for p in prompts}
    for name in ORDER:
        policy_id = f"smollm2-135m-instruct/{name}"
        path = os.path.join(folder, policy_id.replace("/", ".") + ".jsonl")
        if not os.path.exists(path):
            continue
        rows = {r["prompt_id"]: r for r in read_rows(path) if texts.get(r["prompt_id"]) == r["prompt"]}
        if len(rows) == len(prompts):
            found[policy_id] = rows
        else:
            print(f"{policy_id}: {len(rows)} of {len(prompts)} prompts, left out", file=sys.stderr)
    return found


def outcome_rows(prompts, policies, context):
    """One judged row per policy and prompt."""
    rows = []
    for policy_id, replies in policies.items():
        for prompt in prompts:
            texts = replies[prompt["prompt_id"]]["replies"]
            k = sum(families.verify(prompt["metadata"], text) for text in texts)
            rows.append(
                {
                    "policy_id": policy_id,
                    "policy_version": None,
                    "prompt_id": prompt["prompt_id"],
                    "reward": k / len(texts),
                    "n": len(texts),
                    "k": k,
                    "role": "context" if prompt["prompt_id"] in context else "query",
                }
            )
    return rows


def history_rows(policy_id, prompts, outcomes, context):
    """The first context prompts in hash order as a history of one policy, as `statezero score --context` reads it."""
    texts = {p["prompt_id"]: p["prompt"] for p in prompts}
    counts = {o["prompt_id"]: o for o in outcomes if o["policy_id"] == policy_id}
    chosen = sorted(context, key=hash_order)[:HISTORY_ROWS]
    return [
        {
            "policy_id": policy_id,
            "policy_version": 0,
            "prompt_id": i,
            "prompt": texts[i],
            "k": counts[i]["k"],
            "n": counts[i]["n"],
        }
        for i in chosen
    ]


def mean(values):
    """Mean of a non-empty list."""
    return sum(values) / len(values)


def tables(prompts, outcomes):
    """The Markdown tables of README.md: one row per family, and the shares of each policy."""
    policies = list(dict.fromkeys(o["policy_id"] for o in outcomes))
    family = {p["prompt_id"]: p["metadata"]["family"] for p in prompts}
    reward = {(o["policy_id"], o["prompt_id"]): o["reward"] for o in outcomes}
    families_rows, shares = [], []
    for name in sorted(set(family.values())) + ["all"]:
        ids = [i for i in family if name in ("all", family[i])]
        families_rows.append([name, len(ids), *(f"{mean([reward[p, i] for i in ids]):.3f}" for p in policies)])
    for policy in policies:
        values = [reward[policy, i] for i in family]
        zero, one = mean([v == 0 for v in values]), mean([v == 1 for v in values])
        shares.append(
            [policy, len(values), f"{zero:.1%}", f"{1 - zero - one:.1%}", f"{one:.1%}", f"{mean(values):.3f}"]
        )
    head = ["family", "prompts", *(short(p) for p in policies)]
    by_family = markdown.table(head, families_rows, "l" + "r" * (len(head) - 1))
    return f"{by_family}\n\n" + markdown.table(
        ["policy", "prompts", "at 0", "between", "at 1", "mean"], shares, "lrrrrr"
    )


def reply_rows(prompts, policies):
    """One row of replies per policy and prompt."""
    for policy_id, replies in policies.items():
        for prompt_id in (prompt["prompt_id"] for prompt in prompts):
            reply = replies[prompt_id]
            yield {"policy_id": policy_id, "prompt_id": prompt_id, "seed": reply["seed"], "replies": reply["replies"]}


def main():
    parser = arguments.parser(__doc__)
    parser.add_argument("prompts", help="JSONL file that families.py wrote")
    parser.add_argument("folder", help="folder of replies that rollouts.py wrote")
    options = parser.parse_args()
    prompts = read_rows(options.prompts)
    policies = read_policies(options.folder, prompts)
    if not policies:
        sys.exit("finish: no policy has replies to every prompt")
    context = set(sorted((p["prompt_id"] for p in prompts), key=hash_order)[:CONTEXT_PROMPTS])
    outcomes = outcome_rows(prompts, policies, context)
    write_gzip(DATA / "sample.prompts.jsonl.gz", prompts)
    write_gzip(DATA / "sample.outcomes.jsonl.gz", outcomes)
    write_gzip(DATA / "sample.replies.jsonl.gz", reply_rows(prompts, policies))
    write_gzip(DATA / "queries.jsonl.gz", [p for p in prompts if p["prompt_id"] not in context])
    for policy_id in policies:
        history = history_rows(policy_id, prompts, outcomes, context)
        write_gzip(DATA / f"context.{short(policy_id)}.jsonl.gz", history)
    text = tables(prompts, outcomes)
    markdown.replace_between(DATA.parent / "README.md", BEGIN, END, text)
    print(text)


if __name__ == "__main__":
    main()
