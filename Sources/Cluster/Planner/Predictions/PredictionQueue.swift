import OrderedCollections
import Scoring
import Wire

/// The planner as a scoring client: it submits jobs to the coordinator's machine by the same messages as other clients,
/// and its jobs take turns with theirs.
///
/// Both machines run on one thread, so no message between them is lost or repeated. A job waits only for a model to be
/// known, and begins again when the model changes.
struct PredictionQueue {
    /// Who requested the predictions.
    enum Owner: Hashable {
        case plan(PlanName)
        case scores(UInt64)
    }

    /// The results received.
    enum Outcome {
        /// Answers to the rows of a shard.
        case answered(Owner, Shard, AnswerBlock, [RowFault])
        /// The job was refused, or its answers cannot be used.
        case failed(Owner, message: String)
    }

    /// Texts to be predicted under one context.
    struct PredictionJob {
        let owner: Owner
        let policy: Policy
        let context: ContextBlock
        let shards: [Shard]
        fileprivate(set) var unanswered: Set<UInt32> = []
        fileprivate(set) var isSubmitted = false
        /// Jobs are submitted in the order of their numbers.
        fileprivate var number = 0

        init(owner: Owner, policy: Policy, context: ContextBlock, shards: [Shard]) {
            self.owner = owner
            self.policy = policy
            self.context = context
            self.shards = shards
            unanswered = Set(shards.indices.map(UInt32.init))
        }
    }

    /// Rows that are sent to one worker together.
    struct Shard {
        /// By the owner's row numbers.
        let rows: [Int]
        /// By row: its text, so that nobody needs to hash it again.
        let keys: [TextKey]
        let texts: TextBlock
        let affinity: UInt64
    }

    /// The model of the predictions; `nil` until a worker has joined.
    private(set) var model: ModelFingerprint?
    private var jobs: [JobID: PredictionJob] = [:]
    /// Jobs of an owner, in the order in which they began.
    private var owned: [Owner: [JobID]] = [:]
    private var jobNumber = 0
    private var ids: SeededGenerator
    /// When it sends a heartbeat, or requests the model.
    private(set) var nextDeadline: Instant = .zero
    private let incarnation: UInt64

    /// Between heartbeats; without them the planner would be away for the coordinator's machine.
    private static let heartbeatInterval: Duration = .seconds(2)
    /// Between questions for the model, while a job waits for it.
    private static let modelInterval: Duration = .milliseconds(100)
    /// About so many rows are in a bucket of texts, and there are at most so many buckets.
    private static let bucketRows = 16
    private static let bucketsMax = 32
    /// Rows of a shard at most, because its answer is handled in one turn; but there are not many more than `shardsMax` shards, because
    /// all are submitted in one.
    private static let shardRowsMax = 256
    private static let shardsMax = 256

    /// Ids of jobs follow from all three. A digest, so that a tenant that sees ids of its own learns nothing of others'.
    init(generation: UInt64, secret: [UInt8], tenant: String?) {
        let known = (0..<8).map { UInt8(truncatingIfNeeded: generation >> (8 * $0)) }
        let seed = Digest(of: known + secret + [tenant == nil ? 0 : 1] + Array((tenant ?? "").utf8))
        ids = SeededGenerator(seed: seed.leading)
        incarnation = ids.next()
    }

    /// Cuts rows into shards by the digests of their texts. So a text is sent to the worker that has seen it before, at
    /// every step and whatever other texts are sent with it.
    ///
    /// `side` is what is known about the rows, in their order, with its schema; `nil` where nothing is used.
    static func shards(
        _ rows: [(row: Int, text: String)], side: (rows: [SideInformation], schema: SideSchema)? = nil
    ) -> [Shard] {
        var buckets = 1
        while buckets < bucketsMax, rows.count > buckets * bucketRows { buckets *= 2 }
        var members = [[Int]](repeating: [], count: buckets)
        let keys = rows.map { TextKey($0.text) }
        for (place, key) in keys.enumerated() { members[Int(key.digest.bytes[0]) % buckets].append(place) }
        let rowsMax = max(shardRowsMax, rows.count / shardsMax).clamped(to: 1...Limits.shardRowsMax)
        var shards: [Shard] = []
        for (bucket, places) in members.enumerated() {
            var start = 0
            while start < places.count {
                let part = places[start..<min(start + rowsMax, places.count)]
                let known = side.map { side in SideBlock(part.map { side.rows[$0] }, schema: side.schema) }
                shards.append(
                    Shard(
                        rows: part.map { rows[$0].row }, keys: part.map { keys[$0] },
                        texts: TextBlock(part.map { rows[$0].text }, side: known),
                        affinity: UInt64(bucket) &* 0x9E37_79B9_7F4A_7C15))
                start += part.count
            }
        }
        return shards
    }

    /// Who requested a job; `nil` for another client's.
    func owner(of job: JobID) -> Owner? { jobs[job]?.owner }

    // MARK: Changes; each returns the messages to the coordinator's machine

    mutating func begin(_ job: PredictionJob, at now: Instant) -> [Message] {
        guard !job.shards.isEmpty else { return [] }
        let id = JobID(using: &ids)
        var job = job
        jobNumber += 1
        job.number = jobNumber
        jobs[id] = job
        owned[job.owner, default: []].append(id)
        // The model may have become known a moment ago, and the request costs nothing.
        return model == nil ? askForModel(at: now) : submit(id)
    }

    /// Ends all jobs of an owner. Cost: nothing for other jobs.
    mutating func cancel(_ owner: Owner) -> [Message] {
        (owned.removeValue(forKey: owner) ?? []).map { id in
            jobs[id] = nil
            return .closeJob(id)
        }
    }

    /// Forgets a job. An owner has two at most.
    @discardableResult
    private mutating func remove(_ id: JobID) -> PredictionJob? {
        guard let job = jobs.removeValue(forKey: id) else { return nil }
        owned[job.owner]?.removeAll { $0 == id }
        if owned[job.owner]?.isEmpty == true { owned[job.owner] = nil }
        return job
    }

    /// What is wrong with the jobs by owner; for tests and simulation.
    var brokenInvariants: [String] {
        let kept = Dictionary(grouping: jobs.sorted { $0.value.number < $1.value.number }, by: \.value.owner)
            .mapValues { $0.map(\.key) }
        return kept == owned ? [] : ["jobs by owner are \(owned), not \(kept)"]
    }

    mutating func tick(at now: Instant) -> [Message] {
        guard now >= nextDeadline else { return [] }
        if model == nil { return askForModel(at: now) }
        nextDeadline = now + Self.heartbeatInterval
        return [.heartbeat(Heartbeat(incarnation: incarnation))]
    }

    mutating func receive(_ message: Message, at now: Instant) -> (replies: [Message], outcomes: [Outcome]) {
        switch message {
        case .welcome(let welcome):
            guard let named = welcome.fingerprint else { return ([], []) }
            model = named
            nextDeadline = now + Self.heartbeatInterval
            let open = jobs.filter { !$0.value.isSubmitted }.sorted { $0.value.number < $1.value.number }.map(\.key)
            return (open.flatMap { submit($0) }, [])
        case .whoAreYou:
            for id in jobs.keys { jobs[id]?.isSubmitted = false }
            return (askForModel(at: now), [])
        case .shardAnswer(let answer): return receive(answer)
        case .jobRefused(let id, .fingerprint, _):
            // Another model works here now: ask which one, and begin again.
            jobs[id]?.isSubmitted = false
            model = nil
            return (askForModel(at: now), [])
        case .jobRefused(let id, _, let message):
            guard let job = remove(id) else { return ([], []) }
            return ([], [.failed(job.owner, message: message)])
        default: return ([], [])
        }
    }

    private mutating func askForModel(at now: Instant) -> [Message] {
        nextDeadline = now + (jobs.isEmpty ? Self.heartbeatInterval : Self.modelInterval)
        return [.hello(Hello(role: .client, name: "planner", incarnation: incarnation))]
    }

    private mutating func submit(_ id: JobID) -> [Message] {
        guard let job = jobs[id], let model else { return [] }
        jobs[id]?.isSubmitted = true
        let open = SubmitJob(job: id, policy: job.policy, context: job.context, fingerprint: model.digest)
        return [.submitJob(open)]
            + job.unanswered.sorted().map { index in
                let shard = job.shards[Int(index)]
                return .submitShard(
                    SubmitShard(
                        job: id, shard: index,
                        tokens: max(1, TokenEstimate.roundedDown(bytes: shard.texts.bytes.count)),
                        affinity: shard.affinity,
                        texts: shard.texts))
            }
    }

    private mutating func receive(_ answer: ShardAnswer) -> (replies: [Message], outcomes: [Outcome]) {
        guard let job = jobs[answer.job], Int(answer.shard) < job.shards.count,
            jobs[answer.job]?.unanswered.remove(answer.shard) != nil
        else { return ([], []) }
        let shard = job.shards[Int(answer.shard)]
        guard answer.answers.count == shard.rows.count else {
            // Another client has submitted rows of its own under the job's id.
            remove(answer.job)
            let message = "shard \(answer.shard) has \(answer.answers.count) answers to \(shard.rows.count) rows"
            return ([.closeJob(answer.job)], [.failed(job.owner, message: message)])
        }
        var replies: [Message] = []
        if jobs[answer.job]?.unanswered.isEmpty == true {
            remove(answer.job)
            replies = [.closeJob(answer.job)]
        }
        return (replies, [.answered(job.owner, shard, answer.answers, answer.faults)])
    }
}
