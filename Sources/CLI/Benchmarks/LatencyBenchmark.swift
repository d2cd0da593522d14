import ArgumentParser
import ClientNode
import Foundation
import Logging
import Scoring
import ZeroMQ

extension Benchmark {
    /// `statezero bench latency`.
    struct Latency: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "latency",
            abstract:
                "What a cluster adds to the time of one prediction, beside the same model called in this process.",
            discussion: """
                A coordinator and one worker as processes, journal on, the context prepared. Texts are new each time. Calls \
                through the cluster and calls of the model take turns, so that both see the same machine.
                """)

        @OptionGroup var model: ModelChoice

        @Option(parsing: .upToNextOption, help: "Rows of a call; several numbers are measured one after the other.")
        var rows = [1, 64]

        @Option(help: "Calls of each kind.")
        var calls = 200

        @Option(help: "Rows of the context.")
        var contextRows = 64

        @Option(help: "Bytes of a prompt.")
        var promptBytes = 275

        @Option(help: "Milliseconds between calls; without any, everything is warm and awake.")
        var pause = 0

        @Flag(help: "Print one JSON object.")
        var json = false

        @OptionGroup var log: LogOptions

        func validate() throws {
            if rows.isEmpty || rows.contains(where: { $0 < 1 || $0 > 4096 }) {
                throw ValidationError("--rows \(rows): each from 1 to 4096")
            }
            if calls < 1 { throw ValidationError("--calls \(calls): at least 1") }
            if contextRows < 0 || contextRows > ContextSet.rowsMax {
                throw ValidationError("--context-rows \(contextRows): from 0 to \(ContextSet.rowsMax)")
            }
            if promptBytes < 1 { throw ValidationError("--prompt-bytes \(promptBytes): at least 1") }
            if pause < 0 { throw ValidationError("--pause \(pause): at least 0") }
        }

        func run() throws {
            do {
                try model.check()
                let direct = try DirectCalls(model.make(threads: 1), context: context())
                let folder = try BenchmarkFolder()
                defer { withExtendedLifetime(folder) {} }
                let logger = log.logger("statezero.bench")
                let cluster = try LocalCluster(
                    LocalCluster.Configuration(
                        program: OwnProgram.path, workers: 1, threadsPerWorker: 1, model: model.arguments,
                        journal: folder.path + "/journal.sqlite", logLevel: log.logLevel.rawValue), logger: logger)
                defer { cluster.stop() }
                let probe = try LatencyProbe(
                    coordinator: try Endpoint(cluster.endpoint), context: context(), logger: logger)
                var results: [CallTimes] = []
                for rows in rows { results.append(try measure(rows, probe, direct)) }
                probe.close()
                if json {
                    return try printJSON(
                        LatencyReport(
                            model: model.name, calls: calls, context_rows: contextRows, prompt_bytes: promptBytes,
                            results: results))
                }
                show(results)
            } catch {
                throw CommandFailure(error)
            }
        }

        private func measure(
            _ rows: Int, _ probe: LatencyProbe, _ direct: DirectCalls
        ) throws -> CallTimes {
            var texts = NewTexts(bytes: promptBytes, series: rows)
            // The context, and everything that is done once.
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
            var texts = NewTexts(bytes: promptBytes, series: 0)
            let rows = texts.next(contextRows).enumerated().compactMap { place, text in
                Outcome(reward: place % 3 == 0 ? 0 : 1).map { ContextSet.Row(text: text, outcome: $0) }
            }
            guard let context = ContextSet(rows) else {
                throw CommandFailure(.failed, "a context has \(ContextSet.rowsMax) rows at most")
            }
            return context
        }

        private func show(_ results: [CallTimes]) {
            print(
                String(
                    format: "%@, prompts of %d bytes, context of %d rows, %d calls of each kind, ms", model.name,
                    promptBytes, contextRows, calls))
            print("rows   cluster median     p99   direct median     p99   added at the median")
            for times in results {
                print(
                    String(
                        format: "%4d  %15.3f  %6.3f  %14.3f  %6.3f  %20.3f", times.rows, times.cluster_ms_median,
                        times.cluster_ms_p99, times.direct_ms_median, times.direct_ms_p99, times.added_ms_median))
            }
        }
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

private struct LatencyReport: Encodable {
    let model: String
    let calls: Int
    let context_rows: Int
    let prompt_bytes: Int
    let results: [CallTimes]
}

/// The model in this process, under a context that it has prepared.
private struct DirectCalls {
    private let model: any ValueModel
    private let context: any PreparedContext
    private let clock = ContinuousClock()

    init(_ model: any ValueModel, context: ContextSet) throws {
        self.model = model
        self.context = try model.prepare(context, features: try model.embed(context.rows.map(\.text)))
    }

    /// Seconds from texts in hand to their predictions in hand.
    func seconds(for texts: [String]) throws -> Double {
        let start = clock.now
        let predictions = try model.predict(try model.embed(texts), in: context)
        let seconds = (clock.now - start) / .seconds(1)
        guard predictions.count == texts.count else {
            throw CommandFailure(.failed, "\(predictions.count) predictions for \(texts.count) texts")
        }
        return seconds
    }
}

/// Texts of words, none of which was there before.
private struct NewTexts {
    private let bytes: Int
    private var chance: SeededGenerator
    private static let words = [
        "how", "many", "of", "the", "numbers", "are", "prime", "and", "find", "sum", "if", "each", "train", "leaves",
        "prove", "that", "a", "circle", "with", "two", "apples", "then", "what", "is",
    ]

    init(bytes: Int, series: Int) {
        self.bytes = bytes
        chance = SeededGenerator(seed: UInt64(series))
    }

    mutating func next(_ count: Int) -> [String] {
        (0..<count).map { _ in
            var text = "\(chance.next() % 1_000_000)"
            while text.utf8.count < bytes { text += " " + Self.words[Int(chance.next() % UInt64(Self.words.count))] }
            return String(decoding: Array(text.utf8.prefix(max(bytes, 1))), as: UTF8.self)
        }
    }
}
