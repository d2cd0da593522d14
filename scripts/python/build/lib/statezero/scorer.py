"""Success probabilities in a process of its own: a coordinator and a worker as child processes, for engines of corpora.

    with Scorer("context.jsonl.gz", model="/models/all-MiniLM-L6-v2") as scorer:
        predictions = scorer.score(["What is 17 + 25?", ...])

Model and context are loaded once. The predictions are those of `statezero score` with the same context rows, to the
bit: both send the rows to the same kind of worker. Standard library only.
"""

from __future__ import annotations

import collections.abc
import contextlib
import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import typing

from .client import Client, Object, RequestError, Rows, StateZeroError, prompt_text

ROWS_MAX = 2048  # of a context; the program's own limit
_BATCH_ROWS, _BATCH_CHARACTERS = 4096, 8_000_000  # of one request
_ADDRESS = re.compile(rb"http at http://127\.0\.0\.1:([1-9]\d*)")


class Scorer:
    """Scores prompts of one policy. The child processes end with this object, and with this process however it ends."""

    def __init__(
        self,
        context: str | os.PathLike[str] | Rows,
        *,
        model: str | None = None,
        policy: str = "policy",
        program: str | None = None,
        threads: int = 1,
        arguments: collections.abc.Sequence[str] = (),
        timeout: float = 600.0,
    ):
        """`context`: the policy's outcomes, as a JSONL file (also .gz) or dicts, with `prompt` and either `reward` and
        `n` or `k` and `n`; 1 to 2048 rows, which are all used. `model`: as `--model`; an engine's tasks run in folders
        of their own, so give the whole path, or set STATEZERO_MODEL. `program`: by default STATEZERO_BINARY, or
        `statezero` on the PATH. `arguments`: further ones of `statezero worker`. `timeout`: seconds for the start, and
        for a request. Raises `StateZeroError` where the program does not start, with its last lines."""
        self._policy, self._context = policy, _context(context)
        found = program or os.environ.get("STATEZERO_BINARY") or shutil.which("statezero")
        if not found:
            raise StateZeroError("there is no statezero on the PATH; give program, or set STATEZERO_BINARY")
        self._program = os.path.abspath(found)
        self._timeout = timeout
        self._folder = tempfile.mkdtemp(prefix="statezero-")
        self._children: list[subprocess.Popen[bytes]] = []
        try:
            endpoint = f"ipc://{self._folder}/socket"
            self._start("coordinator", "--bind", endpoint, "--http", "127.0.0.1:0")
            chosen = ["--model", model] if model else []
            self._start("worker", "--connect", endpoint, "--threads", str(threads), *chosen, *arguments)
            end = time.monotonic() + timeout
            port = self._wait(self._port, end)
            self._client = Client(f"http://127.0.0.1:{port}", timeout=timeout, retries=8)
            self._wait(self._is_ready, end)
        except BaseException:
            self.close()
            raise

    def score(self, prompts: Rows) -> list[Object]:
        """A prediction for each prompt, in order: dicts with `p`, `kappa`, `p_lo`, `p_hi`, `truncated` and `error`."""
        predictions: list[Object] = []
        batch: list[str] = []
        characters = 0
        for prompt in prompts:
            text = prompt_text(prompt)
            if text is None:
                raise RequestError("a prompt is None; leave such rows out", param="prompts")
            if batch and (len(batch) == _BATCH_ROWS or characters + len(text) > _BATCH_CHARACTERS):
                predictions += self._client.score(self._policy, batch, context_set=self._context)
                batch, characters = [], 0
            batch.append(text)
            characters += len(text)
        if batch:
            predictions += self._client.score(self._policy, batch, context_set=self._context)
        return predictions

    def close(self) -> None:
        """Ends the child processes."""
        for child in reversed(self._children):
            child.terminate()
        for child in reversed(self._children):
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Scorer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    # Child processes

    def _log(self, verb: str) -> str:
        return os.path.join(self._folder, f"{verb}.log")

    def _start(self, verb: str, *arguments: str) -> None:
        # They end by themselves when this process has ended.
        command = [self._program, verb, *arguments, "--log-level", "warning", "--parent", str(os.getpid())]
        with open(self._log(verb), "wb") as log:
            self._children.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def _wait(self, condition: collections.abc.Callable[[], typing.Any], end: float) -> typing.Any:
        while True:
            found = condition()
            if found:
                return found
            for child, verb in zip(self._children, ("coordinator", "worker")):
                if child.poll() is not None or time.monotonic() > end:
                    with open(self._log(verb), encoding="utf-8", errors="replace") as log:
                        last = log.read()[-2000:]
                    raise StateZeroError(f"statezero {verb} did not start: {last}")
            time.sleep(0.05)

    def _port(self) -> int | None:
        with open(self._log("coordinator"), "rb") as log:
            found = _ADDRESS.search(log.read())
        return int(found.group(1)) if found else None

    def _is_ready(self) -> bool:
        """Whether a worker with a model is connected."""
        with contextlib.suppress(StateZeroError):
            return bool(self._client._ask("GET", "/readyz", None, time.monotonic() + 5).get("workers"))
        return False


def _context(context: str | os.PathLike[str] | Rows) -> list[Object]:
    """Rows as the API takes them."""
    if isinstance(context, (str, os.PathLike)):
        path = os.fspath(context)
        with gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
    else:
        rows = list(context)
    if not 1 <= len(rows) <= ROWS_MAX:
        raise RequestError(f"a context has 1 to {ROWS_MAX} rows, not {len(rows)}", param="context")
    return [_row(number, row) for number, row in enumerate(rows, 1)]


def _row(number: int, row: Object) -> Object:
    try:
        reward, n = row.get("reward"), int(row.get("n") or 1)
        reward = float(row["k"]) / n if reward is None else float(reward)
        text = prompt_text(row["prompt"])
    except (KeyError, TypeError, ValueError) as error:
        raise RequestError(f"context row {number} needs prompt and either reward or k and n: {error!r}") from None
    if text is None or not 0 <= reward <= 1 or n < 1:
        raise RequestError(f"context row {number} needs a prompt, a reward from 0 to 1, and n of at least 1")
    return {"prompt": text, "reward": reward, "n": n}
