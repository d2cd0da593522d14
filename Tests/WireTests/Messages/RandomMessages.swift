import Scoring
import Wire

/// Draws valid messages of every kind, with the ends of every range among them.
struct RandomMessages {
    var chance: SeededGenerator

    init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
    }

    mutating func envelope(_ kind: Kind) -> Envelope {
        Envelope(generation: number64(), message(kind))
    }

    private mutating func message(_ kind: Kind) -> Message {
        switch kind {
        case .hello: .hello(hello())
        case .welcome:
            .welcome(
                Welcome(
                    incarnation: number64(), heartbeatInterval: milliseconds(), leaseTime: milliseconds(),
                    fingerprint: flip() ? model() : nil, verifies: flip()))
        case .refused: .refused(pick([.protocolVersion, .fingerprint, .capacity]), message: label())
        case .whoAreYou: .whoAreYou
        case .dismissed: .dismissed(incarnation: number64())
        case .heartbeat:
            .heartbeat(
                Heartbeat(
                    incarnation: number64(), credit: credit(), progress: number64(),
                    held: (0..<count(Limits.piecesMax)).map { _ in piece(rows: 1 + count(9)) },
                    assignments: (0..<count(9)).map { _ in assignmentName() }))
        case .clusterStatus:
            .clusterStatus(
                ClusterStatus(
                    workers: number(), shardsPending: number(), shardsLeased: number(), rangeWorkers: number()))
        case .drain: .drain
        case .bye: .bye
        case .context: .context(context())
        case .contextWanted: .contextWanted(digest())
        case .shard: shard()
        case .shardResult: .shardResult(result())
        case .shardReturned: .shardReturned(piece(rows: 1 + count(9)), pick([.overCredit, .draining]))
        case .submitJob:
            .submitJob(submitJob())
        case .jobAccepted:
            .jobAccepted(
                JobAccepted(
                    job: job(), windowRows: number(), windowTokens: number(),
                    held: (0..<count(40)).map { _ in number32() },
                    quarantined: (0..<count(3)).map { _ in text() }))
        case .jobRefused:
            .jobRefused(job(), pick([.fingerprint, .capacity, .context, .verification]), message: label())
        case .submitShard:
            .submitShard(
                SubmitShard(
                    job: job(), shard: number32(), tokens: number(), affinity: number64(),
                    content: content(1 + count(9))))
        case .shardAnswer: .shardAnswer(answer())
        case .confirm: .confirm(job(), below: number32())
        case .closeJob: .closeJob(job())
        case .jobClosed: .jobClosed(job())
        case .requestPlan, .requestRefused, .budgets, .planEnd, .followPlan, .groupDone, .assignment, .rewards,
            .rewardsRecorded, .assignmentReturned, .reportOutcomes, .outcomesRecorded, .requestScores, .scores,
            .dropPlans, .plansDropped:
            planMessage(kind)
        }
    }

    // MARK: Messages of several fields

    private mutating func hello() -> Hello {
        Hello(
            role: pick([.client, .worker(model(), credit()), .trainer, .rollout(credit())]),
            protocolVersion: number32(), name: label(), incarnation: number64(), readsRanges: pick([false, true]))
    }

    private mutating func shard() -> Message {
        let rows = 1 + count(9)
        return .shard(piece(rows: rows), context: digest(), content(rows))
    }

    private mutating func result() -> ShardResult {
        let rows = 1 + count(9)
        let answers = answers(rows)
        return ShardResult(
            piece: piece(rows: rows), answers: answers, faults: faults(answers), credit: credit(), progress: number64(),
            times: StageTimes(queued: microseconds(), embedded: microseconds(), predicted: microseconds()))
    }

    private mutating func answer() -> ShardAnswer {
        let answers = answers(1 + count(9))
        let sources = flip() ? [] : (0..<answers.count).map { _ in source(rows: 1) }
        return ShardAnswer(
            job: job(), shard: number32(), answers: answers, faults: faults(answers), sources: sources)
    }

    private mutating func source(rows: Int) -> AnswerSource {
        AnswerSource(
            rows: rows, worker: flip() ? worker() : nil,
            verifiedBy: (0..<count(Limits.verifiersMax)).map { _ in worker() },
            isUnverified: flip())
    }

    private mutating func worker() -> WorkerLabel { WorkerLabel(name: text(), key: flip() ? "k\(count(9))" : nil) }

    mutating func context() -> ContextBlock {
        let rows = (0..<count(6)).compactMap { _ in
            Outcome(reward: chance.unit(), n: max(1, Int(number32()))).map { outcome in
                ContextSet.Row(text: text(), outcome: outcome)
            }
        }
        // Six rows are far below the limit.
        return ContextBlock(ContextSet(rows) ?? Self.emptyContext)
    }

    private static var emptyContext: ContextSet {
        guard let empty = ContextSet([]) else { preconditionFailure("no rows are within every limit") }
        return empty
    }

    // MARK: Parts of messages

    /// Texts, or where they are.
    private mutating func content(_ rows: Int) -> ShardContent {
        guard pick([false, true]) else { return .texts(texts(rows)) }
        var keys = RowRanges.Keys()
        keys.prompt = pick([nil, "question"])
        keys.template = pick([nil, "{a}: {b}"])
        keys.dropsAnswer = pick([false, true])
        keys.columns = pick([[], ["level"]])
        let file = RowRanges.File(
            path: "/" + label(), kind: pick([.lines, .parquet]), bytes: 1 << 40, modified: pick([nil, -1, .max]),
            tag: pick([nil, "\"tag\""]))
        let place = count(1 << 20)
        let ranges = RowRanges(
            files: [file],
            ranges: [
                RowRanges.Range(
                    file: 0, firstRow: 1 + place, rows: rows,
                    bytes: file.kind == .lines ? place..<place + 10 * rows : 0..<0)
            ], keys: keys, digest: digest())
        return (try? RangeBlock(ranges)).map { .ranges($0) } ?? .texts(texts(rows))
    }

    mutating func texts(_ rows: Int) -> TextBlock { TextBlock((0..<rows).map { _ in text() }) }

    mutating func answers(_ rows: Int) -> AnswerBlock {
        AnswerBlock(
            (0..<rows).map { _ in
                let cuts = [chance.unit(), chance.unit(), chance.unit()].map { Float($0) }.sorted()
                return flip()
                    ? Prediction(
                        p: cuts[1], kappa: flip() ? .infinity : Float(chance.unit()) * 100 + 0.001, pLo: cuts[0],
                        pHi: cuts[2], flags: Prediction.Flags(rawValue: number32())) : nil
            })
    }

    mutating func faults(_ answers: AnswerBlock) -> [RowFault] {
        (0..<answers.count).filter { answers[$0] == nil }.map {
            RowFault(row: UInt32($0), code: pick(["worker_died", "invalid_utf8", ""]), message: label())
        }
    }

    private mutating func submitJob() -> SubmitJob {
        let policy = Policy(id: label(), version: flip() ? Int(Int64(bitPattern: number64())) : nil)
        var submit = SubmitJob(job: job(), policy: policy, context: context(), fingerprint: digest())
        submit.confirmedBelow = number32()
        submit.rowsTotal = Int(number64() >> 1)
        submit.rowsConfirmed = Int(number32())
        submit.verify = pick([0, 0.01, 1, chance.unit()])
        return submit
    }

    private mutating func piece(rows: Int) -> PieceName {
        let last = Limits.shardRowsMax - rows
        let (job, shard) = (job(), number32())
        let first = pick([0, last, Int.random(in: 0...last, using: &chance)])
        return PieceName(job: job, shard: shard, rows: first..<first + rows, attempt: number32())
    }

    mutating func model() -> ModelFingerprint { ModelFingerprint(name: label(), digest: digest()) }
    private mutating func credit() -> Credit { Credit(rows: number(), tokens: number()) }
    private mutating func job() -> JobID { JobID(using: &chance) }
    mutating func digest() -> Digest { Digest(of: text()) }

    // MARK: Values

    mutating func flip() -> Bool { chance.next() & 1 == 0 }
    mutating func count(_ limit: Int) -> Int { Int.random(in: 0...limit, using: &chance) }
    mutating func number64() -> UInt64 { pick([0, 1, .max, chance.next(), chance.next() >> 40]) }
    mutating func number32() -> UInt32 { UInt32(truncatingIfNeeded: number64()) }
    mutating func number() -> Int { Int(number32()) }

    mutating func milliseconds() -> Duration {
        .milliseconds(pick([1, 3_600_000, Int64.random(in: 1...3_600_000, using: &chance)]))
    }

    private mutating func microseconds() -> Duration { .microseconds(Int64(number32())) }

    mutating func text() -> String {
        let alphabet = ["a", "7", " ", "\n", "\u{0}", "ä", "é", "e\u{301}", "漢", "\u{202E}", "👩🏽‍🚀", "\u{10FFFF}"]
        return (0..<count(20)).map { _ in pick(alphabet) }.joined()
    }

    mutating func label() -> String {
        count(50) == 0 ? String(repeating: "x", count: Limits.labelBytesMax) : text()
    }

    mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: 0..<choices.count, using: &chance)]
    }
}
