"""The files of the repository as the checks read them, and the report that a check returns."""

import dataclasses
import functools
import os
import pathlib
import subprocess

# Larger files are goldens and samples: data, not code or prose.
MAX_BYTES = 4 << 20
# As .gitignore has them, for a copy of the repository without git.
IGNORED_FOLDERS = (".git", ".build", ".swiftpm", ".venv", ".packed", "__pycache__")
IGNORED_AT_ROOT = ("models", "out")
IGNORED_FILES = (".o", ".pyc", "_pb2.py", "Package.resolved")


@dataclasses.dataclass(frozen=True)
class File:
    """A text file: its path from the root of the repository, and its text."""

    path: str
    text: str

    @functools.cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]


@dataclasses.dataclass
class Report:
    """What one check found. `summary` says what was checked; each problem is one line, with path and line number."""

    name: str
    summary: str = ""
    problems: list[str] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)


class Tree:
    """All files that are committed, or would be: git's list, without ignored files.

    `paths` has no symbolic links, because the file that a link points to is read at its own path; `links` has them.
    """

    def __init__(self, root: pathlib.Path, files: dict[str, str] | None = None):
        """`files` replaces the repository's files (path to text); tests use it."""
        self.root = root
        self._texts = files
        listed = sorted(files) if files is not None else self._list()
        self.links = [path for path in listed if files is None and (root / path).is_symlink()]
        self.paths = [path for path in listed if path not in set(self.links)]

    def _list(self) -> list[str]:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            listed = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return self._walk()
        return sorted(path for path in set(listed.split("\0")) if path and (self.root / path).exists())

    def _walk(self) -> list[str]:
        """All files but those that .gitignore names, for a copy without git."""
        found = []
        for name, folders, files in os.walk(self.root):
            folder = pathlib.Path(name)
            at_root = IGNORED_AT_ROOT if folder == self.root else ()
            folders[:] = [each for each in folders if not each.startswith(IGNORED_FOLDERS) and each not in at_root]
            found += [(folder / each).relative_to(self.root).as_posix() for each in files]
        return sorted(path for path in found if not path.endswith(IGNORED_FILES))

    @functools.cached_property
    def files(self) -> dict[str, File]:
        """Every text file by path."""
        found = {}
        for path in self.paths:
            text = self._texts[path] if self._texts is not None else self._read(path)
            if text is not None:
                found[path] = File(path, text)
        return found

    def _read(self, path: str) -> str | None:
        file = self.root / path
        if file.stat().st_size > MAX_BYTES:
            return None
        try:
            return file.read_bytes().decode()
        except UnicodeDecodeError:
            return None

    def under(self, *folders: str, suffix: str = "") -> list[File]:
        """Files below any of the folders, with this ending."""
        return [
            file
            for path, file in self.files.items()
            if path.endswith(suffix) and any(path.startswith(folder) for folder in folders)
        ]

    @functools.cached_property
    def folders(self) -> set[str]:
        """Every folder that holds a file, directly or deeper."""
        found = {""}
        for path in [*self.paths, *self.links]:
            parts = path.split("/")[:-1]
            found.update("/".join(parts[: count + 1]) for count in range(len(parts)))
        return found

    def exists(self, path: str) -> bool:
        return path in self.folders or path in self._all_paths

    @functools.cached_property
    def _all_paths(self) -> set[str]:
        return {*self.paths, *self.links}
