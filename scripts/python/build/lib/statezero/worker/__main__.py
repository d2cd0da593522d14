"""The command `python -m statezero.worker`: a worker in torch, its measurement, and the check against V0's goldens.

python -m statezero.worker --connect tcp://127.0.0.1:5570 --model FOLDER --device cuda
python -m statezero.worker bench --model FOLDER --device cuda
python -m statezero.worker verify FOLDER
"""

from __future__ import annotations

import argparse
import os
import socket
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def _model_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", required=True, help="folder of scripts/convert_v0, or of sentence-transformers")
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N (default: cpu)")
    parser.add_argument("--head", default="compact", choices=["compact", "gaussian-process"],
                        help="of sentence-transformers folders (default: compact)")  # fmt: skip
    parser.add_argument("--batch-tokens", type=int, default=16_384, help="tokens of a batch on a GPU (default: 16384)")
    parser.add_argument("--threads", type=int, default=1, help="of torch on a CPU (default: 1)")


def main() -> int:
    """Returns the exit code."""
    arguments = sys.argv[1:]
    command = arguments[0] if arguments[:1] in (["bench"], ["verify"]) else "work"
    parser = argparse.ArgumentParser(
        prog="python -m statezero.worker", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if command == "verify":
        parser.add_argument("folder", help="folder of scripts/convert_v0 with golden.json")
        parser.add_argument("--device", default="cpu")
    else:
        _model_options(parser)
    if command == "bench":
        parser.add_argument("--prompts", type=int, default=2000)
        parser.add_argument("--context", type=int, default=256, help="rows of the context")
    if command == "work":
        parser.add_argument("--connect", required=True, help="endpoint of the coordinator")
        parser.add_argument("--key", help="secret key file, from `statezero keys new`")
        parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="stable over restarts")
        parser.add_argument("--abandon-after", type=float, default=600.0, help="seconds without a coordinator")
    options = parser.parse_args(arguments if command == "work" else arguments[1:])

    import torch

    torch.set_num_threads(getattr(options, "threads", 1))
    torch.set_grad_enabled(False)
    if command == "verify":
        from .verify import run

        return run(options.folder, options.device)
    from .model import Model

    try:
        model = Model(options.model, options.device, options.head, options.batch_tokens)
    except (OSError, ValueError, KeyError) as error:
        print(f"statezero.worker: {options.model}: {error}", file=sys.stderr)
        return 1
    if command == "bench":
        from .bench import run as measure

        return measure(model, options.prompts, options.context)
    from .node import Node
    from .state import Worker

    worker = Worker(options.name, model.name, model.digest, 4096, 262_144, options.abandon_after)
    print(f"statezero.worker: {model.name} {model.digest.hex()} on {options.device}", file=sys.stderr, flush=True)
    try:
        Node(options.connect, worker, model, options.key).run()
    except RuntimeError as error:
        print(f"statezero.worker: {error}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
