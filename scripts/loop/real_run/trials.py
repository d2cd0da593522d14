"""The trials before a comparison: even sampling and the bound of all choices, by batch, learning rate and seed.

    python measure.py --setting late --arms uniform exact --seeds 0 --learning-rate 3e-4 --prompts 8 --folder DIR/a
    python trials.py --folder DIR [--page FILE.md]      packs the results of all folders in DIR into data first
    python trials.py                                    from data

No arm of StateZero is among them: they fix the batch and the learning rate, by `uniform`, and show whether choosing
can help at all, by `exact`.
"""

import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import report  # noqa: E402

from common import arguments, markdown  # noqa: E402

PACKED = HERE / "data" / "late-trials.json"
MARKS = (2048, 5120, 9600)


def pack(folder: pathlib.Path) -> None:
    found = []
    for path in sorted(folder.glob("*/*-[0-9].json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        first = run["curve"][1]
        kept = {name: run[name] for name in ("arm", "seed", "learning_rate")}
        kept["prompts"] = round(first["rollouts"] / first["step"] / run["groups"][0]["n"])
        kept["curve"] = [
            {name: round(point[name], 5) for name in ("rollouts", "success", "groups", "silent")}
            for point in run["curve"]
        ]
        found.append(kept)
    found.sort(key=lambda run: (run["prompts"], run["learning_rate"], run["seed"], run["arm"] != "uniform"))
    lines = ",\n".join(json.dumps(run) for run in found)
    PACKED.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def table() -> str:
    lines, uniform = [], None
    for run in json.loads(PACKED.read_text(encoding="utf-8")):
        curve = run["curve"]
        reached = [f"{report.at(curve, m):.3f}" if m <= curve[-1]["rollouts"] else "" for m in MARKS]
        uniform = curve if run["arm"] == "uniform" else uniform
        budget = min(curve[-1]["rollouts"], uniform[-1]["rollouts"])
        sooner = report.first_at(curve, report.at(uniform, budget), budget)
        sooner = "" if uniform is curve else f"{sooner:,.0f} of {budget:,}" if sooner < math.inf else "not"
        silent = curve[-1]["silent"] / curve[-1]["groups"]
        name = report.NAMES[run["arm"]][0]
        labels = [str(run["prompts"]), f"{run['learning_rate']:g}", str(run["seed"]), name]
        lines.append([*labels, *reached, f"{silent:.0%}", sooner])
    head = ["prompts a step", "learning rate", "seed", "arm", *(f"success after {m:,} rollouts" for m in MARKS)]
    return markdown.table([*head, "silent groups", "as good as uniform's end after"], lines, "rrrlrrrrr")


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("--folder", type=pathlib.Path, metavar="DIR", help="folders with results of measure.py")
    parser.add_argument("--page", type=pathlib.Path, default=report.PAGE, metavar="FILE", help="page to write into")
    options = parser.parse_args()
    if options.folder:
        pack(options.folder)
    markdown.replace_between(options.page, "<!-- trials: written by trials.py -->", "<!-- end of trials -->", table())


if __name__ == "__main__":
    main()
