import Cluster
public import Logging
import Scoring
import Wire
public import ZeroMQ

/// A client without files: makes its rows, counts the answers. What is left is the cluster's own cost.
public struct SyntheticLoad {
    /// What a load came to.
    public struct Result: Sendable {
        /// From the first shard asked for to the last answer.
        public let seconds: Double
        /// Rows answered with a probability.
        public let rows: Int
    }

    private let coordinator: Endpoint
    private let rows: Int
    private let promptBytes: Int

    /// So many rows of so many bytes each, in shards of 256.
    public init(coordinator: Endpoint, rows: Int, promptBytes: Int) {
        self.coordinator = coordinator
        self.rows = rows
        self.promptBytes = promptBytes
    }

    /// Runs to the end.
    public func run(logger: Logger) throws(ClientError) -> Result {
        guard let context = ContextSet([]) else { preconditionFailure("no rows are a context") }
        let wires: ClientWires
        do {
            wires = try ClientWires(
                to: coordinator, policy: Policy(id: "synthetic"), context: context, abandonTime: .seconds(60),
                logger: logger)
        } catch {
            throw .socket(error)
        }
        defer { wires.hangUp() }
        var chance = SeededGenerator(seed: 1)
        let job = JobID(using: &chance)
        let clock = ContinuousClock()
        var start = clock.now
        var made = 0
        var nextShard: UInt32 = 0
        var answered = 0
        var answeredShards: Set<UInt32> = []
        var durableBelow: UInt32 = 0
        while true {
            _ = wires.deskBell.wait(for: .seconds(1))
            for event in wires.desk.drain() {
                switch event {
                case .openOutput:
                    start = clock.now
                    _ = wires.events.send(.ready(job, firstShard: 0))
                case .produce:
                    guard made < rows else {
                        _ = wires.events.send(.inputEnded(shards: nextShard))
                        continue
                    }
                    let count = min(ShardCutter.rowsMax, rows - made)
                    let texts = TextBlock((made..<made + count).map(text))
                    let shard = SubmitShard(
                        job: job, shard: nextShard, tokens: texts.bytes.count / 4, affinity: UInt64(nextShard),
                        texts: texts)
                    made += count
                    nextShard += 1
                    _ = wires.events.send(.shardReady(shard))
                case .deliver(let answer):
                    answered += (0..<answer.answers.count).count { answer.answers[$0] != nil }
                    answeredShards.insert(answer.shard)
                    while answeredShards.remove(durableBelow) != nil { durableBelow += 1 }
                    _ = wires.events.send(.durable(below: durableBelow))
                case .finished: return Result(seconds: (clock.now - start) / .seconds(1), rows: answered)
                case .failed(let failure): throw .refused("\(failure)")
                case .broken(let message): throw .refused(message)
                case .status: break
                }
            }
        }
    }

    private func text(_ row: Int) -> String {
        let head = "row \(row) "
        return head + String(repeating: "x", count: max(0, promptBytes - head.utf8.count))
    }
}
