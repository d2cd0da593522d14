"""Every metric, from the snapshots that tests compare with what the servers export."""

import pathlib
import re

import yaml

from .text import code, plain, table

SNAPSHOTS = {
    "Coordinator": "Tests/CoordinatorHTTPTests/Snapshots/metrics.txt",
    "Router": "Tests/RouterHTTPTests/Snapshots/metrics.txt",
    "Both, where traces are exported": "Tests/HTTPServingTests/Snapshots/metrics.txt",
}
ALERTS = "deploy/monitoring/alerts.yaml"


def page(root: pathlib.Path) -> str:
    """The page as Markdown."""
    alerts = yaml.safe_load((root / ALERTS).read_text(encoding="utf-8"))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    lines = [
        "# Metrics",
        "",
        "`/metrics` has these in Prometheus' text format; their names and labels are pinned by tests. "
        "[Monitoring](../deploy/README.md#monitoring) has scrape jobs, a dashboard and what to do at each alert.",
        "",
    ]
    for server, snapshot in SNAPSHOTS.items():
        lines += [f"## {server}", ""]
        rows = []
        for name, (kind, text, labels) in read((root / snapshot).read_text(encoding="utf-8")).items():
            used = [rule["alert"] for rule in rules if re.search(rf"\b{name}(?:_bucket|_sum|_count)?\b", rule["expr"])]
            rows.append([code(name), kind, ", ".join(map(code, labels)), plain(text), ", ".join(used)])
        lines += table(["name", "type", "labels", "meaning", "alerts that use it"], rows)
    lines += ["## Alerts", ""]
    rows = [
        [code(rule["alert"]), code(" ".join(rule["expr"].split())), rule.get("for", "at once"), _summary(rule)]
        for rule in rules
    ]
    lines += table(["alert", "fires when", "for", "says"], rows)
    return "\n".join(lines)


def _summary(rule: dict) -> str:
    notes = rule.get("annotations", {})
    return plain(" ".join(str(notes[key]) for key in ("summary", "description") if key in notes))


def read(text: str) -> dict[str, tuple[str, str, list[str]]]:
    """Name of each metric: its type, meaning and labels."""
    helps, kinds, labels = {}, {}, {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, helps[name] = line.removeprefix("# HELP ").partition(" ")
        elif line.startswith("# TYPE "):
            name, _, kinds[name] = line.removeprefix("# TYPE ").partition(" ")
            labels[name] = []
        elif line:
            found = re.match(r"(\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? ", line)
            whole = re.match(r"\w+", line).group(0)
            name = whole if whole in labels else found.group(1)
            for label in re.findall(r'(\w+)="', found.group(2) or ""):
                if label != "le" and label not in labels[name]:
                    labels[name].append(label)
    return {name: (kinds[name], helps[name], labels[name]) for name in helps}
