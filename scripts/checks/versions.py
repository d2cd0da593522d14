"""The version is stated once, in Swift; other places have the same in the form that they need."""

import re

from .tree import Report, Tree

STATED = "Sources/CommandSupport/Ending/Version.swift"
# Path: a pattern whose first group is the version, in each of its places.
PLACES = {
    "deploy/kubernetes/helm/statezero/Chart.yaml": r'(?m)^(?:version|appVersion): "?([^"\s]+)',
    "deploy/kubernetes/example/kustomization.yaml": r'newTag: "([^"]+)"',
    "Sources/Documentation/tutorials/kubernetes.md": r"/statezero:(\S+)",
    "scripts/python/pyproject.toml": r'(?m)^version = "([^"]+)"',
}


def check(tree: Tree) -> Report:
    report = Report("versions")
    files = {file.path: file.text for file in tree.under("") if file.path in (STATED, "CHANGELOG.md", *PLACES)}
    found = re.search(r'text = "([^"]+)"', files.get(STATED, ""))
    version = found[1] if found else ""
    if not re.fullmatch(r"\d+\.\d+\.\d+(-dev)?", version):
        report.problems.append(f"{STATED}: no version such as 0.2.0 or 0.2.0-dev")
    places = 0
    for path, pattern in PLACES.items():
        listed = re.findall(pattern, files.get(path, ""))
        if not listed:
            report.problems.append(f"{path}: there is no version")
        for each in listed:
            places += 1
            # PEP 440 writes 0.2.0-dev as 0.2.0.dev0.
            if each not in (version, version.replace("-dev", ".dev0")):
                report.problems.append(f"{path}: {each}, but {STATED} has {version}")
    heading = re.search(r"(?m)^## (\S+)", files.get("CHANGELOG.md", ""))
    if not heading or heading[1] != version.removesuffix("-dev"):
        report.problems.append(f"CHANGELOG.md: its first heading is not that of {version}")
    report.summary = f"{version} is in {places} other places and the CHANGELOG"
    return report
