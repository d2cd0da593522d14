"""The policy: a small causal language model trained here, its tokenizer of words, and its exact success rates.

An answer is right only word for word, so the chance of success at temperature 1 is the chance of the answer and the
end mark after the prompt: one forward pass gives it exactly, without rollouts. `warm_up` trains the model on other
prompts of the same kinds until it answers some of them.
"""

import collections.abc
import math
import pathlib
import random
import time

import tasks
import torch
from setting import Setting
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, set_seed

PAD, EOS, UNKNOWN = "<pad>", "<eos>", "<unk>"
HEADS = 4


def make_tokenizer() -> PreTrainedTokenizerFast:
    """One token a word or mark."""
    ids = {text: number for number, text in enumerate([PAD, EOS, UNKNOWN, *tasks.vocabulary()])}
    made = Tokenizer(models.WordLevel(ids, unk_token=UNKNOWN))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[a-z]+|[,.?:]"), behavior="removed", invert=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token=PAD, eos_token=EOS, unk_token=UNKNOWN, padding_side="left"
    )


def make_model(seed: int, words: int, width: int, layers: int) -> Qwen2ForCausalLM:
    """A model with random weights."""
    set_seed(seed)
    sizes = {"hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers}
    heads = {"num_attention_heads": HEADS, "num_key_value_heads": HEADS}
    ids = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1}
    limits = {"max_position_embeddings": 128, "tie_word_embeddings": True}
    return Qwen2ForCausalLM(Qwen2Config(vocab_size=words, **sizes, **heads, **ids, **limits))


def batches(tokenizer: PreTrainedTokenizerFast, chosen: list[tasks.Task]) -> dict[str, torch.Tensor]:
    """Prompts with answers and end marks, padded on the right; labels are of the answers alone."""
    ids, labels = [], []
    for task in chosen:
        prompt = tokenizer(task.prompt)["input_ids"]
        answer = [*tokenizer(task.answer)["input_ids"], tokenizer.eos_token_id]
        ids.append(prompt + answer)
        labels.append([-100] * len(prompt) + answer)
    longest = max(map(len, ids))
    return {
        "input_ids": torch.tensor([row + [tokenizer.pad_token_id] * (longest - len(row)) for row in ids]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids]),
        "labels": torch.tensor([row + [-100] * (longest - len(row)) for row in labels]),
    }


def success(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, chosen: list[tasks.Task]) -> list[float]:
    """The chance that a completion at temperature 1 is right, for each task."""
    was_training = model.training
    model.eval()
    found = [0.0] * len(chosen)
    by_length = sorted(range(len(chosen)), key=lambda index: len(chosen[index].prompt))
    with torch.inference_mode():
        for first in range(0, len(chosen), 128):
            part = by_length[first : first + 128]
            batch = batches(tokenizer, [chosen[index] for index in part])
            logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
            labels = batch["labels"][:, 1:]
            each = torch.log_softmax(logits.float(), -1).gather(2, labels.clamp(min=0).unsqueeze(2)).squeeze(2)
            for index, value in zip(part, (each * (labels >= 0)).sum(1).exp().tolist()):
                found[index] = value
    model.train(was_training)
    return found


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def demonstrations(setting: Setting, without: set[str]) -> collections.abc.Iterator[tasks.Task]:
    """Tasks to learn from, without end. Of cells that the setting names, some have the answer of a mistake."""
    draw = random.Random("mistakes")
    for task in tasks.stream("warm-up", without, setting.cells):
        kind, level = task.cell.split("-")
        is_right = draw.random() < setting.shown_right.get((kind, int(level)), 1.0)
        yield task if is_right else tasks.with_mistake(task)


def warm_up(folder: pathlib.Path, setting: Setting, seed: int = 0, steps_max: int = 20_000) -> None:
    """Trains a model on answers until its mean success on prompts of its own check is at least the setting's, and saves
    it. No prompt of the training set, the held-out set or the check is among those it learns from."""
    tokenizer = make_tokenizer()
    model = make_model(seed, len(tokenizer), setting.width, setting.layers)
    model.train()
    used = {task.prompt for part in tasks.sets(setting) for task in part}
    checks = tasks.distinct("warm-up check", 256, used, setting.cells)
    stream = demonstrations(setting, used | {task.prompt for task in checks})
    optimizer = torch.optim.AdamW(model.parameters(), lr=setting.warm_up_rate, weight_decay=0.01)
    begin = time.monotonic()
    for step in range(1, steps_max + 1):
        for group in optimizer.param_groups:
            group["lr"] = setting.warm_up_rate * min(1.0, step / 200)
        loss = model(**batches(tokenizer, [next(stream) for _ in range(setting.warm_up_batch)])).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            reached = mean(success(model, tokenizer, checks))
            seconds = time.monotonic() - begin
            print(f"warm-up {step}: loss {loss.item():.3f}, success {reached:.3f}, {seconds:.0f} s", flush=True)
            if reached >= setting.warm_up_target:
                break
    model.save_pretrained(folder)
