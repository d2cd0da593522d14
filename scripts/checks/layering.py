"""Modules and their imports: Package.swift, the table of layers and the `import` lines agree; imports point down."""

import re

from . import module_table, swift_code
from .tree import Report, Tree

SOURCES = "Sources/"
# A state machine gets the time, random numbers and input as arguments, so that tests and replays control them.
IMPURE = re.compile(
    r"\b(await|Task|Mutex|Atomic|ContinuousClock|SuspendingClock|Date|Thread|FileManager|FileHandle|print|"
    r"SystemRandomNumberGenerator|hashValue|shuffled\(\)|randomElement\(\)|getenv)\b"
)
_PRODUCT = re.compile(r'let (\w+): Target\.Dependency = \.product\(\s*name: "(\w+)"')
_MODULE = re.compile(r'\bmodule\(\s*"(\w+)",\s*\[([^\]]*)\]\s*[,)]')
_TARGET = re.compile(r'\.(?:executableTarget|target)\(\s*name: "(\w+)"(?:,\s*dependencies: \[([^\]]*)\])?')
_SYSTEM = re.compile(r'\.systemLibrary\(\s*name: "(\w+)"')
_HELPER = re.compile(r"\bfunc \w+\(.*?\n\}", re.S)


def manifest(text: str) -> dict[str, set[str]]:
    """The dependencies of every module that Package.swift declares: modules of the package, and library products."""
    products = dict(_PRODUCT.findall(text))
    text = _HELPER.sub("", swift_code.without_comments(text))
    declared = {name: set() for name in _SYSTEM.findall(text)}
    for pattern in (_MODULE, _TARGET):
        for name, dependencies in pattern.findall(text):
            declared[name] = names(dependencies, products)
    return declared


def names(dependencies: str, products: dict[str, str]) -> set[str]:
    """The names in a list of dependencies: quoted modules, and the products behind constants."""
    found = [part.strip() for part in dependencies.split(",")]
    return {part.strip('"') if part.startswith('"') else products.get(part, part) for part in found if part}


def module_of(path: str) -> str:
    """The module of a source file. Modules of C libraries have one more folder, `C`."""
    parts = path.split("/")
    return parts[2] if parts[1] == "C" else parts[1]


def reachable(declared: dict[str, set[str]], module: str) -> set[str]:
    """Every module of the package that a module links, directly or through others."""
    found, todo = set(), [module]
    while todo:
        for name in declared.get(todo.pop(), ()):
            if name in declared and name not in found:
                found.add(name)
                todo.append(name)
    return found


def check(tree: Tree) -> Report:
    report = Report("layering")
    declared = manifest(tree.files["Package.swift"].text)
    table = module_table.MODULES
    sources = [file for file in tree.under(SOURCES, suffix=".swift") if file.path.count("/") > 1]
    # The files of WideKernels are links.
    sourced = [path for path in [*tree.paths, *tree.links] if path.startswith(SOURCES) and path.count("/") > 1]
    folders = sorted({module_of(path) for path in sourced} - module_table.NO_MODULES)
    known = {name for name in declared if name in folders}

    _check_table(tree, report, declared, table, folders)
    for module in sorted(known & set(table)):
        for name in sorted(declared[module] & set(table)):
            if table[name].layer >= table[module].layer:
                report.problems.append(
                    f"Package.swift: {module} (layer {table[module].layer}) depends on {name} "
                    f"(layer {table[name].layer}); a module may depend only on lower layers"
                )
    for module, never, reason in module_table.NEVER_LINKS:
        if never in reachable(declared, module):
            report.problems.append(f"Package.swift: {module} links {never}, directly or through others: {reason}")
    imports = _check_imports(report, sources, declared, table)
    pure = _check_machines(tree, report)
    report.summary = f"{len(folders)} modules, {imports} imports, {pure} files of state machines without effects"
    return report


def _check_table(tree, report, declared, table, folders) -> None:
    readme = tree.files["Sources/README.md"].text
    for folder in folders:
        if folder not in table:
            report.problems.append(f"Sources/{folder}: add the module to {module_table.PATH}, with its layer")
        if folder not in declared:
            report.problems.append(f"Sources/{folder}: Package.swift does not declare this module")
        if f"`{folder}`" not in readme:
            report.problems.append(f"Sources/README.md: add a line about the module {folder}")
    for module in sorted(set(table) - set(folders)):
        report.problems.append(f"{module_table.PATH}: {module} has no folder in Sources; remove it from the table")


def _check_imports(report, sources, declared, table) -> int:
    count, used = 0, {}
    for file in sources:
        module = module_of(file.path)
        if module not in table or module not in declared:
            continue
        allowed = declared[module] | table[module].system | {module}
        for number, line in swift_code.outside_long_strings(swift_code.code_lines(file)):
            name = swift_code.imported(line)
            if name is None:
                continue
            count += 1
            used.setdefault(module, set()).add(name)
            if name not in allowed:
                report.problems.append(f"{file.path}:{number}: {module} may not import {name}")
    for module, names_used in sorted(used.items()):
        for name in sorted((declared[module] | table[module].system) - names_used):
            report.problems.append(
                f"{module}: no file imports {name}; remove it from Package.swift or {module_table.PATH}"
            )
    return count


def _check_machines(tree, report) -> int:
    machines = tree.under(*module_table.PURE, suffix=".swift")
    for file in machines:
        for number, line in enumerate(swift_code.code_lines(file), 1):
            found = IMPURE.search(line)
            if found:
                report.problems.append(
                    f"{file.path}:{number}: {found.group()} in a state machine; get its result as an argument instead"
                )
    return len(machines)
