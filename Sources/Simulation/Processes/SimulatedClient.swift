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
    private let verify: Double
    private let liar: String?
    private var duplicates = 0

    init(index: Int, faultPlan: FaultPlan, seed: UInt64) {
        var random = SeededGenerator(seed: seed &+ UInt64(index) &* 7919)
        self.index = index
        job = JobID(using: &random)
        verify = faultPlan.verify
        liar = faultPlan.liar.map { "w\($0)" }
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
        configuration.verify = verify
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

    /// Rows whose source is of a kind.
    func rows(_ isCounted: (AnswerSource) -> Bool) -> Int {
        durable.reduce(0) { $0 + $1.sources.filter(isCounted).reduce(0) { $0 + $1.rows } }
    }

    /// Where the durable answers say of themselves what cannot be.
    private var wrongSources: [String] {
        durable.flatMap { answer in
            answer.sources.compactMap { source in
                let workers = ([source.worker].compactMap(\.self) + source.verifiedBy).map(\.identity)
                let isChecked = workers.count > 1 || source.isUnverified || source.worker == nil
                guard verify < 1 || isChecked, Set(workers).count == workers.count else {
                    return "shard \(answer.shard) of a job that is verified was answered by \(workers)"
                }
                return verify == 0 && (workers.count > 1 || source.isUnverified) ? "\(workers), unasked" : nil
            }
        }
    }

    /// Rows of an answer that may be false: a liar computed them, and no other worker was there.
    private func doubtful(in answer: ShardAnswer) -> Set<Int> {
        var rows: Set<Int> = []
        var first = 0
        for source in answer.sources {
            if source.isUnverified, let liar, source.rests(on: [liar]) { rows.formUnion(first..<first + source.rows) }
            first += source.rows
        }
        return rows
    }

    /// What is wrong: every row must have exactly one answer, that of the table, or an error for a row that kills.
    var wrongAnswers: [String] {
        guard isFinished else { return [] }
        var wrong = wrongSources
        if duplicates > 0 { wrong.append("client \(index): \(duplicates) shards were delivered twice") }
        if durable.count != shards.count { wrong.append("client \(index): \(durable.count) of \(shards.count) shards") }
        for (shard, answer) in zip(shards, durable) {
            if answer.answers.count != shard.count {
                wrong.append("shard \(answer.shard) has \(answer.answers.count) rows")
            }
            let doubtful = doubtful(in: answer)
            for (row, text) in shard.enumerated() where row < answer.answers.count && !doubtful.contains(row) {
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
