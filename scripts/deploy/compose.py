"""deploy/container/compose.yaml: checked by the schema of the Compose specification, read by podman-compose, and the
command line of each service run by the real program. Containers are not started: that is for check-deploy container.

Both come from PyPI, once, into .venv-checks: podman-compose, and the schema that docker-compose 1.29 has.
"""

import json
import os
import pathlib
import subprocess
import sys

from common import environment, paths

from . import support
from .support import DEPLOY, Failure, expect, run

FILE = DEPLOY / "container" / "compose.yaml"
PACKAGES = ["podman-compose==1.6.0", "PyYAML==6.0.2", "python-dotenv==1.2.2", "jsonschema==4.23.0"]
SCHEMA = "docker-compose==1.29.2"


def check() -> list[str]:
    folder = paths.ROOT / ".venv-checks" / "compose"
    problem = environment.install(folder, PACKAGES)
    if problem:
        raise support.Skip(f"pip install {PACKAGES[0]}: {problem}")
    sys.path.insert(0, str(folder))
    import jsonschema
    import yaml

    written = yaml.safe_load(FILE.read_text())
    validator = jsonschema.Draft7Validator(_schema())
    # The one field that is younger than the schema.
    name = written.pop("name")
    expect(name == "statezero", f"{FILE.name}: the project's name is {name}")
    problems = [f"{'/'.join(map(str, each.path))}: {each.message}" for each in validator.iter_errors(written)]
    expect(not problems, f"{FILE.name}: {'; '.join(problems)}")
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "podman_compose", "--dry-run", "--profile", "score", "-f", FILE, "config"]
    read = yaml.safe_load(run(command, env=variables, stderr=subprocess.DEVNULL))
    names = set(read["services"])
    expect(names == {"keys", "coordinator", "worker", "score"}, f"podman-compose reads {names}")
    expect(read["services"]["worker"]["deploy"]["replicas"] == 2, "podman-compose reads no two workers")
    with support.folder("compose") as root:
        token = _make_keys(read["services"]["keys"], root)
        for name in ("coordinator", "worker"):
            _expect_accepted(name, read["services"][name]["command"], root)
        _expect_help(read["services"]["score"])
    return [
        "valid by the Compose specification; podman-compose reads coordinator, two workers and keys",
        f"the service keys makes keys and a token ({len(token)} characters); the program accepts all command lines",
    ]


def _schema() -> dict:
    folder = paths.ROOT / ".venv-checks" / "compose-schema"
    problem = environment.install(folder, ["--no-deps", SCHEMA])
    if problem:
        raise support.Skip(f"pip install {SCHEMA}: {problem}")
    return json.loads((folder / "compose" / "config" / "compose_spec.json").read_text())


def _make_keys(service: dict, root: pathlib.Path) -> str:
    """Runs the service's script as it is, twice, with the program of the build; returns the token that it prints."""
    (root / "state").mkdir()
    (root / "bin").mkdir()
    (root / "bin" / "statezero").symlink_to(support.statezero())
    script = service["command"][0].replace("/var/lib/statezero", str(root / "state")).replace("$$", "$")
    variables = {**os.environ, "PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
    first = run([*service["entrypoint"], script], env=variables)
    again = run([*service["entrypoint"], script], env=variables)
    expect(first.splitlines()[-1] == again.splitlines()[-1], "the keys were made again by the second start")
    return first.splitlines()[-1].split()[-1]


def _expect_accepted(name: str, words: list[str], root: pathlib.Path) -> None:
    """The program runs the arguments, without a network. A wrong argument ends it at once with 2."""
    places = {"/run/statezero": root / "state", "/var/lib/statezero": root / "state"}
    for place, there in places.items():
        words = [word.replace(place, str(there)) for word in words]
    alone = ["unshare", "--net"] if os.geteuid() == 0 else []
    variables = {**os.environ, "STATEZERO_MODEL": "table:7", "STATEZERO_STORE": "off"}
    command = [*alone, "timeout", "3", support.statezero(), *words]
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    expect(done.returncode == 124, f"{name}: {' '.join(words)}: exit code {done.returncode}: {done.stderr}")


def _expect_help(service: dict) -> None:
    if service["entrypoint"][0] != "/usr/bin/statezero":
        raise Failure(f"score: the entry point is {service['entrypoint'][0]}")
    run([support.statezero(), *service["entrypoint"][1:], "--help"])
