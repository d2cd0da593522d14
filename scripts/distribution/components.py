"""The list of components (SBOM) in CycloneDX 1.5: Swift packages, the Swift run time, system libraries."""

import json
import pathlib
import re
import subprocess

from common import paths

from .bundle import Bundle


def make(bundle: Bundle, output: pathlib.Path) -> pathlib.Path:
    """Writes the list; returns its file."""
    product = {"type": "application", "name": "statezero", "version": bundle.version, "bom-ref": "statezero"}
    product["licenses"] = [{"license": {"id": "Apache-2.0"}}]
    listed = [*_packages(), *_swift(bundle), *_libraries(bundle)]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": product},
        "components": listed,
        "dependencies": [{"ref": "statezero", "dependsOn": [each["bom-ref"] for each in listed]}],
    }
    file = output / f"statezero-{bundle.version}.cdx.json"
    file.write_text(json.dumps(document, indent=1) + "\n")
    return file


def _packages() -> list[dict]:
    """Pins of Package.resolved, which `swift build` writes. Raises OSError where it is missing."""
    pins = json.loads((paths.ROOT / "Package.resolved").read_text())["pins"]
    found = []
    for pin in sorted(pins, key=lambda pin: pin["identity"]):
        version = pin["state"].get("version") or pin["state"]["revision"]
        name = pin["location"].removesuffix(".git").rpartition("://")[2]
        # A mirror on the machine of the build is no part of a component's name.
        place = name if re.match(r"[\w.-]+\.\w+/", name) else pin["identity"]
        found.append(_component(f"pkg:swift/{place}@{version}", pin["identity"], version))
    return found


def _swift(bundle: Bundle) -> list[dict]:
    if not bundle.swift_libraries:
        return []
    listed = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"Swift version ([\d.]+)", listed)
    version = found[1] if found else "unknown"
    return [_component(f"pkg:generic/swift-runtime@{version}", "swift-runtime", version)]


def _libraries(bundle: Bundle) -> list[dict]:
    """The distribution's packages of the linked libraries, with the versions of the machine of the build."""
    names = set()
    for path in bundle.system_libraries:
        # Where /lib is a link to /usr/lib, dpkg knows one of the two paths.
        for each in (str(path), f"/usr{path}", str(path.resolve())):
            done = subprocess.run(["dpkg-query", "--search", each], capture_output=True, text=True)
            if done.returncode == 0:
                names.add(done.stdout.split(":")[0])
                break
    listed = []
    for name in sorted(names):
        show = ["dpkg-query", "--show", "--showformat=${Version}", name]
        version = subprocess.run(show, check=True, capture_output=True, text=True).stdout
        listed.append(_component(f"pkg:deb/debian/{name}@{version}", name, version))
    return listed


def _component(purl: str, name: str, version: str) -> dict:
    return {"type": "library", "name": name, "version": version, "purl": purl, "bom-ref": purl}
