import ArgumentParser
import CommandSupport

/// `statezero bench`: `bench tune` still works; the benchmarks are in `statezero-bench`. Hidden from help.
struct BenchNotice: ParsableCommand {
    static let configuration = CommandConfiguration(
        "bench", "Names the commands that replace `statezero bench`.", example: "statezero bench tune --rounds 1",
        isHidden: true)

    @Argument(parsing: .captureForPassthrough)
    var arguments: [String] = []

    func run() throws {
        guard let verb = arguments.first else {
            throw CommandFailure(
                "the benchmarks are now in `statezero-bench`; run `statezero-bench --help`", status: .usage)
        }
        guard verb == "tune" || verb == "--tune" else {
            throw CommandFailure(
                "`statezero bench \(verb)` is now `statezero-bench \(verb)`, with the same options", status: .usage)
        }
        var tune = try Tune.parseAsRoot(Array(arguments.dropFirst()))
        try tune.run()
    }
}
