"""What the reference computes, stage by stage: transformers, torch and the real tabpfn, without the authors' code.

The authors patch two methods of TabPFNClassifier, because version 6.2.0 cannot be fitted twice with differentiable
input, and forward() would return gradients. `ReferenceHead` asks the same engine for the same thing by itself.
scripts/goldens/v0/check_against_v0.py compares every number with the authors' own program, bit for bit.
"""

import importlib.metadata
import os
import warnings

os.environ["TABPFN_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import torch
from refusal import Refusal
from torch import nn

VERSIONS = {"tabpfn": "6.2.0", "transformers": "4.55.4"}
# A call of the reference embeds this many prompts together, padded on the left. It changes the last bits.
PROMPTS_PER_BATCH = 32
TEMPERATURE = 0.9


def check_versions():
    for package, wanted in VERSIONS.items():
        try:
            found = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found = "not installed"
        if found != wanted:
            raise Refusal(
                package,
                f"is {found}, the reference needs {wanted}",
                "install what requirements.txt names, or convert with --no-golden",
            )


class ReferenceEncoder:
    """Prompts to token states, from a folder as Hugging Face writes it, in float32."""

    def __init__(self, folder, tokens_max):
        from transformers import AutoModel, AutoTokenizer

        self.tokens_max = tokens_max
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModel.from_pretrained(folder)

    def tokens(self, text):
        return self.tokenizer(text, max_length=self.tokens_max, truncation=True)["input_ids"]

    def states(self, texts):
        """Yields (states (B, T, D), mask (B, T)) for each batch of the reference."""
        for start in range(0, len(texts), PROMPTS_PER_BATCH):
            batch = self.tokenizer(
                texts[start : start + PROMPTS_PER_BATCH],
                max_length=self.tokens_max,
                padding=True,
                truncation=True,
                return_tensors="pt",
            )
            with torch.no_grad():
                yield self.model(**batch).last_hidden_state, batch["attention_mask"]


class ReferenceAdapter(nn.Module):
    """Both query adapters. With a bottleneck, the last token's state shifts the queries."""

    def __init__(self, tensors, sizes):
        super().__init__()
        count, width = sizes["queries"], sizes["width"]
        hidden = tensors["proj_kv.weight"].shape[1]
        self.proj_kv = nn.Linear(hidden, width)
        self.mha = nn.MultiheadAttention(width, sizes["heads"], batch_first=True)
        self.ln_q, self.ln_kv = nn.LayerNorm(width), nn.LayerNorm(width)
        queries = nn.Parameter(torch.empty(1, count, width))
        if sizes["bottleneck"] is None:
            self.queries, self.generator = queries, None
        else:
            inner = sizes["bottleneck"]
            self.static_queries = queries
            self.generator = nn.Sequential(
                nn.Linear(hidden, inner), nn.LayerNorm(inner), nn.GELU(), nn.Identity(), nn.Linear(inner, count * width)
            )
        self.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=True)

    @torch.no_grad()
    def forward(self, states, mask):
        keys = self.proj_kv(states)
        if self.generator is None:
            queries = self.queries.expand(len(states), -1, -1)
        else:
            queries = self.static_queries + self.generator(states[:, -1]).view(-1, *self.static_queries.shape[1:])
        # Keys are normalised, values are not. Padding is masked.
        mixed, _ = self.mha(self.ln_q(queries), self.ln_kv(keys), keys, key_padding_mask=mask == 0)
        return mixed.flatten(1)


class ReferenceHead:
    """The TabPFN classifier as V0 calls it: all four members, 0/1 labels, raw logits."""

    def __init__(self, head, members):
        warnings.filterwarnings("ignore", message="Running on CPU")
        from tabpfn import TabPFNClassifier
        from tabpfn.architectures import base
        from tabpfn.base import ClassifierModelSpecs
        from tabpfn.constants import ModelVersion
        from tabpfn.inference_config import InferenceConfig

        config, _ = base.parse_config(head.content["config"])
        model = base.get_architecture(config, n_out=head.sizes["classes"], cache_trainset_representation=False)
        model.load_state_dict(head.content["state_dict"], strict=True)
        inference = InferenceConfig.get_default("multiclass", ModelVersion.V2_5)
        self.classifier = TabPFNClassifier(
            model_path=ClassifierModelSpecs(model.eval(), config, inference),
            device="cpu",
            n_estimators=members,
            inference_precision=torch.float32,
            differentiable_input=True,
        )
        self.classifier._initialize_model_variables()
        sigma = self.classifier.inference_config_._CLASSIFICATION_DEFAULT_OUTLIER_REMOVAL_STD
        if sigma != head.sizes["outlier_sigma"]:
            raise Refusal(
                "tabpfn",
                f"clips at {sigma} standard deviations, expected {head.sizes['outlier_sigma']}",
                "install tabpfn 6.2.0",
            )

    def fit(self, features, labels):
        """(N, F) float32 and (N) 0/1. The generator is seeded anew, so every fit draws the same salts and shuffles."""
        from tabpfn.base import create_inference_engine

        c = self.classifier
        # Otherwise a second context keeps the number of classes of the first, and one class alone gives one logit.
        c.n_classes_ = 2
        generator = np.random.default_rng(c.random_state)
        configs, x, y = c._initialize_dataset_preprocessing(features, labels, generator)
        self.engine = create_inference_engine(
            X_train=x,
            y_train=y,
            models=c.models_,
            ensemble_configs=configs,
            cat_ix=[],
            fit_mode="fit_preprocessors",
            devices_=c.devices_,
            rng=generator,
            n_preprocessing_jobs=1,
            byte_size=torch.float32.itemsize,
            forced_inference_dtype_=torch.float32,
            memory_saving_mode=c.memory_saving_mode,
            use_autocast_=False,
            inference_mode=True,
        )

    def tables(self, queries):
        """For each member: context table, query table, permutation of the columns and salt."""
        for pipeline, context in zip(self.engine.preprocessors, self.engine.X_trains):
            shuffle = next(s for s in pipeline.steps if hasattr(s, "index_permutation_"))
            fingerprint = next(s for s in pipeline.steps if hasattr(s, "rnd_salt_"))
            yield context, pipeline.transform(queries).X, shuffle.index_permutation_, fingerprint.rnd_salt_

    def raw_logits(self, queries):
        """(E, M, 2)"""
        outputs = [output[:, :2] for output, _ in self.engine.iter_outputs(queries, autocast=False)]
        return torch.stack(outputs).clone()

    @staticmethod
    def logits(raw):
        """(M, 2): the members' mean after the temperature."""
        return (raw.unsqueeze(2) / TEMPERATURE).mean(dim=(0, 2))

    @staticmethod
    def scores(logits):
        return torch.softmax(logits, dim=1)[:, 1]
