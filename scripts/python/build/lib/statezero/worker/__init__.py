"""A worker of StateZero's cluster in torch: `python -m statezero.worker --connect tcp://HOST:PORT --model FOLDER`.

It has the wire of `statezero worker` (proto/PROTOCOL.md) and computes with torch, on a CPU or a GPU. Its fingerprint is
its own: a cluster has workers of this kind or of the other. Needs torch, transformers, safetensors, pyzmq, protobuf.
"""
