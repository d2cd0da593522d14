#!/usr/bin/env python3
"""Opens the pages of the built site in a headless Chromium, takes screenshots and checks what a browser sees.

    python3 scripts/site/shots.py out/site [--output out/site-shots] [--pages index.html …]

Each page is opened from its file at three widths in both themes, and one page from a server below a path. Problems are
requests to anything but the site, messages on the console, pages wider than the window, pictures that are not there,
and a search that finds nothing. Exit code 1 where there are any. Needs the package playwright and a Chromium: that of
the PATH, or of playwright.
"""

import argparse
import contextlib
import functools
import http.server
import pathlib
import shutil
import sys
import tempfile
import threading

WIDTHS = (1280, 800, 390)
THEMES = ("light", "dark")
SEARCHED = "lease"
PREFIX = "/manuals/statezero/"
BROKEN_PICTURES = "[...document.images].filter(each => each.complete && !each.naturalWidth).map(each => each.src)"


class Window:
    """A window of one width and theme. `problems` has what was wrong with the pages that it opened."""

    def __init__(self, browser, width: int, theme: str, allowed: str = "file:"):
        """Requests must begin with `allowed`."""
        self.page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
        self.problems: list[str] = []
        self.about = f"at {width}, {theme}"
        self.place = ""
        allowed = ("data:", "blob:", allowed)
        self.page.on("request", lambda request: request.url.startswith(allowed) or self.add(f"requests {request.url}"))
        self.page.on("console", lambda message: message.type == "error" and self.add(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.add(str(error)))

    def add(self, problem: str) -> None:
        self.problems.append(f"{self.place} {self.about}: {problem}")

    def open(self, address: str, shot: pathlib.Path | None = None) -> None:
        """Opens a page and looks at it."""
        self.place = address
        self.page.goto(address)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.add(f"{wide} pixels wider than the window")
        for source in self.page.evaluate(BROKEN_PICTURES):
            self.add(f"no picture {source}")
        if shot:
            self.page.screenshot(path=shot)


@contextlib.contextmanager
def served(site: pathlib.Path):
    """The address of a server that has the site below a path."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder) / PREFIX.strip("/")
        place.parent.mkdir(parents=True)
        place.symlink_to(site.resolve())
        handler = functools.partial(Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}{PREFIX}"
            server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, *_: object) -> None:
        pass


def search(browser, address: str) -> list[str]:
    """Problems of the search box."""
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": 900})
    page.goto(address)
    page.get_by_role("textbox", name="Search").first.click()
    page.keyboard.type(SEARCHED)
    for _ in range(50):
        found = page.locator(".md-search-result__item").count()
        if found:
            break
        page.wait_for_timeout(200)
    page.close()
    return [] if found else [f"search for {SEARCHED} at {address} finds nothing"]


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, help="folder for the screenshots")
    parser.add_argument("--pages", nargs="+", help="only these, by their paths in the site")
    options = parser.parse_args()
    names = options.pages or sorted(str(file.relative_to(options.site)) for file in options.site.rglob("*.html"))
    problems = []
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for width in WIDTHS:
            for theme in THEMES:
                window = Window(browser, width, theme)
                for name in names:
                    shot = options.output and options.output / f"{name.replace('/', '-')[:-5]}-{width}-{theme}.png"
                    window.open((options.site / name).resolve().as_uri(), shot)
                problems += window.problems
        with served(options.site) as address:
            window = Window(browser, WIDTHS[0], THEMES[0], address)
            window.open(address + names[-1])
            problems += window.problems + search(browser, address + names[-1])
        problems += search(browser, (options.site / names[-1]).resolve().as_uri())
        browser.close()
    for problem in problems:
        print(f"shots: {problem}")
    print(f"shots: {len(names)} pages, {len(WIDTHS)} widths, {len(THEMES)} themes: {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
