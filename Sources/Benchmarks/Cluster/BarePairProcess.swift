import CommandSupport
import Foundation
import Kernels
import Scoring
import ZeroMQ

/// A bare ROUTER in a process of its own, with a bare DEALER in this process as its client.
enum BarePairProcess {
    /// Messages per second, medians of the rounds.
    struct Rates: Encodable {
        /// Every message is sent back whole.
        let echoing_per_second: Double
        /// Replies are as large as a shard's answers.
        let answering_per_second: Double
        /// Processor time of both processes when messages are sent back whole.
        let echoing_seconds_per_million_rows: Double
    }

    /// Measures messages of a shard's size over `ipc://`, with as many in flight as a job's window allows.
    static func measure(_ load: CoordinatorLoadOptions, rounds: Int) throws -> Rates {
        let (batches, batchRows) = (load.rows / load.batchRows + 1, load.batchRows)
        let window = max(1, 131_072 / batchRows)
        // Request: a header, lengths and texts. Reply: a header and answers.
        let request = [48, 4 * batchRows, load.promptBytes * batchRows]
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
            ["bare-router", "--bind", "ipc://\(path)", "--parent", "\(own)"]
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
