"""The reference head with random weights: TabPFN 6.2.0 through V0's patches. Shared by make_v0head.py and
scripts/benchmarks/v0_head.py; needs a checkout of V0's repository, given as `v0`.

Weights are drawn wide enough that attention is not uniform and logits are of the size of a trained model's. `adding` is
the spread of values, outputs and feed-forward layers: at 1.6, as of all others, 24 layers make all rows alike, and a
comparison would see no mistake; 0.7 keeps them apart.
"""

import math
import os
import sys
import warnings

os.environ["TABPFN_DISABLE_TELEMETRY"] = "1"
os.environ["DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")

import torch


def floats(tensor):
    return tensor.detach().to(torch.float32).numpy().copy()


def make_model(width, heads, layers, thinking, seed, encoder="linear", inner=1024, adding=1.6):
    from tabpfn.architectures import base
    from tabpfn.architectures.base.config import ModelConfig

    config = ModelConfig(
        emsize=width,
        nhead=heads,
        nlayers=layers,
        features_per_group=3,
        nhid_factor=2,
        num_thinking_rows=thinking,
        max_num_classes=10,
        num_buckets=100,
        seed=42,
        encoder_type=encoder,
        encoder_mlp_hidden_dim=inner,
    )
    torch.manual_seed(seed)
    model = base.get_architecture(config, n_out=10, cache_trainset_representation=False).eval()
    for name, parameter in model.named_parameters():
        spread = 1.6 / math.sqrt(parameter.shape[-1]) if parameter.ndim > 1 else 0.3
        if "row_token" in name:
            spread = 1.0
        if "_w_out" in name:
            spread = adding / math.sqrt(width)
        if ".mlp.linear" in name and "transformer_encoder" in name:
            spread *= adding / 1.6
        torch.nn.init.normal_(parameter, 0, spread)
        if "_w_qkv" in name:
            with torch.no_grad():
                parameter[2] *= adding / 1.6
    return model, config


def column_embedding(width, groups=None):
    """The package's table for the release's width; for others what torch draws for this number of groups."""
    from tabpfn.architectures import base

    if width // 4 == 48:
        return base.transformer.COL_EMBEDDING.to(torch.float32).numpy()
    return torch.randn((groups, width // 4), generator=torch.Generator().manual_seed(42)).numpy()


def make_classifier(model, config, v0, members=4):
    sys.path.insert(0, str(v0))
    from tabpfn import TabPFNClassifier
    from tabpfn.base import ClassifierModelSpecs
    from tabpfn.constants import ModelVersion
    from tabpfn.inference_config import InferenceConfig
    from v0_core.utils.tabpfn_patches import fixed_fit, fixed_forward

    TabPFNClassifier.fit, TabPFNClassifier.forward = fixed_fit, fixed_forward
    settings = InferenceConfig.get_default("multiclass", ModelVersion.V2_5)
    classifier = TabPFNClassifier(
        model_path=ClassifierModelSpecs(model, config, settings),
        device="cpu",
        n_estimators=members,
        inference_precision=torch.float32,
        differentiable_input=True,
    )
    classifier._initialize_model_variables()
    return classifier


def standardise(context, queries):
    """The z-norm of the reference's pipeline, on the same device: the bits that its fingerprints hash."""
    x = torch.tensor(context)
    keep = (x[0:1] != x).any(0)
    x, q = x[:, keep], torch.tensor(queries)[:, keep]
    mean, deviation = x.mean(0, keepdim=True), x.std(0, keepdim=True)
    return floats((x - mean) / deviation), floats((q - mean) / deviation)
