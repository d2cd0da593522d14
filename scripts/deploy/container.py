"""deploy/container: the image, built by podman from a Debian root of debootstrap, without any registry, and run.

The coordinator runs with a read-only root file system, without a network, capabilities or a user of the host; its
health check answers; SIGTERM ends it with 0. Then the image scores the sample. Storage is a folder of the test: by
overlay, or where that cannot be mounted, by copies, which take minutes more. STATEZERO_ROOT names a root that
debootstrap has made already, STATEZERO_PACKAGES packages that scripts/package has made (with --model).
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess

from common import paths

from . import support
from .package import Root
from .support import DEPLOY, expect, run, wait

IMAGE = "localhost/statezero"
BASE = "localhost/debian-base"
# Without systemd and with limits that cannot be raised, as in a build machine's sandbox.
LIMITS = ["--network=none", "--cgroups=disabled", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096"]
COORDINATOR = [
    *["coordinator", "--bind=tcp://127.0.0.1:5570", "--http=127.0.0.1:8080"],
    "--journal=/var/lib/statezero/journal.sqlite",
]
SCORE = [
    *["score", "--prompts", f"/data/{support.QUERIES.name}", "--context", f"/data/{support.CONTEXT.name}"],
    *["--output", "/var/lib/statezero/scores"],
]


class Podman:
    """podman with its storage in a folder of the test."""

    def __init__(self, folder: pathlib.Path):
        self.driver = "overlay" if _can_overlay(folder) else "vfs"
        self.options = ["--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", self.driver]
        self.options += ["--cgroup-manager", "cgroupfs"]

    def __call__(self, *arguments: object, **options) -> str:
        # crun refuses machines with both versions of control groups; one of them is hidden from it.
        hide = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", hide, "sh", "podman", *self.options, *arguments]
        return run(command, timeout=1800, **options)

    def start(self, *arguments: object) -> str:
        """Runs a container of the image with a read-only root file system; returns its output."""
        return self("run", "--read-only", *LIMITS, *arguments)


def _can_overlay(folder: pathlib.Path) -> bool:
    """Whether a folder can be the upper layer of an overlay, which it is not within most containers."""
    place = folder / "overlay"
    layers = [place / name for name in ("lower", "upper", "work", "all")]
    for layer in layers:
        layer.mkdir(parents=True)
    lower, upper, work, merged = layers
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    command = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", options, merged]
    done = subprocess.run(command, capture_output=True)
    shutil.rmtree(place, ignore_errors=True)
    return done.returncode == 0


def check() -> list[str]:
    support.need("podman crun debootstrap", "podman, crun and debootstrap")
    support.need_root()
    with support.folder("container") as folder, concurrent.futures.ThreadPoolExecutor() as pool:
        # One waits for a mirror while the other computes.
        base = pool.submit(_base, folder)
        context = _packages(folder)
        podman = Podman(folder)
        podman("import", base.result(), BASE)
        base.result().unlink()
        file = DEPLOY / "container" / "Containerfile"
        build = ["--isolation=chroot", "--network=host", "--format=docker", f"--build-arg=BASE={BASE}"]
        # Intermediate layers would be copies of the whole root, without overlay.
        podman("build", "--layers=false", *build, "-t", IMAGE, "-f", file, context)
        lines = [f"image built from bare Debian, storage by {podman.driver}", _check_coordinator(podman)]
        output = podman.start("--rm", "-v", f"{paths.SAMPLE}:/data:ro", IMAGE, *SCORE)
        rows = re.search(r"\d+ rows in .*", output)
        expect(rows, f"the image does not score: {output}")
        return [*lines, f"scored the sample: {rows[0]}"]


def _base(folder: pathlib.Path) -> pathlib.Path:
    """A bare Debian root as an archive."""
    root, archive = Root(folder), folder / "root.tar"
    empty = [f"--exclude=./{name}/*" for name in ("proc", "sys", "dev")]
    run(["tar", "-C", root.path, *empty, "-cf", archive, "."])
    shutil.rmtree(root.path)
    return archive


def _packages(folder: pathlib.Path) -> pathlib.Path:
    """The context of the build: packages and health check."""
    context = folder / "context"
    made = os.environ.get("STATEZERO_PACKAGES")
    if made:
        shutil.copytree(made, context)
    else:
        options = ["--deb-only", "--output", context, "--model", paths.DEFAULT_MODEL]
        run([paths.SCRIPTS / "package", "--program", support.statezero(), *options], timeout=1800)
    shutil.copy(DEPLOY / "container" / "healthcheck", context)
    return context


def _check_coordinator(podman: Podman) -> str:
    podman.start("--detach", "--name", "coordinator", IMAGE, *COORDINATOR)
    try:
        wait(lambda: "http at" in podman("logs", "coordinator"), "the coordinator listens", 60, 1)
        podman("exec", "coordinator", "/usr/lib/statezero/healthcheck")
        expect("uid=64000" in podman("exec", "coordinator", "id"), "the user is not 64000")
        written = podman("exec", "coordinator", "touch", "/file", okay=(0, 1))
        expect("Read-only file system" in written, f"the root file system can be written: {written}")
        status = podman("exec", "coordinator", "cat", "/proc/1/status")
        expect(re.search(r"CapEff:\s+0+$", status, re.M), f"there are capabilities: {status}")
        podman("stop", "--time", "20", "coordinator")
        code = podman("inspect", "coordinator", "--format", "{{.State.ExitCode}}", stderr=subprocess.DEVNULL).strip()
        expect(code == "0", f"the coordinator ended with {code}")
    finally:
        podman("rm", "--force", "coordinator")
    return "coordinator: healthy, user 64000, no capability, read-only root, ended with 0"
