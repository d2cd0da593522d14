"""Tests of the pages that are read from the code, and of the site's anchors.

python3 -m unittest discover -s scripts/site
"""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import navigation
from reference import errors, messages, swift

from checks import documents
from checks.tree import File

ROOT = pathlib.Path(__file__).resolve().parents[2]
SWIFT = """
/// Why it fails.
public enum PlanError: Error, CustomStringConvertible {
    /// Nothing to do.
    case empty
    /// A number outside its range.
    case outside(name: String, value: Int)
    case late, gone = "is_gone"

    public var description: String {
        switch self {
        case .empty: "there is nothing to do"
        case .outside(let name, let value):
            value < 0
                ? "\\(name) is negative"
                : "\\(name) is \\(value); give \\(range(of: [name]).upperBound) "
                    + "or less"
        case .late, .gone: "too late"
        }
    }
}
"""


class Swift(unittest.TestCase):
    def setUp(self):
        self.read = swift.enumeration(SWIFT, "PlanError")

    def test_cases_have_their_comments_and_values(self):
        self.assertEqual(self.read.comment, "Why it fails.")
        found = [(case.name, case.value, case.comment) for case in self.read.cases]
        self.assertEqual(found[0], ("empty", "empty", "Nothing to do."))
        self.assertEqual(found[1][2], "A number outside its range.")
        self.assertEqual(found[2:], [("late", "late", ""), ("gone", "is_gone", "")])

    def test_messages_have_names_in_place_of_values_and_alternatives(self):
        texts = {case.name: case.message for case in self.read.cases}
        self.assertEqual(texts["empty"], "there is nothing to do")
        self.assertEqual(texts["outside"], "‹name› is negative — or: ‹name› is ‹value›; give … or less")
        self.assertEqual(texts["gone"], "too late")

    def test_an_enumeration_that_is_not_there_is_an_error(self):
        with self.assertRaises(ValueError):
            swift.enumeration(SWIFT, "Other")


class Pages(unittest.TestCase):
    def test_every_code_has_a_meaning_and_every_error_its_row(self):
        page = errors.page(ROOT)
        for name in (
            "`worker_died`",
            "`token_missing`",
            "`75`",
            "`no_coordinator`",
            "CoordinatorNode: CoordinatorError",
        ):
            self.assertIn(name, page)
        self.assertNotIn("\\(", page)

    def test_every_message_of_the_envelope_has_a_heading_and_a_link(self):
        file = ROOT / "proto" / "statezero.proto"
        page = messages.page(file)
        bodies = re.findall(r"^    (\w+) \w+ = \d+;$", file.read_text(encoding="utf-8").partition("}")[0], re.MULTILINE)
        self.assertGreater(len(bodies), 30)
        for body in bodies:
            self.assertIn(f"## {body}\n", page)
            self.assertIn(f"[{body}](#{body.lower()})", page)


class Anchors(unittest.TestCase):
    def test_they_are_those_that_the_check_of_documents_knows(self):
        headings = ["Bounds", "13. Errors", "`score`, and more", "What is not defended yet", "A & B: c/d"]
        file = File("a.md", "".join(f"## {heading}\n" for heading in headings))
        self.assertEqual({navigation.slug(heading.replace("`", "")) for heading in headings}, documents.anchors(file))


if __name__ == "__main__":
    unittest.main()
