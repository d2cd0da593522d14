#!/usr/bin/env python3
"""Builds the documents as a web site: the repository's Markdown as it is, and a reference read from the code.

    python3 scripts/site/build.py out/site [--environment FOLDER]

Pages load nothing from other machines, work from file:// and below any path, and have a search box. Every link and
anchor must resolve, else nothing is written. Needs the program (STATEZERO_BINARY, or the release build) for the
reference of its commands. Packages (MkDocs and its theme Material) come from PyPI into a virtual environment: a
temporary one, or the folder of `--environment`.
"""

import argparse
import logging
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from common import environment, paths

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = (HERE / "requirements.txt").read_text(encoding="utf-8").split()


def build(output: pathlib.Path) -> None:
    """Writes the site. Raises SystemExit where a link or an anchor leads nowhere."""
    import mkdocs.commands.build
    import mkdocs.config
    import navigation
    import staging

    with tempfile.TemporaryDirectory(prefix="statezero-site-") as temporary:
        source, site = pathlib.Path(temporary) / "source", pathlib.Path(temporary) / "site"
        staging.stage(paths.ROOT, source)
        config = mkdocs.config.load_config(
            config_file=str(HERE / "mkdocs.yaml"), docs_dir=str(source), site_dir=str(site), nav=navigation.tree(source)
        )
        config.theme.dirs.insert(0, str(HERE / "overrides"))
        config.mdx_configs["toc"]["slugify"] = navigation.slug
        problems = Problems()
        logging.getLogger("mkdocs").addHandler(problems)
        mkdocs.commands.build.build(config)
        if problems.lines:
            raise SystemExit("\n".join([*problems.lines, f"build: {len(problems.lines)} problems; nothing is written"]))
        staging.write_search_script(site)
        # Both have absolute addresses, which are wrong below a path.
        for name in ("404.html", "sitemap.xml", "sitemap.xml.gz"):
            (site / name).unlink(missing_ok=True)
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(site, output)
    pages = sum(1 for _ in output.rglob("*.html"))
    size = sum(file.stat().st_size for file in output.rglob("*") if file.is_file())
    print(f"build: {pages} pages, {size / 1e6:.1f} MB: {output / 'index.html'}")


class Problems(logging.Handler):
    """Collects the warnings of a build."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"build: {record.getMessage()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path, help="folder of the site; what it has is replaced")
    parser.add_argument("--environment", type=pathlib.Path, help="folder for the packages, to use them again")
    options = parser.parse_args()
    if options.output.exists() and any(options.output.iterdir()) and not (options.output / "index.html").exists():
        parser.error(f"{options.output} has other files; give an empty folder, or that of an earlier site")
    # The theme prints a long text about its next version.
    environment.run_again_with(REQUIREMENTS, options.environment, NO_MKDOCS_2_WARNING="1", PYTHONDONTWRITEBYTECODE="1")
    build(options.output)


if __name__ == "__main__":
    main()
