"""The layers of the modules, and the modules of the toolchain and the system that each may import.

What a module may import of this package, and which libraries, is stated once, in Package.swift.
"""

import dataclasses
import re

PATH = "Tests/LayeringTests/ModuleTable.swift"
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
]


@dataclasses.dataclass(frozen=True)
class Module:
    layer: int
    system: frozenset[str] = frozenset()


_ENTRY = re.compile(
    r'Module\(\s*name: "(\w+)",\s*layer: (\d+),\s*imports: \[[^\]]*\](?:,\s*libraries: \[[^\]]*\])?'
    r"(?:,\s*system: \[([^\]]*)\])?"
)


def modules(tree) -> dict[str, Module]:
    found = _ENTRY.findall(tree.files[PATH].text)
    return {name: Module(int(layer), frozenset(re.findall(r"\w+", system))) for name, layer, system in found}
