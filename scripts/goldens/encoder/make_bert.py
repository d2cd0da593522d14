#!/usr/bin/env python3
"""Writes the goldens of the sentence encoder: the output of transformers' BertModel in float32.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 safetensors==0.8.0 torch==2.15.0 transformers==4.55.4
    venv/bin/python scripts/goldens/encoder/make_bert.py [MODEL]

Writes, under Tests/Goldens/encoder:
  tiny/               a model folder with a random BERT (2 layers, 32 wide), seed 20260211; for token ids only: its
                      vocabulary has no [MASK], so the program reads no text with it
  tiny.safetensors    token ids and their embeddings by that model
  minilm.safetensors  the same for all-MiniLM-L6-v2, when MODEL names its folder

Embeddings are sentence-transformers': mean of the last states over all tokens, then division by the L2 norm. Ids are
one array, `starts` its cumulative lengths. Computed one text at a time, so without padding, on one thread.
"""

import json
import pathlib
import sys

import numpy as np
import safetensors
import safetensors.numpy
import torch
import transformers

SEED = 20260211
ROOT = pathlib.Path(__file__).resolve().parents[3] / "Tests" / "Goldens" / "encoder"
TINY = dict(
    vocab_size=120,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=64,
    type_vocab_size=2,
    hidden_act="gelu",
    layer_norm_eps=1e-12,
)
TEXTS = [
    "",
    "a",
    "2+2",
    "What is the capital of France?",
    "Yes or no: is 17 a prime number?",
    "Compute the sum of the first 100 positive integers.",
    "Janet's ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. She sells the remainder at the farmers' market daily for $2 per fresh duck egg. How much in "
    "dollars does she make every day at the farmers' market?",
    "Find all real solutions of $x^4 - 5x^2 + 4 = 0$ and give their sum.",
    "Let $f(x) = \\frac{1}{1+e^{-x}}$. Show that $f'(x) = f(x)(1-f(x))$.",
    "def fib(n):\n    return n if n < 2 else fib(n-1) + fib(n-2)\n\nWhat does fib(10) return?",
    "Write a SQL query: SELECT name, COUNT(*) FROM users GROUP BY name HAVING COUNT(*) > 1;",
    "Übersetze ins Englische: Der Zug fährt um Viertel vor acht ab.",
    "Quelle est la différence entre « savoir » et « connaître » ?",
    "日本の首都はどこですか。",
    "请把下面的句子翻译成英文：今天天气很好。",
    "Сколько будет семью восемь?",
    "ما هي عاصمة مصر؟",
    "이 문장을 영어로 번역하세요.",
    "🙂🙃🚀 what do these mean?",
    "ALL CAPS QUESTION???!!!",
    "   spaces   and\ttabs\nand\n\nlines   ",
    "supercalifragilisticexpialidocious antidisestablishmentarianism",
    "0.1 + 0.2 == 0.3?",
    "1, 1, 2, 3, 5, 8, 13, ...",
    "Spell 'onomatopoeia' backwards.",
    "opposite of hot",
    "Which is larger, 9.11 or 9.9?",
    "Continue: the quick brown fox",
    "Name three noble gases.",
    "Prove that the square root of two is irrational.",
    "http://example.com/a?b=c&d=e#f",
    "if (x) { y = x ? 1 : 0; } else { return null; } // comment",
    "H2O + NaCl -> ?",
    "e^{i\\pi} + 1 = 0",
    "The committee, having considered the matter at some length, and having heard from all interested parties, "
    "resolved that the matter should be considered again at the next meeting. " * 3,
    "word " * 120,
    "Answer with a single letter. A) red B) green C) blue. Which is the colour of the sky?",
    "x" * 99,
    "count " * 300,
    "1234567890 " * 40,
]


def embed(model, ids):
    with torch.no_grad():
        states = model(input_ids=torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long))
        mean = states.last_hidden_state[0].mean(dim=0)
        return torch.nn.functional.normalize(mean, dim=0, eps=1e-12).numpy()


def save(name, model, sequences):
    starts = np.cumsum([0] + [len(ids) for ids in sequences]).astype(np.int32)
    tensors = {
        "ids": np.concatenate([np.array(ids, dtype=np.int32) for ids in sequences]),
        "starts": starts,
        "embeddings": np.stack([embed(model, ids) for ids in sequences]).astype(np.float32),
    }
    versions = {
        "made_by": "scripts/goldens/encoder/make_bert.py",
        "seed": str(SEED),
        "tolerance": "1e-4",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    safetensors.numpy.save_file(tensors, ROOT / name, metadata=versions)
    print(name, len(sequences), "sequences,", int(starts[-1]), "tokens")


def make_tiny():
    folder = ROOT / "tiny"
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    model = transformers.BertModel(transformers.BertConfig(**TINY), add_pooling_layer=False).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # Large enough that softmax and GELU leave their linear parts; biases and norms not at 0 and 1.
            noise = torch.randn_like(parameter)
            parameter.copy_(1 + 0.2 * noise if name.endswith("LayerNorm.weight") else 0.25 * noise)
    tensors = {
        name: value.contiguous().numpy() for name, value in model.state_dict().items() if "position_ids" not in name
    }
    safetensors.numpy.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    def write(name, value):
        return (folder / name).write_text(json.dumps(value, indent=1) + "\n")

    write(
        "config.json",
        {"architectures": ["BertModel"], "model_type": "bert", "position_embedding_type": "absolute", **TINY},
    )
    write(
        "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    )
    write(
        "1_Pooling/config.json",
        {
            "word_embedding_dimension": 32,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )
    write("sentence_bert_config.json", {"max_seq_length": 48, "do_lower_case": False})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"] + [chr(c) for c in range(97, 123)]
    words += ["##" + chr(c) for c in range(97, 123)] + [f"word{i}" for i in range(TINY["vocab_size"])]
    (folder / "vocab.txt").write_text("\n".join(words[: TINY["vocab_size"]]) + "\n")
    random = np.random.default_rng(SEED)
    lengths = [1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 47, 48]
    save("tiny.safetensors", model, [[int(i) for i in random.integers(0, TINY["vocab_size"], n)] for n in lengths])


def make_minilm(path):
    model = transformers.BertModel.from_pretrained(path, add_pooling_layer=False, attn_implementation="eager").eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    tokenizer.backend_tokenizer.no_padding()
    save("minilm.safetensors", model, [tokenizer(t, truncation=True, max_length=256)["input_ids"] for t in TEXTS])


torch.set_num_threads(1)
make_tiny()
if len(sys.argv) > 1:
    make_minilm(sys.argv[1])
