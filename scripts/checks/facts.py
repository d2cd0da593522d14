"""Names in documents that the code must have: metrics and alerts; log phrases and tests of the table of failures. And
the plan of the sample, which pages show beside its picture.
"""

import re

from .tree import Report, Tree

TABLE = "Sources/Documentation/operating/failures.md"
SNAPSHOTS = "/Snapshots/metrics.txt"
PICTURE = "Sources/Documentation/tutorials/first-minute.svg"
ALERTS = "deploy/monitoring/alerts.yaml"
_METRIC = re.compile(r"`(statezero_[a-z0-9_]+)(?:\{[^}`]*\})?`")
_ALERT = re.compile(r"`(StateZero[A-Z]\w+)`")
_PHRASE = re.compile(r"\blog ((?:`[^`]+`(?:, | or )?)+)")
_PLAN = re.compile(r"^plan [0-9a-f]{16}: .*")
_TEST = re.compile(r"`(\w+Tests)/(\w+)`")
_SCRIPT = re.compile(r"`(?:(check-deploy) (\w+)|(chaos/run\.py))`")


def check(tree: Tree) -> Report:
    report = Report("facts")
    metrics = {
        name
        for path, file in tree.files.items()
        if path.endswith(SNAPSHOTS)
        for name in re.findall(r"^# HELP (\w+)", file.text, re.MULTILINE)
    }
    alerts = set(re.findall(r"alert: (\w+)", tree.files[ALERTS].text)) if ALERTS in tree.files else set()
    counted = 0
    for file in tree.under("", suffix=".md"):
        for number, line in enumerate(file.lines, 1):
            named = [(name, metrics, "metric", SNAPSHOTS) for name in _METRIC.findall(line)]
            named += [(name, alerts, "alert", ALERTS) for name in _ALERT.findall(line)]
            counted += len(named)
            for name, known, kind, place in named:
                if name not in known and not (kind == "metric" and _is_series(name, known)):
                    report.problems.append(f"{file.path}:{number}: there is no {kind} {name} in {place.lstrip('/')}")
    rows = _check_table(tree, report)
    _check_picture(tree, report)
    report.summary = f"{counted} metrics and alerts in documents, {rows} rows of the table of failures"
    return report


def _is_series(name: str, metrics: set[str]) -> bool:
    return re.sub(r"_(bucket|sum|count)$", "", name) in metrics


def _check_table(tree: Tree, report: Report) -> int:
    """Log phrases and tests of each row."""
    if TABLE not in tree.files:
        return 0
    sources = "\n".join(file.text for file in tree.under("Sources/", suffix=".swift"))
    tests = {tuple(path.removesuffix(".swift").split("/")[1::]) for path in tree.paths if path.startswith("Tests/")}
    tests = {(parts[0], parts[-1]) for parts in tests}
    rows = 0
    for number, line in enumerate(tree.files[TABLE].lines, 1):
        if not line.startswith("| ") or line.startswith("| fault"):
            continue
        rows += 1
        shown = line.rstrip("| ").rpartition(" | ")[2]
        for group in _PHRASE.findall(line):
            for phrase in re.findall(r"`([^`]+)`", group):
                if f'"{phrase}"' not in sources:
                    report.problems.append(f"{TABLE}:{number}: no source logs {phrase}")
        for folder, name in _TEST.findall(shown):
            if (folder, name) not in tests:
                report.problems.append(f"{TABLE}:{number}: there is no test {folder}/{name}")
        for _, name, chaos in _SCRIPT.findall(shown):
            path = "scripts/chaos/run.py" if chaos else f"scripts/deploy/{name}.py"
            if not tree.exists(path):
                report.problems.append(f"{TABLE}:{number}: there is no {path}")
        if "`" not in shown:
            report.problems.append(f"{TABLE}:{number}: name the test or script that shows this")
    return rows


def _check_picture(tree: Tree, report: Report) -> None:
    """README.md shows the plan that is in the picture above it."""
    if PICTURE not in tree.files:
        return
    for number, line in enumerate(tree.files["README.md"].lines, 1):
        if _PLAN.match(line) and line not in tree.files[PICTURE].text:
            report.problems.append(
                f"README.md:{number}: {PICTURE} has another plan; run scripts/site/first_minute.py, or correct the line"
            )
