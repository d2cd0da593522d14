import ArgumentParser
import CommandSupport

/// `--rounds` of most measurements.
struct RoundOptions: ParsableArguments {
    @Option(range: .atLeast(1), help: "Measured rounds; the median is reported.")
    var rounds = 5
}
