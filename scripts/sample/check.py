"""Checks the committed sample and the verifiers. Exit code 1 and one line per violation. Standard library only."""

import glob
import os
import sys

import families
from finish import CONTEXT_PROMPTS, DATA, HISTORY_ROWS, read_rows, short

MIN_PROMPTS, MIN_FAMILIES, MIN_POLICIES, MAX_ZERO, MAX_BYTES = 1200, 10, 2, 0.5, 2_000_000
PROBLEMS = []

# (metadata, replies that are right, replies that are wrong)
EXAMPLES = [
    (families.meta("quiet river", "contains"), ["Quiet river.", '\n"quiet river"'], ["quiet", "quiet the river", ""]),
    (families.meta("Paris", "contains"), ["The capital is **Paris**.", "paris"], ["Parisian", "Rome\nParis"]),
    (families.meta("small", "contains", ["small", "little"]), ["Little", "It is small!"], ["smaller", "big"]),
    (families.meta(12, "last_number"), ["7 + 5 = 12", "twelve", "12."], ["12 + 5 = 17", "112", "none"]),
    (families.meta(1200, "last_number"), ["1,200"], ["1,2", "200"]),
    (families.meta(3, "first_number"), ["3", "There are three words"], ["2, maybe 3", "thirteen"]),
    (families.meta(8, "next_number", options=[2, 4, 6]), ["8", "2, 4, 6, 8", "It is 8."], ["2, 4, 6", "2", "10, 8"]),
    (families.meta("D", "next_letter", options="ABC"), ["D", "A, B, C, D", "d."], ["A, B, C", "E", "Dog"]),
    (families.meta("T", "letter"), ["T", "The letter is 't'."], ["tom", "The t or an s"]),
    (families.meta("yes", "first_of", options=["yes", "no"]), ["Yes, it is."], ["No. Yes?", "Yesterday", "maybe"]),
    (families.meta("45", "first_of", options=["45", "9"]), ["45 is larger than 9"], ["9 < 45", "450"]),
    (families.meta("car", "first_of", options=["car", "cat"]), ["The car's odd"], ["cat", "cars", "cat, car"]),
]


def require(condition, text):
    """Records a violation."""
    if not condition:
        PROBLEMS.append(text)


def check_verifiers(prompts):
    """Known replies are judged as they should be, and every prompt's own answer is right."""
    for metadata, good, bad in EXAMPLES:
        for reply in good:
            require(families.verify(metadata, reply), f"{metadata} should accept {reply!r}")
        for reply in bad:
            require(not families.verify(metadata, reply), f"{metadata} should refuse {reply!r}")
    for row in prompts:
        require(families.verify(row["metadata"], row["metadata"]["answer"]), f"{row['prompt_id']} refuses its answer")
        require(not families.verify(row["metadata"], "I do not know"), f"{row['prompt_id']} accepts anything")


def check_prompts(prompts):
    """Enough prompts and families, no prompt twice, and the generator still writes them."""
    names = {row["metadata"]["family"] for row in prompts}
    require(len(prompts) >= MIN_PROMPTS, f"{len(prompts)} prompts")
    require(len(names) >= MIN_FAMILIES, f"{len(names)} families")
    require(len({row["prompt_id"] for row in prompts}) == len(prompts), "a prompt_id twice")
    require(len({families.normalise(row["prompt"]) for row in prompts}) == len(prompts), "a prompt twice")
    require(all(row["data_source"] == "sample/" + row["metadata"]["family"] for row in prompts), "a wrong data_source")
    require(prompts == families.make_prompts(), "the generator writes other prompts")


def check_outcomes(prompts, outcomes):
    """Unique rows, sound counts, every prompt for every policy, one split for all, not too many zeros."""
    ids = {row["prompt_id"] for row in prompts}
    policies = list(dict.fromkeys(row["policy_id"] for row in outcomes))
    keys = {(row["policy_id"], row["policy_version"], row["prompt_id"]) for row in outcomes}
    require(len(keys) == len(outcomes), "an outcome twice")
    require(len(policies) >= MIN_POLICIES, f"{len(policies)} policies")
    roles = {}
    for row in outcomes:
        require(0 <= row["k"] <= row["n"] == 8 and row["reward"] == row["k"] / row["n"], f"counts of {row}")
        require(roles.setdefault(row["prompt_id"], row["role"]) == row["role"], f"two roles: {row['prompt_id']}")
    require(set(roles.values()) == {"context", "query"}, "roles other than context and query")
    require(sum(r == "context" for r in roles.values()) == CONTEXT_PROMPTS, "size of the context")
    for policy in policies:
        rows = [row for row in outcomes if row["policy_id"] == policy]
        require({row["prompt_id"] for row in rows} == ids, f"prompts of {policy}")
        zero = sum(row["k"] == 0 for row in rows) / len(rows)
        require(zero <= MAX_ZERO, f"{policy}: {zero:.1%} of the prompts at 0")
    return policies, roles


def check_replies(prompts, outcomes, replies):
    """The counts follow from the replies."""
    metadata = {row["prompt_id"]: row["metadata"] for row in prompts}
    counts = {(row["policy_id"], row["prompt_id"]): row["k"] for row in outcomes}
    require(len(replies) == len(outcomes), "replies and outcomes differ in number")
    for row in replies:
        k = sum(families.verify(metadata[row["prompt_id"]], text) for text in row["replies"])
        require(counts[row["policy_id"], row["prompt_id"]] == k, f"{row['policy_id']} {row['prompt_id']}: k is {k}")


def check_inputs(prompts, outcomes, policies, roles):
    """The files for the command line hold context rows of one policy, and exactly the query prompts."""
    texts = {row["prompt_id"]: row["prompt"] for row in prompts}
    counts = {(row["policy_id"], row["prompt_id"]): (row["k"], row["n"]) for row in outcomes}
    for policy in policies:
        rows = read_rows(os.path.join(DATA, f"context.{short(policy)}.jsonl.gz"))
        require(len({row["prompt_id"] for row in rows}) == HISTORY_ROWS == len(rows), f"history of {policy}")
        for row in rows:
            good = (
                row["policy_id"] == policy
                and row["policy_version"] == 0
                and roles[row["prompt_id"]] == "context"
                and row["prompt"] == texts[row["prompt_id"]]
                and (row["k"], row["n"]) == counts[policy, row["prompt_id"]]
            )
            require(good, f"history row {row}")
    queries = read_rows(os.path.join(DATA, "queries.jsonl.gz"))
    require(queries == [row for row in prompts if roles[row["prompt_id"]] == "query"], "queries.jsonl.gz")


def check_files():
    """Small, and packed without a time."""
    paths = glob.glob(os.path.join(DATA, "*.gz"))
    require(sum(os.path.getsize(path) for path in paths) < MAX_BYTES, "the data are too large")
    for path in paths:
        with open(path, "rb") as file:
            require(file.read(8)[4:8] == bytes(4), f"{os.path.basename(path)} has a time in it")


def main():
    """Runs all checks."""
    prompts, outcomes, replies = (
        read_rows(os.path.join(DATA, f"sample.{name}.jsonl.gz")) for name in ("prompts", "outcomes", "replies")
    )
    check_verifiers(prompts)
    check_prompts(prompts)
    policies, roles = check_outcomes(prompts, outcomes)
    check_replies(prompts, outcomes, replies)
    check_inputs(prompts, outcomes, policies, roles)
    check_files()
    print("\n".join(PROBLEMS) or f"sample: {len(prompts)} prompts, {len(policies)} policies, all checks passed")
    sys.exit(1 if PROBLEMS else 0)


if __name__ == "__main__":
    main()
