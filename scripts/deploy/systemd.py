"""Units of deploy/systemd: `systemd-analyze verify` and `security`, users and folders made in a folder of the test.

systemd itself is not run: a container or build machine has none as its first process.
"""

import os
import pathlib
import re
import shutil
import subprocess

from . import support
from .support import DEPLOY, expect, run

UNITS = DEPLOY / "systemd"
# The largest exposure, of 10, that `systemd-analyze security` may give a unit.
EXPOSURE_MAX = 2.5


def check() -> list[str]:
    support.need("systemd-analyze systemd-sysusers systemd-tmpfiles", "systemd")
    lines = [run(["systemd-analyze", "--version"]).splitlines()[0]]
    with support.folder("systemd") as root:
        units = _install(root)
        for unit in units:
            name = unit.name.replace("@.", "@1.")
            output = run(["systemd-analyze", "verify", "--man=no", f"--root={root}", name], okay=(0, 1))
            problems = [line for line in output.splitlines() if "statezero" in line]
            expect(not problems, f"{unit.name}: {problems}")
            exposure = _exposure(unit)
            expect(exposure <= EXPOSURE_MAX, f"{unit.name}: exposure {exposure}, at most {EXPOSURE_MAX}")
            lines.append(f"{unit.name}: verified, exposure {exposure} of 10")
        run(["systemd-sysusers", f"--root={root}", UNITS / "statezero.sysusers"])
        users = (root / "etc" / "passwd").read_text()
        expect(re.search(r"^statezero:.*:/usr/sbin/nologin$", users, re.M), f"no user statezero in {users}")
        if os.geteuid() == 0:
            run(["systemd-tmpfiles", f"--root={root}", "--create", UNITS / "statezero.tmpfiles"])
            for path, mode in (("etc/statezero", 0o750), ("var/lib/statezero", 0o750)):
                expect((root / path).stat().st_mode & 0o777 == mode, f"{path} has another mode")
            lines.append("user and folders are made by sysusers and tmpfiles")
    return lines


def _install(root: pathlib.Path) -> list[pathlib.Path]:
    """Units as a package installs them, and empty programs, because verify only asks whether there are some."""
    folder = root / "usr" / "lib" / "systemd" / "system"
    folder.mkdir(parents=True)
    for each in ("etc", "var/lib", "usr/bin", "bin"):
        (root / each).mkdir(parents=True, exist_ok=True)
    for each in ("usr/bin/statezero", "bin/kill"):
        program = root / each
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    for name in ("network-online.target", "network.target", "sysinit.target", "basic.target", "shutdown.target",
                 "multi-user.target", "tmp.mount", "system.slice", "-.mount"):  # fmt: skip
        found = pathlib.Path("/usr/lib/systemd/system") / name
        if found.exists():
            shutil.copy(found, folder / name)
    units = sorted(UNITS.glob("*.service"))
    for unit in units:
        shutil.copy(unit, folder / unit.name)
    return units


def _exposure(unit: pathlib.Path) -> float:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", output)
    expect(found, f"{unit.name}: {output}")
    return float(found[1])
