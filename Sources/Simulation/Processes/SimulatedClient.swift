import Cluster
import Scoring
import Wire

/// A client's process, its corpus and its output folder, which outlive it.
struct SimulatedClient {
    var process = SimulatedProcess<ClientState>()
    private(set) var isFinished = false
    private let index: Int
    private let job: JobID
    private let context: ContextSet
    private let shards: [[String]]
    private var nextShard: UInt32 = 0
    private var delivered: [UInt32: ShardAnswer] = [:]
    /// Committed parts, in order of shards.
    private var durable: [ShardAnswer] = []
    private let partShards: Int
    private var duplicates = 0

    init(index: Int, faultPlan: FaultPlan, seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ UInt64(index) &* 7919)
        self.index = index
        job = JobID(using: &random)
        partShards = 1 + Int(random.next() % 5)
        let rows = (0..<4).compactMap { row in
            Outcome(reward: row % 2 == 0 ? 1 : 0).map { ContextSet.Row(text: "context \(index) \(row)", outcome: $0) }
        }
        guard let context = ContextSet(rows) else { preconditionFailure("four rows are a context") }
        self.context = context
        shards = (0..<faultPlan.shards).map { shard in
            (0..<1 + Int(random.next() % UInt64(faultPlan.rowsMax))).map { row in
                let isPoison = faultPlan.poisonEvery > 0 && random.next() % UInt64(faultPlan.poisonEvery) == 0
                return "\(isPoison ? "poison" : "prompt") \(index) \(shard) \(row)"
            }
        }
    }

    static func isPoison(_ text: String) -> Bool { text.hasPrefix("poison") }

    mutating func start(seed: UInt64) {
        delivered = [:]
        nextShard = UInt32(durable.count)
        var configuration = ClientState.Configuration(
            name: "c\(index)", policy: Policy(id: "simulated"), context: ContextBlock(context))
        configuration.peer.abandonTime = .seconds(600)
        process.start(ClientState(configuration, seed: seed))
    }

    mutating func finish() {
        isFinished = true
        process.kill()
    }

    /// The output folder is open: the job, and its first shard that is not durable.
    var ready: ClientState.Event { .ready(job, firstShard: UInt32(durable.count)) }

    /// The next shard in order, or that there are no more.
    mutating func produce() -> ClientState.Event {
        guard nextShard < shards.count else { return .inputEnded(shards: UInt32(shards.count)) }
        defer { nextShard += 1 }
        let texts = TextBlock(shards[Int(nextShard)])
        return .shardReady(
            SubmitShard(
                job: job, shard: nextShard, tokens: texts.bytes.count,
                affinity: Digest(of: texts.bytes.array).leading, texts: texts
            ))
    }

    /// Keeps an answer. When all shards of a part are there, commits the part and returns the number below which all
    /// shards are durable.
    mutating func keep(_ answer: ShardAnswer) -> UInt32? {
        if delivered.updateValue(answer, forKey: answer.shard) != nil { duplicates += 1 }
        var next = UInt32(durable.count)
        while delivered[next] != nil { next += 1 }
        let isPart = Int(next) - durable.count >= partShards || Int(next) == shards.count
        guard isPart, Int(next) > durable.count else { return nil }
        for index in UInt32(durable.count)..<next { if let answer = delivered[index] { durable.append(answer) } }
        return next
    }

    var progress: String { "client \(index): \(durable.count) of \(shards.count) shards durable" }
    var rowsAnswered: Int { durable.reduce(0) { $0 + $1.answers.count } }
    var poisonedRows: Int { durable.reduce(0) { $0 + $1.faults.count } }

    /// What is wrong: every row must have exactly one answer, that of the table, or an error for a row that kills.
    var wrongAnswers: [String] {
        guard isFinished else { return [] }
        var wrong: [String] = []
        if duplicates > 0 { wrong.append("client \(index): \(duplicates) shards were delivered twice") }
        if durable.count != shards.count { wrong.append("client \(index): \(durable.count) of \(shards.count) shards") }
        for (shard, answer) in zip(shards, durable) {
            if answer.answers.count != shard.count {
                wrong.append("shard \(answer.shard) has \(answer.answers.count) rows")
            }
            for (row, text) in shard.enumerated() where row < answer.answers.count {
                let fault = answer.faults.first { $0.row == UInt32(row) }
                let expected = Self.isPoison(text) ? nil : TableValueModel.expected(text, context: context.digest)
                if answer.answers[row] != expected || (fault == nil) == (expected == nil) {
                    wrong.append("\(text): \(fault.map { $0.message } ?? "another probability")")
                }
            }
        }
        return wrong
    }
}
