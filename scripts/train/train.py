"""Trains the compact head: one command, from outcomes to a safetensors file.

    statezero model embed --prompts DATA/train/*.prompts.jsonl.gz --output train.safetensors
    python3 train.py --data DATA/train --embeddings train.safetensors --work WORK --output compact-head.safetensors

Any encoder will do: its width is that of the embeddings, its name is written into the file (`--encoder`). Stages are
kept in WORK and not repeated: a stopped run continues with the stage it was in. `--without SOURCE` leaves a source out
of everything. Nothing of an evaluation part is read.
"""

import json
import os
import pathlib
import pickle
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import difficulty
import numpy as np
import torch
from episodes import Episodes, Features
from inference import Head
from outcomes import FOLDS, divided, load
from regression import SURFACE, ContextRegression, binary_loss
from safetensors.numpy import save_file
from validation import Validation
from with_references import REFERENCES, concentration_with_references

from common import arguments

REGRESSION_STEPS, REGRESSION_RATE, RANKING = 250, 0.03, 0.25
SHOWN = 250


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
        self.corpus = self.stage("corpus.pkl", lambda: load(options.data, [], options.embeddings))
        records = {s: v for s, v in self.corpus.training.items() if v and s not in options.without}
        self.records, kept, several = divided(records)
        self.validation = Validation(self.corpus, kept, self.log, several)
        used = np.unique(np.concatenate([r.prompts for v in records.values() for r in v]))
        surface = self.corpus.surface[used]
        self.mean, self.scale = surface.mean(0), surface.std(0) + 1e-6
        z = np.clip((self.corpus.surface - self.mean) / self.scale, -5, 5)
        self.x = torch.tensor(self.corpus.embeddings)
        self.f = torch.tensor(z, dtype=torch.float32)

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
        self.log(f"{len(self.x)} prompts of {self.x.shape[1]} columns, {len(self.records)} sources")
        columns, state, groups = self.stage(
            "difficulty.pkl",
            lambda: difficulty.train(
                self.records, self.corpus.fold, self.x, self.f, self.options.seed, self.validation.difficulty
            ),
        )
        # The difficulty keeps its unit, log-odds; the others are measured in their standard deviations.
        self.column_scale = columns[:FOLDS].flatten(0, 1).std(0)
        self.column_scale[0] = 1
        features = Features(self.corpus, self.x, self.f, columns / self.column_scale, groups)
        regression = ContextRegression(difficulty.COLUMNS)
        regression.load_state_dict(self.stage("regression.pkl", lambda: self.train_regression(features)))
        regression.eval()
        constants = self.stage("calibration.pkl", lambda: self.validation.calibrate(features, regression))
        self.export(state, regression, constants)
        more = self.stage(
            "references.pkl",
            lambda: concentration_with_references(Head(self.options.output), self.corpus, self.validation, self.log),
        )
        constants["concentration"] = np.append(constants["concentration"][:3], more)
        self.export(state, regression, constants)

    def train_regression(self, features):
        torch.manual_seed(self.options.seed)
        episodes = Episodes(features, self.records, self.corpus.fold, self.options.seed)
        regression = ContextRegression(difficulty.COLUMNS)
        optimiser = torch.optim.Adam(regression.parameters(), lr=REGRESSION_RATE)
        recent = []
        for step in range(REGRESSION_STEPS):
            for group in optimiser.param_groups:
                group["lr"] = REGRESSION_RATE * (1 - step / REGRESSION_STEPS) + 0.001
            batch, y = episodes.batch()
            loss = loss_of(regression(batch)["query"], y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            recent.append(loss.item())
            if step % SHOWN == SHOWN - 1:
                self.validation.regression(features, regression, step + 1, float(np.mean(recent[-SHOWN:])))
        return regression.state_dict()

    def export(self, state, r, constants):
        first, first_bias, second, second_bias = difficulty.merged(state)
        first = first.clone()
        first[:-SURFACE] *= self.x.shape[1] ** 0.5
        settings = [r.slope, r.share, r.log_smooth.exp(), r.log_factor.exp(), r.log_surface.exp(), r.log_odds]
        scalars = [r.log_gamma.exp(), r.log_noise.exp(), r.log_level_variance.exp(), torch.sigmoid(r.overdispersion)]
        tensors = {
            "surface.mean": self.mean,
            "surface.scale": self.scale,
            "difficulty.first.weight": first.T,
            "difficulty.first.bias": first_bias,
            "difficulty.second.weight": (second / self.column_scale).T,
            "difficulty.second.bias": second_bias / self.column_scale,
            "regression.variance": r.log_variance.exp(),
            "regression.prior": r.prior,
            "regression.constants": torch.stack([*scalars, r.population, 2 * torch.sigmoid(r.temper), r.expansion]),
            "regression.settings": torch.stack([*settings, r.log_gram.exp(), r.twin_log_odds, r.log_linear.exp()]),
            "regression.wide": r.log_wide.exp()[None],
            "calibration.probability": constants["probability"],
            "calibration.concentration": np.append(constants["concentration"], 0.0)[:4],
        }
        tensors = {
            name: np.ascontiguousarray((value.detach().numpy() if torch.is_tensor(value) else value).astype(np.float32))
            for name, value in tensors.items()
        }
        metadata = {
            "format": "statezero-compact-head",
            "version": "2",
            "encoder": self.options.encoder,
            "embedding": str(self.x.shape[1]),
            "surface": str(SURFACE),
            "columns": str(1 + difficulty.COLUMNS),
            "references": json.dumps(REFERENCES),
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
    parser.add_argument(
        "--encoder", default="all-MiniLM-L6-v2", metavar="NAME", help="whose embeddings they are (default: %(default)s)"
    )
    arguments.add_seed(parser)
    arguments.add_threads(parser, 1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    Training(options).run()


if __name__ == "__main__":
    main()
