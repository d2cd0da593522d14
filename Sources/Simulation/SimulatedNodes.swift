import Cluster
import Scoring
import Wire

/// A connection's two ends in one routing id, so that a message to a former life is known to be one.
struct Address: Hashable {
    enum Role: UInt8 { case worker, client, trainer, rollout }
    let role: Role
    let index: Int
    let life: Int
    let connection: Int

    init(role: Role, index: Int, life: Int, connection: Int) {
        self.role = role
        self.index = index
        self.life = life
        self.connection = connection
    }

    init(_ peer: Peer) {
        let parts = peer.bytes.map(Int.init)
        guard parts.count == 4, let role = Role(rawValue: peer.bytes[0]) else {
            preconditionFailure("a simulated routing id has four bytes, the first of them a role")
        }
        self.init(role: role, index: parts[1], life: parts[2], connection: parts[3])
    }

    var peer: Peer { Peer([role.rawValue, UInt8(index), UInt8(life), UInt8(connection)]) }
}

/// The coordinator's process and its disk, which outlives it.
struct SimulatedCoordinator {
    var state: CoordinatorMachines?
    var disk: [JournalEntry] = []
    var planDisk: [PlannerEntry] = []
    /// Which life of the coordinator connections belong to.
    var connection = 0
    /// So many actions from now the process dies, in the middle of what it was told to do.
    var actionsToLive: Int?
    private(set) var brokenInvariants: [String] = []
    private var lives: [UInt64: Int] = [:]

    mutating func start(at now: Instant) -> [CoordinatorMachines.Action] {
        guard state == nil else { return [] }
        connection += 1
        state = CoordinatorMachines(replaying: disk, planDisk)
        return handle(.started, at: now)
    }

    /// Notes that this life has spoken: no two lives may speak under one generation.
    mutating func speak(as generation: UInt64) {
        if lives.updateValue(connection, forKey: generation).map({ $0 != connection }) == true {
            brokenInvariants.append("two lives of the coordinator speak as generation \(generation)")
        }
    }

    mutating func kill() {
        state = nil
    }

    func knows(_ peer: Peer) -> Bool { Address(peer).connection == connection }

    mutating func handle(_ event: CoordinatorMachines.Event, at now: Instant) -> [CoordinatorMachines.Action] {
        let actions = state?.handle(event, at: now) ?? []
        brokenInvariants += state?.brokenInvariants ?? []
        return actions
    }
}

/// A worker's process; each life is another incarnation.
struct SimulatedWorker {
    var state: WorkerState?
    var life = 0
    var isFrozen = false
    var isWedged = false
    var cut: FaultPlan.Direction?
    /// What came while it was frozen.
    var missed: [WorkerState.Event] = []
    var contexts: Set<Digest> = []

    mutating func start(name: String, seed: UInt64) {
        life += 1
        isWedged = false
        contexts = []
        var configuration = WorkerState.Configuration(
            name: name, fingerprint: TableValueModel().fingerprint, credit: Credit(rows: 16, tokens: 400))
        configuration.abandonTime = .seconds(120)
        state = WorkerState(configuration, seed: seed)
    }

    mutating func kill() {
        state = nil
        isFrozen = false
        missed = []
    }
}

/// A client's process, its corpus and its output folder, which outlive it.
struct SimulatedClient {
    var state: ClientState?
    var life = 0
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

    init(index: Int, weather: FaultPlan, seed: UInt64) {
        var chance = SeededGenerator(seed: seed &+ UInt64(index) &* 7919)
        self.index = index
        job = JobID(using: &chance)
        partShards = 1 + Int(chance.next() % 5)
        let rows = (0..<4).compactMap { row in
            Outcome(reward: row % 2 == 0 ? 1 : 0).map { ContextSet.Row(text: "context \(index) \(row)", outcome: $0) }
        }
        guard let context = ContextSet(rows) else { preconditionFailure("four rows are a context") }
        self.context = context
        shards = (0..<weather.shards).map { shard in
            (0..<1 + Int(chance.next() % UInt64(weather.rowsMax))).map { row in
                let isPoison = weather.poisonEvery > 0 && chance.next() % UInt64(weather.poisonEvery) == 0
                return "\(isPoison ? "poison" : "prompt") \(index) \(shard) \(row)"
            }
        }
    }

    static func isPoison(_ text: String) -> Bool { text.hasPrefix("poison") }

    mutating func start(seed: UInt64) {
        life += 1
        delivered = [:]
        nextShard = UInt32(durable.count)
        var configuration = ClientState.Configuration(
            name: "c\(index)", policy: Policy(id: "simulated"), context: ContextBlock(context))
        configuration.abandonTime = .seconds(600)
        state = ClientState(configuration, seed: seed)
    }

    mutating func kill() {
        state = nil
    }

    mutating func finish() {
        isFinished = true
        state = nil
    }

    /// The output folder's answer: the job, and where it stands.
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

    /// Keeps an answer; a part is committed when its shards are all there, and the number below which all is durable
    /// is given back.
    mutating func take(_ answer: ShardAnswer) -> UInt32? {
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
    var condemnedRows: Int { durable.reduce(0) { $0 + $1.faults.count } }

    /// Every row has exactly one answer, the right one: the table's, or an error for a row that kills.
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
