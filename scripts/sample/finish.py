"""Judges the replies and writes the files under data/ and the tables in README.md.

`python3 finish.py PROMPTS.jsonl ROLLOUT_DIR` uses each policy of ROLLOUT_DIR that has replies to every prompt.
The standard library is enough, and the same replies write the same bytes.
"""

import gzip
import hashlib
import json
import os
import sys

import families

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "data")
SPLIT_SEED = "statezero-sample-1"
CONTEXT_PROMPTS = 512
HISTORY_ROWS = 256
ORDER = ["three-shot-t0.8", "zero-shot-t0.8", "three-shot-t0.3", "zero-shot-t0.3"]
BEGIN, END = "<!-- tables: written by finish.py -->", "<!-- end of tables -->"


def read_jsonl(path):
    """Rows of a JSONL file, gzip or plain."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as source:
        return [json.loads(line) for line in source]


def write_gzip(name, rows):
    """Rows as gzip JSONL under data/, without a time or a name in the header."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    os.makedirs(DATA, exist_ok=True)
    with open(os.path.join(DATA, name), "wb") as out:
        with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=9, mtime=0) as packed:
            packed.write(text.encode("utf-8"))


def short(policy_id):
    """The part of a policy's name that tells the policies of this sample apart."""
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
        with open(path, encoding="utf-8") as source:
            rows = [json.loads(line) for line in source if line.endswith("\n")]
        rows = {r["prompt_id"]: r for r in rows if texts.get(r["prompt_id"]) == r["prompt"]}
        if len(rows) == len(prompts):
            found[policy_id] = rows
        else:
            print(f"{policy_id}: {len(rows)} of {len(prompts)} prompts, left out", file=sys.stderr)
    return found


def outcome_rows(prompts, policies, context):
    """One judged row a policy and prompt."""
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
    """The first context prompts in hash order as a record of one policy, as `statezero score --context` reads it."""
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
    """The Markdown tables of README.md: one row a family, and the shares of each policy."""
    policies = list(dict.fromkeys(o["policy_id"] for o in outcomes))
    family = {p["prompt_id"]: p["metadata"]["family"] for p in prompts}
    reward = {(o["policy_id"], o["prompt_id"]): o["reward"] for o in outcomes}
    head = " | ".join(short(p) for p in policies)
    lines = [f"| family | prompts | {head} |", "| --- | ---: |" + " ---: |" * len(policies)]
    for name in sorted(set(family.values())) + ["all"]:
        ids = [i for i in family if name in ("all", family[i])]
        means = " | ".join(f"{mean([reward[p, i] for i in ids]):.3f}" for p in policies)
        lines.append(f"| {name} | {len(ids)} | {means} |")
    lines += ["", "| policy | prompts | at 0 | between | at 1 | mean |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for policy in policies:
        values = [reward[policy, i] for i in family]
        zero, one = mean([v == 0 for v in values]), mean([v == 1 for v in values])
        lines.append(
            f"| {policy} | {len(values)} | {zero:.1%} | {1 - zero - one:.1%} | {one:.1%} | {mean(values):.3f} |"
        )
    return "\n".join(lines)


def write_tables(text):
    """Replaces the part of README.md between the two marks."""
    path = os.path.join(HERE, "README.md")
    with open(path, encoding="utf-8") as source:
        readme = source.read()
    before, rest = readme.split(BEGIN)
    with open(path, "w", encoding="utf-8") as out:
        out.write(before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1])


def main():
    """Judges, splits, writes."""
    prompts = read_jsonl(sys.argv[1])
    policies = read_policies(sys.argv[2], prompts)
    if not policies:
        sys.exit("no policy is complete")
    context = set(sorted((p["prompt_id"] for p in prompts), key=hash_order)[:CONTEXT_PROMPTS])
    outcomes = outcome_rows(prompts, policies, context)
    write_gzip("sample.prompts.jsonl.gz", prompts)
    write_gzip("sample.outcomes.jsonl.gz", outcomes)
    write_gzip(
        "sample.replies.jsonl.gz",
        [
            {
                "policy_id": policy_id,
                "prompt_id": p["prompt_id"],
                "seed": rows[p["prompt_id"]]["seed"],
                "replies": rows[p["prompt_id"]]["replies"],
            }
            for policy_id, rows in policies.items()
            for p in prompts
        ],
    )
    write_gzip("queries.jsonl.gz", [p for p in prompts if p["prompt_id"] not in context])
    for policy_id in policies:
        write_gzip(f"context.{short(policy_id)}.jsonl.gz", history_rows(policy_id, prompts, outcomes, context))
    text = tables(prompts, outcomes)
    write_tables(text)
    print(text)


if __name__ == "__main__":
    main()
