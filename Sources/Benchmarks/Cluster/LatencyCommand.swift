import ArgumentParser
import ClientNode
import CommandSupport
import Foundation
import Scoring
import ZeroMQ

/// `statezero-bench latency`.
struct LatencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "latency",
        "Measures the latency that a cluster adds to a prediction, compared with a direct call of the model.",
        example: "statezero-bench latency --model table --rows 1 64 --calls 50",
        details: """
            The cluster is a coordinator and one worker in their own processes, journal on, with a prepared context. Every call \
            has new texts. Calls through the cluster and direct calls alternate, so both run under the same conditions.
            """)

    @Option(range: .within(1...4096), help: "Rows of a call; each number is measured in turn.")
    var rows = [1, 64]

    @Option(range: .atLeast(1), help: "Calls of each kind.")
    var calls = 200

    @Option(range: .within(0...ContextSet.rowsMax), help: "Rows of the context.")
    var contextRows = 64

    @Option(range: .atLeast(1), help: "Bytes of a prompt.")
    var promptBytes = 275

    @Option(range: .atLeast(0), help: "Milliseconds between calls; with 0, processes never go to sleep.")
    var pause = 0

    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var log: LogOptions

    func run() throws {
        try model.check()
        let direct = try DirectCalls(model.make(threads: 1), context: context())
        let folder = try BenchmarkFolder()
        defer { withExtendedLifetime(folder) {} }
        let logger = log.logger("statezero.bench")
        let cluster = try LocalCluster(
            LocalCluster.Configuration(
                program: try OwnProgram.statezero, workers: 1, threadsPerWorker: 1,
                // A second run asks for the same texts, whose features the user's store would have.
                model: model.arguments + ["--store", "off"],
                journal: folder.path + "/journal.sqlite", logLevel: log.level), logger: logger)
        defer { cluster.stop() }
        let probe = try LatencyProbe(coordinator: try Endpoint(cluster.endpoint), context: context(), logger: logger)
        let results = try rows.map { try measure($0, probe, direct) }
        probe.close()
        let figures = LatencyReport(
            model: model.name, calls: calls, context_rows: contextRows, prompt_bytes: promptBytes, results: results)
        try report.show(figures) { figures.text }
    }

    private func measure(_ rows: Int, _ probe: LatencyProbe, _ direct: DirectCalls) throws -> CallTimes {
        var texts = RandomTexts(bytes: promptBytes, series: rows)
        // The first calls prepare the context and allocate memory.
        for _ in 0..<5 {
            _ = try probe.seconds(for: texts.next(rows))
            _ = try direct.seconds(for: texts.next(rows))
        }
        var (through, alone): ([Double], [Double]) = ([], [])
        for _ in 0..<calls {
            through.append(try probe.seconds(for: texts.next(rows)) * 1e3)
            alone.append(try direct.seconds(for: texts.next(rows)) * 1e3)
            if pause > 0 { Thread.sleep(forTimeInterval: Double(pause) / 1e3) }
        }
        return CallTimes(
            rows: rows, cluster_ms_median: Median.of(through), cluster_ms_p99: Median.quantile(0.99, of: through),
            direct_ms_median: Median.of(alone), direct_ms_p99: Median.quantile(0.99, of: alone),
            added_ms_median: Median.of(through) - Median.of(alone))
    }

    private func context() throws -> ContextSet {
        var texts = RandomTexts(bytes: promptBytes, series: 0)
        let rows = texts.next(contextRows).enumerated().compactMap { index, text in
            Outcome(reward: index % 3 == 0 ? 0 : 1).map { ContextSet.Row(text: text, outcome: $0) }
        }
        guard let context = ContextSet(rows) else {
            throw CommandFailure("--context-rows: a context has at most \(ContextSet.rowsMax) rows")
        }
        return context
    }
}

/// Milliseconds of calls of one size.
private struct CallTimes: Encodable {
    let rows: Int
    let cluster_ms_median: Double
    let cluster_ms_p99: Double
    let direct_ms_median: Double
    let direct_ms_p99: Double
    let added_ms_median: Double
}

/// All figures of `statezero-bench latency`.
private struct LatencyReport: Encodable {
    let model: String
    let calls: Int
    let context_rows: Int
    let prompt_bytes: Int
    let results: [CallTimes]

    var text: String {
        let head = [
            String(
                format: "%@, prompts of %d bytes, context of %d rows, %d calls of each kind, ms", model, prompt_bytes,
                context_rows, calls),
            "rows   cluster median     p99   direct median     p99   added at the median",
        ]
        let lines = results.map { times in
            String(
                format: "%4d  %15.3f  %6.3f  %14.3f  %6.3f  %20.3f", times.rows, times.cluster_ms_median,
                times.cluster_ms_p99, times.direct_ms_median, times.direct_ms_p99, times.added_ms_median)
        }
        return (head + lines).joined(separator: "\n")
    }
}
