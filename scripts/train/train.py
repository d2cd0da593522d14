"""Trains the compact head: one command, from outcomes to a safetensors file.

    statezero model embed --prompts DATA/train/*.prompts.jsonl.gz --output train.safetensors
    python3 train.py --data DATA/train --embeddings train.safetensors --work WORK --output compact-head.safetensors

Stages are kept in WORK and not repeated: a stopped run continues where it was (a corrector from its last
checkpoint). `--without SOURCE` leaves a source out of everything. Nothing of an evaluation part is read.
"""

import json
import math
import os
import pathlib
import pickle
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import calibration
import difficulty
import numpy as np
import torch
from episodes import Episodes, Features
from measures import auc, by_source
from model import SURFACE, CompactHead, binary_loss
from outcomes import FOLDS, held_policies, load
from safetensors.numpy import save_file

from common import arguments

REGRESSION_STEPS, REGRESSION_RATE = 400, 0.03
RATE, DECAY, AVERAGE, RANKING = 7e-4, 0.3, 0.99, 0.25
CHECKPOINT = 200


def loss_of(logits, rewards):
    """0.75 cross-entropy with soft labels + 0.25 pairwise ranking within the context."""
    difference = rewards[:, :, None] - rewards[:, None, :]
    weight = difference.clamp_min(0)
    pairs = weight * torch.nn.functional.softplus(-(logits[:, :, None] - logits[:, None, :]))
    ranking = pairs.sum((1, 2)) / (weight.sum((1, 2)) + 1e-6)
    return (1 - RANKING) * binary_loss(logits, rewards).mean() + RANKING * ranking.mean()


class Training:
    def __init__(self, options):
        self.options = options
        self.started = time.time()
        os.makedirs(options.work, exist_ok=True)
        self.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.corpus = self.stage("corpus.pkl", lambda: load(options.data, [], options.embeddings))
        records = {s: v for s, v in self.corpus.training.items() if s not in options.without}
        split = {s: held_policies(v, "kept:") for s, v in records.items()}
        self.records = {s: train for s, (train, _) in split.items()}
        self.kept = {s: kept for s, (_, kept) in split.items()}
        used = np.unique(np.concatenate([r.prompts for v in records.values() for r in v]))
        surface = self.corpus.surface[used]
        self.mean, self.scale = surface.mean(0), surface.std(0) + 1e-6
        z = np.clip((self.corpus.surface - self.mean) / self.scale, -5, 5)
        self.x = torch.tensor(self.corpus.embeddings, device=self.device)
        self.f = torch.tensor(z, dtype=torch.float32, device=self.device)

    def log(self, line, **facts):
        print(f"[{time.time() - self.started:6.0f} s] {line}", flush=True)
        if facts:
            with open(os.path.join(self.options.work, "curves.jsonl"), "a") as file:
                file.write(json.dumps(facts) + "\n")

    def stage(self, name, make):
        path = os.path.join(self.options.work, name)
        if not os.path.exists(path):
            made = make()
            with open(path + ".new", "wb") as file:
                pickle.dump(made, file)
            os.rename(path + ".new", path)
        with open(path, "rb") as file:
            return pickle.load(file)

    def run(self):
        self.validation = list(self.cases(self.kept, (32, 256), seeds=1, queries=300))
        columns, state, groups = self.stage(
            "difficulty.pkl",
            lambda: difficulty.train(
                self.records, self.corpus.fold, self.x, self.f, self.options.seed, self.log, self.validate_difficulty
            ),
        )
        # The difficulty keeps its unit, log-odds; the others are measured in their standard deviations.
        self.column_scale = columns[:FOLDS].flatten(0, 1).std(0)
        self.column_scale[0] = 1
        self.features = Features(self.x, self.f, columns / self.column_scale, groups)
        fitted = self.stage("regression.pkl", self.train_regression)
        seeds = range(self.options.seed, self.options.seed + self.options.correctors)
        heads = []
        for seed in seeds:
            head = self.new_head(fitted)
            head.corrector.load_state_dict(
                self.stage(f"corrector-{seed}.pkl", lambda seed=seed: self.train_corrector(fitted, seed))
            )
            heads.append(head.eval())
        regression = self.new_head(fitted).regression.eval()
        constants = self.stage("calibration.pkl", lambda: self.calibrate(regression, heads))
        self.export(state, regression, heads, constants)

    def new_head(self, fitted=None):
        head = CompactHead(1 + difficulty.COLUMNS, self.options.width, self.options.depth).to(self.device)
        if fitted is not None:
            head.regression.load_state_dict(fitted)
        return head

    def train_regression(self):
        torch.manual_seed(self.options.seed)
        episodes = Episodes(self.features, self.records, self.corpus.fold, self.options.seed)
        head = self.new_head()
        optimiser = torch.optim.Adam(head.regression.parameters(), lr=REGRESSION_RATE)
        recent = []
        for step in range(REGRESSION_STEPS):
            for group in optimiser.param_groups:
                group["lr"] = REGRESSION_RATE * (1 - step / REGRESSION_STEPS) + 0.001
            arguments, y = episodes.batch()
            loss = loss_of(head.fit(*arguments)["query"], y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            recent.append(loss.item())
            if step % 50 == 49:
                self.validate(
                    "regression", step + 1, lambda *a: head.fit(*a)["query"], loss=float(np.mean(recent[-50:]))
                )
        return head.regression.state_dict()

    def train_corrector(self, fitted, seed):
        torch.manual_seed(seed)
        episodes = Episodes(self.features, self.records, self.corpus.fold, 100 + seed, self.options.synthetic)
        head = self.new_head(fitted)
        corrector = head.corrector
        matrices = [p for p in corrector.parameters() if p.ndim > 1]
        vectors = [p for p in corrector.parameters() if p.ndim < 2]
        optimiser = torch.optim.AdamW(
            [dict(params=matrices, weight_decay=DECAY), dict(params=vectors, weight_decay=0)],
            lr=RATE,
            betas=(0.9, 0.98),
        )
        average = {k: v.detach().clone() for k, v in corrector.state_dict().items()}
        first, recent, steps = 0, [], self.options.steps
        path = os.path.join(self.options.work, f"corrector-{seed}.checkpoint")
        if os.path.exists(path):
            saved = torch.load(path, weights_only=False)
            corrector.load_state_dict(saved["corrector"])
            optimiser.load_state_dict(saved["optimiser"])
            average, first = saved["average"], saved["step"]
            episodes.random.set_state(saved["random"])
            torch.set_rng_state(saved["torch"])
        for step in range(first, steps):
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(1, (step + 1) / 80) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / steps)))
            arguments, y = episodes.batch()
            _, _, fc, fq, cc, cq, rewards, _ = arguments
            with torch.no_grad():
                fit = head.fit(*arguments)
                before = loss_of(fit["query"], y).item()
            loss = loss_of(fit["query"] + head.correction(fit, fc, fq, cc, cq, rewards), y)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(corrector.parameters(), 1.0)
            optimiser.step()
            keep = min(AVERAGE, 1 - 1 / (step * 0.1 + 1))
            for name, value in corrector.state_dict().items():
                average[name].lerp_(value, 1 - keep)
            recent.append((loss.item(), loss.item() - before))
            if step % CHECKPOINT == CHECKPOINT - 1 or step == steps - 1:
                shown = self.new_head(fitted)
                shown.corrector.load_state_dict(average)
                mean = np.mean(recent[-CHECKPOINT:], 0)
                self.validate(f"corrector {seed}", step + 1, shown.eval(), loss=float(mean[0]), gain=float(mean[1]))
                torch.save(
                    dict(
                        corrector=corrector.state_dict(),
                        optimiser=optimiser.state_dict(),
                        average=average,
                        step=step + 1,
                        random=episodes.random.get_state(),
                        torch=torch.get_rng_state(),
                    ),
                    path + ".new",
                )
                os.rename(path + ".new", path)
        return average

    def cases(self, records, sizes, seeds, queries, folds=range(2), policies=6):
        """Contexts of policies not trained on: context prompts that their member has seen, queries from its fold."""
        for _source, list_ in sorted(records.items()):
            for record in list_[:policies]:
                for fold in folds:
                    asked = self.corpus.fold[record.prompts] == fold
                    for seed in range(seeds):
                        random = np.random.RandomState(1000 * fold + seed)
                        context = random.permutation(np.where(~asked)[0])
                        query = random.permutation(np.where(asked)[0])[:queries]
                        if len(query) < 20:
                            continue
                        for rows in sizes:
                            if len(context) >= rows:
                                yield record, fold, context[:rows], query

    def arguments(self, record, fold, context, query):
        return self.features.tensors(
            np.array([fold]),
            [record.prompts[context]],
            [record.prompts[query]],
            [record.rewards[context]],
            [record.rollouts[context]],
        )

    def validate_difficulty(self, step, columns, loss):
        """The difficulty alone, without a context, from the member that has not seen the queries."""
        scores = [
            dict(
                source=record.source,
                policy=record.name,
                auc=auc(record.rewards[query], columns[fold, record.prompts[query], 0].cpu().numpy()),
            )
            for record, fold, context, query in self.validation
            if len(context) == 32
        ]
        score = by_source(scores, "auc")[0]
        self.log(
            f"difficulty: step {step}, AUC {score:.4f}, loss {loss:.4f}",
            stage="difficulty",
            step=step,
            loss=loss,
            auc0=score,
        )

    def validate(self, stage, step, head, **facts):
        results = {}
        with torch.no_grad():
            for record, fold, context, query in self.validation:
                z = head(*self.arguments(record, fold, context, query))[0].cpu().numpy()
                results.setdefault(len(context), []).append(
                    dict(source=record.source, policy=record.name, auc=auc(record.rewards[query], z))
                )
        scores = {rows: by_source(r, "auc")[0] for rows, r in results.items()}
        self.log(
            f"{stage}: step {step}, "
            + ", ".join(f"AUC at {n} rows {s:.4f}" for n, s in scores.items())
            + "".join(f", {k} {v:.4f}" for k, v in facts.items()),
            stage=stage,
            step=step,
            **facts,
            **{f"auc{n}": s for n, s in scores.items()},
        )

    def calibrate(self, regression, heads):
        cases = []
        with torch.no_grad():
            for record, fold, context, query in self.cases(self.kept, calibration.SIZES, 1, 200, range(FOLDS)):
                arguments = self.arguments(record, fold, context, query)
                _, _, fc, fq, cc, cq, rewards, _ = arguments
                fit = CompactHead.fit_with(regression, *arguments)
                z = fit["query"]
                if heads:
                    z = z + torch.stack([h.correction(fit, fc, fq, cc, cq, rewards) for h in heads]).mean(0)
                cases.append(
                    dict(
                        source=record.source,
                        policy=record.name,
                        rows=len(context),
                        z=z[0].double().cpu().numpy(),
                        level=float(fit["level"][0]),
                        y=record.rewards[query],
                        n=record.rollouts[query],
                        context_z=fit["context"][0].double().cpu().numpy(),
                        context_y=record.rewards[context],
                        context_n=record.rollouts[context],
                    )
                )
        constants, before, after = calibration.fit_probability(cases)
        self.log(f"calibration: log loss {before:.4f} before, {after:.4f} after: {constants.round(3).tolist()}")
        for case in cases:
            case["p"] = calibration.probability(case["z"], case["level"], case["rows"], constants)
            case["context_p"] = calibration.probability(case["context_z"], case["level"], case["rows"], constants)
        concentration, plain, own = calibration.fit_concentration(cases)
        self.log(
            f"concentration: {plain:.4f} nats a row by size, {own:.4f} by the context's rows: "
            f"{concentration.round(3).tolist()}"
        )
        return {"probability": constants, "concentration": concentration}

    def export(self, state, r, heads, constants):
        first, first_bias, second, second_bias = difficulty.merged(state)
        first = first.clone()
        first[:-SURFACE] *= difficulty.EMBEDDING_SCALE
        tensors = {
            "surface.mean": self.mean,
            "surface.scale": self.scale,
            "difficulty.first.weight": first.T,
            "difficulty.first.bias": first_bias,
            "difficulty.second.weight": (second / self.column_scale).T,
            "difficulty.second.bias": second_bias / self.column_scale,
            "regression.variance": r.log_variance.exp(),
            "regression.prior": r.prior,
            "regression.constants": torch.stack(
                [
                    r.log_gamma.exp(),
                    r.log_noise.exp(),
                    r.log_level_variance.exp(),
                    torch.sigmoid(r.overdispersion),
                    r.population,
                    2 * torch.sigmoid(r.temper),
                    r.expansion,
                ]
            ),
            "regression.settings": torch.stack(
                [r.slope, r.share, r.log_smooth.exp(), r.log_factor.exp(), r.log_surface.exp(), r.log_odds]
            ),
            "calibration.probability": constants["probability"],
            "calibration.concentration": constants["concentration"],
        }
        for index, head in enumerate(heads):
            for name, value in head.corrector.state_dict().items():
                tensors[f"corrector.{index}.{name}"] = value
        tensors = {
            name: np.ascontiguousarray(
                (value.detach().cpu().numpy() if torch.is_tensor(value) else value).astype(np.float32)
            )
            for name, value in tensors.items()
        }
        metadata = {
            "format": "statezero-compact-head",
            "version": "1",
            "correctors": str(len(heads)),
            "embedding": "384",
            "surface": str(SURFACE),
            "columns": str(1 + difficulty.COLUMNS),
            "sources": " ".join(sorted(self.records)),
            "seed": str(self.options.seed),
        }
        save_file(tensors, self.options.output, metadata)
        self.log(f"wrote {self.options.output}: {sum(v.size for v in tensors.values()):,} numbers")


def main():
    parser = arguments.parser(__doc__)
    arguments.add_data(parser, "folder of prompts and outcomes", required=True)
    parser.add_argument("--embeddings", required=True, nargs="+", metavar="FILE", help="from statezero model embed")
    parser.add_argument("--work", required=True, metavar="DIR", help="folder that keeps the stages")
    arguments.add_output(parser, "safetensors file to write")
    parser.add_argument("--without", default=[], nargs="*", metavar="SOURCE", help="sources to leave out")
    arguments.add_seed(parser)
    parser.add_argument("--correctors", type=int, default=0, help="transformers on top; README.md says why none")
    parser.add_argument("--steps", type=int, default=700, help="steps of a corrector (default: %(default)s)")
    parser.add_argument("--width", type=int, default=64, help="of a corrector (default: %(default)s)")
    parser.add_argument("--depth", type=int, default=2, help="of a corrector (default: %(default)s)")
    parser.add_argument(
        "--synthetic", type=float, default=0.2, help="share of synthetic episodes (default: %(default)s)"
    )
    arguments.add_threads(parser, 1)
    parser.add_argument("--device", help="torch device of correctors (default: the best there is)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    Training(options).run()


if __name__ == "__main__":
    main()
