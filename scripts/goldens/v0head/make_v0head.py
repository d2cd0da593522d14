#!/usr/bin/env python3
"""Writes the goldens of V0's query adapter and TabPFN head, computed by the real packages.

    git clone https://github.com/Now-Join-Us/V0.git && git -C V0 checkout 2c09c7c   # for its patches
    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 safetensors==0.8.0 tabpfn==6.2.0 torch==2.13.0
    venv/bin/python scripts/goldens/v0head/make_v0head.py V0_REPOSITORY

Writes, under Tests/Goldens/v0head:
  rng.json                   numpy's default_rng: state words, draws, permutations; whole ensemble plans
  adapter_dynamic, _fixed    weights of V0's two adapters (32 channels in, 24 queries of 6)
  adapter_golden             token states of three prompts, padded on the left with 7; features by either adapter
  head, head_golden          a TabPFN of 24 channels, 2 layers: weights; a table of 20 + 4 rows with a constant column
                             and a wild query; standardised, prepared for each member, encoded, after every sublayer of
                             member 0, logits and scores of V0's patched classifier
  mlp, mlp_golden            the same end to end for the mlp encoder, 16 channels, one group
  nan_golden                 a table with NaN, infinities, a constant column and an outlier, straight into the model
  masks_golden               a table whose column 1 is constant in the context: logits of a query alone, and beside
                             another query that differs in that column. The reference's answer to the first changes.

Everything is float32 on one thread. Tolerances stand in the tests.
"""

import json
import pathlib
import sys

import numpy as np
import torch
from reference import column_embedding, floats, make_classifier, make_model, standardise
from safetensors.numpy import save_file

ROOT = pathlib.Path(__file__).resolve().parents[3] / "Tests" / "Goldens" / "v0head"


def save(name, tensors):
    save_file(
        {key: np.ascontiguousarray(value) for key, value in tensors.items()},
        ROOT / f"{name}.safetensors",
        {"torch": torch.__version__, "numpy": np.__version__, "tabpfn": "6.2.0"},
    )


def save_json(name, value):
    (ROOT / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")) + "\n")


def make_rng():
    def plan(members, columns):
        # The draws of one fit, in tabpfn's order: see tabpfn/classifier.py, preprocessing.py and inference.py.
        rng = np.random.default_rng(0)
        rng.integers(0, 2**31 - 1)
        start = int(rng.integers(0, 1000))
        rng.choice(np.arange(start, start + members), size=members, replace=False)
        rng.integers(0, 2**31 - 1)
        seeds = [int(s) for s in rng.integers(0, 2**31 - 1, members)]
        return [
            {
                "seed": s,
                "salt": int(np.random.default_rng(s).integers(0, 2**16)),
                "permutation": np.random.default_rng(s).permutation(columns + 1).tolist(),
            }
            for s in seeds
        ]

    draws = []
    for seed in [0, 1, 42, 12345, 2**31 - 2, 2**40 + 7]:
        state = np.random.PCG64(seed).state["state"]
        rng = np.random.default_rng(seed)
        bounds = [1000, 2**31 - 1, 7, 65536, 3, 1, 2**32 - 5]
        draws.append(
            {
                "seed": seed,
                "state": str(state["state"]),
                "increment": str(state["inc"]),
                "raw": [str(x) for x in np.random.PCG64(seed).random_raw(4)],
                "bounds": bounds,
                "below": [int(rng.integers(0, b)) for b in bounds],
                "choice": rng.choice(np.arange(50, 54), size=4, replace=False).tolist(),
                "permutation": rng.permutation(337).tolist(),
            }
        )
    plans = [{"members": m, "columns": c, "plan": plan(m, c)} for m, c in ((4, 9), (8, 30), (1, 4), (4, 1008), (3, 1))]
    save_json("rng", {"draws": draws, "plans": plans})


def make_adapters(v0):
    sys.path.insert(0, str(v0))
    from v0_core.models.v0 import DynamicQueryAdapter, FixedQueryAdapter

    torch.manual_seed(1)
    dynamic = DynamicQueryAdapter(
        input_dim=32, num_queries=24, embed_dim=6, num_heads=3, generator_bottleneck_dim=16, generator_dropout_rate=0.0
    )
    fixed = FixedQueryAdapter(input_dim=32, num_queries=24, embed_dim=6, num_heads=3)
    for adapter in (dynamic, fixed):
        adapter.eval()
        for parameter in adapter.parameters():
            torch.nn.init.normal_(parameter, 0, 0.5)
    lengths = [9, 30, 1]
    hidden = 3 * torch.randn(3, max(lengths), 32)
    mask = torch.tensor([[0] * (max(lengths) - n) + [1] * n for n in lengths])
    hidden[mask == 0] = 7
    with torch.no_grad():
        golden = {
            "hidden": floats(hidden),
            "mask": mask.numpy().astype(np.int32),
            "dynamic": floats(dynamic(hidden, mask)),
            "fixed": floats(fixed(hidden, mask)),
        }
    save("adapter_golden", golden)
    save("adapter_dynamic", {k: floats(v) for k, v in dynamic.state_dict().items()})
    save("adapter_fixed", {k: floats(v) for k, v in fixed.state_dict().items()})


def through_classifier(model, config, v0, context, labels, queries):
    classifier = make_classifier(model, config, v0)
    classifier.fit(torch.tensor(context), torch.tensor(labels))
    golden = {"X_train": context, "X_test": queries, "y": labels.astype(np.int32)}
    golden["z_train"], golden["z_test"] = standardise(context, queries)
    engine = classifier.executor_
    for member in range(4):
        golden[f"prep{member}_train"] = engine.X_trains[member].numpy()
        golden[f"prep{member}_test"] = engine.preprocessors[member].transform(torch.tensor(queries)).X.numpy()
    with torch.no_grad():

        def ask(**which):
            return floats(classifier.forward(torch.tensor(queries), use_inference_mode=True, **which))

        golden["raw_logits"], golden["logits"] = ask(return_raw_logits=True), ask(return_logits=True)
        golden["score"] = floats(torch.softmax(torch.tensor(golden["logits"]), 1))[:, 1]
    return golden


def make_head(v0):
    model, config = make_model(24, 3, 2, 4, 7)
    embeddings = {f"column_embedding_G{g}": column_embedding(24, g) for g in (3, 4)}
    save("head", {**{k: floats(v) for k, v in model.state_dict().items()}, **embeddings})

    random = np.random.RandomState(11)
    context, queries = random.randn(20, 10).astype(np.float32), random.randn(4, 10).astype(np.float32)
    context[:, 1] = 0.5
    queries[0, 0] = 60
    labels = np.array([i % 3 == 0 for i in range(20)]).astype(np.int64)
    golden = through_classifier(model, config, v0, context, labels, queries)
    hooks = []

    def keep(name):
        return lambda module, inputs, output: golden.__setitem__(name, floats(output))

    hooks.append(model.encoder.register_forward_hook(keep("member0_encoder")))
    hooks.append(model.y_encoder.register_forward_hook(keep("member0_y_encoder")))
    for index, layer in enumerate(model.transformer_encoder.layers):
        for norm, name in zip(layer.layer_norms, ("features", "items", "forward")):
            hooks.append(norm.register_forward_hook(keep(f"member0_layer{index}_{name}")))
    with torch.no_grad():
        table = torch.tensor(np.concatenate([golden["prep0_train"], golden["prep0_test"]]))[:, None]
        golden["member0_all_logits"] = floats(model(table, torch.tensor(labels).float()))[:, 0]
    for hook in hooks:
        hook.remove()
    save("head_golden", golden)

    table = random.randn(12, 7).astype(np.float32)
    table[1, 0] = table[9, 3] = np.nan
    table[2, 4], table[10, 5] = np.inf, -np.inf
    table[:, 2] = 1.0
    table[3, 6] = 90
    table[11, 6] = -400

    def direct(x, y):
        return floats(model(torch.tensor(x)[:, None], torch.tensor(y).float()))[:, 0]

    with torch.no_grad():
        save("nan_golden", {"X": table, "y": labels[:9].astype(np.int32), "logits": direct(table, labels[:9])})
        table = random.randn(14, 9).astype(np.float32)
        table[:12, 1] = 0.25
        table[12, 1] = 0.25
        table[13, 1] = -1.5
        save(
            "masks_golden",
            {
                "X": table,
                "y": labels[:12].astype(np.int32),
                "alone": direct(table[:13], labels[:12]),
                "together": direct(table, labels[:12]),
            },
        )


def make_mlp(v0):
    model, config = make_model(16, 2, 3, 2, 5, encoder="mlp", inner=32)
    save(
        "mlp", {**{k: floats(v) for k, v in model.state_dict().items()}, "column_embedding_G1": column_embedding(16, 1)}
    )
    random = np.random.RandomState(3)
    context, queries = random.randn(9, 2).astype(np.float32), random.randn(3, 2).astype(np.float32)
    labels = (random.rand(9) > 0.4).astype(np.int64)
    labels[:2] = [0, 1]
    save("mlp_golden", through_classifier(model, config, v0, context, labels, queries))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    ROOT.mkdir(parents=True, exist_ok=True)
    make_rng()
    make_adapters(pathlib.Path(sys.argv[1]))
    make_head(pathlib.Path(sys.argv[1]))
    make_mlp(pathlib.Path(sys.argv[1]))
    for file in sorted(ROOT.iterdir()):
        print(f"{file.name:32s} {file.stat().st_size / 1024:8.1f} KiB")
