"""The rules that scripts/mutants.py breaks are in the sources, each once: else it ends before its first mutant."""

import mutants

from .tree import Report, Tree


def check(tree: Tree) -> Report:
    report = Report("mutants")
    found = 0
    for mutant in mutants.MUTANTS:
        file = tree.files.get(f"{mutants.CLUSTER}/{mutant.file}")
        count = file.text.count(mutant.old) if file else 0
        found += count == 1
        if count != 1 and tree.exists(mutants.CLUSTER):
            report.problems.append(
                f"scripts/mutants.py: the rule of “{mutant.name}” is {count} times in {mutant.file}; copy it anew"
            )
    report.summary = f"{found} rules that scripts/mutants.py breaks"
    return report
