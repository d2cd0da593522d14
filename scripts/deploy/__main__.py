"""Runs the checks of deploy/ and prints what each showed.

    scripts/check-deploy              all checks
    scripts/check-deploy slurm        one or more, by name
    scripts/check-deploy --list       their names

A check needs programs that may not be there; then it is skipped, and the line says what to install. The program under
test is the release build, or STATEZERO_BINARY. Exit code 0: nothing failed. 1: a check failed. 2: no such check.
"""

import argparse
import importlib
import sys
import time
import traceback

from .support import Failure, Skip

# Name: what it shows. Each is a module of this package with a function `check`, which returns lines for the report.
CHECKS = {
    "slurm": "deploy/slurm on a real Slurm of one node: time limits, requeues, the bytes of the output",
    "hosts": "several hosts in network namespaces: hosts lost and back, the bytes of the output",
    "systemd": "deploy/systemd: verify, exposure, users and folders",
    "upgrade": "programs of an earlier version and of this one in one cluster, during a job: the bytes of the output",
    "kubernetes": "deploy/kubernetes by kustomize and Helm: rendered, validated for several versions, commands run",
    "compose": "deploy/container/compose.yaml: valid, read by podman-compose, the command lines run",
    "traces": "spans of real processes at a collector: decoded by OpenTelemetry's own package, one tree",
    "package": "packages of scripts/package: lintian, and an installation in a bare Debian root",
    "container": "deploy/container: image built without a registry, run read-only by a user without rights",
    "prometheus": "deploy/monitoring on a real Prometheus: queries of the dashboard, a staged fault for each alert",
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/check-deploy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(CHECKS)} (default: all)")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{name:11} {text}" for name, text in CHECKS.items()))
        return 0
    unknown = [name for name in options.names if name not in CHECKS]
    if unknown:
        print(f"check-deploy: {unknown[0]} is no check; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = 0
    for name in options.names or CHECKS:
        start = time.monotonic()
        lines, state = [], "ok"
        try:
            lines = importlib.import_module(f".{name}", __package__).check()
        except Skip as reason:
            state, lines = "skipped", [str(reason)]
        except Failure as failure:
            state, lines = "FAILED", [str(failure)]
        except Exception:
            state, lines = "FAILED", traceback.format_exc().splitlines()
        failed += state == "FAILED"
        print(f"{name:11} {state:7} ({time.monotonic() - start:.0f} s)", flush=True)
        for line in lines:
            print(f"    {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
