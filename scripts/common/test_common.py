"""Tests of what scripts share: python3 -m unittest discover -t scripts -s scripts/common"""

import argparse
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

from . import arguments, markdown, measurements, paths, rows
from .cluster import Process
from .progress import BuildProgress


class Rows(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_what_is_written_is_read_and_the_bytes_are_the_same_each_time(self):
        written = [{"prompt": "é"}, {"prompt": "b", "n": 2}]
        for name in ("a.jsonl.gz", "b.jsonl.gz"):
            rows.write_gzip(self.folder / name, written)
        self.assertEqual(rows.read(self.folder / "a.jsonl.gz"), written)
        self.assertEqual((self.folder / "a.jsonl.gz").read_bytes(), (self.folder / "b.jsonl.gz").read_bytes())

    def test_a_cut_last_line_is_left_out(self):
        (self.folder / "a.jsonl").write_text('{"n": 1}\n\n{"n": ')
        self.assertEqual(rows.read(self.folder / "a.jsonl"), [{"n": 1}])


class Markdown(unittest.TestCase):
    def test_a_table(self):
        self.assertEqual(
            markdown.table(["a", "b"], [["x", 1], ["y", 2]], "lr"), "| a | b |\n| --- | ---: |\n| x | 1 |\n| y | 2 |"
        )

    def test_text_between_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text("before\n<!-- a -->\nold\n<!-- b -->\nafter\n")
            markdown.replace_between(page, "<!-- a -->", "<!-- b -->", "new")
            self.assertEqual(page.read_text(), "before\n<!-- a -->\nnew\n<!-- b -->\nafter\n")
            with self.assertRaises(ValueError):
                markdown.replace_between(page, "<!-- a -->", "<!-- c -->", "new")


class Measurements(unittest.TestCase):
    def test_percentile(self):
        self.assertEqual(measurements.percentile([3, 1, 2, 4], 0.5), 3)
        self.assertEqual(measurements.percentile([3, 1, 2, 4], 1.0), 4)


class Arguments(unittest.TestCase):
    def test_an_output_without_a_default_is_required(self):
        parser = argparse.ArgumentParser(exit_on_error=False)
        arguments.add_output(parser, "page to write", default="a.md")
        self.assertEqual(parser.parse_args([]).output, "a.md")
        self.assertEqual(parser.parse_args(["--output", "b.md"]).output, "b.md")


class Paths(unittest.TestCase):
    def test_the_default_model_is_found_where_the_program_puts_it(self):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.object(paths, "ROOT", pathlib.Path(folder)):
            folders = [pathlib.Path(folder, name) for name in ("user", "system")]
            variables = {"XDG_DATA_HOME": str(folders[0]), "XDG_DATA_DIRS": f"/nowhere:{folders[1]}"}
            with unittest.mock.patch.dict(os.environ, variables):
                user, system = (folder / "statezero/models/all-MiniLM-L6-v2" for folder in folders)
                self.assertEqual(paths.default_model(), user)
                for found in (system, user, pathlib.Path(folder, "models/all-MiniLM-L6-v2")):
                    found.mkdir(parents=True)
                    self.assertEqual(paths.default_model(), found)


class Processes(unittest.TestCase):
    def start(self, code: str) -> Process:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        process = Process([sys.executable, "-c", code], pathlib.Path(folder.name) / "log")
        self.addCleanup(process.stop)
        return process

    def test_the_port_is_read_from_the_output(self):
        process = self.start("print('bound ipc:///tmp/x\\nhttp at 127.0.0.1:4711')")
        process.child.wait()
        self.assertEqual(process.port(), 4711)

    def test_stop_ends_a_process(self):
        process = self.start("import time; time.sleep(600)")
        self.assertFalse(process.has_ended)
        process.stop()
        self.assertTrue(process.has_ended)


class Build(unittest.TestCase):
    def test_steps_modules_and_time(self):
        progress = BuildProgress()
        self.assertEqual(progress.line(3), "0:03  reading the package")
        progress.read("Fetching https://github.com/apple/swift-log")
        self.assertEqual(progress.line(9), "0:09  fetching https://github.com/apple/swift-log")
        progress.read("[12/345] Compiling Planning Allocator.swift")
        self.assertEqual(progress.line(70), "[12/345] 1:10  Planning")
        progress.read("[345/345] Linking statezero")
        self.assertEqual(progress.line(600), "[345/345] 10:00  statezero")

    def test_a_wait_for_another_build_is_named(self):
        progress = BuildProgress()
        progress.read("Another instance of SwiftPM is already running using '.build', waiting until that process ...")
        self.assertIn("waiting for another swift build", progress.line(5))

    def test_errors_and_warnings_are_shown_at_once(self):
        progress = BuildProgress()
        self.assertTrue(progress.read("a.swift:2:1: error: cannot find 'x' in scope"))
        self.assertFalse(progress.read("a.swift:2:1: error: cannot find 'x' in scope"), "it was shown already")
        self.assertTrue(progress.read("warning: unused"))
        self.assertFalse(progress.read("[3/9] Compiling Errors error.swift"))
        self.assertFalse(progress.read("warning: 'swift-log': found 1 file(s) which are unhandled"))
        self.assertEqual(len(progress.problems), 2)


if __name__ == "__main__":
    unittest.main()
