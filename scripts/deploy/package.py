"""Packages of scripts/package: lintian, checksums, and an installation in a bare Debian root made by debootstrap.

In that root, which has neither Swift nor this repository, apt installs the packages, a file is scored as the user of
the services, and the packages are purged. STATEZERO_ROOT names a root that debootstrap has made already; it is copied,
not changed. STATEZERO_MIRROR names another mirror of Debian.
"""

import json
import os
import pathlib
import re
import subprocess
import time

from common import paths

from . import support
from .support import CONTEXT, QUERIES, expect, run

SUITE = "bookworm"
# What apt needs in the root to reach the mirror as this machine does.
FILES = ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt")


class Root:
    """A Debian root, and commands in it."""

    def __init__(self, folder: pathlib.Path):
        self.path = folder / "root"
        made = os.environ.get("STATEZERO_ROOT")
        if made:
            run(["cp", "-a", made, self.path])
        else:
            mirror = os.environ.get("STATEZERO_MIRROR", "http://deb.debian.org/debian")
            run(["debootstrap", "--variant=minbase", SUITE, self.path, mirror], timeout=1800)
        for name in FILES:
            source, target = pathlib.Path("/") / name, self.path / name
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                target.write_bytes(source.read_bytes())

    def __call__(self, *command: object, **options) -> str:
        """Runs a command in the root, with file systems of its own that vanish with it."""
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
        }
        mounts = 'mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/dev/shm" 2>/dev/null; exec chroot "$0" "$@"'
        words = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", mounts, self.path, *command]
        return run(words, env=environment, **options)


def check() -> list[str]:
    support.need("dpkg-deb patchelf lintian debootstrap", "dpkg-dev, patchelf, lintian and debootstrap")
    support.need_root()
    program = support.statezero()
    if not paths.DEFAULT_MODEL.exists():
        raise support.Skip("there is no default model; run: statezero model fetch")
    with support.folder("package") as folder:
        packages = folder / "packages"
        run([paths.SCRIPTS / "package", "--program", program, "--output", packages, "--model", paths.DEFAULT_MODEL])
        files = sorted(packages.glob("*.deb"))
        report = run(["lintian", "--fail-on=error,warning", *files], okay=(0, 2))
        tags = [line for line in report.splitlines() if re.match("[EW]: ", line)]
        expect(not tags, "lintian:\n" + "\n".join(tags))
        run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=packages)
        listed = json.loads(next(packages.glob("*.cdx.json")).read_text())["components"]
        expect(len(listed) > 20 and all(each["version"] for each in listed), "the list of components is short")
        lines = [f"lintian: no error, no warning; {len(listed)} components", _check_archive(folder, packages)]
        return lines + _check_installation(folder, files)


def _check_archive(folder: pathlib.Path, packages: pathlib.Path) -> str:
    """The archive runs from any folder, without the libraries of a toolchain."""
    archive = next(packages.glob("*.tar.gz"))
    run(["tar", "-xzf", archive, "-C", folder])
    program = folder / archive.name.removesuffix(".tar.gz") / "bin" / "statezero"
    linked = run(["ldd", program.resolve()])
    foreign = [line for line in linked.splitlines() if "=> /opt" in line or "not found" in line]
    expect(not foreign, f"the archive's program needs {foreign}")
    return (
        f"{archive.name}: {archive.stat().st_size / 1e6:.0f} MB, runs as version {run([program, '--version']).strip()}"
    )


def _check_installation(folder: pathlib.Path, files: list[pathlib.Path]) -> list[str]:
    root = Root(folder)
    for file in [*files, QUERIES, CONTEXT]:
        (root.path / "srv" / file.name).write_bytes(file.read_bytes())
    root("apt-get", "update")
    start = time.monotonic()
    root("apt-get", "install", "-y", "--no-install-recommends", *[f"/srv/{file.name}" for file in files])
    installed = time.monotonic() - start
    score = (
        f"cd /var/lib/statezero && statezero score --model /usr/share/statezero/models/all-MiniLM-L6-v2 --store off \
        --prompts /srv/{QUERIES.name} --context /srv/{CONTEXT.name} --output scores"
    )
    output = root("su", "-s", "/bin/sh", "statezero", "-c", score)
    total = time.monotonic() - start
    scored = support.digest_of_parts(root.path / "var" / "lib" / "statezero" / "scores")
    _check_documents(root)
    _check_removal(root)
    rows = re.search(r"\d+ rows in .*", output)
    return [
        f"{SUITE}, bare root: installed in {installed:.0f} s, first file scored after {total:.0f} s",
        f"{rows and rows[0]}; SHA-256 of the output {scored[:16]}; man pages and completions; purged without a trace",
    ]


def _check_documents(root: Root) -> None:
    for name in ("statezero.1.gz", "statezero-score.1.gz", "statezero-route-serve.1.gz"):
        expect((root.path / "usr/share/man/man1" / name).exists() or _has_no_manuals(root), f"there is no {name}")
    expect(
        "complete" in root("bash", "-c", ". /usr/share/bash-completion/completions/statezero; complete -p statezero"),
        "",
    )


def _has_no_manuals(root: Root) -> bool:
    """Small images leave man pages out by dpkg's path-exclude."""
    found = subprocess.run(["grep", "-r", "path-exclude", root.path / "etc/dpkg"], capture_output=True)
    return found.returncode == 0


def _check_removal(root: Root) -> None:
    root("apt-get", "purge", "-y", "statezero", "statezero-model-minilm")
    left = [
        path
        for place in ("usr/lib", "etc", "var/lib", "usr/share")
        if (path := root.path / place / "statezero").exists()
    ]
    expect(not left, f"after a purge there is still {left}")
