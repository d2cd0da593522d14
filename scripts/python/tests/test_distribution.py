"""The source distribution: it installs without a compiler, and says how to build the program."""

import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

FOLDER = pathlib.Path(__file__).resolve().parents[1]
# Makes the source distribution by the build backend alone, without the network.
BUILD = "import sys, setuptools.build_meta as backend; print(backend.build_sdist(sys.argv[1]))"


def has_backend() -> bool:
    code = "import setuptools, sys; sys.exit(int(setuptools.__version__.split('.')[0]) < 77)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


@unittest.skipUnless(has_backend(), "needs setuptools 77 or later")
class SourceDistribution(unittest.TestCase):
    def test_it_has_the_package_and_says_how_to_build_the_program(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "source"
            ignored = subprocess.run(["cp", "-r", str(FOLDER), str(source)], capture_output=True)
            self.assertEqual(ignored.returncode, 0, ignored.stderr)
            built = subprocess.run([sys.executable, "-c", BUILD, folder], cwd=source, capture_output=True, text=True)
            self.assertEqual(built.returncode, 0, built.stderr)
            (archive,) = pathlib.Path(folder).glob("statezero-*.tar.gz")
            with tarfile.open(archive) as tar:
                names = {name.partition("/")[2] for name in tar.getnames()}
                tar.extractall(folder, filter="data")
            for wanted in (
                "BUILD.md",
                "README.md",
                "pages/trl.md",
                "src/statezero/client.py",
                "src/statezero/py.typed",
            ):
                self.assertIn(wanted, names)
            made = pathlib.Path(folder) / archive.name.removesuffix(".tar.gz")
            said = (made / "BUILD.md").read_text(encoding="utf-8")
            for command in ("scripts/setup", "scripts/build.py -c release --product statezero", "STATEZERO_BINARY"):
                self.assertIn(command, said)
            code = "import statezero, statezero.scorer; print(statezero.Client.__name__)"
            environment = {**os.environ, "PYTHONPATH": str(made / "src")}
            ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
            self.assertEqual(ran.stdout.strip(), "Client", ran.stderr)


class BuildPage(unittest.TestCase):
    def test_its_commands_are_in_the_repository(self):
        root = FOLDER.parents[1]
        said = (FOLDER / "BUILD.md").read_text(encoding="utf-8")
        for command in ("scripts/setup", "scripts/build.py", "scripts/package-wheel"):
            self.assertIn(command, said)
            self.assertTrue((root / command).exists(), command)


if __name__ == "__main__":
    unittest.main()
