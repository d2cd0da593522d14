"""deploy/kubernetes: rendered by kubectl and by Helm to the same objects, every object validated against the schemas of
several versions of Kubernetes.

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

from . import helm, support
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
    ["keys"],
    ["tracing"],
    ["keda", "keys", "tracing"],
    ["hpa", "service-monitor", "remote-encoder", "keys"],
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
        program = helm.find()
        charts = [(names, helm.render(program, names)) for names in COMBINATIONS]
        same = 0
        for names, text in charts:
            title = f"values of {' + '.join(names) or 'none'}"
            same += helm.expect_equal(title, yaml, text, _render(temporary, names, helm.app_version(yaml)))
            rendered.append((f"chart, {title}", text))
    helm.expect_refused(program, "worker.replica=3")
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
    _check_commands(yaml, rendered[len(COMBINATIONS)][1], rendered[0][1], rendered[-1][1])
    lines = [f"{objects} objects of {len(rendered)} renderings, validated against Kubernetes {', '.join(VERSIONS)}"]
    if validated:
        lines.append(f"validated against their definitions: {', '.join(sorted(validated))}")
    if unchecked:
        lines.append(f"rendered, but not validated: {', '.join(sorted(unchecked))}; see STATEZERO_CRDS")
    equal = f"renders the {same} objects of {len(charts)} of them, equal to kustomize's"
    lines.append(f"helm {helm.version(program)} {equal}")
    return [*lines, "the program accepts the arguments of each container"]


def _render(folder: pathlib.Path, components: list[str], tag: str = "") -> str:
    """A kustomization of the base and components, as a user's own would be, with a tag of the image."""
    place = pathlib.Path(os.path.relpath(KUBERNETES, folder))
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", f"resources: [{place}/base]"]
    if components:
        lines.append(f"components: [{', '.join(f'{place}/components/{name}' for name in components)}]")
    if tag:
        lines.append(f"images: [{{name: statezero, newTag: {tag!r}}}]")
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
    """The program runs each container's arguments, without a network. A wrong argument ends it at once with 2.

    Containers before it run first, with secrets as the files need them. Folders of the pod are below one of the test.
    """
    for text in texts:
        for each in yaml.safe_load_all(text):
            if each["kind"] not in ("StatefulSet", "Deployment"):
                continue
            pod = each["spec"]["template"]["spec"]
            container = pod["containers"][0]
            with support.folder("container") as root:
                _make_secrets(root)
                for first in pod.get("initContainers", []):
                    run([_below(root, word) for word in first["command"]])
                settings = [one for one in container.get("env", []) if "value" in one]
                variables = {one["name"]: _below(root, one["value"]) for one in settings}
                _expect_accepted([_below(root, word) for word in container["args"]], variables)


def _make_secrets(root: pathlib.Path) -> None:
    """Mounted secrets as in a pod, readable by its group, and the folders that the pod's volumes are."""
    secrets = root / "run" / "secrets"
    for name in ("run/secrets/statezero", "run/secrets/statezero-key", "run/statezero", "var/lib/statezero"):
        (root / name).mkdir(parents=True)
    (secrets / "statezero" / "key").write_text("key\n")
    keys = root / "keys"
    key = secrets / "statezero-key" / "worker.key_secret"
    new = [support.statezero(), "keys", "new", "--keys", keys, "--role"]
    run([*new, "worker", "--output", key, "worker"])
    run([*new, "observer", "--http", "--output", root / "prometheus.token", "prometheus"])
    for file in keys.iterdir():
        (secrets / "statezero" / file.name).write_bytes(file.read_bytes())
    for file in [*(secrets / "statezero").iterdir(), key]:
        file.chmod(0o440)


def _below(root: pathlib.Path, word: str) -> str:
    """A word of a command with the pod's paths below a folder of the test."""
    word = word.replace("$(POD)", "pod").replace("/run/", f"{root}/run/")
    return word.replace("/var/lib/statezero", f"{root}/var/lib/statezero")


def _expect_accepted(words: list[str], settings: dict[str, str]) -> None:
    alone = ["unshare", "--net"] if os.geteuid() == 0 else []
    variables = {**os.environ, **settings, "STATEZERO_MODEL": "table:7", "STATEZERO_STORE": "off"}
    command = [*alone, "timeout", "3", support.statezero(), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    expect(done.returncode == 124, f"{' '.join(words)}: exit code {done.returncode}: {done.stderr}")
