#!/usr/bin/env python3
"""Writes BENCHMARKS.md and its plot from the files of scripts/benchmarks/run, and prints the ratios.

    scripts/benchmarks/report.py OUT BENCHMARKS.md RATIOS.svg [--only head …]

Every number in the document comes from a file in OUT; a part that was not measured says so. With --only, the other
sections of the document stay as they are.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from plot import bars

from common import arguments
from common.markdown import table

ORDER = ["float32", "bfloat16", "int8"]


class Measured:
    """The JSON lines that one run has written, by name."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def lines(self, name):
        path = self.folder / f"{name}.jsonl"
        if not path.exists():
            return []
        found = []
        for line in path.read_text().splitlines():
            if line.startswith(("{", "[")):
                value = json.loads(line)
                found += value if isinstance(value, list) else [value]
        return found

    def one(self, name):
        lines = self.lines(name)
        return lines[0] if lines else None


def missing(command):
    return f"Not measured in this run: `{command}`."


def count(value):
    return f"{value:,.0f}"


def machine(measured):
    found = measured.one("machine")
    if not found:
        return missing("scripts/benchmarks/machine.py")
    peers = ", ".join(f"{name} {version}" for name, version in found["peers"].items() if version)
    return (
        f"{found['processor']}, {found['cores']} cores ({', '.join(found['instruction_sets'])}), {found['gib']} GiB, "
        f"{found['system']}; StateZero {found['statezero']}; {peers}."
    )


def encoder(measured):
    lines = measured.lines("encoder")
    ours = [line for line in lines if line.get("ours")]
    if not ours:
        return missing("scripts/benchmarks/encoder_peer.py"), []
    theirs = {}
    for line in lines:
        if "precision" in line and not line.get("ours"):
            key = (line["precision"], line["threads"], line["shape"])
            theirs[key] = max(theirs.get(key, 0), line["tokens_per_second"])
    ours.sort(key=lambda line: (ORDER.index(line["precision"]), line["threads"], line["shape"]))
    rows = [
        [
            line["precision"],
            line["beside"],
            line["threads"],
            line["shape"],
            count(line["tokens_per_second"]),
            count(theirs[line["precision"], line["threads"], line["shape"]]),
            f"**{line['ratio']:.2f}**",
            f"**{line['processor_ratio']:.2f}**",
        ]
        for line in ours
    ]
    cosines = {line["peer"]: line["cosine_to_float32"] for line in lines if "cosine_to_float32" in line}
    note = (
        "Cosine of the peers' embeddings to float32, token ids at random: "
        + ", ".join(f"{name} {value:.4f}" for name, value in cosines.items())
        + "."
    )
    head = ["arithmetic", "peer", "threads", "batch", "ours, tokens/s", "peer's", "ratio", "by processor time"]
    points = [
        (
            f"{line['precision']}, {line['threads']} thread{'s' if line['threads'] > 1 else ''}, {line['shape']}",
            line["processor_ratio"],
        )
        for line in ours
    ]
    return table(head, rows) + "\n\n" + note, points


def kernels(measured):
    lines = measured.lines("kernels")
    if not lines:
        return missing("statezero-bench kernels")
    rows = []
    for line in lines:
        shape = f"{line['inputs']} × {line['outputs']}" if line.get("inputs") else "32 × 128 tokens"
        library = line.get("onednn_gflops")
        rows.append(
            [
                line["precision"],
                line["what"].replace("_", " "),
                shape,
                f"{line['gflops']:.0f}",
                f"{library:.0f}" if library else "–",
                f"{line['gflops'] / library:.2f}" if library else "–",
            ]
        )
    return table(["arithmetic", "product", "K × N", "ours, GFLOP/s", "oneDNN alone", "ratio"], rows)


def profile(measured):
    lines = [line for line in measured.lines("profile") if line["shares"]]
    if not lines:
        return missing("scripts/benchmarks/encoder_profile.py")
    names = sorted(
        {name for line in lines for name, share in line["shares"].items() if share >= 0.5},
        key=lambda name: -max(line["shares"].get(name, 0) for line in lines),
    )
    rows = [[name] + [f"{line['shares'].get(name, 0):.1f} %" for line in lines] for name in names]
    return table(["what"] + [line["precision"] for line in lines], rows)


def precision(measured):
    evaluations = {line["precision"]: line["evaluation"] for line in measured.lines("precision-auc")}
    if not evaluations:
        return missing("scripts/benchmarks/precision.py")
    moves = measured.lines("precision-moves")
    figures = {name: evaluation_figures(value) for name, value in evaluations.items()}
    sources = [source for source in figures["float32"] if source != "mean"] + ["mean"]
    rows = []
    for source in sources:
        row = [source]
        for name in ORDER:
            row.append(f"{figures[name][source]:.4f}")
        for name in ORDER[1:]:
            found = [line for line in moves if line["precision"] == name and source in ("mean", line["source"])]
            mean = sum(line["mean_move"] for line in found) / len(found) if found else None
            row.append(f"{mean:.4f}" if mean is not None else "–")
        rows.append(row)
    head = ["source"] + [f"AUC, {name}" for name in ORDER] + [f"mean move of p, {name}" for name in ORDER[1:]]
    return table(head, rows)


def evaluation_figures(evaluation):
    """Intra-context AUC by source, and the mean over sources."""
    head = evaluation["comparison"]["sizes"][0]["predictors"][0]
    found = {source["source"]: source["auc"] for source in head["sources"]}
    found["mean"] = sum(found.values()) / len(found)
    return found


def coordinator(measured):
    report, ray, pyzmq = measured.one("coordinator"), measured.one("ray"), measured.one("pyzmq")
    if not report:
        return missing("statezero-bench coordinator"), []
    bare = report["bare_pair"]
    rows = []
    for cluster in report["clusters"]:
        rows.append(
            [
                cluster["workers"],
                count(cluster["predictions_per_second"]),
                count(cluster["batches_per_second"]),
                f"{cluster['of_bare_pair_echoing']:.2f}",
                f"{cluster['of_bare_pair_answering']:.2f}",
                f"{cluster['batches_per_second'] / ray['calls_per_second']:.1f}" if ray else "–",
                f"{cluster['client_seconds_per_million_rows']:.2f} / "
                f"{cluster['coordinator_seconds_per_million_rows']:.2f} / "
                f"{cluster['workers_seconds_per_million_rows']:.2f}",
            ]
        )
    head = [
        "workers",
        "predictions/s",
        "batches/s",
        "of the bare pair, whole",
        "of the bare pair, answered",
        "times Ray's best",
        "processor s a million rows: client / coordinator / workers",
    ]
    notes = [
        f"Batches of {report['batch_rows']} prompts of {report['prompt_bytes']} bytes, journal on, medians of "
        f"{report['rounds']} rounds. A bare ROUTER and DEALER of libzmq in the same run: "
        f"{count(bare['echoing_per_second'])} batches a second sent back whole, {count(bare['answering_per_second'])} "
        "with a shard's answers."
    ]
    if ray:
        notes.append(
            f"Ray {ray['ray']}, {ray['actors']} actors, best window of {ray['best_window']}: "
            f"{count(ray['calls_per_second'])} calls a second of such batches."
        )
    if pyzmq:
        notes.append(f"pyzmq {pyzmq['pyzmq']}: {count(pyzmq['messages_per_second'])} a second sent back whole.")
    points = []
    if ray:
        best = max(report["clusters"], key=lambda cluster: cluster["batches_per_second"])
        points = [
            (
                f"batches of {report['batch_rows']}, {best['workers']} workers, beside Ray",
                best["batches_per_second"] / ray["calls_per_second"],
            )
        ]
    return " ".join(notes) + "\n\n" + table(head, rows), points


def latency(measured):
    rows = []
    for name, model in [
        ("latency-table", "table"),
        ("latency", "all-MiniLM-L6-v2"),
        ("latency-64", "all-MiniLM-L6-v2"),
    ]:
        report = measured.one(name)
        for line in report["results"] if report else []:
            rows.append(
                [
                    model,
                    line["rows"],
                    f"{line['direct_ms_median']:.2f}",
                    f"{line['cluster_ms_median']:.2f}",
                    f"**{line['added_ms_median']:.2f}**",
                    f"{line['direct_ms_p99']:.1f}",
                    f"{line['cluster_ms_p99']:.1f}",
                ]
            )
    if not rows:
        return missing("statezero-bench latency")
    return table(
        ["model", "rows", "called directly, ms", "through the cluster", "added", "p99 directly", "p99 through"], rows
    )


def rescore(measured):
    lines = measured.lines("rescore")
    if not lines:
        return missing("statezero-bench rescore")
    rows = []
    for name, corpus in [("rescore", "sample, 868 short prompts"), ("rescore-data", "mmlu_pro, 11,885 prompts")]:
        for line in measured.lines(name):
            rows.append(
                [
                    corpus,
                    line["processes"],
                    f"{line['first_seconds']:.2f}",
                    f"{line['second_seconds']:.2f}",
                    f"{100 * line['ratio']:.1f} %",
                ]
            )
    return table(["corpus", "processes", "first policy version, s", "second", "share"], rows)


def start(measured):
    rows = []
    for name, what in [
        ("start", "64 prompts, 16 context rows"),
        ("start-sample", "sample: 868 prompts, 256 context rows"),
        ("start-sample-int8", "the same, int8"),
    ]:
        for line in measured.lines(name):
            rows.append(
                [
                    what,
                    line["store"],
                    f"**{line['first_result_seconds']:.2f}**",
                    f"{line['first_result_seconds_min']:.2f} … {line['first_result_seconds_max']:.2f}",
                    f"{line['end_seconds']:.2f}",
                ]
            )
    if not rows:
        return missing("statezero-bench start")
    return table(["what", "feature store", "to the first result, s", "least … most", "to the end"], rows)


def head(measured):
    lines = [line for line in (measured.one("head"), measured.one("head-references")) if line]
    if not lines:
        return missing("statezero-bench compact")
    rows = [
        [
            line["contextRows"],
            line["references"],
            line["poolRows"],
            f"{1e3 * line['prepareProcessorSeconds']:.1f}",
            f"{1e6 * line['queryProcessorSeconds']:.1f}",
            f"{1e6 * line['loneQuerySeconds']:.0f}",
        ]
        for line in lines
    ]
    names = ["context rows", "references", "prompts of the pool"]
    names += ["preparation, ms", f"a query among {lines[0]['queries']}, µs", "alone, µs"]
    return table(names, rows) + "\n\n" + references(measured)


def references(measured):
    lines = [line for line in measured.lines("references") if "ratio" in line]
    if not lines:
        return missing("scripts/benchmarks/references.py")
    rows = [
        [
            line["words"],
            *(f"{line['microseconds_a_row'][arm]:.1f}" for arm in ("without", "with")),
            f"**{line['ratio']:.2f}**",
            f"{line['ratio_with_embedding']:.3f}" if "ratio_with_embedding" in line else "–",
        ]
        for line in lines
    ]
    head = ["words a prompt", "without, µs a row", "with three, µs a row", "ratio", "ratio with embedding"]
    return (
        "Three references on every prompt, 256 context rows: processor time of a whole run of `score` for a further\n"
        "row, from reading the files to writing the scores. Features are stored; the last column adds the embedding\n"
        "of a new prompt.\n\n" + table(head, rows)
    )


def replaced(page, document, parts, only):
    """The page with the sections of some parts as in the document; the others stay."""
    for name in only:
        section = next(part for part in document.split("\n## ") if f"{{{{{name}}}}}" in part)
        title = section.partition("\n")[0]
        before, found, rest = page.partition(f"\n## {title}\n")
        if not found:
            raise SystemExit(f"the page has no section {title!r}; write it without --only")
        _, more, after = rest.partition("\n## ")
        new = section.removeprefix(title + "\n").replace(f"{{{{{name}}}}}", parts[name])
        page = before + found + new.rstrip("\n") + "\n" + (more + after if more else "")
    return page


def main():
    parser = arguments.parser(__doc__)
    for name, text in [
        ("out", "folder of measurements"),
        ("document", "page to write"),
        ("picture", "SVG file to write"),
    ]:
        parser.add_argument(name, help=text)
    parser.add_argument("--only", nargs="+", metavar="PART", help="sections to write, by their names in document.txt")
    options = parser.parse_args()
    out, document, picture = options.out, options.document, options.picture
    measured = Measured(out)
    encoders, encoder_points = encoder(measured)
    coordinators, coordinator_points = coordinator(measured)
    points = encoder_points + coordinator_points
    if points and not options.only:
        pathlib.Path(picture).write_text(
            bars("Our rates by our peers' (1 = equal); the encoder's by processor time", points)
        )
    text = (pathlib.Path(__file__).parent / "document.txt").read_text()
    parts = {
        "machine": machine(measured),
        "encoder": encoders,
        "kernels": kernels(measured),
        "profile": profile(measured),
        "precision": precision(measured),
        "coordinator": coordinators,
        "latency": latency(measured),
        "rescore": rescore(measured),
        "start": start(measured),
        "head": head(measured),
    }
    if options.only:
        text = replaced(pathlib.Path(document).read_text(), text, parts, options.only)
    for name, part in parts.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    pathlib.Path(document).write_text(text)
    for name, ratio in points:
        print(f"{ratio:6.2f}  {name}")


if __name__ == "__main__":
    main()
