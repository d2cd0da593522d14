"""The layers of the modules, and the modules of the toolchain and the system that each may import.

What a module may import of this package, and which libraries, is stated once, in Package.swift.
"""


class Module:
    """A layer, and modules of the toolchain and the system that may be imported."""

    def __init__(self, layer: int, *system: str):
        self.layer, self.system = layer, set(system)


PATH = "scripts/checks/module_table.py"
# Folders of Sources that are no module.
NO_MODULES = {"Documentation"}
# Folders whose code decides and has no effects: no clock, thread, lock, file, output or own random numbers.
PURE = ("Sources/Cluster/",)
# (module, module that it must never link, directly or through others, reason)
NEVER_LINKS = [
    ("Cluster", "ZeroMQ", "state machines know no socket"),
    ("Cluster", "Transport", "state machines know no socket"),
    ("Wire", "ZeroMQ", "messages are bytes, whatever carries them"),
    ("CoordinatorNode", "Kernels", "the coordinator moves bytes and never computes a prediction"),
    ("CoordinatorHTTP", "CoordinatorNode", "the program connects the two through CoordinatorClient"),
    ("WorkerNode", "Kernels", "the program gives the worker its model"),
    ("Models", "RemoteEncoding", "models of folders know no network; the program builds an encoder behind an API"),
]

# Think before you add an import. Modules that decide import no clock, file, lock or thread.
MODULES = {
    # 0 foreign: C libraries and code compiled for AVX-512
    "CArrow": Module(0),
    "CZeroMQ": Module(0),
    "COneDNN": Module(0),
    "CZlib": Module(0),
    "CZstd": Module(0),
    "WideKernels": Module(0),
    "Threads": Module(0, "Dispatch", "Foundation", "Glibc", "Synchronization"),
    # 1 foundations
    "Scoring": Module(1),
    "JSON": Module(1, "Foundation"),
    "SQLite": Module(1, "Glibc", "Foundation"),
    "Kernels": Module(1, "Foundation", "Synchronization"),
    "ZeroMQ": Module(1, "Glibc", "Synchronization"),
    "Reporting": Module(1, "Foundation"),
    "MetricsExport": Module(1, "Synchronization"),
    "Traces": Module(1, "Glibc", "Synchronization"),
    # 2 meaning: what data is
    "Tokenizers": Module(2, "Foundation", "Synchronization"),
    "Wire": Module(2, "Foundation", "FoundationEssentials"),
    "Planning": Module(2, "Foundation"),
    "ModelFiles": Module(2, "Foundation", "Synchronization"),
    "Corpora": Module(2, "Foundation", "Synchronization"),
    "FeatureStore": Module(2, "Foundation", "Synchronization"),
    "Similarity": Module(2, "Foundation"),
    "Keys": Module(2, "Foundation", "Synchronization"),
    "PredictionMetrics": Module(2, "Foundation"),
    "ReferenceDraws": Module(2),
    # 3 decisions: no I/O; the formats of other libraries; and what HTTP servers share
    "HTTPServing": Module(3, "Dispatch", "Foundation", "Synchronization"),
    "ArrowFiles": Module(3, "Foundation"),
    "Encoders": Module(3, "Foundation", "Synchronization"),
    "Heads": Module(3, "Foundation", "Synchronization"),
    "Transport": Module(3),
    "Cluster": Module(3),
    "Evaluation": Module(3, "Foundation"),
    "Replaying": Module(3, "Foundation"),
    "Routing": Module(3, "Foundation"),
    # 4 drivers: clocks, threads, files, sockets
    "Models": Module(4, "Foundation"),
    "CoordinatorNode": Module(4, "Foundation", "Synchronization"),
    "WorkerNode": Module(4, "Foundation"),
    "RolloutNode": Module(4, "Foundation", "Glibc", "Synchronization"),
    "ClientNode": Module(4, "Foundation", "Synchronization"),
    "CoordinatorHTTP": Module(4, "Foundation"),
    "RouterHTTP": Module(4, "Foundation", "Synchronization"),
    "Simulation": Module(4, "Foundation"),
    "RemoteEncoding": Module(4, "Foundation"),
    "ObjectStorage": Module(4, "Foundation"),
    "TraceExport": Module(4, "Foundation", "FoundationEssentials"),
    # 5 what several programs share
    "CommandSupport": Module(5, "Foundation"),
    # 6 programs
    "Benchmarks": Module(6, "Foundation", "Synchronization"),
    "CLI": Module(6, "Dispatch", "Foundation", "Synchronization"),
}
