import ArgumentParser
import Foundation
import Kernels
import Scoring
import ZeroMQ

extension Benchmark {
    /// `statezero bench bare-router`: the far side of the bare pair that `bench coordinator` compares with.
    struct BareRouter: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "bare-router", abstract: "Sends every message back, or frames of sizes given.",
            shouldDisplay: false)

        @Option(help: "Where to listen.")
        var bind: String

        @Option(parsing: .upToNextOption, help: "Bytes of the frames of an answer; none: the message's own.")
        var reply: [Int] = []

        @Option(help: .hidden)
        var parent: Int32?

        func run() throws {
            ParentWatch.start(parent: parent)
            do {
                try BarePair.answer(at: try Endpoint(bind), replyBytes: reply.isEmpty ? nil : reply)
            } catch {
                throw CommandFailure(error)
            }
        }
    }
}

/// A bare ROUTER in a process of its own, asked by a bare DEALER in this one.
enum BarePairProcess {
    /// Messages a second, medians of the rounds.
    struct Rates: Encodable {
        /// Every message comes back whole.
        let echoing_per_second: Double
        /// What comes back is as large as a shard's answers.
        let answering_per_second: Double
        /// Processor time of both processes where messages come back whole.
        let echoing_seconds_per_million_rows: Double
    }

    /// Measures messages as a shard's, over `ipc://`, with as many under way as a job's window holds.
    static func measure(batches: Int, batchRows: Int, promptBytes: Int, rounds: Int) throws -> Rates {
        let window = max(1, 131_072 / batchRows)
        // A header, lengths and texts; a header and answers.
        let request = [48, 4 * batchRows, promptBytes * batchRows]
        let ask = { (reply: [Int]) in
            try run(reply: reply, rounds: rounds) { endpoint in
                try BarePair.ask(at: endpoint, messages: batches, window: window, frameBytes: request)
            }
        }
        let echoing = try ask([])
        let answering = try ask([48, 20 * batchRows])
        return Rates(
            echoing_per_second: Double(batches) / echoing.seconds,
            answering_per_second: Double(batches) / answering.seconds,
            echoing_seconds_per_million_rows: echoing.processorSeconds / Double(batches * batchRows) * 1e6)
    }

    private static func run(
        reply: [Int], rounds: Int, _ ask: (Endpoint) throws -> Double
    ) throws -> (seconds: Double, processorSeconds: Double) {
        let own = ProcessInfo.processInfo.processIdentifier
        let path = NSTemporaryDirectory() + "statezero-bare-\(own)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let router = Process()
        router.executableURL = URL(fileURLWithPath: OwnProgram.path)
        router.arguments =
            ["bench", "bare-router", "--bind", "ipc://\(path)", "--parent", "\(own)"]
            + (reply.isEmpty ? [] : ["--reply"] + reply.map(String.init))
        try router.run()
        defer {
            router.terminate()
            router.waitUntilExit()
        }
        let endpoint = try Endpoint("ipc://\(path)")
        var seconds: [Double] = []
        var spent: [Double] = []
        for _ in 0..<rounds {
            let before = processorSeconds(with: router)
            seconds.append(try ask(endpoint))
            spent.append(processorSeconds(with: router) - before)
        }
        return (Median.of(seconds), Median.of(spent))
    }

    private static func processorSeconds(with other: Process) -> Double {
        ProcessorTime.ofThisProcess + (ProcessorTime.ofProcess(other.processIdentifier) ?? 0)
    }
}
