import Scoring
import Wire

/// One message of every kind at least, with values that a reader can follow through the bytes: the files of
/// `proto/vectors`.
struct MessageSample {
    /// The file's name: the message's name in `statezero.proto`, in lower case with dashes; with a role behind it where
    /// a message has another shape from that role.
    let name: String
    let title: String
    /// What to see in the bytes, a line each.
    let explanation: [String]
    let envelope: Envelope

    init(_ name: String, _ title: String, _ explanation: [String], generation: UInt64 = 3, _ message: Message) {
        self.name = name
        self.title = title
        self.explanation = explanation
        envelope = Envelope(generation: generation, message)
    }

    static let job = JobID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)
    static let incarnation: UInt64 = 0x0123_4567_89ab_cdef
    static let model = ModelFingerprint(name: "all-MiniLM-L6-v2+gp/f32", digest: Digest(of: "model"))
    static let credit = Credit(rows: 4096, tokens: 65_536)
    static let texts = TextBlock(["Spell: cat", "Zähle bis drei.", ""])
    private static func submitJob(_ context: ContextBlock) -> SubmitJob {
        var submit = SubmitJob(
            job: job, policy: Policy(id: "smollm2-135m", version: 0), context: context, fingerprint: model.digest)
        submit.confirmedBelow = 5
        return submit
    }
    static let piece = PieceName(job: job, shard: 7, rows: 1..<3, attempt: 3)
    /// `nil` only if the literals were out of range.
    static let prediction = Prediction(p: 0.75, kappa: 12, pLo: 0.5, pHi: 0.9375, flags: .truncated)
    static let fault = RowFault(row: 1, code: "embedding_failed", message: "a value is not a number")

    static var context: ContextBlock? {
        guard let solved = Outcome(reward: 1, n: 8), let hard = Outcome(reward: 0.125, n: 8),
            let set = ContextSet([
                ContextSet.Row(text: "What is 2 + 2?", outcome: solved),
                ContextSet.Row(text: "Prove Fermat's last theorem.", outcome: hard),
            ])
        else { return nil }
        return ContextBlock(set)
    }

    /// All of them, in the order of the envelope's fields.
    static var all: [MessageSample] {
        joining + talking + lending + scoring + planning + rollingOut + reporting + side + ranges
    }

    private static var joining: [MessageSample] {
        [
            MessageSample(
                "hello", "A worker's first message",
                [
                    "generation 0 (absent): no Welcome received yet; role 1 worker; protocol 1; name worker-1;",
                    "incarnation 0x0123456789abcdef; fingerprint named and SHA-256(\"model\"); credit 4096 rows, 65536 tokens",
                ], generation: 0,
                .hello(Hello(role: .worker(model, credit), name: "worker-1", incarnation: incarnation))),
            MessageSample(
                "welcome", "The coordinator's answer to a Hello",
                [
                    "generation 3; incarnation as in the Hello; heartbeat 1000 ms; lease 30000 ms; the cluster's model"
                ],
                .welcome(
                    Welcome(
                        incarnation: incarnation, heartbeatInterval: .seconds(1), leaseTime: .seconds(30),
                        fingerprint: model))),
            MessageSample(
                "refused", "A peer is refused", ["reason 1 protocol; a message for people"],
                .refused(.protocolVersion, message: "this coordinator speaks protocol 1, you speak 2")),
            MessageSample("who-are-you", "Say Hello", ["an empty body: field 5 of length 0"], .whoAreYou),
            MessageSample(
                "dismissed", "An incarnation was declared dead", ["incarnation 0x0123456789abcdef"],
                .dismissed(incarnation: incarnation)),
        ]
    }

    private static var talking: [MessageSample] {
        [
            MessageSample(
                "heartbeat", "Liveness and progress of a worker that holds one piece",
                [
                    "incarnation; credit 4096 rows, 65536 tokens; progress 42; held: job, shard 7, rows 1 and 2, attempt 3"
                ],
                .heartbeat(Heartbeat(incarnation: incarnation, credit: credit, progress: 42, held: [piece]))),
            MessageSample(
                "cluster-status", "The answer to a heartbeat", ["2 workers; 12 shards pending; 4 leased"],
                .clusterStatus(ClusterStatus(workers: 2, shardsPending: 12, shardsLeased: 4))),
            MessageSample("drain", "A worker wants no more", ["an empty body: field 9 of length 0"], .drain),
            MessageSample("bye", "The sender leaves", ["an empty body: field 10 of length 0"], .bye),
        ]
    }

    private static var lending: [MessageSample] {
        guard let context, let prediction else { return [] }
        return [
            MessageSample(
                "context", "A context set of two rows",
                [
                    "digest of the set; rows 2; then lengths (14, 28), texts, outcomes (1.0 of 8, 0.125 of 8)",
                    "digest: SHA-256 over each row's text length (uint64), text, reward (float64), n (uint64)",
                ], .context(context)),
            MessageSample(
                "context-wanted", "A worker lacks a context", ["digest of the set of context.txt"],
                .contextWanted(context.digest)),
            MessageSample(
                "shard", "Rows 1 and 2 of shard 7, lent for the third time",
                [
                    "piece: job, shard 7, first row 1, rows 2, attempt 3; context digest; then lengths (16, 0), texts"
                ], .shard(piece, context: context.digest, .texts(texts.slice(1..<3)))),
            MessageSample(
                "shard-result", "A piece done: one prediction, one fault",
                [
                    "piece as in shard.txt; fault at row 1 of the piece; credit; progress 43; 1000, 250000, 3000 microseconds",
                    "answers: p 0.75, kappa 12, p_lo 0.5, p_hi 0.9375, flags 1 (truncated); then a record of zeros",
                ],
                .shardResult(
                    ShardResult(
                        piece: piece, answers: AnswerBlock([prediction, nil]), faults: [fault], credit: credit,
                        progress: 43,
                        times: StageTimes(
                            queued: .milliseconds(1), embedded: .milliseconds(250), predicted: .milliseconds(3))))),
            MessageSample(
                "shard-returned", "A worker that drains gives a piece back undone",
                ["piece as in shard.txt; reason 2 draining"], .shardReturned(piece, .draining)),
        ]
    }

    private static var scoring: [MessageSample] {
        guard let context, let prediction else { return [] }
        let point = Prediction(p: 0, kappa: .infinity, pLo: 0, pHi: 0)
        return [
            MessageSample(
                "submit-job", "A client opens a job",
                [
                    "job; policy smollm2-135m at version 0 (present, though 0); context digest and 2 rows;",
                    "fingerprint digest; confirmed below 5; then lengths, texts, outcomes as in context.txt",
                ],
                .submitJob(submitJob(context))),
            MessageSample(
                "job-accepted", "The terms on which a job is accepted",
                [
                    "job; window 131072 rows, 16000000 tokens; shards 5, 7 and 300 are in the works (packed varints)"
                ],
                .jobAccepted(JobAccepted(job: job, windowRows: 131_072, windowTokens: 16_000_000, held: [5, 7, 300]))),
            MessageSample(
                "job-refused", "A job is not accepted", ["job; reason 2 capacity; a message for people"],
                .jobRefused(job, .capacity, message: "this coordinator has its 64 jobs")),
            MessageSample(
                "submit-shard", "Three rows of a job",
                [
                    "job; shard 7; rows 3; tokens 12; affinity as fixed64: the first eight bytes, read big-endian, of",
                    "SHA-256(texts frame); then lengths (10, 16, 0), texts",
                ],
                .submitShard(
                    SubmitShard(job: job, shard: 7, tokens: 12, affinity: affinity(of: texts), texts: texts))),
            MessageSample(
                "shard-answer", "A shard answered",
                [
                    "job; shard 7; rows 3; fault at row 2; all rows computed by worker-1, and again by worker-2 with the key",
                    "second; answers: a prediction, a point estimate (kappa infinite), zeros",
                ],
                .shardAnswer(
                    ShardAnswer(
                        job: job, shard: 7, answers: AnswerBlock([prediction, point, nil]),
                        faults: [RowFault(row: 2, code: fault.code, message: fault.message)],
                        sources: [
                            AnswerSource(
                                rows: 3, worker: WorkerLabel(name: "worker-1"),
                                verifiedBy: [WorkerLabel(name: "worker-2", key: "second")])
                        ]))),
            MessageSample(
                "confirm", "Shards below are durable with the client", ["job; below 8"], .confirm(job, below: 8)),
            MessageSample("close-job", "The client is done with a job", ["job"], .closeJob(job)),
            MessageSample("job-closed", "The job is forgotten", ["job"], .jobClosed(job)),
        ]
    }

    private static func affinity(of texts: TextBlock) -> UInt64 {
        Digest(of: texts.bytes.array).leading
    }
}
