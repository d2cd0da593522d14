"""deploy/kubernetes: rendered by kubectl, every object validated against the schemas of several versions of Kubernetes.

The schemas are those of the PyPI package kubernetes-validate, which is installed once into .venv-checks. Objects of
operators (KEDA, Prometheus) have schemas of their own: STATEZERO_CRDS names a folder with their definitions
(CustomResourceDefinition); without it they are rendered and listed as not validated. The command line of each container
is run by the real program. Nothing is applied to a cluster.
"""

import contextlib
import io
import os
import pathlib
import subprocess
import sys

from common import environment, paths

from . import support
from .support import DEPLOY, Failure, expect, run

KUBERNETES = DEPLOY / "kubernetes"
PACKAGES = ["kubernetes-validate==1.37.0", "PyYAML==6.0.2", "jsonschema==4.23.0"]
VERSIONS = ["1.27", "1.29", "1.31", "1.33", "1.35"]
# Components that are used together.
COMBINATIONS = [
    [],
    ["hpa"],
    ["keda", "service-monitor"],
    ["remote-encoder"],
    ["hpa", "service-monitor", "remote-encoder"],
]


def check() -> list[str]:
    support.need("kubectl", "kubectl 1.27 or later, which contains kustomize")
    folder = paths.ROOT / ".venv-checks" / "kubernetes"
    problem = environment.install(folder, PACKAGES)
    if problem:
        raise support.Skip(f"pip install {PACKAGES[0]}: {problem}")
    sys.path.insert(0, str(folder))
    import kubernetes_validate
    import yaml

    custom = _custom_schemas(yaml)
    objects, unchecked, validated = 0, set(), set()
    rendered = [("example", run(["kubectl", "kustomize", KUBERNETES / "example"]))]
    with support.folder("kubernetes") as temporary:
        rendered += [(" + ".join(["base", *names]), _render(temporary, names)) for names in COMBINATIONS]
    for name, text in rendered:
        for each in yaml.safe_load_all(text):
            objects += 1
            kind = each["kind"]
            if each["apiVersion"].split("/")[0] in ("keda.sh", "monitoring.coreos.com"):
                if kind in custom:
                    _validate_custom(each, custom[kind], name)
                    validated.add(kind)
                else:
                    unchecked.add(kind)
                continue
            for version in VERSIONS:
                _validate(kubernetes_validate, each, version, name)
    _check_commands(yaml, rendered[-1][1], rendered[0][1])
    lines = [f"{objects} objects of {len(rendered)} renderings, validated against Kubernetes {', '.join(VERSIONS)}"]
    if validated:
        lines.append(f"validated against their definitions: {', '.join(sorted(validated))}")
    if unchecked:
        lines.append(f"rendered, but not validated: {', '.join(sorted(unchecked))}; see STATEZERO_CRDS")
    return [*lines, "the program accepts the arguments of each container"]


def _render(folder: pathlib.Path, components: list[str]) -> str:
    """A kustomization of the base and components, as a user's own would be."""
    place = pathlib.Path(os.path.relpath(KUBERNETES, folder))
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", f"resources: [{place}/base]"]
    if components:
        lines.append(f"components: [{', '.join(f'{place}/components/{name}' for name in components)}]")
    (folder / "kustomization.yaml").write_text("\n".join(lines) + "\n")
    return run(["kubectl", "kustomize", folder])


def _validate(library, each: dict, version: str, name: str) -> None:
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            library.validate(each, version, strict=True)
    except Exception as error:
        problem = str(error).splitlines()[0]
        raise Failure(f"{name}: {each['kind']} {each['metadata']['name']}, Kubernetes {version}: {problem}") from None


def _custom_schemas(yaml) -> dict[str, dict]:
    """By kind: the OpenAPI schema of each CustomResourceDefinition in STATEZERO_CRDS."""
    found = {}
    folder = os.environ.get("STATEZERO_CRDS")
    for file in sorted(pathlib.Path(folder).glob("*.yaml")) if folder else []:
        for each in yaml.safe_load_all(file.read_text()):
            if each and each.get("kind") == "CustomResourceDefinition":
                spec = each["spec"]
                holder = spec.get("validation") or spec["versions"][0]["schema"]
                found[spec["names"]["kind"]] = holder["openAPIV3Schema"]
    return found


def _validate_custom(each: dict, schema: dict, name: str) -> None:
    import jsonschema

    try:
        jsonschema.validate(each, _strict(schema))
    except jsonschema.ValidationError as error:
        raise Failure(f"{name}: {each['kind']}: {error.message}") from None


def _strict(schema):
    """The schema with unknown keys as errors, where an object lists its keys."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


def _check_commands(yaml, *texts: str) -> None:
    """The program runs each container's arguments, without a network. A wrong argument ends it at once with 2."""
    for text in texts:
        for each in yaml.safe_load_all(text):
            if each["kind"] not in ("StatefulSet", "Deployment"):
                continue
            arguments = each["spec"]["template"]["spec"]["containers"][0]["args"]
            with support.folder("container") as state:
                (state / "key").write_text("key\n")
                words = [
                    word.replace("$(POD)", "pod").replace("/run/secrets/statezero", str(state)) for word in arguments
                ]
                words = [word.replace("/var/lib/statezero", str(state)) for word in words]
                _expect_accepted(words)


def _expect_accepted(words: list[str]) -> None:
    alone = ["unshare", "--net"] if os.geteuid() == 0 else []
    variables = {**os.environ, "STATEZERO_MODEL": "table:7", "STATEZERO_STORE": "off"}
    command = [*alone, "timeout", "3", support.statezero(), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    expect(done.returncode == 124, f"{' '.join(words)}: exit code {done.returncode}: {done.stderr}")
