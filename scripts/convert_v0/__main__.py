#!/usr/bin/env python3
"""Converts the released files of V0 to one StateZero model folder. See README.md in this folder."""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from refusal import Refusal

HERE = pathlib.Path(__file__).resolve().parent


def main(arguments=None):
    options = parse(arguments)
    try:
        convert(options)
    except Refusal as refusal:
        print(f"convert_v0: {refusal}", file=sys.stderr)
        return 2
    return 0


def parse(arguments):
    parser = argparse.ArgumentParser(prog="convert_v0", description=__doc__)
    parser.add_argument("output", type=pathlib.Path, help="the model folder to write")
    parser.add_argument("--checkpoint", required=True, type=pathlib.Path, help="v_0_for_grpo_training.pt")
    parser.add_argument("--head", required=True, type=pathlib.Path, help="tabpfn-v2.5-classifier-*.ckpt")
    parser.add_argument("--backbone", required=True, type=pathlib.Path, help="folder of Qwen3-Embedding-0.6B")
    parser.add_argument(
        "--pooling",
        choices=("last_token", "fixed_query", "dynamic_query"),
        help="default: as the checkpoint was trained",
    )
    parser.add_argument("--adapter-heads", type=int, help="default: from the checkpoint's flags, else 3")
    parser.add_argument("--members", type=int, default=4, help="estimators of the ensemble (default 4)")
    parser.add_argument("--name", help="the model's name (default: v0-<pooling>)")
    parser.add_argument(
        "--trained-backbone",
        action="store_true",
        help="where the checkpoint's backbone differs from the folder's, write the checkpoint's",
    )
    parser.add_argument("--link", action="store_true", help="hard-link the backbone's files instead of copying them")
    parser.add_argument("--no-golden", action="store_true", help="leave out the golden prediction, which needs memory")
    parser.add_argument("--force", action="store_true", help="replace the output folder if it exists")
    options = parser.parse_args(arguments)
    if options.members < 1:
        parser.error("--members must be at least 1")
    return options


def log(text):
    print(text, flush=True)


def convert(options):
    output = options.output.absolute()
    if output.exists() and not options.force:
        raise Refusal(output, "exists", "choose another folder, or use --force")
    try:
        from backbone import Backbone
        from checkpoint import V0Checkpoint
        from head import Head

        if not options.no_golden:
            from reference import check_versions

            check_versions()
    except ModuleNotFoundError as error:
        raise Refusal(error.name, "is not installed", f"pip install -r {HERE.name}/requirements.txt") from None

    checkpoint, head, backbone = V0Checkpoint(options.checkpoint), Head(options.head), Backbone(options.backbone)
    pooling, sentence = checkpoint.pooling(options.pooling)
    log(sentence)
    hidden = backbone.config["hidden_size"]
    sizes = checkpoint.adapter_sizes(pooling, hidden, options.adapter_heads)
    features = hidden if sizes is None else sizes["queries"] * sizes["width"]
    columns, notes = head.column_embeddings(features)
    if checkpoint.args.get("tabpfn_estimators", options.members) != options.members:
        notes.append(f"trained with {checkpoint.args['tabpfn_estimators']} estimators, written with {options.members}")
    for note in backbone.notes + notes:
        log(f"note: {note}")
    difference, where = backbone.compare(checkpoint)
    if where is not None and not options.trained_backbone:
        raise Refusal(
            checkpoint.path,
            f"backbone.{where} differs from {backbone.folder} by up to {difference:g}",
            "use the backbone that it was trained on, or --trained-backbone to write the checkpoint's",
        )
    log("backbone: the checkpoint's " + ("differs, it is written" if where else "equals the folder's"))

    settings = {
        "format": "statezero-v0",
        "version": 1,
        "name": options.name or f"v0-{pooling}",
        "pooling": pooling,
        "tokens_max": 2048,
        "adapter": sizes,
        "head": head.sizes,
        "ensemble": {"members": options.members, "temperature": 0.9, "seed": 0},
        "sources": {},
    }
    settings["sources"] = {p.name: sha256(p) for p in source_files(options, backbone)}
    output.parent.mkdir(parents=True, exist_ok=True)
    # In the output's parent folder, so that the last step is a rename within one file system.
    unfinished = pathlib.Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        write(unfinished, settings, checkpoint, head, backbone, columns, bool(where), options)
        make_readable(unfinished)
        replace(unfinished, output)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    log(f"wrote {output}: {pooling}, {features} features, {head.sizes['layers']} layers of {head.sizes['width']}")


def source_files(options, backbone):
    folder = [backbone.folder / n for n in backbone.copied_files() + backbone.weight_files]
    return [options.checkpoint, options.head, *folder]


def write(folder, settings, checkpoint, head, backbone, columns, trained_backbone, options):
    from safetensors.torch import save_file as save_owner_only

    def save_file(tensors, path, **options):
        save_owner_only(tensors, path, **options)
        make_readable(path)

    def plain(tensors):
        return {name: t.detach().float().contiguous().clone() for name, t in tensors.items()}

    encoder = folder / "encoder"
    encoder.mkdir()
    names = backbone.copied_files()
    if trained_backbone:
        save_file(
            {n: t.detach().contiguous().clone() for n, t in checkpoint.backbone.items()},
            encoder / "model.safetensors",
            metadata={"format": "pt"},
        )
    else:
        index = "model.safetensors.index.json"
        names += backbone.weight_files + ([index] if (backbone.folder / index).exists() else [])
    for name in names:
        place(backbone.folder / name, encoder / name, options.link)
    if settings["adapter"] is not None:
        save_file(plain(checkpoint.adapter), folder / "adapter.safetensors")
    save_file(plain({**head.tensors, **columns}), folder / "head.safetensors")
    shutil.copyfile(HERE / "licences.md", folder / "LICENCES.md")
    (folder / "statezero.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    if not options.no_golden:
        from golden import write_golden

        write_golden(folder, head, checkpoint.adapter, settings["adapter"], settings, log)
        make_readable(folder / "golden.safetensors")


def place(source, target, link):
    """Caches of Hugging Face hold symbolic links; what is linked or copied is the file itself."""
    source = pathlib.Path(os.path.realpath(source))
    if not link:
        shutil.copyfile(source, target)
        return
    try:
        os.link(source, target)
    except OSError as error:
        raise Refusal(
            source,
            f"cannot be hard-linked ({error.strerror})",
            "--link needs both on one file system; leave it out to copy",
        ) from None


def make_readable(path):
    """safetensors and tempfile give access to the owner alone; a model gets the usual permissions of new files."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)


def replace(unfinished, output):
    if not output.exists():
        os.rename(unfinished, output)
        return
    old = output.with_name(f".{output.name}.old-{os.getpid()}")
    os.rename(output, old)
    os.rename(unfinished, output)
    shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
