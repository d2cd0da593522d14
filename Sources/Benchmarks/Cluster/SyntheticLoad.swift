import ClientNode
import Cluster
import Logging
import Scoring
import Wire
import ZeroMQ

/// A client without files: it generates rows and counts answers, so the time measured is that of the cluster.
struct SyntheticLoad {
    /// The result of a load.
    struct Result: Sendable {
        /// From the first shard requested to the last answer.
        let seconds: Double
        /// Rows answered with a probability.
        let rows: Int
    }

    private let coordinator: Endpoint
    private let rows: Int
    private let shardRows: Int
    private let promptBytes: Int
    private let workers: Int

    /// A load of `rows` rows in shards of `shardRows`, which starts when `workers` workers have joined.
    init(
        coordinator: Endpoint, rows: Int, promptBytes: Int, shardRows: Int = SyntheticLoad.defaultShardRows,
        workers: Int = 1
    ) {
        self.coordinator = coordinator
        self.workers = workers
        self.rows = rows
        self.shardRows = shardRows
        self.promptBytes = promptBytes
    }

    /// Rows of a shard of short prompts, as `score` cuts a corpus.
    static let defaultShardRows = ShardCutter.rowsMax

    /// Runs to the end. Confirms part by part, as a client with files does.
    func run(logger: Logger) throws(ClientError) -> Result {
        guard let context = ContextSet([]) else { preconditionFailure("no rows are a context") }
        let connection = try ClientConnection(
            to: coordinator, policy: Policy(id: "synthetic"), context: context, abandonTime: .seconds(60),
            logger: logger)
        defer { connection.close() }
        var chance = SeededGenerator(seed: UInt64.random(in: .min ... .max))
        let job = JobID(using: &chance)
        let clock = ContinuousClock()
        var start = clock.now
        var texts = SyntheticTexts(rows: shardRows, textBytes: promptBytes)
        var made = 0
        var nextShard: UInt32 = 0
        var answered = 0
        var isOpen = false
        var confirmations = Confirmations(partShards: UInt32(max(1, PartAssembler.partRows / shardRows)))
        while true {
            for event in connection.receive(for: .seconds(1)) {
                switch event {
                case .action(.openOutput) where workers > 1: break
                case .action(.showStatus(let status)) where isOpen || status.workers < workers: break
                case .action(.openOutput), .action(.showStatus):
                    isOpen = true
                    start = clock.now
                    connection.send(.ready(job, firstShard: 0))
                case .action(.produce):
                    guard made < rows else {
                        confirmations.end(at: nextShard)
                        if let below = confirmations.due { connection.send(.durable(below: below)) }
                        connection.send(.inputEnded(shards: nextShard))
                        continue
                    }
                    let block = texts.next(min(shardRows, rows - made))
                    let shard = SubmitShard(
                        job: job, shard: nextShard, tokens: TokenEstimate.roundedDown(bytes: block.bytes.count),
                        affinity: UInt64(nextShard),
                        texts: block)
                    made += block.count
                    nextShard += 1
                    connection.send(.shardReady(shard))
                case .action(.deliver(let answer)):
                    answered += answer.answers.predicted
                    confirmations.receive(answer.shard)
                    if let below = confirmations.due { connection.send(.durable(below: below)) }
                case .action(.finish): return Result(seconds: (clock.now - start) / .seconds(1), rows: answered)
                case .action(.quarantined), .action(.send): break
                case .action(.fail(let failure)): throw .refused("\(failure)")
                case .broken(let message): throw .refused(message)
                }
            }
        }
    }
}

/// Texts that differ in a number only; the number is written over a copy of the texts before.
private struct SyntheticTexts {
    private let textBytes: Int
    private var bytes: [UInt8]
    private var row = 0

    /// Digits of a row's number; fewer in a shorter text.
    private static let digits = 12

    init(rows: Int, textBytes: Int) {
        self.textBytes = textBytes
        bytes = Array(repeating: UInt8(ascii: "x"), count: rows * textBytes)
    }

    mutating func next(_ rows: Int) -> TextBlock {
        for place in 0..<rows {
            var number = row
            for digit in (0..<min(Self.digits, textBytes)).reversed() {
                bytes[place * textBytes + digit] = UInt8(ascii: "0") + UInt8(number % 10)
                number /= 10
            }
            row += 1
        }
        let whole = rows * textBytes == bytes.count
        return TextBlock(
            count: rows, textBytes: textBytes, bytes: whole ? bytes : Array(bytes.prefix(rows * textBytes)))
    }
}

/// The confirmations of a client with files: all shards of whole parts, and the last part at the end.
private struct Confirmations {
    private let partShards: UInt32
    private var answered: Set<UInt32> = []
    private var below: UInt32 = 0
    private var confirmed: UInt32 = 0
    private var end: UInt32?

    init(partShards: UInt32) {
        self.partShards = partShards
    }

    mutating func receive(_ shard: UInt32) {
        answered.insert(shard)
        while answered.remove(below) != nil { below += 1 }
    }

    mutating func end(at shards: UInt32) {
        end = shards
    }

    /// The number below which all shards are durable, when a part has become whole.
    var due: UInt32? {
        mutating get {
            let whole = below == end ? below : below / partShards * partShards
            guard whole > confirmed else { return nil }
            confirmed = whole
            return whole
        }
    }
}
