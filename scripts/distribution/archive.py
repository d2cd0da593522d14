"""An archive of the program for distributions without a package: it runs from any folder."""

import pathlib
import shutil
import tarfile
import tempfile

from common import paths

from . import manual
from .bundle import Bundle


def make(bundle: Bundle, output: pathlib.Path) -> pathlib.Path:
    """Packs bin/, lib/, share/ and deploy/ below one folder; returns the file. Equal input gives equal members."""
    name = f"statezero-{bundle.version}-linux-x86_64"
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary) / name
        bundle.install(root / "lib" / "statezero")
        (root / "bin").mkdir()
        (root / "bin" / "statezero").symlink_to("../lib/statezero/statezero")
        manual.write_pages(bundle, root / "share" / "man" / "man1")
        manual.write_completions(bundle, root / "share")
        shutil.copytree(paths.ROOT / "deploy", root / "deploy")
        for file in ("LICENSE", "NOTICE", "CHANGELOG.md"):
            shutil.copy(paths.ROOT / file, root)
        target = output / f"{name}.tar.gz"
        with tarfile.open(target, "w:gz", compresslevel=6) as packed:
            for path in [root, *sorted(root.rglob("*"))]:
                packed.add(path, path.relative_to(root.parent), recursive=False, filter=_anonymous)
    return target


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    return member
