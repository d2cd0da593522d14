#!/usr/bin/env python3
"""Makes the goldens of sentence-transformers folders in the layouts of BGE and E5: what `SentenceTransformer` gives.

    python3 -m venv venv
    venv/bin/pip install numpy==2.4.6 safetensors==0.8.0 torch==2.13.0 transformers==5.24.0 sentence-transformers==6.2.0
    venv/bin/python scripts/goldens/encoder/make_sentence.py

Writes, under Tests/Goldens/encoder:
  bge/, e5/, dense/    model folders with a random BERT (2 layers, 32 wide, 512 positions), seed 20261128
  bge.safetensors …    by folder: the embedding of each text, as a query
  sentence_texts.json  the texts

`bge` takes the state of CLS and normalises; `e5` takes the mean, normalises, and puts "query: " before each text;
`dense` takes CLS, then a Dense layer with tanh, and has no Normalize. Embeddings are computed one text at a time, so
without padding, on one thread.
"""

import json
import pathlib

import numpy as np
import safetensors.numpy
import sentence_transformers
import tokenizers
import torch
import transformers

SEED = 20261128
ROOT = pathlib.Path(__file__).resolve().parents[3] / "Tests" / "Goldens" / "encoder"
SIZES = dict(
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=512,
    type_vocab_size=2,
    hidden_act="gelu",
    layer_norm_eps=1e-12,
)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(c) for c in range(97, 123)] + [str(d) for d in range(10)]
WORDS = ["query", "passage", "what", "is", "the", "sum", "of", "prime", "prove", "that"]
VOCABULARY = SPECIAL + LETTERS + ["##" + letter for letter in LETTERS] + list(":?.,'+=-*/()$\\^") + WORDS
TEXTS = [
    "",
    "a",
    "2+2",
    "What is the capital of France?",
    "Prove that the square root of two is irrational.",
    "Let $f(x) = x^2 + 1$. What is f(3)?",
    "ALL CAPS QUESTION???",
    "   spaces   and\ttabs\nand\n\nlines   ",
    "Übersetze ins Englische: Der Zug fährt um Viertel vor acht ab.",
    "日本の首都はどこですか。",
    "supercalifragilisticexpialidocious",
    "query: query: the prompt itself",
    "Janet's ducks lay 16 eggs per day. " * 6,
    "x" * 99,
    "count the primes " * 60,
    "what is the sum " * 200,
]
LAYOUTS = {
    "bge": dict(pooling="cls", modules=["Transformer", "Pooling", "Normalize"], lower=True, prompts=None),
    "e5": dict(
        pooling="mean",
        modules=["Transformer", "Pooling", "Normalize"],
        lower=False,
        prompts=dict(prompts={"query": "query: ", "passage": "passage: "}, default_prompt_name="query"),
    ),
    "dense": dict(pooling="cls", modules=["Transformer", "Pooling", "Dense"], lower=False, prompts=None),
}


def random_state(module):
    """Random weights, large enough that softmax and GELU leave their linear parts; biases and norms not at 0 and 1."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn_like(parameter)
            parameter.copy_(1 + 0.2 * noise if name.endswith("LayerNorm.weight") else 0.25 * noise)
    return {
        name: value.contiguous().numpy() for name, value in module.state_dict().items() if "position_ids" not in name
    }


def make_folder(name, pooling, modules, lower, prompts):
    folder = ROOT / name
    torch.manual_seed(SEED)

    def write(path, value):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(value, indent=1) + "\n")

    config = dict(SIZES, vocab_size=len(VOCABULARY))
    write("config.json", {"architectures": ["BertModel"], "model_type": "bert", **config})
    model = transformers.BertModel(transformers.BertConfig(**config), add_pooling_layer=False)
    safetensors.numpy.save_file(random_state(model), folder / "model.safetensors", metadata={"format": "pt"})
    paths = ["", "1_Pooling", f"2_{modules[2]}"]
    write(
        "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{module}"}
            for i, (path, module) in enumerate(zip(paths, modules))
        ],
    )
    write(
        "1_Pooling/config.json",
        {
            "word_embedding_dimension": 32,
            "pooling_mode_cls_token": pooling == "cls",
            "pooling_mode_mean_tokens": pooling == "mean",
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )
    if "Dense" in modules:
        activation = "torch.nn.modules.activation.Tanh"
        write("2_Dense/config.json", dict(in_features=32, out_features=24, bias=True, activation_function=activation))
        dense = torch.nn.Sequential()
        dense.add_module("linear", torch.nn.Linear(32, 24))
        safetensors.numpy.save_file(
            random_state(dense), folder / "2_Dense" / "model.safetensors", metadata={"format": "pt"}
        )
    write("sentence_bert_config.json", {"max_seq_length": 512, "do_lower_case": lower})
    if prompts is not None:
        write("config_sentence_transformers.json", prompts)
    write("tokenizer_config.json", dict(do_lower_case=True, model_max_length=512, tokenizer_class="BertTokenizer"))
    write("special_tokens_map.json", {f"{word[1:-1].lower()}_token": word for word in SPECIAL})
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    words = {word: index for index, word in enumerate(VOCABULARY)}
    tokenizers.BertWordPieceTokenizer(words, lowercase=True).save(str(folder / "tokenizer.json"))
    return folder


def main():
    torch.set_num_threads(1)
    ROOT.joinpath("sentence_texts.json").write_text(json.dumps(TEXTS, indent=1, ensure_ascii=False) + "\n")
    for name, layout in LAYOUTS.items():
        folder = make_folder(name, **layout)
        model = sentence_transformers.SentenceTransformer(str(folder), device="cpu").eval()
        embeddings = np.stack([model.encode(text) for text in TEXTS]).astype(np.float32)
        versions = {
            "made_by": "scripts/goldens/encoder/make_sentence.py",
            "seed": str(SEED),
            "tolerance": "1e-5",
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "sentence_transformers": sentence_transformers.__version__,
        }
        safetensors.numpy.save_file({"embeddings": embeddings}, ROOT / f"{name}.safetensors", metadata=versions)
        print(name, embeddings.shape, [module.__class__.__name__ for module in model], model.prompts)


if __name__ == "__main__":
    main()
