"""A random model of a few thousand weights, its tokenizer, sums as prompts, and rewards by seed."""

import hashlib
import random

from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM, set_seed

CHARACTERS = [chr(number) for number in range(32, 127)]
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}|{% endfor %}assistant: "


def tokenizer() -> PreTrainedTokenizerFast:
    """One token a character."""
    vocabulary = {text: number for number, text in enumerate(["<pad>", "<eos>", "<unk>", *CHARACTERS])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, chat_template=CHAT, **special)


def model(seed: int = 0) -> Qwen2ForCausalLM:
    """Two layers of width 16."""
    set_seed(seed)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
    ids = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1}
    return Qwen2ForCausalLM(Qwen2Config(vocab_size=len(CHARACTERS) + 3, **sizes, **heads, **ids))


def rows(count: int, chat: bool = False) -> list[dict]:
    """Sums with an integer id."""
    made = []
    for index in range(count):
        text = f"What is {index} + {7 * index % 97}?"
        prompt = [{"role": "user", "content": text}] if chat else text
        made.append({"prompt": prompt, "prompt_id": index, "rate": (index % 10) / 10})
    return made


def reward(text: str, completion: object, rate: float, salt: str = "") -> float:
    """0 or 1: a function of prompt and completion that is 1 at the prompt's own rate."""
    digest = hashlib.sha256(f"{salt}|{text}|{completion}".encode()).hexdigest()
    return float(random.Random(digest).random() < rate)
