"""The TabPFN v2.5 classifier's checkpoint, and the table of column embeddings that TabPFN keeps outside it."""

import hashlib
import importlib.util
import math
import pathlib
import re

import torch
from checkpoint import load_weights
from refusal import Refusal, compare_shapes

# Raw little-endian float32 values of tabpfn_col_embedding.pt in tabpfn 6.2.0, (2000, 48).
COLUMN_TABLE_SHA256 = "b855eccc3414b3fc9d4e3bc8fb260873292e773906ad7b91fa8ccabcb38f06c3"
COLUMN_TABLE_ROWS = 2000
# The defaults of ModelConfig of tabpfn 6.2.0, and the values that we can compute (None: sizes).
DEFAULTS = {
    "emsize": 192,
    "nlayers": 12,
    "nhead": 6,
    "features_per_group": 2,
    "nhid_factor": 4,
    "num_thinking_rows": 0,
    "max_num_classes": None,
    "encoder_type": "linear",
    "encoder_mlp_hidden_dim": 1024,
    "encoder_mlp_num_layers": 2,
    "seed": 0,
    "remove_duplicate_features": False,
}
LITERALS = {
    "feature_positional_embedding": "subspace",
    "multiquery_item_attention": False,
    "multiquery_item_attention_for_test_set": True,
    "nan_handling_enabled": True,
    "nan_handling_y_encoder": True,
    "normalize_by_used_features": True,
    "normalize_on_train_only": True,
    "normalize_to_ranking": False,
    "normalize_x": True,
    "remove_empty_features": True,
    "remove_outliers": False,
    "use_separate_decoder": False,
    "encoder_use_bias": False,
    "item_attention_type": "full",
    "feature_attention_type": "full",
    "attention_type": "full",
    "two_sets_of_queries": False,
    "canonical_y_encoder": False,
    "bias": False,
    "dag_pos_enc_dim": None,
    "dropout": 0.0,
}


class Head:
    """`tensors` (names as in the checkpoint), `sizes` (for statezero.json), `seed` (of the column embedding)."""

    def __init__(self, path):
        self.path = path
        self.content = content = load_weights(path)
        if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
            raise Refusal(path, "has no state_dict", "expected tabpfn-v2.5-classifier-*.ckpt; see --head")
        self.check_version()
        self.config = content["config"]
        self.tensors = dict(content["state_dict"])
        for key, wanted in LITERALS.items():
            if self.config.get(key, wanted) != wanted:
                raise Refusal(
                    path, f"config.{key} is {self.config[key]!r}, expected {wanted!r}", "this variant is not supported"
                )
        # That step does nothing in any release; it only moves the next ones by one place.
        if self.setting("remove_duplicate_features"):
            self.tensors = {re.sub(r"^encoder\.6\.", "encoder.5.", k): v for k, v in self.tensors.items()}
        self.sizes = self.infer_sizes()
        compare_shapes(
            path,
            {k: v.shape for k, v in self.tensors.items()},
            head_shapes(self.sizes),
            "expected the tensors of a TabPFN v2.5 classifier",
        )
        self.check_config()
        self.seed = self.setting("seed")

    def check_version(self):
        content, path, todo = self.content, self.path, "only TabPFN v2.5 classifiers are supported"
        if "architecture_name" not in content:
            raise Refusal(path, "has no architecture_name, so it is a TabPFN v2 model", todo)
        if content["architecture_name"] != "base":
            raise Refusal(path, f"architecture_name is {content['architecture_name']!r}, expected 'base'", todo)
        if content.get("inference_config"):
            raise Refusal(path, "carries an inference_config, so it is later than TabPFN v2.5", todo)
        if not isinstance(content.get("config"), dict):
            raise Refusal(path, f"config is {type(content.get('config')).__name__}, expected a dictionary", todo)
        criterion = [k for k in content["state_dict"] if k.startswith("criterion.")]
        if criterion or content["config"].get("max_num_classes") == 0:
            raise Refusal(path, "is a TabPFN regressor" + (f" ({criterion[0]})" if criterion else ""), todo)

    def setting(self, key):
        return self.config.get(key, DEFAULTS[key])

    def shape(self, name, rank):
        tensor = self.tensors.get(name)
        if tensor is None or tensor.ndim != rank:
            raise Refusal(
                self.path,
                f"{name} is {'missing' if tensor is None else tuple(tensor.shape)}",
                f"expected a tensor of {rank} dimensions of a TabPFN v2.5 classifier",
            )
        return tensor.shape

    def infer_sizes(self):
        attention = self.shape("transformer_encoder.layers.0.self_attn_between_items._w_qkv", 4)
        layers = {int(m[1]) for m in map(re.compile(r"transformer_encoder\.layers\.(\d+)\.").match, self.tensors) if m}
        mlp = "encoder.5.mlp.0.weight" in self.tensors
        first = self.shape("encoder.5.mlp.0.weight" if mlp else "encoder.5.layer.weight", 2)
        width = attention[3]
        return {
            "width": width,
            "layers": max(layers) + 1,
            "heads": attention[1],
            "columns_per_group": first[1] // 2,
            "inner_factor": self.shape("transformer_encoder.layers.0.mlp.linear1.weight", 2)[0] // width,
            "thinking_rows": self.shape("add_thinking_tokens.row_token_values", 2)[0],
            "classes": self.shape("decoder_dict.standard.2.weight", 2)[0],
            "encoder": "mlp" if mlp else "linear",
            "encoder_inner": first[0] if mlp else self.setting("encoder_mlp_hidden_dim") or width,
            "outlier_sigma": 12.0,
        }

    def check_config(self):
        pairs = {
            "emsize": "width",
            "nlayers": "layers",
            "nhead": "heads",
            "features_per_group": "columns_per_group",
            "nhid_factor": "inner_factor",
            "num_thinking_rows": "thinking_rows",
            "max_num_classes": "classes",
            "encoder_type": "encoder",
        }
        if self.sizes["encoder"] == "mlp":
            pairs["encoder_mlp_hidden_dim"] = "encoder_inner"
            if self.setting("encoder_mlp_num_layers") != 2:
                raise Refusal(
                    self.path,
                    f"config.encoder_mlp_num_layers is {self.setting('encoder_mlp_num_layers')}",
                    "only 2 are supported",
                )
        for key, size in pairs.items():
            said = self.setting(key)
            if key == "encoder_mlp_hidden_dim" and said is None:
                said = self.sizes["width"]
            if said != self.sizes[size]:
                raise Refusal(
                    self.path,
                    f"config.{key} is {said}, the tensors say {self.sizes[size]}",
                    "the file contradicts itself; use another checkpoint",
                )

    def column_embeddings(self, features):
        """Name to table of column embeddings, and notes. `features` is F, so F + 1 columns with the fingerprint."""
        width, notes = self.sizes["width"] // 4, []
        if width == 48 and self.seed == 42:
            return {"column_embedding": package_table()}, notes

        def drawn(rows):
            return torch.randn((rows, width), generator=torch.Generator().manual_seed(self.seed))

        notes.append(
            f"column embeddings are drawn by torch on a CPU from seed {self.seed}, as TabPFN does for this "
            "width and seed; a graphics card draws others"
        )
        # torch fills in blocks of 16: only then do the first rows not depend on how many are drawn.
        if width % 16 == 0:
            return {"column_embedding": drawn(COLUMN_TABLE_ROWS)}, notes
        groups = math.ceil((features + 1) / self.sizes["columns_per_group"])
        fewest = 1 if groups <= 64 else groups - 3
        return {f"column_embedding_G{n}": drawn(n) for n in range(fewest, groups + 1)}, notes


def package_table():
    """The table of the installed tabpfn, byte for byte the one that V0 used."""
    spec = importlib.util.find_spec("tabpfn")
    if spec is None or not spec.origin:
        raise Refusal(
            "tabpfn",
            "is not installed, and its table of column embeddings is needed",
            "install what requirements.txt names",
        )
    path = pathlib.Path(spec.origin).parent / "architectures" / "base" / "tabpfn_col_embedding.pt"
    table = load_weights(path)
    digest = hashlib.sha256(table.contiguous().float().numpy().astype("<f4").tobytes()).hexdigest()
    if digest != COLUMN_TABLE_SHA256:
        raise Refusal(path, f"has sha256 {digest}, expected {COLUMN_TABLE_SHA256}", "install tabpfn 6.2.0")
    return table.float().clone()


def head_shapes(s):
    """Names and shapes of a TabPFN v2.5 classifier's parameters."""
    width, inner, group = s["width"], s["width"] * s["inner_factor"], 2 * s["columns_per_group"]
    head = width // s["heads"]
    if s["encoder"] == "mlp":
        encoder = {
            "encoder.5.mlp.0.weight": (s["encoder_inner"], group),
            "encoder.5.mlp.2.weight": (width, s["encoder_inner"]),
        }
    else:
        encoder = {"encoder.5.layer.weight": (width, group)}
    shapes = {
        **encoder,
        "y_encoder.2.layer.weight": (width, 2),
        "y_encoder.2.layer.bias": (width,),
        "feature_positional_embedding_embeddings.weight": (width, width // 4),
        "feature_positional_embedding_embeddings.bias": (width,),
        "add_thinking_tokens.row_token_values": (s["thinking_rows"], width),
        "decoder_dict.standard.0.weight": (inner, width),
        "decoder_dict.standard.0.bias": (inner,),
        "decoder_dict.standard.2.weight": (s["classes"], inner),
        "decoder_dict.standard.2.bias": (s["classes"],),
    }
    for layer in range(s["layers"]):
        p = f"transformer_encoder.layers.{layer}."
        for place in ("features", "items"):
            shapes[f"{p}self_attn_between_{place}._w_qkv"] = (3, s["heads"], head, width)
            shapes[f"{p}self_attn_between_{place}._w_out"] = (s["heads"], head, width)
        shapes[p + "mlp.linear1.weight"], shapes[p + "mlp.linear2.weight"] = (inner, width), (width, inner)
    return shapes
