"""Remakes what runs with references say of a page, and leaves all else of it as it is.

The other runs take hours. What they say stays right as long as heads without references give the same probabilities.
"""

import pathlib
import re

import text

SECTION = "## With references\n"
CHANCE = text.BY_CHANCE.split(":")[0]


def remake(path, results):
    """The page with new rows of its first table, and a new section on references."""
    page = pathlib.Path(path)
    page.write_text(remade(page.read_text(encoding="utf-8"), results), encoding="utf-8")


def remade(page, results):
    page = aims(page, text.claim_rows(results))
    start = page.index(CHANCE)
    page = page[:start] + text.BY_CHANCE + page[page.index("\n\n", start) :]
    if not results.get("references"):
        return page
    start = page.index(SECTION) + len(SECTION)
    return page[:start] + "\n" + text.with_references(results) + "\n" + page[page.index("\n## ", start) :]


def aims(page, rows):
    """The page with these rows of the table of aims in place of those that say the same with other figures."""
    start = page.index(text.table(text.AIMS, []).splitlines()[0])
    end = page.index("\n\n", start)
    lines = page[start:end].splitlines()
    places = {}
    for place, line in enumerate(lines):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        places.setdefault(key(*cells[:2]), []).append(place)
    for row in rows:
        found = places.get(key(*row[:2]))
        if not found:
            raise ValueError(f"the page has no aim {row[0]!r} at {row[1]} rows: all runs are needed")
        lines[found.pop(0)] = "| " + " | ".join(row) + " |"
    return page[:start] + "\n".join(lines) + page[end:]


def key(claim, size):
    """A claim without the figures and names in it."""
    return re.sub(r" \([^)]*\)", "", claim), size
