#!/usr/bin/env python3
"""Measures how far the fingerprint column moves scores when the last bits of the z-normed features differ.

TabPFN appends to each row a hash of the row's exact float bits. Another batch size, another library or a graphics card
gives other last bits, and so unrelated fingerprints in some rows. The reference does not agree with itself there. Run:

    OMP_NUM_THREADS=2 python scripts/goldens/v0/fingerprint_effect.py --layers 6 --rows 128 --queries 16
    OMP_NUM_THREADS=2 python scripts/goldens/v0/fingerprint_effect.py --model FOLDER --head tabpfn-v2.5-classifier.ckpt

The first: a random head of full width and random features; z is disturbed by `z (1 + e g)`, g normal, only the hashes
are taken anew, and the table shows how many rows flip and how far scores move. Row "all": every fingerprint is
replaced by another. The second: a converted folder's golden prompts are embedded one at a time instead of 32 together,
as two installations would; all of z, tables and scores then come from the other features.
"""

import argparse
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import time

os.environ["TABPFN_DISABLE_TELEMETRY"] = "1"
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "convert_v0"), str(HERE)]

import numpy as np
import released
import torch
from head import Head
from reference import ReferenceAdapter, ReferenceEncoder, ReferenceHead


def hash_of(row):
    return int(hashlib.sha256(row.tobytes()).hexdigest(), 16) % 10**12 / 10**12


def fingerprints(context, queries, salt):
    """The reference's column for z-normed rows: queries are salted twice, collisions counted up among context rows."""
    salt = np.float32(salt)
    seen, column = set(), []
    for row in context + salt:
        value, more = hash_of(row), 0
        while value in seen:
            more += 1
            value = hash_of(row + np.float32(more))
        seen.add(value)
        column.append(value)
    return np.float32(column), np.float32([hash_of(row + salt) for row in queries + salt])


class Members:
    """The head's tables for one context, whose fingerprint columns can be exchanged."""

    def __init__(self, head, context, labels, queries):
        self.reference, self.labels = ReferenceHead(head, 4), labels
        self.reference.fit(context, labels)
        self.tables = list(self.reference.tables(queries))
        self.z = [self.unshuffled(table)[:, :-1] for table in self.tables[0][:2]]
        for member, found in enumerate(self.hashed(*self.z)):
            for table, column in zip(self.tables[member][:2], found):
                assert np.array_equal(self.unshuffled(table, member)[:, -1], column), "not the reference's fingerprints"

    def unshuffled(self, table, member=0):
        return np.ascontiguousarray(table[:, torch.argsort(self.tables[member][2])].numpy())

    def hashed(self, context, queries, salt=0):
        return [fingerprints(context, queries, s + salt) for _, _, _, s in self.tables]

    def scores(self, columns):
        """(M) probabilities with these fingerprints: for each member a pair (context column, query column)."""
        model, raw = self.reference.classifier.models_[0], []
        for (context, queries, permutation, _), pair in zip(self.tables, columns):
            table, place = torch.cat([context, queries]), torch.argsort(permutation)[-1]
            table[:, place] = torch.from_numpy(np.concatenate(pair))
            with torch.inference_mode():
                raw.append(model(table[:, None], self.labels.float(), only_return_standard_out=True)[:, 0, :2])
        return ReferenceHead.scores(ReferenceHead.logits(torch.stack(raw))).numpy()


def flipped(columns, others):
    """Shares of context and query rows with a changed fingerprint, over all members."""
    return [np.mean([a[i] != b[i] for a, b in zip(columns, others)]) for i in (0, 1)]


def show(name, shares, scores, others):
    moved = np.abs(scores - others)
    print(f"| {name} | {shares[0]:.1%} | {shares[1]:.1%} | {moved.max():.1e} | {moved.mean():.1e} |", flush=True)


def random_head(options):
    """Random head and random features of full width, disturbed by relative noise."""
    torch.manual_seed(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch) / "random-v2.5-classifier.ckpt"
        released.write_head(
            path,
            emsize=192,
            nhead=3,
            nlayers=options.layers,
            features_per_group=3,
            nhid_factor=2,
            num_thinking_rows=64,
            seed=42,
        )
        head = Head(path)
        context, queries = torch.randn(options.rows, 1008), torch.randn(options.queries, 1008)
        labels = (torch.rand(options.rows) < 0.4).long()
        members = Members(head, context, labels, queries)
        columns = members.hashed(*members.z)
        start = time.monotonic()
        base = members.scores(columns)
        print(
            f"{options.layers} layers of 192, {options.rows} context rows, {options.queries} queries, 1008 features; "
            f"scores {base.min():.3f} to {base.max():.3f}, one pass {time.monotonic() - start:.0f} s\n"
        )
        print("| noise in z | context rows flipped | queries flipped | max change of score | mean |")
        print("| --- | ---: | ---: | ---: | ---: |")
        noise = np.random.default_rng(options.seed)
        for level in options.noise:
            moved = [np.float32(z * (1 + level * noise.standard_normal(z.shape))) for z in members.z]
            others = members.hashed(*moved)
            show(f"{level:g}", flipped(columns, others), base, members.scores(others))
        others = members.hashed(*members.z, salt=1)
        show("all", flipped(columns, others), base, members.scores(others))


def embedded_alone(options):
    """A converted folder's golden prompts, embedded together and one at a time."""
    settings = json.loads((options.model / "statezero.json").read_text())
    golden = json.loads((options.model / "golden.json").read_text())
    encoder = ReferenceEncoder(options.model / "encoder", settings["tokens_max"])

    def pool(states, mask):
        return states[:, -1]

    if settings["adapter"]:
        from safetensors.torch import load_file

        pool = ReferenceAdapter(load_file(options.model / "adapter.safetensors"), settings["adapter"])
    texts = {"context": [row["text"] for row in golden["context"]], "queries": golden["queries"]}
    together, alone = (
        [torch.cat([pool(*b) for part in parts(rows) for b in encoder.states(part)]) for rows in texts.values()]
        for parts in (lambda r: [r], lambda r: [[t] for t in r])
    )
    labels, head = torch.tensor([row["label"] for row in golden["context"]]), Head(options.head)
    a, b = (Members(head, f[0], labels, f[1]) for f in (together, alone))
    columns, others = a.hashed(*a.z), b.hashed(*b.z)
    difference = np.concatenate([np.abs(x - y).ravel() for x, y in zip(a.z, b.z)])
    print(f"{settings['name']}: z differs by {np.median(difference):.1e} (median), {difference.max():.1e} (most)\n")
    print("| prompts one at a time | context rows flipped | queries flipped | max change of score | mean |")
    print("| --- | ---: | ---: | ---: | ---: |")
    base = a.scores(columns)
    show("own fingerprints", flipped(columns, others), base, b.scores(others))
    show("the first's fingerprints", (0, 0), base, b.scores(columns))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, help="a converted folder; otherwise a random head")
    parser.add_argument("--head", type=pathlib.Path, help="the TabPFN checkpoint that the folder was made from")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--queries", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--noise", type=float, nargs="*", default=[2e-7, 1e-6, 1e-5])
    options = parser.parse_args()
    if options.model and not options.head:
        parser.error("--model needs --head")
    (embedded_alone if options.model else random_head)(options)


if __name__ == "__main__":
    main()
