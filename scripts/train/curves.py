"""Draws the learning curves of a training run: python3 curves.py WORK/curves.jsonl curves.svg"""

import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLOURS = {"0": "#5b8c3e", "32": "#e07b00", "256": "#0b5fa5"}


def main():
    with open(sys.argv[1]) as file:
        lines = [json.loads(line) for line in file]
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "statezero",
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "legend.frameon": False,
        }
    )
    figure, axes = plt.subplots(2, 2, figsize=(8.4, 5.2), layout="constrained", sharex="col")
    for (above, below), stage, title in zip(
        axes.T, ("difficulty", "regression"), ("1. difficulty network", "2. regression in the context")
    ):
        mine = [line for line in lines if line["stage"] == stage]
        steps = [line["step"] for line in mine]
        for rows, colour in COLOURS.items():
            if "auc" + rows in mine[0]:
                label = "without a context" if rows == "0" else f"{rows} context rows"
                above.plot(
                    steps, [line["auc" + rows] for line in mine], color=colour, marker="o", markersize=3.5, label=label
                )
        below.plot(steps, [line["loss"] for line in mine], color="#444444", marker="o", markersize=3.5)
        above.set_title(title)
        above.legend(loc="lower right" if stage == "difficulty" else "center right")
        below.set_xlabel("step")
    axes[0, 0].set_ylabel("AUC, kept policies,\nunseen prompts")
    axes[1, 0].set_ylabel("training loss")
    for axis in axes.flat:
        axis.grid(alpha=0.25)
    figure.savefig(sys.argv[2], metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
