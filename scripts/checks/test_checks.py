"""Each check passes on a sound tree and fails on a broken one.

python3 -m unittest discover -t scripts -s scripts/checks
"""

import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

from . import (
    declarations,
    descriptors,
    documents,
    exception_table,
    exceptions,
    facts,
    formatting,
    layering,
    module_table,
    mutant_rules,
    openings,
    sizes,
    swift_code,
    versions,
    wording,
)
from .tree import File, Report, Tree

MANIFEST = """
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies)
}
let package = Package(
    targets: [
        .systemLibrary(name: "CZlib", path: "Sources/C/CZlib"),
        module("Scoring", []),
        module("Planning", ["Scoring", yams]),  // module("Ghost", [])
        .executableTarget(name: "CLI", dependencies: ["Planning"]),
        .target(name: "TestSupport", path: "Tests/TestSupport"),
    ])
"""
SOUND = {
    "Package.swift": MANIFEST,
    "README.md": "# Start\n\nSee [the plan](Sources/README.md#the-plan) and [Yams](https://yams.example/a.md).\n",
    "Sources/README.md": "# Sources\n\n## The plan\n\n`CZlib` `Scoring` `Planning` `CLI`, [back](../README.md)\n",
    "Sources/C/CZlib/shim.h": "",
    "Sources/Scoring/Score.swift": "public struct Score { public let value: Double }\n",
    "Sources/Planning/Plan.swift": "import Foundation\nimport Scoring\nimport Yams\n\nlet plan = Score(value: 1)\n",
    "Sources/CLI/main.swift": "import Planning\n\n_ = plan\n",
}
LAYERS = {
    "CZlib": module_table.Module(0),
    "Scoring": module_table.Module(1),
    "Planning": module_table.Module(2, "Foundation"),
    "CLI": module_table.Module(5),
}


def tree(**changes: str | None) -> Tree:
    """The sound tree with files replaced, added or (None) removed."""
    files = {path: text for path, text in {**SOUND, **changes}.items() if text is not None}
    return Tree(pathlib.Path(), files)


class CheckCase(unittest.TestCase):
    def assert_sound(self, report: Report) -> None:
        self.assertEqual(report.problems, [])
        self.assertTrue(report.summary)

    def assert_problem(self, report: Report, *parts: str) -> None:
        """Exactly one problem, with all of these parts in it."""
        self.assertEqual(len(report.problems), 1, report.problems)
        for part in parts:
            self.assertIn(part, report.problems[0])


class Layering(CheckCase):
    def setUp(self):
        for name, value in [("MODULES", LAYERS), ("PURE", ("Sources/Scoring/",)), ("NEVER_LINKS", [])]:
            patch = mock.patch.object(module_table, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_a_sound_tree_passes(self):
        self.assert_sound(layering.check(tree()))

    def test_an_import_that_is_not_declared_fails(self):
        report = layering.check(tree(**{"Sources/Scoring/Score.swift": "import Dispatch\nstruct Score {}\n"}))
        self.assert_problem(report, "Sources/Scoring/Score.swift:1", "Scoring may not import Dispatch")

    def test_a_declared_dependency_that_no_file_imports_fails(self):
        report = layering.check(tree(**{"Sources/Planning/Plan.swift": "import Foundation\nimport Scoring\n"}))
        self.assert_problem(report, "no file imports Yams")

    def test_an_import_of_a_higher_layer_fails(self):
        manifest = MANIFEST.replace('module("Scoring", [])', 'module("Scoring", ["Planning"])')
        report = layering.check(
            tree(**{"Package.swift": manifest, "Sources/Scoring/Score.swift": "import Planning\nstruct Score {}\n"})
        )
        self.assert_problem(report, "Scoring (layer 1) depends on Planning (layer 2)")

    def test_a_folder_without_a_module_fails(self):
        report = layering.check(tree(**{"Sources/Ghost/Ghost.swift": "struct Ghost {}\n"}))
        self.assertEqual(len(report.problems), 3, report.problems)
        self.assertIn("add the module to", report.problems[0])
        self.assertIn("Package.swift does not declare", report.problems[1])
        self.assertIn("add a line about the module Ghost", report.problems[2])

    def test_a_module_without_a_folder_fails(self):
        report = layering.check(tree(**{"Sources/C/CZlib/shim.h": None}))
        self.assert_problem(report, "CZlib has no folder")

    def test_a_link_that_must_never_be_fails_also_through_others(self):
        with mock.patch.object(module_table, "NEVER_LINKS", [("CLI", "Scoring", "the reason")]):
            self.assert_problem(layering.check(tree()), "CLI links Scoring", "the reason")

    def test_a_clock_in_a_state_machine_fails(self):
        code = "struct Score { let at = Date() }  // a Date in a comment is allowed\n"
        self.assert_problem(layering.check(tree(**{"Sources/Scoring/Score.swift": code})), "Score.swift:1", "Date")


class Exceptions(CheckCase):
    def setUp(self):
        patch = mock.patch.object(exception_table, "UNSAFE_FILES", {})
        patch.start()
        self.addCleanup(patch.stop)

    def check(self, code: str) -> Report:
        return exceptions.check(tree(**{"Sources/Scoring/Score.swift": code}))

    def test_a_sound_tree_passes(self):
        self.assert_sound(exceptions.check(tree()))

    def test_unsafe_memory_without_a_reason_fails(self):
        self.assert_problem(self.check("let p: UnsafeRawPointer\n"), "Score.swift:1", "UnsafeRawPointer")

    def test_an_exception_that_is_not_needed_fails(self):
        with mock.patch.object(exception_table, "UNSAFE_FILES", {"Sources/Scoring/Score.swift": "why"}):
            self.assert_problem(exceptions.check(tree()), "remove it from the list")

    def test_an_unchecked_promise_without_a_sentence_fails(self):
        self.assert_problem(
            self.check("final class Box: @unchecked Sendable {}\n"), "Score.swift:1", "why this promise"
        )
        self.assert_sound(self.check("// Written before the thread starts.\nfinal class Box: @unchecked Sendable {}\n"))

    def test_too_many_promises_fail(self):
        promise = "// Why.\nnonisolated(unsafe) var x = 1\n"
        self.assert_problem(self.check(promise * (exception_table.MAX_PROMISES + 1)), "at most")

    def test_forced_data_fails(self):
        for code in ["let x = try! f()\n", "let x = y as! Int\n", "do { } catch {}\n", "fatalError()\n"]:
            self.assert_problem(self.check(code), "Score.swift:1")
        self.assert_sound(self.check('let text = "x" // try! is not code here\n'))


class Descriptors(CheckCase):
    def check(self, code: str) -> Report:
        return descriptors.check(tree(**{"Sources/Scoring/Score.swift": code}))

    def test_a_sound_tree_passes(self):
        self.assert_sound(self.check("let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)\n"))
        self.assert_sound(self.check("flock(file, LOCK_EX)\nflock(file, LOCK_UN)\nclose(file)\n"))
        self.assert_sound(self.check("pipe(&ends)\nfcntl(ends[0], F_SETFD, FD_CLOEXEC)\n"))

    def test_a_descriptor_that_a_child_inherits_fails(self):
        self.assert_problem(self.check("let file = open(path, O_RDONLY)\n"), "Score.swift:1", "O_CLOEXEC")
        self.assert_problem(self.check("socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)\n"), "SOCK_CLOEXEC")
        self.assert_problem(self.check("let file = mkstemp(&name)\n"), "mkstemp", "O_CLOEXEC")

    def test_a_lock_that_ends_with_its_descriptor_fails(self):
        self.assert_problem(self.check("flock(file, LOCK_EX | LOCK_NB)\nclose(file)\n"), "LOCK_UN")


class MutantRules(CheckCase):
    def test_a_rule_that_is_not_in_the_sources_fails(self):
        mutant = mutant_rules.mutants.Mutant("no score", "Rules.swift", "value: Double", "value: Float")
        with mock.patch.object(mutant_rules.mutants, "MUTANTS", [mutant]):
            sound = {"Sources/Cluster/Rules.swift": "let value: Double\n"}
            self.assert_sound(mutant_rules.check(tree(**sound)))
            broken = {"Sources/Cluster/Rules.swift": "let value: Int\n"}
            self.assert_problem(mutant_rules.check(tree(**broken)), "no score", "0 times", "Rules.swift")


class Sizes(CheckCase):
    def setUp(self):
        patch = mock.patch.object(exception_table, "LONG_FILES", {})
        patch.start()
        self.addCleanup(patch.stop)

    def test_a_sound_tree_passes(self):
        self.assert_sound(sizes.check(tree()))

    def test_a_full_folder_fails(self):
        full = {f"Sources/Full/F{number}.swift": "" for number in range(sizes.MAX_FILES + 1)}
        self.assert_problem(sizes.check(tree(**full)), "Sources/Full", "16 files")

    def test_a_long_file_fails_unless_it_is_listed(self):
        self.assert_problem(sizes.check(tree(**{"Corpora.h": "#pragma once"})), "Corpora.h", "top level")
        long = tree(**{"Sources/Scoring/Long.swift": "let x = 1\n" * (sizes.MAX_LINES + 1)})
        self.assert_problem(sizes.check(long), "Long.swift: 401 lines")
        with mock.patch.object(exception_table, "LONG_FILES", {"Sources/Scoring/Long.swift": (401, "table")}):
            self.assert_sound(sizes.check(long))
            self.assert_problem(sizes.check(tree()), "short enough")


class Facts(CheckCase):
    def check(self, row: str) -> Report:
        names = {
            "Tests/ATests/Snapshots/metrics.txt": "# HELP statezero_workers Live workers.\n",
            "Tests/ATests/Deep/KillTests.swift": "",
            "deploy/monitoring/alerts.yaml": "- alert: StateZeroDown\n",
            "Sources/Planning/Log.swift": 'warning("worker lost")\n',
            facts.TABLE: f"| fault | seen | lost | do | shown by |\n|---|---|---|---|---|\n{row}\n",
        }
        return facts.check(tree(**names))

    def test_a_row_that_the_code_has_passes(self):
        self.assert_sound(
            self.check("| a | log `worker lost`; `statezero_workers`; `StateZeroDown` | b | c | `ATests/KillTests` |")
        )

    def test_what_the_code_does_not_have_fails(self):
        for seen, shown, problem in [
            ("log `worker gone`", "`ATests/KillTests`", "no source logs worker gone"),
            ("`statezero_worker`", "`ATests/KillTests`", "no metric statezero_worker"),
            ("`StateZeroGone`", "`ATests/KillTests`", "no alert StateZeroGone"),
            ("nothing", "`ATests/FreezeTests`", "no test ATests/FreezeTests"),
            ("nothing", "somebody", "name the test"),
        ]:
            self.assert_problem(self.check(f"| a | {seen} | b | c | {shown} |"), facts.TABLE, problem)

    def test_a_plan_that_is_not_in_the_picture_fails(self):
        plan = "plan 0123456789abcdef: 8 rollouts"
        for picture, is_sound in [(plan, True), (plan.replace("8", "9"), False)]:
            report = facts.check(tree(**{"README.md": f"# Start\n{plan}\n", facts.PICTURE: f"<text>{picture}</text>"}))
            if is_sound:
                self.assert_sound(report)
            else:
                self.assert_problem(report, "README.md", "another plan")


class Openings(CheckCase):
    def check(self, **files: str) -> Report:
        return openings.check(Tree(pathlib.Path(), files))

    def test_a_comment_after_the_imports_passes(self):
        self.assert_sound(
            self.check(**{"Sources/a.swift": "import Wire\n\n#if os(Linux)\n/// A lease.\nstruct Lease {}\n"})
        )
        self.assert_sound(self.check(**{"scripts/a.py": '#!/usr/bin/env python3\n"""Counts."""\n'}))

    def test_a_file_without_a_purpose_fails(self):
        self.assert_problem(
            self.check(**{"Sources/a.swift": "import Wire\n\nextension Lease {\n    // Later.\n}\n"}), "a.swift"
        )
        self.assert_problem(self.check(**{"scripts/a.py": "import os\n"}), "scripts/a.py")


class Declarations(CheckCase):
    def setUp(self):
        patch = mock.patch.object(declarations, "ALLOWED", {})
        patch.start()
        self.addCleanup(patch.stop)

    def test_a_sound_tree_passes(self):
        self.assert_sound(declarations.check(tree()))

    def test_what_nothing_uses_fails(self):
        for code in [
            "func lonely() {}",
            "@inline(__always) private static func lonely() {}",
            "let lonely = 1",
            "public var lonely: Int { 1 }",
            "package final class lonely {}",
            "indirect enum lonely {}",
            "enum Score {\n    case lonely(Int)\n}",
            "public private(set) var lonely = 1",
        ]:
            used = tree(**{"Sources/Scoring/More.swift": code + "\n// lonely in a comment is no use\n"})
            self.assert_problem(declarations.check(used), "More.swift", "lonely is declared and never used")

    def test_one_use_is_enough(self):
        used = tree(**{"Sources/Scoring/More.swift": "func lonely() {}\n", "Sources/CLI/Use.swift": "lonely()\n"})
        self.assert_sound(declarations.check(used))

    def test_tests_are_no_use(self):
        used = tree(**{"Sources/Scoring/More.swift": "func lonely() {}\n", "Tests/T/Use.swift": "lonely()\n"})
        self.assert_problem(declarations.check(used), "lonely")

    def test_cases_of_an_enum_that_is_read_from_text_count_as_used(self):
        self.assert_sound(
            declarations.check(tree(**{"Sources/CLI/E.swift": "enum Score: String {\n    case lonely\n}\n"}))
        )

    def test_a_switch_declares_nothing(self):
        code = "switch x {\n    case .lonely: break\n    case alone(let y): break\n    default: break\n}\n"
        self.assertEqual(declarations.declared("enum A { case b }\n" + code), [("A", 1), ("b", 1)])

    def test_cases_of_one_line(self):
        self.assertEqual(declarations.case_names("a, b(Int, c: [String: Int]), d = 3 }"), ["a", "b", "d"])
        self.assertEqual(declarations.case_names("open("), ["open"])
        self.assertEqual(declarations.case_names("nil: break"), [])
        self.assertEqual(declarations.case_names("let x where x > 1"), [])
        names = ", ".join(f"name{number}" for number in range(500))
        self.assertEqual(len(declarations.case_names(names)), 500)

    def test_an_exception_that_is_not_needed_fails(self):
        with mock.patch.object(declarations, "ALLOWED", {"plan": "why"}):
            self.assert_problem(declarations.check(tree()), "plan needs no exception")


class Documents(CheckCase):
    def test_a_sound_tree_passes(self):
        self.assert_sound(documents.check(tree()))

    def test_a_link_to_nothing_fails(self):
        self.assert_problem(documents.check(tree(**{"README.md": "[a](Sources/README.md) [b](gone.md)"})), "gone.md")

    def test_an_anchor_without_a_heading_fails(self):
        report = documents.check(tree(**{"README.md": "[a](Sources/README.md#the-plot)"}))
        self.assert_problem(report, "README.md:1", "#the-plot")

    def test_a_document_that_is_far_from_the_start_fails(self):
        pages = {
            "README.md": "[a](Sources/README.md)",
            "Sources/README.md": "[b](b.md) `CZlib`",
            "Sources/b.md": "[c](c.md)",
            "Sources/c.md": "deep",
        }
        self.assert_problem(documents.check(tree(**pages)), "Sources/c.md", "2 clicks")

    def test_a_link_to_a_folder_reaches_its_readme(self):
        self.assert_sound(documents.check(tree(**{"README.md": "[a](Sources) [b](Sources/README.md#the-plan)"})))

    def test_a_named_script_that_is_gone_fails(self):
        page = SOUND["README.md"] + "\n    ./scripts/gone --now\n"
        self.assert_problem(documents.check(tree(**{"README.md": page})), "README.md:5", "scripts/gone")

    def test_a_path_of_one_machine_fails(self):
        path = "/" + "home/somebody/file"
        self.assert_problem(documents.check(tree(**{"Sources/CLI/a.swift": f"// {path}\n"})), "a.swift:1", path[:9])

    def test_the_reader_of_links_sees_what_it_should(self):
        self.assertEqual(documents.targets('[a](../b.md) and [c](d/e.swift#L3 "title")'), ["../b.md", "d/e.swift#L3"])
        self.assertEqual(documents.targets("[a](https://a.example/b.md), [c](mailto:a@b.example)"), [])
        self.assertEqual(documents.targets("`[a](not/a/link.md)` is code"), [])
        self.assertEqual([line for _, line in documents.prose(["a", "```", "[x](y)", "```", "b"])], ["a", "b"])
        page = File("a.md", "# The `plan`: a & b\n\n## Twice\n\n## Twice\n")
        self.assertEqual(documents.anchors(page), {"the-plan-a--b", "twice", "twice-1"})


class Wording(CheckCase):
    def test_a_sound_tree_passes(self):
        self.assert_sound(wording.check(tree()))

    def test_a_banned_word_fails_in_a_name_and_in_a_comment(self):
        for code in [
            "struct PredictionErrands {}\n",
            "// Out of patience.\n",
            "// Pieces in hand.\n",
            "// Told twice.\n",
        ]:
            report = wording.check(tree(**{"Sources/CLI/a.swift": code}))
            self.assert_problem(report, "a.swift:1")

    def test_a_banned_phrase_may_be_a_part_of_another_word(self):
        self.assert_sound(wording.check(tree(**{"Sources/CLI/a.swift": "// The threshold that begin handles.\n"})))


class Formatting(CheckCase):
    """With programs that answer what a test wants: neither swift nor ruff is needed."""

    def run_python(self, code: int, output: str) -> Report:
        answer = subprocess.CompletedProcess([], code, output, "")
        with (
            mock.patch.object(formatting, "_ruff", lambda _: ("ruff", "")),
            mock.patch.object(subprocess, "run", lambda *_, **__: answer),
        ):
            return formatting.python(tree(**{"scripts/a.py": "x = 1\n"}))

    def test_what_ruff_says_is_a_problem(self):
        self.assert_sound(self.run_python(0, ""))
        self.assertIn("a.py:1: E501", self.run_python(1, "a.py:1: E501\n").problems)

    def test_a_missing_ruff_is_said(self):
        with mock.patch.object(formatting, "_ruff", lambda _: (None, "no network")):
            report = formatting.python(tree())
        self.assertIn("SKIPPED", report.notes[0])
        self.assertIn("no network", report.notes[0])

    def test_what_swift_format_says_is_a_problem(self):
        answer = subprocess.CompletedProcess([], 1, "", "a.swift:1:1: error: [LineLength]\n")
        with (
            mock.patch.object(formatting.shutil, "which", lambda _: "swift"),
            mock.patch.object(subprocess, "run", lambda *_, **__: answer),
        ):
            self.assert_problem(formatting.swift(tree()), "LineLength")


class Versions(unittest.TestCase):
    FILES = {
        versions.STATED: 'package static let text = "0.2.0-dev"',
        "deploy/kubernetes/helm/statezero/Chart.yaml": "version: 0.2.0-dev\nappVersion: 0.2.0-dev\n",
        "deploy/kubernetes/example/kustomization.yaml": 'images: [{newTag: "0.2.0-dev"}]',
        "Sources/Documentation/tutorials/kubernetes.md": "--image registry.example.com/statezero:0.2.0-dev --env A=b",
        "scripts/python/pyproject.toml": 'version = "0.2.0.dev0"\npython_version = "3.10"',
        "CHANGELOG.md": "# Changes\n\n## 0.2.0 (unreleased)\n",
    }

    def problems(self, **changed):
        return versions.check(Tree(pathlib.Path("/nowhere"), {**self.FILES, **changed})).problems

    def test_equal_versions_are_no_problem(self):
        self.assertEqual(self.problems(), [])

    def test_each_place_that_differs_is_one(self):
        for path, text in self.FILES.items():
            with self.subTest(path):
                self.assertTrue(self.problems(**{path: text.replace("0.2.0", "0.3.0")}))
                self.assertTrue(self.problems(**{path: ""}))


class Listing(unittest.TestCase):
    def test_a_copy_without_git_lists_the_same_files(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for path in ["a.md", "Sources/b.swift", ".build/c", "out/d", "Sources/out/e", "__pycache__/f.pyc"]:
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text("x")
            self.assertEqual(Tree(root).paths, ["Sources/b.swift", "Sources/out/e", "a.md"])


class Readers(unittest.TestCase):
    def test_imports(self):
        self.assertEqual(swift_code.imported("import Wire"), "Wire")
        self.assertEqual(swift_code.imported("  public import Scoring  // why"), "Scoring")
        self.assertEqual(swift_code.imported("@preconcurrency import Foundation"), "Foundation")
        self.assertEqual(swift_code.imported("internal import struct Foundation.Data"), "Foundation")
        self.assertIsNone(swift_code.imported("// import Wire"))
        self.assertIsNone(swift_code.imported("let importance = 1"))
        lines = ["a", 'b = """', "import json", '"""', "import Wire"]
        self.assertEqual([number for number, _ in swift_code.outside_long_strings(lines)], [1, 2, 5])

    def test_comments_go_and_strings_stay(self):
        code = 'let a = "// not" // why\n/* two\nlines */ let b = #"a"b"# // c\nlet c = """\n// kept\n"""\n'
        expected = 'let a = "// not" \n\n let b = #"a"b"# \nlet c = """\n// kept\n"""\n'
        self.assertEqual(swift_code.without_comments(code), expected)

    def test_the_manifest(self):
        declared = layering.manifest(MANIFEST)
        self.assertEqual(declared["Planning"], {"Scoring", "Yams"})
        self.assertEqual(declared["CLI"], {"Planning"})
        self.assertEqual(declared["CZlib"], set())
        self.assertNotIn("Ghost", declared)

    def test_a_tree_lists_what_git_would_commit(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            subprocess.run(["git", "init", "--quiet", name], check=True)
            (root / ".gitignore").write_text("ignored\n")
            (root / "ignored").write_text("x")
            (root / "new.md").write_text("x")
            (root / "data.bin").write_bytes(b"\xff\xfe")
            (root / "link.md").symlink_to("new.md")
            found = Tree(root)
            self.assertEqual(found.paths, [".gitignore", "data.bin", "new.md"])
            self.assertEqual(sorted(found.files), [".gitignore", "new.md"])


if __name__ == "__main__":
    unittest.main()
