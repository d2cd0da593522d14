#!/usr/bin/env python3
"""Reads a file of `plan --export verl --rows` with verl's own dataset class, and shows what verl gets.

    python3 scripts/arrow/verl_check.py budgeted.parquet [--original train.parquet]

Needs verl (tested with 0.9.1) and what it imports: torch, transformers, datasets, omegaconf, tensordict. The tokenizer
is made here, one token a word: nothing is fetched. With --original, every row must be equal to a row of that file, in
its order, apart from `__rollout_n__`.
"""

import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import arguments

COLUMN = "__rollout_n__"
TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"


def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"[UNK]": 0, "[PAD]": 1}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    made = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]")
    made.chat_template = TEMPLATE
    return made


def main() -> int:
    parser = arguments.parser(__doc__)
    parser.add_argument("file", type=pathlib.Path, help="the file that plan wrote")
    parser.add_argument("--original", type=pathlib.Path, help="the trainer's file that it was made of")
    options = parser.parse_args()

    from omegaconf import OmegaConf
    from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

    with tempfile.TemporaryDirectory() as cache:
        config = OmegaConf.create({"prompt_key": "prompt", "max_prompt_length": 4096, "cache_dir": cache})
        data = RLHFDataset(data_files=str(options.file), tokenizer=tokenizer(), config=config)
        items = [data[index] for index in range(len(data))]
    batch = collate_fn(items)
    counts = [int(count) for count in batch[COLUMN]]
    print(f"verl reads {len(items)} rows with {sum(counts)} rollouts; keys: {', '.join(sorted(batch))}")
    print(f"first prompt: {items[0].get('raw_prompt')}")
    if min(counts) < 1:
        print("a row has no rollouts")
        return 1
    if options.original:
        from pyarrow import parquet

        rows = iter(parquet.read_table(options.original).to_pylist())
        for row in parquet.read_table(options.file).to_pylist():
            row.pop(COLUMN)
            if not any(row == other for other in rows):
                print(f"not a row of the original file, or out of its order: {row}")
                return 1
        print("all rows are those of the original file, in its order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
