"""The plots of EVALUATION.md, as SVG."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from figures import NAMES, by_source, predictors  # noqa: E402

STYLE = {
    "0.1.0": dict(color="#7fb2dc", linewidth=1.6, marker="x", zorder=4),
    "compact": dict(color="#0b5fa5", linewidth=2.4, marker="o", zorder=5),
    "gaussian-process": dict(color="#e07b00", linewidth=2, marker="s", zorder=4),
    "knn10": dict(color="#5b8c3e", linewidth=1.4, marker="^", zorder=3),
    "logistic": dict(color="#8c5aa8", linewidth=1.4, marker="v", zorder=3),
    "length": dict(color="#8a8a8a", linewidth=1.4, marker="D", zorder=2),
    "constant": dict(color="#b9b9b9", linewidth=1.2, marker=None, linestyle=":", zorder=1),
    "other-policies": dict(color="#222222", linewidth=1.2, marker=None, linestyle="--", zorder=1),
}
matplotlib.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "statezero",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
    }
)


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
    plt.close(figure)


def sources(comparison, path, rows=(32, 256)):
    figure, axes = plt.subplots(1, len(rows), figsize=(9.6, 8.6), sharey=True, layout="constrained")
    names = list(by_source(next(iter(predictors(comparison, rows[-1]).values()))))
    for axis, size in zip(axes, rows):
        here = predictors(comparison, size)
        shown = [n for n in STYLE if n in here and n != "constant"]
        for name in shown:
            by = by_source(here[name])
            style = {k: STYLE[name].get(k) for k in ("color", "zorder")}
            marker = STYLE[name]["marker"] or "|"
            ys, values, errors = [], [], []
            for place, source in enumerate(names):
                if by.get(source, {}).get("auc") is not None:
                    ys.append(place)
                    values.append(by[source]["auc"])
                    errors.append(by[source].get("auc_stderr") or 0)
            main = name in ("compact", "gaussian-process")
            axis.errorbar(
                values,
                [y + {"compact": -0.14, "gaussian-process": 0.14}.get(name, 0) for y in ys],
                xerr=errors if main else None,
                fmt=marker,
                markersize=7 if main else 5.5,
                alpha=1 if main else 0.75,
                markeredgewidth=2 if marker == "|" else 1,
                elinewidth=1.2,
                label=NAMES[name],
                **style,
            )
        axis.axvline(0.5, color="#b9b9b9", linestyle=":", linewidth=1.2)
        axis.set_yticks(range(len(names)), names)
        axis.grid(axis="y", visible=False)
        for place in range(len(names) - 1):
            axis.axhline(place + 0.5, color="#e4e4e4", linewidth=0.6)
        axis.set(xlabel="Intra-context AUC", title=f"{size} context rows")
    axes[0].invert_yaxis()
    handles, labels = axes[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    save(figure, path)


def reliability(comparison, path, rows=(32, 256)):
    figure, axes = plt.subplots(1, len(rows), figsize=(8.6, 4.6), sharey=True, layout="constrained")
    for axis, size in zip(axes, rows):
        here = predictors(comparison, size)
        axis.plot([0, 1], [0, 1], color="#b9b9b9", linewidth=1, zorder=0)
        for name in [n for n in ("knn10", "logistic", "gaussian-process", "compact") if n in here]:
            points = here[name]["mean"].get("reliability", [])
            main = name in ("compact", "gaussian-process")
            axis.plot(
                [p["prediction"] for p in points],
                [p["score"] for p in points],
                label=NAMES[name],
                markersize=4.5,
                alpha=1 if main else 0.7,
                **STYLE[name],
            )
        axis.set(xlabel="predicted", title=f"{size} context rows", xlim=(0, 1), ylim=(0, 1))
        axis.set_aspect("equal")
    axes[0].set_ylabel("observed mean reward")
    axes[0].legend(loc="upper left")
    save(figure, path)
