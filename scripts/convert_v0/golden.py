"""The golden prediction of a converted model: fixed prompts, and the reference's result at every stage."""

import importlib.metadata
import json

import numpy as np
import torch
from reference import ReferenceAdapter, ReferenceEncoder, ReferenceHead, check_versions
from safetensors.numpy import save_file

# (prompt, solved). The labels are of no policy; they only have to differ.
CONTEXT = [
    ("What is 17 + 26?", 1),
    ("Compute 348 * 27.", 1),
    ("Find the sum of all primes below 50.", 1),
    ("Solve for x: 3x - 7 = 20.", 1),
    ("How many edges does a cube have?", 1),
    ("What is 15% of 240?", 1),
    ("Simplify $\\frac{x^2-9}{x-3}$ for $x \\neq 3$.", 1),
    ("Name the largest planet of the solar system.", 1),
    ("Write a Python function that reverses a string.", 1),
    ("Which is larger, 9.11 or 9.9?", 0),
    ("Find all pairs of integers $(a,b)$ with $a^2 + b^2 = 2025$ and $a > b > 0$.", 0),
    ("Let $f(n)$ be the number of ordered triples of positive integers with product $n$. Find $f(10^6)$.", 0),
    ("Prove that there are infinitely many primes of the form $4k+3$.", 0),
    ("A regular hexagon has area $54\\sqrt{3}$. Find its perimeter.", 1),
    ("Determine the number of ways to tile a $2 \\times 12$ board with dominoes.", 1),
    ("Evaluate $\\int_0^1 \\frac{\\ln(1+x)}{1+x^2}\\,dx$.", 0),
    ("What is the 100th digit after the point of 1/7?", 1),
    ("Count the permutations of 1..9 in which no two neighbours differ by one.", 0),
    ("已知等差数列的首项为 3，公差为 4，求前 20 项的和。", 1),
    ("设 $a,b,c$ 为正实数且 $abc=1$，求 $a+b+c$ 的最小值。", 1),
    ("求所有满足 $x^3 - 3x + 1 = 0$ 的实数 $x$ 的平方和。", 0),
    ("四面体的六条棱长都是 1，求它的体积。", 1),
    ("日本で一番高い山は何ですか。", 1),
    ("Combien de diagonales un polygone convexe à douze côtés a-t-il ?", 1),
    ("Wie viele Nullen hat 100! am Ende?", 1),
    ("Сколько делителей у числа 360?", 1),
    ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\n\nWhat is f(6)?", 1),
    ("for (int i = 0; i < n; ++i) { s += a[i] ^ (i << 2); }\nWhat does this compute if a is all zeros and n = 4?", 0),
    ("Sort these words by length, then by alphabet: pear, fig, banana, kiwi, plum.", 1),
    ("Spell 'onomatopoeia' backwards.", 0),
    ("Give three words that rhyme with orange.", 0),
    ("Translate into Latin: the road is long, but the evening is mild.", 0),
    (
        "Three painters paint a fence in 8 hours. After 2 hours one of them leaves. How long does the whole job take"
        ", if all work at the same pace and the others do not get tired?",
        1,
    ),
    (
        "A bag holds 5 red, 7 blue and 8 green marbles. Four are drawn without replacement. What is the probability"
        " that all three colours are seen? Give the answer as a fraction in lowest terms.",
        0,
    ),
    ("Let $P_0=(2,1)$ and $P_{n+1}=(x_n-2y_n,\\,2x_n+y_n)$. Find the distance of $P_{10}$ from the origin.", 0),
    ("How many times does the letter r occur in 'strawberry jam and raspberry tart'?", 0),
    ("Is 2^61 - 1 prime? Answer yes or no.", 1),
    ("🍎 + 🍎 = 10 and 🍎 × 🍌 = 15. What is 🍌?", 1),
    ("Cafe\u0301 au lait costs 3.20, an espresso 2.10. What do two of each cost?", 1),
    (
        "On an 8 by 8 board a knight starts in a corner. What is the least number of moves to reach the opposite corner"
        ", and how many shortest ways are there?",
        0,
    ),
]
QUERIES = [
    "What is 23 + 48?",
    "Find the number of positive integers below 1000 that are divisible by neither 2, 3 nor 5.",
    "求 $\\sum_{k=1}^{50} \\frac{1}{k(k+1)}$ 的值。",
    "Let $ABCD$ be a convex quadrilateral whose diagonals meet at $P$. If the areas of $PAB$, $PBC$ and $PCD$ are 6, 9 "
    "and 12, find the area of $PDA$.",
    "Write a SQL query that returns the second highest salary of each department.",
    "Hello!",
]
# Maximum error of a stage that is given the golden of the stage before it; the last is of the whole chain. States and
# features: relative to the largest value. Own fingerprints have no tolerance, scripts/goldens/v0/README.md says why.
TOLERANCES = {
    "tokens": 0,
    "last_states": 1e-4,
    "features": 1e-4,
    "z_given_features": 1e-4,
    "tables_given_z": 0,
    "raw_logits_given_tables": 1e-4,
    "scores_given_tables": 1e-5,
    "scores_given_fingerprints": 1e-3,
}


def write_golden(folder, head, adapter, sizes, settings, log):
    """Runs the reference on the folder's own encoder; writes golden.json and golden.safetensors into it."""
    check_versions()
    torch.manual_seed(0)
    texts, labels = [t for t, _ in CONTEXT], [label for _, label in CONTEXT]
    encoder = ReferenceEncoder(folder / "encoder", settings["tokens_max"])
    pool = (lambda states, mask: states[:, -1]) if sizes is None else ReferenceAdapter(adapter, sizes)
    last, features, tensors = [], [], {}
    for name, prompts in (("context", texts), ("queries", QUERIES)):
        rows = []
        for states, mask in encoder.states(prompts):
            last.append(states[:, -1])
            rows.append(pool(states, mask))
        features.append(torch.cat(rows))
        tensors[f"features.{name}"] = features[-1]
    log(f"golden: {len(texts)} + {len(QUERIES)} prompts embedded")
    # All states of the first query: the encoder at every place, and the adapter from given states.
    states, mask = next(encoder.states(QUERIES))
    tensors["states.query0"] = states[0][mask[0] == 1]
    tensors["last_states"] = torch.cat(last)
    tokens = [encoder.tokens(t) for t in texts + QUERIES]
    tensors["tokens"] = torch.tensor(sum(tokens, []), dtype=torch.int32)
    tensors["token_starts"] = torch.tensor(np.cumsum([0] + [len(t) for t in tokens]), dtype=torch.int32)

    reference = ReferenceHead(head, settings["ensemble"]["members"])
    reference.fit(features[0], torch.tensor(labels))
    salts = []
    for member, (context, queries, permutation, salt) in enumerate(reference.tables(features[1])):
        place = torch.argsort(permutation)
        z = {"context": context[:, place][:, :-1], "queries": queries[:, place][:, :-1]}
        for name, table in (("context", context), ("queries", queries)):
            tensors[f"member{member}.{name}"] = table
            # The members differ in order and fingerprint only.
            assert torch.equal(tensors.setdefault(f"z.{name}", z[name]), z[name])
        tensors[f"member{member}.permutation"] = permutation.to(torch.int32)
        salts.append(salt)
    raw = reference.raw_logits(features[1])
    logits = reference.logits(raw)
    tensors |= {"raw_logits": raw, "logits": logits, "scores": reference.scores(logits)}
    log("golden: scores " + " ".join(f"{p:.4f}" for p in tensors["scores"].tolist()))
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ArithmeticError(f"golden tensor {name} is not finite; the weights are damaged")

    save_file({n: np.ascontiguousarray(t.detach().numpy()) for n, t in tensors.items()}, folder / "golden.safetensors")
    made_with = {p: importlib.metadata.version(p) for p in ("torch", "transformers", "tabpfn", "numpy")}
    golden = {
        "format": "statezero-v0-golden",
        "version": 1,
        "made_with": made_with,
        "context": [{"text": t, "label": label} for t, label in CONTEXT],
        "queries": QUERIES,
        "salts": salts,
        "scores": tensors["scores"].tolist(),
        "tolerances": TOLERANCES,
    }
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
