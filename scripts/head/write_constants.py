"""Writes the Swift constants of the Gaussian-process head from the JSON file of fit.py.

python3 write_constants.py constants.json ../../Sources/Heads/GaussianProcess/GaussianProcessConstants.swift
"""

import json
import pathlib
import sys


def table(values):
    lines, line = [], "       "
    for value in values:
        item = f" {value},"
        if len(line) + len(item) > 120:
            lines.append(line)
            line = "       "
        line += item
    return "[\n" + "\n".join(lines + [line]) + "\n    ]"


def main():
    constants = json.loads(pathlib.Path(sys.argv[1]).read_text())
    text = f"""/// What was fitted on training policies and prompts, never on evaluation ones: written by
/// `scripts/head/write_constants.py` from what `scripts/head/fit.py` found; both say how.
enum GaussianProcessConstants {{
    /// By surface feature: mean over training prompts.
    static let surfaceMean: [Double] = {table(constants["mean"])}
    /// By surface feature: standard deviation over training prompts.
    static let surfaceScale: [Double] = {table(constants["scale"])}
    /// By surface feature: what policies share, in standard deviations of the reward a unit of the standardised
    /// feature; half the mean over eight sources of the least-squares weights.
    static let surfacePrior: [Double] = {table(constants["prior"])}
    /// Logarithm of the calibration's slope at 256 rows.
    static let calibrationSlope = {constants["slope"][0]}
    /// What it gains each time the context doubles.
    static let calibrationSlopeBySize = {constants["slope"][1]}
    /// What the context's log-odds count for.
    static let calibrationLevel = {constants["level"]}
    /// ln κ of most likely beliefs on rows of several rollouts.
    static let logConcentration = {constants["logKappa"]}
    /// κ where the base rate is all that is said.
    static let baseRateConcentration = {constants["baseKappa"]}
}}
"""
    pathlib.Path(sys.argv[2]).write_text(text)


if __name__ == "__main__":
    main()
