"""Debian packages, by dpkg-deb: of the program, and of a model folder."""

import gzip
import pathlib
import re
import shutil
import subprocess
import tempfile

from common import paths

from . import manual
from .bundle import Bundle

MAINTAINER = "StateZero <statezero@localhost>"
DEPLOY = paths.ROOT / "deploy"
APACHE = """\
On Debian systems, the full text of the Apache License, Version 2.0 is in
/usr/share/common-licenses/Apache-2.0.
"""
# Weights hardly get smaller.
COMPRESSION = {"amd64": ("-Zxz", "-z2"), "all": ("-Zgzip", "-z1")}
RUN_TIME = """\
The Swift run time libraries are those of the Swift project: Apache-2.0 with its
Runtime Library Exception.
"""
CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: {maintainer}
Installed-Size: {size}
{relations}Section: science
Priority: optional
Description: {summary}
{description}
"""
DESCRIPTION = """\
 StateZero reads a short record of what a language model did on other
 prompts, and answers with the probability that it succeeds on a new one.
 It plans rollouts for reinforcement learning, routes prompts to models and
 scores corpora, on one machine or many.
 .
 The package has services for systemd, which are not started by themselves."""
POSTINST = """\
#!/bin/sh
# Makes the user of the services and their folders.
set -e
if [ "$1" = configure ]; then
    if ! getent passwd statezero > /dev/null; then
        adduser --system --group --no-create-home --home /var/lib/statezero --quiet statezero
    fi
    # Settings may have keys.
    chown root:statezero /etc/statezero
    chmod 0750 /etc/statezero
    install -d -o statezero -g statezero -m 0750 /var/lib/statezero
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload > /dev/null || true
        # Running services go on with the new version; workers drain first.
        if [ -n "$2" ]; then systemctl try-restart 'statezero-*.service' > /dev/null || true; fi
    fi
fi
"""
PRERM = """\
#!/bin/sh
# Stops the services before their program is removed.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl stop 'statezero-*.service' > /dev/null || true
fi
"""
POSTRM = """\
#!/bin/sh
# Removes journals, state and caches when the package is purged.
set -e
if [ "$1" = purge ]; then
    rm -rf /var/lib/statezero /var/lib/statezero-router /var/cache/statezero
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload > /dev/null || true; fi
"""


# Overrides of lintian, with their reasons.
OUTSIDE = """\
# The package is made outside Debian, so it has no maintainer there.
initial-upload-closes-no-bugs *
bogus-mail-host *
bogus-mail-host-in-debian-changelog *
"""
OVERRIDES = """\
# The Swift run time and Swift packages are no Debian packages: they are in the program, or beside it.
embedded-library *
custom-library-search-path *
library-not-linked-against-libc *
hardening-no-bindnow *
hardening-no-fortify-functions *
# deb-systemd-invoke knows no patterns, and workers are instances.
maintainer-script-calls-systemctl *
"""


def make_program(bundle: Bundle, output: pathlib.Path) -> pathlib.Path:
    """The package `statezero`; returns its file."""
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary) / "root"
        share = root / "usr" / "share"
        bundle.install(root / "usr" / "lib" / "statezero")
        (root / "usr" / "bin").mkdir()
        (root / "usr" / "bin" / "statezero").symlink_to("../lib/statezero/statezero")
        manual.write_pages(bundle, share / "man" / "man1")
        manual.write_completions(bundle, share)
        _install_services(root)
        for folder in ("slurm", "monitoring"):
            shutil.copytree(DEPLOY / folder, share / "statezero" / folder)
        documents = share / "doc" / "statezero"
        (documents / "examples").mkdir(parents=True)
        shutil.copy(DEPLOY / "fleet.example.yaml", documents / "examples")
        _write_documents(
            documents,
            "statezero",
            bundle.debian_version,
            "  * See CHANGELOG.md of the sources for the changes.",
            _licences(),
        )
        _write_overrides(share, "statezero", OUTSIDE + OVERRIDES)
        relations = f"Depends: adduser, {_dependencies(root, bundle)}\n"
        summary = "predicts whether a language model succeeds on a prompt"
        version = bundle.debian_version
        return _build(root, "statezero", version, "amd64", relations, summary, DESCRIPTION, output, scripts=True)


def make_model(bundle: Bundle, folder: pathlib.Path, output: pathlib.Path) -> pathlib.Path:
    """A package of the default model's folder; returns its file."""
    name = "statezero-model-minilm"
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary) / "root"
        target = root / "usr" / "share" / "statezero" / "models" / "all-MiniLM-L6-v2"
        shutil.copytree(folder, target, ignore=shutil.ignore_patterns(".*"))
        documents = root / "usr" / "share" / "doc" / name
        documents.mkdir(parents=True)
        _write_overrides(root / "usr" / "share", name, OUTSIDE)
        licence = "Copyright 2021 the authors of sentence-transformers/all-MiniLM-L6-v2; Apache-2.0.\n\n" + APACHE
        _write_documents(documents, name, bundle.debian_version, "  * The model all-MiniLM-L6-v2.", licence)
        description = (
            " Weights and tokenizer of sentence-transformers/all-MiniLM-L6-v2, which\n the program uses by default."
        )
        relations = "Enhances: statezero\n"
        version, summary = bundle.debian_version, "default model of StateZero"
        return _build(root, name, version, "all", relations, summary, description, output)


def _install_services(root: pathlib.Path) -> None:
    units = root / "lib" / "systemd" / "system"
    units.mkdir(parents=True)
    for unit in (DEPLOY / "systemd").glob("*.service"):
        shutil.copy(unit, units)
    for kind in ("sysusers", "tmpfiles"):
        folder = root / "usr" / "lib" / f"{kind}.d"
        folder.mkdir(parents=True)
        shutil.copy(DEPLOY / "systemd" / f"statezero.{kind}", folder / "statezero.conf")
    settings = root / "etc" / "statezero"
    settings.mkdir(parents=True)
    for file in (DEPLOY / "systemd").glob("*.env"):
        shutil.copy(file, settings)


def _write_documents(folder: pathlib.Path, name: str, version: str, changes: str, licences: str) -> None:
    """copyright and changelog, as Debian's policy wants them."""
    (folder / "copyright").write_text(licences)
    date = "Thu, 01 Jan 1970 00:00:00 +0000"
    text = f"{name} ({version}) unstable; urgency=medium\n\n{changes}\n\n -- {MAINTAINER}  {date}\n"
    with open(folder / "changelog.gz", "wb") as file:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
            packed.write(text.encode())


def _licences() -> str:
    return "\n".join([(paths.ROOT / "NOTICE").read_text(), APACHE, RUN_TIME])


def _write_overrides(share: pathlib.Path, name: str, reasons: str) -> None:
    """What lintian reports and is meant so."""
    folder = share / "lintian" / "overrides"
    folder.mkdir(parents=True)
    tags = "".join(f"{name}: {line}\n" if not line.startswith("#") else f"{line}\n" for line in reasons.splitlines())
    (folder / name).write_text(tags)


def _dependencies(root: pathlib.Path, bundle: Bundle) -> str:
    """Packages of the system libraries, from dpkg-shlibdeps."""
    folder = root / "usr" / "lib" / "statezero"
    with tempfile.TemporaryDirectory() as temporary:
        (pathlib.Path(temporary) / "debian").mkdir()
        (pathlib.Path(temporary) / "debian" / "control").write_text(
            "Source: statezero\n\nPackage: statezero\nArchitecture: any\n"
        )
        files = [str(file) for file in folder.iterdir() if file.is_file()]
        command = ["dpkg-shlibdeps", "-O", "--ignore-missing-info", f"-l{folder}", *[f"-e{file}" for file in files]]
        done = subprocess.run(command, cwd=temporary, check=True, capture_output=True, text=True)
    return re.search(r"shlibs:Depends=(.*)", done.stdout)[1]


def _build(root, name, version, architecture, relations, summary, description, output, scripts=False) -> pathlib.Path:
    size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file() and not file.is_symlink()) // 1024
    control = root / "DEBIAN"
    control.mkdir()
    values = dict(name=name, version=version, architecture=architecture, size=size, relations=relations)
    values |= dict(maintainer=MAINTAINER, summary=summary, description=description)
    (control / "control").write_text(CONTROL.format(**values))
    if scripts:
        for script, text in (("postinst", POSTINST), ("prerm", PRERM), ("postrm", POSTRM)):
            (control / script).write_text(text)
            (control / script).chmod(0o755)
        settings = sorted(path.relative_to(root).as_posix() for path in (root / "etc").rglob("*") if path.is_file())
        (control / "conffiles").write_text("".join(f"/{path}\n" for path in settings))
    _set_modes(root)
    sums = [
        subprocess.run(
            ["md5sum", path.relative_to(root).as_posix()], cwd=root, check=True, capture_output=True, text=True
        )
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and control not in path.parents
    ]
    (control / "md5sums").write_text("".join(each.stdout for each in sums))
    file = output / f"{name}_{version}_{architecture}.deb"
    command = ["dpkg-deb", "--root-owner-group", *COMPRESSION[architecture], "--build", str(root), str(file)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return file


def _set_modes(root: pathlib.Path) -> None:
    """Modes that do not depend on the umask: 0755 for folders and programs, 0644 for other files."""
    root.chmod(0o755)
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
