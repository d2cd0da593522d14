"""What a device does with a model: prompts a second, the time of a context, the share of the card's measured peak."""

from __future__ import annotations

import random
import time
import typing

import torch

from . import encoders, tabpfn
from .model import Model

_WORDS = (
    "find the sum of all primes below how many ways can a board be tiled with dominoes prove that x is even".split()
)


def run(model: Model, prompts: int, rows: int) -> int:
    """Measures and prints. Cost: a warm-up, then each prompt once."""
    draw = random.Random(0)

    def texts(count: int) -> list[str]:
        return [" ".join(draw.choices(_WORDS, k=draw.randint(10, 120))) for _ in range(count)]

    def timed(body: typing.Callable[[], typing.Any]) -> float:
        _wait(model.device)
        begin = time.monotonic()
        body()
        _wait(model.device)
        return time.monotonic() - begin

    peak = _peak(model.device)
    model.features(texts(min(prompts, 256)))
    context, queries = texts(rows), texts(prompts)
    outcomes = [(float(index % 2), 1) for index in range(rows)]
    encoded = [text.encode() for text in context]
    embedding = timed(lambda: model.features(context))
    preparing = timed(lambda: model.prepare(b"bench", encoded, outcomes))
    measured = timed(lambda: model.features(queries))
    asked = [text.encode() for text in queries[: 64 if model.v0 else prompts]]
    predicting = timed(lambda: model.answers(b"bench", asked))
    tokenizer: typing.Any = model.encoder
    tokens = sum(len(tokenizer.tokens(t)) if model.v0 else sum(map(len, tokenizer.windows(t)[0])) for t in queries)
    rate = encoders.flops(model.encoder.parameters, tokens) / measured
    print(f"device                {torch.cuda.get_device_name() if model.device != 'cpu' else 'cpu'}, {model.name}")
    print(f"peak, matmul float32  {peak / 1e12:.3f} TFLOP/s")
    print(f"encoder               {prompts / measured:.1f} prompts/s, {tokens / measured:.0f} tokens/s, "
          f"{100 * rate / peak:.1f} % of the peak (products with weights)")  # fmt: skip
    print(f"context of {rows} rows   {preparing:.3f} s, and {embedding:.3f} s to embed it")
    if model.v0:
        columns = int(model.features(queries[:1])[0].shape[1])
        work = tabpfn.flops(model.v0["head"], columns, rows) * model.v0["ensemble"]["members"]
        print(
            f"                      {100 * work / preparing / peak:.1f} % of the peak, without attention along columns"
        )
    print(f"head                  {len(asked) / predicting:.1f} prompts/s, features known")
    return 0


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def _peak(device: str, size: int = 2048, seconds: float = 1.0) -> float:
    """FLOP a second of a large product in float32, the arithmetic of the model."""
    size = size if device == "cpu" else 4 * size
    a, b = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    torch.mm(a, b)
    _wait(device)
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        torch.mm(a, b)
        _wait(device)
        count += 1
    return 2.0 * size**3 * count / (time.monotonic() - begin)
