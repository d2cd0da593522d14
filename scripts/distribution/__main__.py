"""Makes packages of the release build, in out/packages:

    statezero_VERSION_amd64.deb                 program, units, user, settings, man pages, completions
    statezero-model-minilm_VERSION_all.deb      with --model: the default model's folder
    statezero-VERSION-linux-x86_64.tar.gz       program, man pages, completions and deploy/, for other distributions
    statezero-VERSION.cdx.json                  components and their versions (CycloneDX)
    SHA256SUMS

Needs dpkg-dev, patchelf and binutils. The program is the release build, or STATEZERO_BINARY, with its *.resources
folders beside it.
"""

import hashlib
import pathlib
import subprocess
import sys

from common import arguments, paths

from . import archive, bundle, components, debian


def main() -> int:
    parser = arguments.parser(__doc__)
    arguments.add_program(parser)
    arguments.add_output(parser, "folder of the packages", default=str(paths.ROOT / "out" / "packages"))
    parser.add_argument("--model", type=pathlib.Path, metavar="DIR", help="model folder for a package of its own")
    parser.add_argument("--deb-only", action="store_true", help="no archive and no list of components")
    options = parser.parse_args()
    missing = bundle.missing_tools()
    if missing:
        print(f"package: there is no {', '.join(missing)}; install dpkg-dev, patchelf and binutils", file=sys.stderr)
        return 1
    program = pathlib.Path(options.program).resolve()
    if not program.exists():
        print(f"package: there is no {program}; build it, or give --program", file=sys.stderr)
        return 1
    output = pathlib.Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    try:
        made = bundle.Bundle(program)
        files = [debian.make_program(made, output)]
        if not options.deb_only:
            files += [archive.make(made, output), components.make(made, output)]
        if options.model:
            files.append(debian.make_model(made, options.model, output))
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"package: {error}\n{getattr(error, 'stderr', '') or ''}", file=sys.stderr)
        return 1
    sums = "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)
    (output / "SHA256SUMS").write_text(sums)
    for file in files:
        print(f"{file}  {file.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
