"""The files of an installation: the program without debug information, its resources, and the Swift run time."""

import functools
import pathlib
import re
import shutil
import subprocess
import tempfile

from common import paths

# Libraries of these folders belong to the distribution: a package depends on them instead of containing them.
SYSTEM = ("/lib/", "/usr/lib/", "/lib64/")
TOOLS = ("dpkg-deb", "dpkg-shlibdeps", "patchelf", "strip", "ldd")


def missing_tools() -> list[str]:
    return [name for name in TOOLS if not shutil.which(name)]


class Bundle:
    """A built program and what belongs to it."""

    def __init__(self, program: pathlib.Path):
        self.program = program
        # StateZero_NAME.resources of the modules that have resources, without leftovers of earlier builds.
        modules = [path.name for path in (paths.ROOT / "Sources").iterdir()]
        folders = [program.parent / f"StateZero_{name}.resources" for name in sorted(modules)]
        self.resources = [folder for folder in folders if folder.exists()]
        self.version = self.run("--version").strip()
        listed = subprocess.run(["ldd", str(program)], check=True, capture_output=True, text=True).stdout
        libraries = [pathlib.Path(path) for path in re.findall(r"=> (/\S+)", listed)]
        # With a static Swift run time there are none.
        self.swift_libraries = [path for path in libraries if not str(path).startswith(SYSTEM)]
        self.system_libraries = [path for path in libraries if str(path).startswith(SYSTEM)]

    @property
    def debian_version(self) -> str:
        """0.2.0-dev as 0.2.0~dev: dpkg sorts it before 0.2.0."""
        return self.version.replace("-", "~")

    def run(self, *arguments: str) -> str:
        """Output of the program."""
        return subprocess.run([str(self.program), *arguments], check=True, capture_output=True, text=True).stdout

    def install(self, folder: pathlib.Path) -> None:
        """Copies everything into one folder; the program finds its resources and libraries beside itself."""
        folder.mkdir(parents=True)
        for source in pathlib.Path(self._stripped.name).iterdir():
            shutil.copy(source, folder)
        for source in self.resources:
            shutil.copytree(source, folder / source.name)

    @functools.cached_property
    def _stripped(self) -> tempfile.TemporaryDirectory:
        """The program and its libraries without debug information, made once for all packages."""
        folder = tempfile.TemporaryDirectory()
        for source in [self.program, *self.swift_libraries]:
            target = pathlib.Path(folder.name) / source.name
            strip = ["strip", "--strip-unneeded", "-o", str(target), str(source)]
            subprocess.run(strip, check=True, capture_output=True)
            subprocess.run(["patchelf", "--set-rpath", "$ORIGIN", str(target)], check=True, capture_output=True)
            target.chmod(0o755 if source == self.program else 0o644)
        return folder
