import Cluster
import CoordinatorNode
import Foundation
import GRDB
import Planning
import Scoring
import TestSupport
import Testing
import Wire

@Suite("The coordinator's journal: what is written is read again")
struct JournalTests {
    private let job = JobID(high: 1, low: 2)
    private let other = JobID(high: 3, low: 4)
    private let model = ModelFingerprint(name: "a model", digest: Digest(of: "weights"))

    private func answer(_ shard: UInt32, of job: JobID) throws -> ShardAnswer {
        let prediction = try #require(Prediction(p: 0.5, kappa: 4, pLo: 0.25, pHi: 0.75, flags: .truncated))
        return ShardAnswer(
            job: job, shard: shard, answers: AnswerBlock([prediction, nil]),
            faults: [RowFault(row: 1, code: "worker_died", message: "four workers died")])
    }

    private func opening(step: Int, price: Double? = nil) -> PlanOpening {
        var request = RequestPlan(
            plan: PlanName(policyID: "a policy", step: step), total: 16,
            candidates: [
                PlanCandidate(promptID: "ä", text: "one × two"), PlanCandidate(promptID: "b", text: "three\n"),
            ])
        request.explore = 0.125
        return PlanOpening(
            request: request, identity: [1, 2, 3], minimum: 2, maximum: 16, price: price, contextRows: 7, staleness: -1,
            warnings: ["one", "zwölf"])
    }

    private func outcome(_ number: Int) -> RecordedOutcome {
        RecordedOutcome(
            eventID: "event \(number)", promptID: "q\(number % 3)", text: "text \(number % 3)", version: number,
            reward: 0.1 * Double(number % 10), n: 3, failed: number % 2, rewards: [0, 0.1, 1e-9])
    }

    @Test("entries of jobs are read back as they were written, also by the next process")
    func jobs() throws {
        let path = try ScratchFolder.new() + "/journal"
        let entries: [JournalEntry] = [
            .generationStarted(7), .fingerprintAdopted(model), .jobOpened(job), .shardAnswered(try answer(3, of: job)),
            .jobOpened(other), .shardAnswered(try answer(0, of: other)), .confirmed(job, below: 2),
        ]
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit(entries)
            #expect(try journal.entries() == entries)
        }
        #expect(try CoordinatorJournal(path: path).entries() == entries)
    }

    @Test("answers that are withdrawn are gone, and a quarantine is read again until it is lifted")
    func quarantine() throws {
        let path = try ScratchFolder.new() + "/journal"
        var kept = try answer(3, of: job)
        kept.sources = [
            AnswerSource(
                rows: 2, worker: WorkerLabel(name: "w", key: "one"), verifiedBy: [WorkerLabel(name: "v", key: "two")])
        ]
        let journal = try CoordinatorJournal(path: path)
        try journal.commit([
            .generationStarted(7), .jobOpened(job), .shardAnswered(kept), .shardAnswered(try answer(4, of: job)),
            .jobOpened(other), .shardAnswered(try answer(4, of: other)), .workerQuarantined("bad"),
            .answersWithdrawn(job, [4, 9]),
        ])
        let rest: [JournalEntry] = [
            .generationStarted(7), .jobOpened(job), .shardAnswered(kept), .jobOpened(other),
            .shardAnswered(try answer(4, of: other)),
        ]
        #expect(try journal.entries() == rest + [.workerQuarantined("bad")])
        try journal.commit([.quarantineLifted])
        #expect(try journal.entries() == rest)
        let many = (0...Limits.quarantinedMax).map { JournalEntry.workerQuarantined("w\($0)") }
        try journal.commit(many)
        #expect(try journal.entries() == rest + many.dropFirst())
    }

    @Test("entries of plans are read back as they were written, also by the next process")
    func plans() throws {
        let path = try ScratchFolder.new() + "/journal"
        let plan = PlanName(policyID: "a policy", step: 1)
        let entries: [PlannerEntry] = [
            .outcomesRecorded(policyID: "a policy", [outcome(1)]), .outcomesRecorded(policyID: "b", [outcome(2)]),
            .planOpened(opening(step: 1, price: 0.25)),
            .predictionsReceived(
                plan,
                [
                    CandidatePrediction(index: 1, mean: 0.1, kappa: .infinity, source: .model),
                    CandidatePrediction(index: 0, mean: 1, kappa: 1e-3, source: .record),
                ]),
            .predictionsReceived(
                plan,
                [
                    CandidatePrediction(
                        index: 2, mean: 0.5, kappa: 3, source: .model,
                        evidence: Evidence(contextRows: 256, references: 3, ownRecord: true)),
                    CandidatePrediction(index: 3, mean: 0.5, kappa: 3, source: .model),
                ]),
            .groupReported(
                plan,
                GroupReport(index: 1, eventID: "e ü", rewards: [-1.5, 0.1], failed: 2, references: ["", "s3://x"])),
            .planOpened(opening(step: 2)), .planCut(PlanName(policyID: "a policy", step: 2)),
        ]
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit([], entries)
            #expect(try journal.plannerEntries() == entries)
        }
        #expect(try CoordinatorJournal(path: path).plannerEntries() == entries)
    }

    @Test("attempts, steps and tokens are read back, and outcomes of abandoned steps are deleted")
    func attempts() throws {
        let path = try ScratchFolder.new() + "/journal"
        var opening = opening(step: 2)
        (opening.contextAhead, opening.attemptsBefore, opening.lengths) = (3, 5 << 32 | 7, [1.5, 0])
        var made: [RecordedOutcome] = []
        for step in [1, 2, 3, nil] {
            var outcome = outcome(made.count)
            (outcome.step, outcome.tokens, outcome.version) = (step, 100 * made.count, 9)
            made.append(outcome)
        }
        let predictions = [
            CandidatePrediction(index: 0, mean: 0.5, kappa: 3, source: .model, staleness: 4),
            CandidatePrediction(index: 1, mean: 0.5, kappa: 3, source: .model),
        ]
        let begun = PolicyAttempts(
            beginnings: [.init(attempt: 1, step: 7), .init(attempt: 1 << 50, step: 9)], rewoundTo: 11)
        do {
            let journal = try CoordinatorJournal(path: path)
            let plan = PlanName(policyID: "a policy", step: 2)
            try journal.commit(
                [],
                [
                    .outcomesRecorded(policyID: "p", made), .attemptBegan(policyID: "p", PolicyAttempts()),
                    .attemptBegan(policyID: "p", begun), .planOpened(opening),
                    .predictionsReceived(plan, predictions),
                    .outcomesForgotten(
                        policyID: "p", eventIDs: ["unknown"] + made.dropFirst().reversed().map(\.eventID)),
                ])
        }
        #expect(
            try CoordinatorJournal(path: path).plannerEntries() == [
                .outcomesRecorded(policyID: "p", [made[0]]), .attemptBegan(policyID: "p", begun), .planOpened(opening),
                .predictionsReceived(PlanName(policyID: "a policy", step: 2), predictions),
            ])
    }

    @Test("answers that a client has confirmed are deleted, and all of a job that is closed")
    func deleted() throws {
        let journal = try CoordinatorJournal(path: nil)
        try journal.commit([.jobOpened(job), .jobOpened(other)])
        for shard in UInt32(0)..<4 {
            try journal.commit([
                .shardAnswered(try answer(shard, of: job)), .shardAnswered(try answer(shard, of: other)),
            ])
        }
        try journal.commit([.confirmed(job, below: 3)])
        try journal.commit([.jobClosed(other)])
        #expect(
            try journal.entries() == [
                .jobOpened(job), .shardAnswered(try answer(3, of: job)), .confirmed(job, below: 3),
            ])
    }

    @Test("only the latest generation and the latest model are kept")
    func latest() throws {
        let journal = try CoordinatorJournal(path: nil)
        let later = ModelFingerprint(name: "another", digest: Digest(of: "others"))
        try journal.commit([.generationStarted(1), .fingerprintAdopted(model)])
        try journal.commit([.generationStarted(.init(UInt32.max)), .fingerprintAdopted(later)])
        #expect(try journal.entries() == [.generationStarted(.init(UInt32.max)), .fingerprintAdopted(later)])
    }

    @Test("a plan that is forgotten leaves no entry; the other plans stay")
    func forgotten() throws {
        let journal = try CoordinatorJournal(path: nil)
        try journal.commit([], [.planOpened(opening(step: 1)), .planOpened(opening(step: 2))])
        try journal.commit([], [.planForgotten(PlanName(policyID: "a policy", step: 1))])
        #expect(try journal.plannerEntries() == [.planOpened(opening(step: 2))])
    }

    @Test("of a policy's outcomes the latest are kept")
    func pruned() throws {
        let journal = try CoordinatorJournal(path: nil, outcomesMax: 100)
        for number in 0..<1500 {
            try journal.commit([], [.outcomesRecorded(policyID: "p", [outcome(number)])])
        }
        let kept = try journal.plannerEntries().flatMap { entry -> [Int] in
            if case .outcomesRecorded("p", let outcomes) = entry { outcomes.map(\.version) } else { [] }
        }
        #expect(kept.last == 1499 && kept == Array(kept[0]...1499))
        #expect((100...1124).contains(kept.count), "\(kept.count) outcomes are kept")
    }

    @Test("entries of jobs and of plans in one commit are both there")
    func together() throws {
        let journal = try CoordinatorJournal(path: nil)
        try journal.commit([.jobOpened(job), .confirmed(job, below: 1)], [.planOpened(opening(step: 1))])
        #expect(try journal.entries() == [.jobOpened(job), .confirmed(job, below: 1)])
        #expect(try journal.plannerEntries() == [.planOpened(opening(step: 1))])
    }

    @Test("a second coordinator cannot open the same journal")
    func locked() throws {
        let path = try ScratchFolder.new() + "/journal"
        let journal = try CoordinatorJournal(path: path)
        try journal.commit([.generationStarted(1)])
        #expect {
            _ = try CoordinatorJournal(path: path)
        } throws: { error in
            "\(error)".contains("another process has it open")
        }
    }

    @Test(
        "a body that was cut or changed is reported as damage, never a trap",
        arguments: ["x''", "x'FFFFFFFFFFFFFFFF'", "x'0100000000000000'", "x'7FFFFFFFFFFFFFFF00'"])
    func damaged(body: String) throws {
        let path = try ScratchFolder.new() + "/journal"
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit(
                [.shardAnswered(try answer(0, of: job))],
                [.planOpened(opening(step: 1)), .predictionsReceived(PlanName(policyID: "a policy", step: 1), [])])
        }
        for table in ["plan_entry", "entry"] {
            try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE \(table) SET body = \(body)") }
        }
        let contents = try CoordinatorJournal(path: path).contents()
        #expect(contents.entries.isEmpty && contents.plannerEntries.isEmpty)
        #expect(contents.damage.map(\.kind) == [.answer, .plan, .predictions])
        #expect(contents.damage.allSatisfy { $0.row != nil && $0.reason.contains("checksum") })
        // Put aside once, and not named again.
        #expect(try CoordinatorJournal(path: path).contents().damage.isEmpty)
        let aside = try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM quarantine") }
        #expect(aside == 3)
    }

    // MARK: Bounds

    @Test("known texts are read back in the order in which they were named last, and not those that were forgotten")
    func knownTexts() throws {
        let path = try ScratchFolder.new() + "/journal"
        let texts = (0..<4).map { NamedText(promptID: "q\($0)", text: "text \($0)") }
        do {
            let journal = try CoordinatorJournal(path: path)
            try journal.commit(
                [],
                [
                    .textsNamed(policyID: "a", Array(texts[..<3])), .textsNamed(policyID: "b", texts),
                    .textsForgotten(policyID: "b", promptIDs: ["q1", "q2", "unknown"]),
                    .textsNamed(policyID: "a", [NamedText(promptID: "q0", text: "another")]),
                ])
        }
        #expect(
            try CoordinatorJournal(path: path).plannerEntries() == [
                .textsNamed(policyID: "a", [texts[1], texts[2]]), .textsNamed(policyID: "b", [texts[0], texts[3]]),
                .textsNamed(policyID: "a", [NamedText(promptID: "q0", text: "another")]),
            ])
    }

    @Test("a policy that is forgotten leaves no entry; of one whose outcomes were too many the latest stay")
    func forgottenPolicy() throws {
        let journal = try CoordinatorJournal(path: nil)
        for policy in ["a policy", "b"] {
            for number in 0..<10 { try journal.commit([], [.outcomesRecorded(policyID: policy, [outcome(number)])]) }
        }
        try journal.commit(
            [],
            [
                .planOpened(opening(step: 1)), .textsNamed(policyID: "a policy", [NamedText(promptID: "q", text: "t")]),
                .policyForgotten("a policy"), .outcomesTrimmed(policyID: "b", keeping: 3),
            ])
        #expect(
            try journal.plannerEntries() == (7..<10).map { .outcomesRecorded(policyID: "b", [outcome($0)]) })
    }

    @Test("a policy that is forgotten in parts loses its oldest outcomes first, and no other policy loses anything")
    func reducedPolicy() throws {
        let journal = try CoordinatorJournal(path: nil)
        for policy in ["a policy", "b"] {
            try journal.commit([], [.outcomesRecorded(policyID: policy, (0..<9000).map(outcome))])
            let texts = (0..<5000).map { NamedText(promptID: "q\($0)", text: "text \($0)") }
            try journal.commit([], [.textsNamed(policyID: policy, texts)])
        }
        func kept(_ policy: String) throws -> (outcomes: [RecordedOutcome], texts: Int) {
            try journal.plannerEntries().reduce(into: ([], 0)) { kept, entry in
                switch entry {
                case .outcomesRecorded(policy, let some): kept.0 += some
                case .textsNamed(policy, let some): kept.1 += some.count
                default: break
                }
            }
        }
        for (outcomes, texts) in [(4904, 904), (808, 0), (0, 0)] {
            try journal.commit([], [.policyReduced("a policy")])
            #expect(try kept("a policy").texts == texts)
            #expect(try kept("a policy").outcomes == (9000 - outcomes..<9000).map(outcome))
        }
        try journal.commit([], [.policyForgotten("a policy")])
        #expect(try kept("b").texts == 5000 && kept("b").outcomes.count == 9000)
        // A policy of the same name begins anew.
        try journal.commit([], [.outcomesRecorded(policyID: "a policy", [outcome(1)])])
        #expect(try kept("a policy").outcomes == [outcome(1)])
    }

    @Test("the file of a journal stays small while texts are named and forgotten, and no text stays without a user")
    func compact() throws {
        let path = try ScratchFolder.new() + "/journal"
        let journal = try CoordinatorJournal(path: path)
        let padding = String(repeating: "x", count: 1000)
        for round in 0..<60 {
            let texts = (0..<1000).map { NamedText(promptID: "\(round)/\($0)", text: "\(round) \($0) \(padding)") }
            try journal.commit([], [.textsNamed(policyID: "p", texts)])
            try journal.commit([], [.textsForgotten(policyID: "p", promptIDs: texts.dropFirst(10).map(\.promptID))])
        }
        let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        #expect(bytes > 0 && bytes < 24 << 20, "\(bytes) bytes for 600 texts of 1 KB; 60,000 were written")
        let known = try journal.plannerEntries().flatMap { entry -> [NamedText] in
            if case .textsNamed(_, let texts) = entry { texts } else { [] }
        }
        #expect(known.count == 600)
    }
}
