#!/usr/bin/env python3
"""Makes the goldens of encoder families beyond BERT: what `SentenceTransformer` gives, with small random weights.

    python3 -m venv venv
    venv/bin/pip install numpy==2.4.6 safetensors==0.8.0 torch==2.13.0 transformers==5.24.0 sentence-transformers==6.2.0
    venv/bin/python scripts/goldens/encoder/make_families.py

Needs what make_sentence.py, make_unigram.py and make_bpe.py write. Writes, under Tests/Goldens/encoder:
  xlmr/          XLM-RoBERTa, mean pooling, "query: ", as multilingual-e5-base; its tokenizer.json is unigram-small.json
  qwen3/         Qwen3, the last token, an instruction, as Qwen3-Embedding; its tokenizer.json is bpe-small.json
  static/        a table and a tokenizer (StaticEmbedding), no Normalize
  model2vec/     a table in half precision with rows for tokens (`mapping`) and weights, as model2vec
  families.safetensors   by folder: the embedding of each text, as a query
  windows.safetensors    by folder (also of bge and e5): the embeddings of long texts, whose windows are pooled here
  family_texts.json      the texts, and the long texts

Embeddings are computed one text at a time, so without padding, on one thread. The windows follow the rule of
`TextWindows.swift`: 8 at most, each starts an eighth of a window before the last one ends, the prompt in each.
"""

import json
import pathlib
import sys

import numpy as np
import safetensors.numpy
import sentence_transformers
import tokenizers
import torch
import transformers
from make_sentence import ROOT, SEED, random_state

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tokenizers"))

import texts  # noqa: E402

TOKENIZERS = ROOT.parent / "tokenizers"
INSTRUCTION = "Instruct: Given a task, find how hard it is\nQuery:"
TEXTS = ["", " ", "a", "2+2", "What is the capital of France?", "query: query: the prompt itself"]
TEXTS += [
    "<pad> a <pad><pad> b",
    "<mask> here",
    "日本の首都はどこですか。",
    "Übersetze: Der Zug fährt ab.",
    "Привет мир 你好 안녕 नमस्ते",
    "x" * 9,
]
TEXTS += ["   spaces   and\ttabs\nand\n\nlines   ", "Janet's ducks lay 16 eggs per day. "]
TEXTS += texts.texts(SEED, 40, pieces=2)
LONG = ["count the primes below one hundred and prove it " * 60, "один два три четыре 五 六 " * 90, "a b c " * 3000]
COUNT_MAX, OVERLAP = 8, 8


def write(folder, path, value):
    """One file of JSON below a folder."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(json.dumps(value, indent=1) + "\n")


def modules(folder, *names):
    """modules.json."""
    paths = [""] + [f"{index}_{name}" for index, name in enumerate(names) if index > 0]
    value = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{name}"}
        for index, (path, name) in enumerate(zip(paths, names))
    ]
    write(folder, "modules.json", value)


def network(name, model, config, pooling, prompts, length, padding):
    """A folder of a network with random weights; the tokenizer's file is added by `main`."""
    folder = ROOT / name
    write(folder, "config.json", config)
    state = random_state(model)
    safetensors.numpy.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    modules(folder, "Transformer", "Pooling", "Normalize")
    kinds = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
    pooled = {f"pooling_mode_{kind}": kind == pooling for kind in kinds}
    write(folder, "1_Pooling/config.json", {"word_embedding_dimension": 32, **pooled, "include_prompt": True})
    write(folder, "sentence_bert_config.json", {"max_seq_length": length, "do_lower_case": False})
    write(folder, "config_sentence_transformers.json", prompts)
    write(
        folder,
        "tokenizer_config.json",
        dict(tokenizer_class="PreTrainedTokenizerFast", model_max_length=length, pad_token=padding),
    )
    return folder


def xlmr():
    """As multilingual-e5-base, two layers, 66 positions."""
    torch.manual_seed(SEED)
    vocabulary = len(json.loads((TOKENIZERS / "unigram-small.json").read_text())["model"]["vocab"])
    sizes = dict(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=66,
        type_vocab_size=1,
        hidden_act="gelu",
        layer_norm_eps=1e-5,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    model = transformers.XLMRobertaModel(transformers.XLMRobertaConfig(**sizes), add_pooling_layer=False)
    config = {"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", **sizes}
    prompts = {"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": None}
    return network("xlmr", model, config, "mean_tokens", prompts, 64, "<pad>")


def qwen3():
    """As Qwen3-Embedding, two layers."""
    torch.manual_seed(SEED)
    file = json.loads((TOKENIZERS / "bpe-small.json").read_text())
    vocabulary = len(file["model"]["vocab"]) + len(file["added_tokens"])
    sizes = dict(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=48,
        max_position_embeddings=512,
        rms_norm_eps=1e-6,
        tie_word_embeddings=True,
        attention_bias=False,
        use_sliding_window=False,
        hidden_act="silu",
    )
    model = transformers.Qwen3Model(transformers.Qwen3Config(**sizes, rope_theta=1_000_000))
    config = {"architectures": ["Qwen3Model"], "model_type": "qwen3", **sizes, "rope_theta": 1_000_000}
    prompts = {"prompts": {"query": INSTRUCTION, "document": ""}, "default_prompt_name": None}
    return network("qwen3", model, config, "lasttoken", prompts, 96, "<|endoftext|>")


def tables():
    """A table as sentence-transformers keeps it, and one as model2vec does."""
    torch.manual_seed(SEED)
    words = tokenizers.Tokenizer.from_file(str(TOKENIZERS / "tokenizer-small.json"))
    # A text is read to its end here, whatever the file says.
    words.no_truncation()
    words.no_padding()
    count = words.get_vocab_size()
    pieces = tokenizers.Tokenizer.from_file(str(TOKENIZERS / "unigram-small.json"))
    for name, tokenizer in (("static", words), ("model2vec", pieces)):
        folder = ROOT / name
        folder.mkdir(exist_ok=True)
        if name == "static":
            modules(folder, "StaticEmbedding")
            tensors = {"embedding.weight": torch.randn(count, 24).numpy()}
        else:
            modules(folder, "StaticEmbedding", "Normalize")
            tensors = {
                "embeddings": torch.randn(200, 16).to(torch.float16).numpy(),
                "mapping": torch.randint(0, 200, (tokenizer.get_vocab_size(),)).numpy(),
                "weights": torch.rand(tokenizer.get_vocab_size()).numpy(),
            }
        safetensors.numpy.save_file(tensors, folder / "model.safetensors")
        yield folder, tokenizer


def load(folder):
    """The folder as sentence-transformers reads it."""
    return sentence_transformers.SentenceTransformer(str(folder), device="cpu").eval()


def prompt(model):
    """What is put before a query."""
    return model.prompts.get("query", "") if model.prompts else ""


def ids(model, text):
    """A text's tokens without the special ones, uncut, and the special ones before and after."""
    tokenizer = model[0].tokenizer
    whole = getattr(tokenizer, "backend_tokenizer", tokenizer)
    whole.no_truncation()
    body = whole.encode(text, add_special_tokens=False).ids
    around = whole.encode("", add_special_tokens=True).ids
    split = 0 if len(around) == 1 else 1
    return body, around[:split], around[split:]


def windowed(model, before_text, text, length, pooling):
    """The embedding of a long text by the rule of `TextWindows.swift`, computed window by window."""
    body, before, after = ids(model, before_text + text)
    own, _, _ = ids(model, before_text)
    shared = 0
    while shared < min(len(own), len(body)) and own[shared] == body[shared]:
        shared += 1
    room = length - len(before) - len(after)
    most = len(own) if 2 * len(own) <= room else 0
    step = (room - most) - (room - most) // OVERLAP
    body = body[: room + (COUNT_MAX - 1) * step]
    shared = shared if 2 * shared <= room else 0
    step = (room - shared) - (room - shared) // OVERLAP
    vectors, weights = [], []
    start = shared
    while True:
        window = before + body[:shared] + body[start : start + room - shared] + after
        inputs = torch.tensor([window])
        with torch.no_grad():
            states = model[0].auto_model(input_ids=inputs, attention_mask=torch.ones_like(inputs)).last_hidden_state[0]
        if pooling == "mean":
            vectors.append(states.mean(0).numpy())
            weights.append(len(window))
        else:
            state = states[0 if pooling == "cls" else -1].numpy()
            vectors.append(state / np.linalg.norm(state))
            weights.append(1)
        if start + room - shared >= len(body):
            break
        start += step
    mean = np.average(np.stack(vectors).astype(np.float64), axis=0, weights=weights)
    return (mean / np.linalg.norm(mean)).astype(np.float32), len(vectors)


def main():
    torch.set_num_threads(1)
    embeddings, long = {}, {}
    folders = [(xlmr(), "unigram-small.json"), (qwen3(), "bpe-small.json")]
    for folder, tokenizer in folders:
        (folder / "tokenizer.json").write_text((TOKENIZERS / tokenizer).read_text())
    # Longer texts are cut by the reference and read in windows here.
    models = [load(folder) for folder, _ in folders]
    fits = [
        [len(model.tokenizer(prompt(model) + text)["input_ids"]) <= model.max_seq_length for model in models]
        for text in TEXTS
    ]
    kept = [text for text, fit in zip(TEXTS, fits) if all(fit)]
    print(len(kept), "of", len(TEXTS), "texts fit")
    write(ROOT, "family_texts.json", {"texts": kept, "long": LONG})
    for folder, tokenizer in [(folder, None) for folder, _ in folders] + list(tables()):
        if tokenizer is not None:
            tokenizer.save(str(folder / "tokenizer.json"))
        model = load(folder)
        rows = np.stack([model.encode(text, prompt=prompt(model)) for text in kept]).astype(np.float32)
        norms = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        embeddings[folder.name] = rows / norms
        print(folder.name, rows.shape, [module.__class__.__name__ for module in model], repr(prompt(model)))
    for name, before, length, pooling in (
        ("bge", "", 512, "cls"),
        ("e5", "query: ", 512, "mean"),
        ("xlmr", "query: ", 64, "mean"),
        ("qwen3", INSTRUCTION, 96, "last"),
    ):
        model = load(ROOT / name)
        found = [windowed(model, before, text, length, pooling) for text in LONG]
        long[name] = np.stack([vector for vector, _ in found])
        print(name, "windows:", [count for _, count in found])
    # The tests put these files where they belong, so that the repository has them once.
    for name in ("xlmr", "qwen3", "static", "model2vec"):
        (ROOT / name / "tokenizer.json").unlink()
    versions = {
        "made_by": "scripts/goldens/encoder/make_families.py",
        "seed": str(SEED),
        "tolerance": "1e-5",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "sentence_transformers": sentence_transformers.__version__,
    }
    safetensors.numpy.save_file(embeddings, ROOT / "families.safetensors", metadata=versions)
    safetensors.numpy.save_file(long, ROOT / "windows.safetensors", metadata=versions)


if __name__ == "__main__":
    main()
