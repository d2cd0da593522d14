"""Draws the learning curves of a training run: python3 curves.py WORK/curves.jsonl curves.svg"""

import json
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def main():
    lines = [json.loads(line) for line in open(sys.argv[1])]
    matplotlib.rcParams["svg.fonttype"] = "none"
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for stage in sorted({line["stage"] for line in lines if line["stage"].startswith("corrector")}):
        mine = [line for line in lines if line["stage"] == stage]
        steps = [line["step"] for line in mine]
        number = int(stage.split()[1])
        for rows, colour in (("32", "tab:orange"), ("256", "tab:blue")):
            label = f"{rows} context rows" if number == 0 else None
            left.plot(steps, [line["auc" + rows] for line in mine], color=colour, alpha=0.5 + 0.5 * (number == 0),
                      label=label)
        right.plot(steps, [line["gain"] for line in mine], color="tab:green", alpha=0.5 + 0.5 * (number == 0))
    start = [line for line in lines if line["stage"] == "regression"]
    for rows, colour in (("32", "tab:orange"), ("256", "tab:blue")):
        left.axhline(start[-1]["auc" + rows], color=colour, linestyle=":", linewidth=1)
    left.set(xlabel="step of the corrector", ylabel="AUC, kept policies, unseen prompts",
             title="validation (dotted: regression alone)")
    left.legend(frameon=False)
    right.set(xlabel="step of the corrector", ylabel="loss − loss of the regression", title="training")
    for axis in (left, right):
        axis.grid(alpha=0.3)
    figure.savefig(sys.argv[2])


if __name__ == "__main__":
    main()
