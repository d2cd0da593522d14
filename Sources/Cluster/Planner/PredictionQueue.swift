import OrderedCollections
import Scoring
import Wire

/// The planner as a scoring client: what it wants predicted goes to the coordinator's machine beside it as jobs like any
/// other, by the same messages, and takes its turn among them.
///
/// Both machines live in one thread, so nothing is lost between them and nothing is repeated; only a model that has not
/// come yet, or that changes, makes an errand wait or begin anew.
struct PredictionQueue {
    /// Who wants predictions.
    enum Owner: Hashable {
        case plan(PlanName)
        case scores(UInt64)
    }

    /// What came back.
    enum Outcome {
        /// Answers to some rows, by the owner's own numbering.
        case answered(Owner, rows: [Int], AnswerBlock, [RowFault])
        /// It cannot be done now.
        case failed(Owner, message: String)
    }

    /// Texts to be predicted under one context.
    struct Errand {
        let owner: Owner
        let policy: Policy
        let context: ContextBlock
        let shards: [Shard]
        fileprivate(set) var unanswered: Set<UInt32> = []
        fileprivate(set) var isSubmitted = false

        init(owner: Owner, policy: Policy, context: ContextBlock, shards: [Shard]) {
            self.owner = owner
            self.policy = policy
            self.context = context
            self.shards = shards
            unanswered = Set(shards.indices.map(UInt32.init))
        }
    }

    /// Rows that go to one worker together.
    struct Shard {
        /// By the owner's numbering.
        let rows: [Int]
        let texts: TextBlock
        let affinity: UInt64
    }

    /// The model that predictions come from; `nil` until a worker has come.
    private(set) var model: ModelFingerprint?
    private var errands: OrderedDictionary<JobID, Errand> = [:]
    private var ids: SeededGenerator
    private var nextWord: Instant = .zero
    private let incarnation: UInt64

    /// Speaks at least this often, so as not to be taken for gone.
    private static let wordInterval: Duration = .seconds(2)
    /// Asks this often for a model while something waits for one.
    private static let askInterval: Duration = .milliseconds(100)
    /// Rows of a bucket of texts, about; and at most so many buckets.
    private static let bucketRows = 16
    private static let bucketsMax = 32

    init(generation: UInt64) {
        // No chance is needed: the numbers must differ from those of other clients, which draw theirs at random.
        ids = SeededGenerator(seed: 0x51A7_E2E0 ^ generation << 32)
        incarnation = ids.next()
    }

    /// Errands under way.
    var count: Int { errands.count }
    /// When `tick` is due.
    var nextDeadline: Instant { nextWord }

    /// Cuts rows into shards by their texts' digests, so that a text comes to the worker that has seen it before, at
    /// every step and in whatever company.
    static func shards(_ rows: [(row: Int, text: String)]) -> [Shard] {
        var buckets = 1
        while buckets < bucketsMax, rows.count > buckets * bucketRows { buckets *= 2 }
        var members = [[(row: Int, text: String)]](repeating: [], count: buckets)
        for row in rows { members[Int(Digest(of: row.text).bytes[0]) % buckets].append(row) }
        var shards: [Shard] = []
        for (bucket, rows) in members.enumerated() {
            var start = 0
            while start < rows.count {
                let part = rows[start..<min(start + Limits.shardRowsMax, rows.count)]
                shards.append(
                    Shard(
                        rows: part.map(\.row), texts: TextBlock(part.map(\.text)),
                        affinity: UInt64(bucket) &* 0x9E37_79B9_7F4A_7C15))
                start += part.count
            }
        }
        return shards
    }

    // MARK: Verbs; each returns what to say to the coordinator's machine

    mutating func begin(_ errand: Errand, at now: Instant) -> [Message] {
        guard !errand.shards.isEmpty else { return [] }
        let job = JobID(using: &ids)
        errands[job] = errand
        // Asking at once costs nothing, and the model may just have come.
        return model == nil ? ask(at: now) : submit(job)
    }

    /// Ends all errands of an owner, finished or not.
    mutating func cancel(_ owner: Owner) -> [Message] {
        errands.filter { $0.value.owner == owner }.keys.map { job in
            errands[job] = nil
            return .closeJob(job)
        }
    }

    mutating func tick(at now: Instant) -> [Message] {
        guard now >= nextWord else { return [] }
        if model == nil { return ask(at: now) }
        nextWord = now + Self.wordInterval
        return [.heartbeat(Heartbeat(incarnation: incarnation))]
    }

    mutating func receive(_ message: Message, at now: Instant) -> (replies: [Message], outcomes: [Outcome]) {
        switch message {
        case .welcome(let welcome):
            guard let named = welcome.fingerprint else { return ([], []) }
            model = named
            nextWord = now + Self.wordInterval
            return (errands.keys.filter { errands[$0]?.isSubmitted == false }.flatMap { submit($0) }, [])
        case .whoAreYou:
            for job in errands.keys { errands[job]?.isSubmitted = false }
            return (ask(at: now), [])
        case .shardAnswer(let answer): return take(answer)
        case .jobRefused(let job, .fingerprint, _):
            // Another model works here now; ask which one, and begin anew.
            errands[job]?.isSubmitted = false
            model = nil
            return (ask(at: now), [])
        case .jobRefused(let job, _, let message):
            guard let errand = errands.removeValue(forKey: job) else { return ([], []) }
            return ([], [.failed(errand.owner, message: message)])
        default: return ([], [])
        }
    }

    private mutating func ask(at now: Instant) -> [Message] {
        nextWord = now + (errands.isEmpty ? Self.wordInterval : Self.askInterval)
        return [.hello(Hello(role: .client, name: "planner", incarnation: incarnation))]
    }

    private mutating func submit(_ job: JobID) -> [Message] {
        guard let errand = errands[job], let model else { return [] }
        errands[job]?.isSubmitted = true
        let open = SubmitJob(
            job: job, policy: errand.policy, context: errand.context, fingerprint: model.digest, confirmedBelow: 0)
        return [.submitJob(open)]
            + errand.unanswered.sorted().map { index in
                let shard = errand.shards[Int(index)]
                return .submitShard(
                    SubmitShard(
                        job: job, shard: index,
                        tokens: max(1, TokenEstimate.roundedDown(bytes: shard.texts.bytes.count)),
                        affinity: shard.affinity,
                        texts: shard.texts))
            }
    }

    private mutating func take(_ answer: ShardAnswer) -> (replies: [Message], outcomes: [Outcome]) {
        guard let errand = errands[answer.job], Int(answer.shard) < errand.shards.count,
            errands[answer.job]?.unanswered.remove(answer.shard) != nil
        else { return ([], []) }
        let shard = errand.shards[Int(answer.shard)]
        guard answer.answers.count == shard.rows.count else {
            // Another client has put its own rows under the job's id.
            errands[answer.job] = nil
            let message = "shard \(answer.shard) has \(answer.answers.count) answers to \(shard.rows.count) rows"
            return ([.closeJob(answer.job)], [.failed(errand.owner, message: message)])
        }
        var replies: [Message] = []
        if errands[answer.job]?.unanswered.isEmpty == true {
            errands[answer.job] = nil
            replies = [.closeJob(answer.job)]
        }
        return (replies, [.answered(errand.owner, rows: shard.rows, answer.answers, answer.faults)])
    }
}
