import Scoring
import Testing
import Wire

@Suite("Limits of the messages of plans and rollouts")
struct PlanLimitTests {
    private static let plan = MessageSample.plan

    /// A sample's frames with fields of its body overwritten: protobuf merges a second envelope into the first.
    private static func sample(_ name: String, tag: Int, over fields: [UInt8]) throws -> [[UInt8]] {
        var frames = try #require(MessageSample.all.first { $0.name == name }).envelope.frames
        // Every body here has a number from 16 to 37.
        let key = tag << 3 | 2
        frames[0] += [UInt8(key & 0x7F | 0x80), UInt8(key >> 7), UInt8(fields.count)] + fields
        return frames
    }

    private static func refusal(of frames: [[UInt8]]) -> WireError? {
        do throws(WireError) {
            _ = try Envelope(frames: frames)
            return nil
        } catch {
            return error
        }
    }

    private static func refusal(of message: Message) -> WireError? {
        refusal(of: Envelope(generation: 1, message).frames)
    }

    private static func report(_ outcome: GroupOutcome, rewards: ClosedRange<Double> = 0...1) -> Message {
        .reportOutcomes(ReportOutcomes(request: 1, policyID: "p", rewards: rewards, outcomes: [outcome]))
    }

    private static func request(_ change: (inout RequestPlan) -> Void) -> Message {
        var request = RequestPlan(plan: plan, total: 8, candidates: [PlanCandidate(promptID: "a", text: "A")])
        change(&request)
        return .requestPlan(request)
    }

    private static func group(_ change: (inout GroupDone) -> Void) -> Message {
        var group = GroupDone(
            number: 0, index: 0, promptID: "a", rewards: [1, 0], advantages: [0.5, -0.5], baseline: 0.5, failed: 0,
            reason: "planned", references: [])
        change(&group)
        return .groupDone(plan, group)
    }

    private static func end(_ change: (inout PlanEnd) -> Void) -> Message {
        var end = PlanEnd(
            planID: "0", status: .ok, prompts: 1, total: 8, surplus: 0, reserve: 0, utility: 1, uniformUtility: 1,
            upperBound: 1, price: 0, zeroGroups: 0, digest: PlanEnd.digest(of: [8]).bytes, contextRows: 0,
            staleness: -1, uniformReason: "", warnings: [])
        change(&end)
        return .planEnd(plan, end)
    }

    private static func budget(p: Double?, kappa: Double?) -> Message {
        .budgets(
            plan, [PlannedBudget(index: 0, promptID: "a", n: 8, p: p, kappa: kappa, source: "model", reason: "price")])
    }

    @Test("a step below 0 names no plan, in any message")
    func steps() {
        let plan = PlanName(policyID: "p", step: -1)
        let name = AssignmentName(plan: plan, index: 0, attempt: 1)
        let messages: [Message] = [
            .requestPlan(RequestPlan(plan: plan, total: 1, candidates: [])),
            .requestRefused(RequestRefused(.plan(plan), .invalid, message: "")), .budgets(plan, []),
            .followPlan(plan, groupsAfter: 0), .rewards(Rewards(name: name, rewards: [])),
            .rewardsRecorded(RewardsRecorded(name: name, verdict: .recorded)), .assignmentReturned(name, .draining),
            .heartbeat(Heartbeat(incarnation: 1, assignments: [name])),
            .assignment(
                Assignment(name: name, policyVersion: 0, promptID: "a", text: "A", n: 1, leaseTime: .seconds(1))),
        ]
        for message in messages { #expect(Self.refusal(of: message) == .badField("step", found: "-1")) }
    }

    @Test("a reward that is no number is read, because it rejects its outcome and not the message")
    func missingRewards() throws {
        for message in [
            Self.request { $0.outcomes = [GroupOutcome(eventID: "e", promptID: "a", rewards: [0, .nan])] },
            Self.report(GroupOutcome(eventID: "e", promptID: "a", rewards: [0, .nan])),
        ] {
            let read = try Envelope(frames: Envelope(generation: 1, message).frames).message
            let outcomes: [GroupOutcome]
            switch read {
            case .requestPlan(let request): outcomes = request.outcomes
            case .reportOutcomes(let report): outcomes = report.outcomes
            default: outcomes = []
            }
            #expect(outcomes.first?.rewards.map(\.isNaN) == [false, true])
        }
    }

    @Test("what is not a number is refused, in every field", arguments: [Double.nan, .infinity, -.infinity])
    func numbers(_ bad: Double) {
        let messages: [Message] = [
            Self.request { $0.explore = bad }, Self.request { $0.recordDecay = bad },
            Self.request { $0.groupSurvival = bad }, Self.request { $0.lookAhead = bad },
            Self.request { $0.candidates = [PlanCandidate(promptID: "a", expectedTokens: bad)] },
            Self.end { ($0.expectedTokens, $0.expectedWaste) = (bad, 1) }, Self.end { $0.expectedWaste = bad },
            Self.end { ($0.adviceTotal, $0.adviceUtility) = (1, bad) }, Self.end { $0.exploreSaved = bad },
            .rewards(Rewards(name: MessageSample.assignment, rewards: [1, bad])),
            Self.group { $0.rewards[1] = bad }, Self.group { $0.advantages[1] = bad },
            Self.group { $0.baseline = bad }, Self.end { $0.utility = bad }, Self.end { $0.uniformUtility = bad },
            Self.end { $0.upperBound = bad }, Self.end { $0.price = bad }, Self.end { $0.zeroGroups = bad },
            Self.budget(p: bad, kappa: 1), Self.budget(p: 0.5, kappa: bad),
        ]
        for message in messages {
            guard case .badField = Self.refusal(of: message) else {
                Issue.record("\(bad) was let in: \(message)")
                continue
            }
        }
    }

    @Test("a belief is one: p in 0…1, kappa above 0")
    func beliefs() {
        #expect(Self.refusal(of: Self.budget(p: 0, kappa: .leastNonzeroMagnitude)) == nil)
        #expect(Self.refusal(of: Self.budget(p: 1, kappa: nil)) == nil)
        #expect(Self.refusal(of: Self.budget(p: -0.1, kappa: nil)) == .badField("p", found: "-0.1"))
        #expect(Self.refusal(of: Self.budget(p: 1.5, kappa: nil)) == .badField("p", found: "1.5"))
        #expect(Self.refusal(of: Self.budget(p: 0.5, kappa: 0)) == .badField("kappa", found: "0.0"))
        #expect(Self.refusal(of: Self.budget(p: 0.5, kappa: -1)) == .badField("kappa", found: "-1.0"))
    }

    @Test("a range of rewards holds something")
    func ranges() throws {
        let outcome = GroupOutcome(eventID: "e", promptID: "a", rewards: [0])
        #expect(Self.refusal(of: Self.report(outcome, rewards: -1...1)) == nil)
        #expect(
            Self.refusal(of: Self.report(outcome, rewards: 1...1))
                == .badField("reward_low, reward_high", found: "1.0, 1.0"))
        for (low, high) in [
            (-.infinity, 1.0), (0, .infinity), (-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude),
        ] {
            #expect(
                Self.refusal(of: Self.report(outcome, rewards: low...high))
                    == .badField("reward_low, reward_high", found: "\(low), \(high)"))
        }
        // reward_low (17 in RequestPlan, 3 in ReportOutcomes) of 2 or nothing at all, above the 1 of reward_high.
        for low in [2, Double.nan] {
            let bytes = withUnsafeBytes(of: low.bitPattern.littleEndian) { Array($0) }
            for frames in [
                try Self.sample("request-plan", tag: 24, over: [0x89, 0x01] + bytes),
                try Self.sample("report-outcomes", tag: 34, over: [0x19] + bytes),
            ] {
                #expect(Self.refusal(of: frames) == .badField("reward_low, reward_high", found: "\(low), 1.0"))
            }
        }
    }

    @Test("an enumeration that is not set, or not known, is refused")
    func enumerations() throws {
        let fields: [(sample: String, tag: Int, field: UInt8, name: String)] = [
            ("request-plan", 24, 12, "fallback"), ("request-plan", 24, 13, "mode"),
            ("request-plan", 24, 14, "delivery"),
            ("request-refused", 25, 3, "reason"), ("plan-end", 27, 3, "status"), ("rewards-recorded", 32, 2, "verdict"),
            ("assignment-returned", 33, 2, "reason"),
        ]
        for (sample, tag, field, name) in fields {
            for value in [UInt8(0), 9] {
                let frames = try Self.sample(sample, tag: tag, over: [field << 3, value])
                #expect(Self.refusal(of: frames) == .badField(name, found: "\(value)"), "\(sample)")
            }
        }
        // The context (15 in RequestPlan, 6 in RequestScores) with another selection (2).
        for (sample, tag, field) in [("request-plan", 24, UInt8(15)), ("request-scores", 36, 6)] {
            let frames = try Self.sample(sample, tag: tag, over: [field << 3 | 2, 2, 0x10, 9])
            #expect(Self.refusal(of: frames) == .badField("selection", found: "9"), "\(sample)")
        }
    }

    @Test("deadlines and leases are between 1 ms and an hour")
    func clocks() {
        for duration in [Duration.zero, .milliseconds(3_600_001), .seconds(1 << 40)] {
            guard case .badField("deadline_ms", _) = Self.refusal(of: Self.request({ $0.deadline = duration })) else {
                Issue.record("a deadline of \(duration) was let in")
                continue
            }
        }
        #expect(Self.refusal(of: Self.request { $0.deadline = .seconds(3600) }) == nil)
    }

    @Test("an assignment is of one rollout at least")
    func assignments() {
        let none = Assignment(
            name: MessageSample.assignment, policyVersion: 0, promptID: "a", text: "A", n: 0, leaseTime: .seconds(1))
        #expect(Self.refusal(of: .assignment(none)) == .badField("n", found: "0"))
    }

    @Test("a rollout worker names 1024 assignments at most")
    func heartbeat() throws {
        let many = (0..<1030).map { AssignmentName(plan: Self.plan, index: $0, attempt: UInt64($0)) }
        let sent = Envelope(generation: 1, .heartbeat(Heartbeat(incarnation: 1, assignments: many)))
        guard case .heartbeat(let heartbeat) = try Envelope(frames: sent.frames).message else {
            Issue.record("another message was decoded")
            return
        }
        #expect(heartbeat.assignments == Array(many.prefix(Limits.assignmentsMax)))
        var frames = sent.frames
        // One more empty name (field 5).
        frames[0] += [0x3A, 0x02, 0x2A, 0x00]
        #expect(Self.refusal(of: frames) == .tooLarge("assignments", found: 1025, limit: 1024))
    }

    @Test("a group has as many advantages as rewards, and references to all or none")
    func groups() {
        #expect(Self.refusal(of: Self.group { $0.references = ["x", ""] }) == nil)
        #expect(
            Self.refusal(of: Self.group { $0.advantages = [1] }) == .badField("advantages", found: "1 for 2 rewards"))
        #expect(
            Self.refusal(of: Self.group { $0.references = ["x"] }) == .badField("references", found: "1 for 2 rewards"))
    }

    @Test("a plan's staleness is −1 or a number of steps")
    func staleness() {
        #expect(Self.refusal(of: Self.end { $0.staleness = -1 }) == nil)
        #expect(Self.refusal(of: Self.end { $0.staleness = -2 }) == .badField("staleness", found: "-2"))
    }

    @Test("a text that is not UTF-8 makes a request unreadable, but is a row's own fault in a request for scores")
    func texts() throws {
        for name in ["request-plan", "assignment", "report-outcomes"] {
            var frames = try #require(MessageSample.all.first { $0.name == name }).envelope.frames
            let rows = frames[1].count / 4
            frames[2] = [0xFF]
            frames[1] = [1, 0, 0, 0] + [UInt8](repeating: 0, count: 4 * (rows - 1))
            #expect(Self.refusal(of: frames) == .badField("texts", found: "row 0 is not UTF-8"), "\(name)")
        }
        var frames = try #require(MessageSample.all.first { $0.name == "request-scores" }).envelope.frames
        frames[2][0] = 0xFF
        guard case .requestScores(let request) = try Envelope(frames: frames).message else {
            Issue.record("another message was decoded")
            return
        }
        #expect(request.texts.texts == [nil])
        frames[2][10] = 0xFF
        guard case .badField("context", _) = Self.refusal(of: frames) else {
            Issue.record("a context with a text that is not UTF-8 was let in")
            return
        }
    }

    @Test("a context for scores has up to 4096 rows that can be read")
    func contexts() throws {
        // context_rows (5) of 4097, and of 0 with outcomes behind it.
        let many = try Self.sample("request-scores", tag: 36, over: [0x28, 0x81, 0x20])
        #expect(Self.refusal(of: many) == .tooLarge("context rows", found: 4097, limit: 4096))
        var none = try Self.sample("request-scores", tag: 36, over: [0x28, 0x00])
        none[1] = Array(none[1].prefix(4))
        none[2] = Array(none[2].prefix(10))
        #expect(Self.refusal(of: none) == .badFrame("outcomes", found: 24, expected: 0))
        none[3] = []
        #expect(Self.refusal(of: none) == nil)
        // A reward of 2, and no rollouts.
        for (place, bytes) in [(0, [0, 0, 0, 0, 0, 0, 0, 0x40]), (8, [0, 0, 0, 0])] as [(Int, [UInt8])] {
            var frames = try #require(MessageSample.all.first { $0.name == "request-scores" }).envelope.frames
            frames[3].replaceSubrange(place..<place + bytes.count, with: bytes)
            guard case .badField("context", _) = Self.refusal(of: frames) else {
                Issue.record("a context's row at \(place) was let in")
                continue
            }
        }
    }

    @Test("a rollout's reference is cut to 1024 bytes")
    func references() throws {
        let long = String(repeating: "ä", count: 2000)
        let sent = Envelope(
            generation: 1, .rewards(Rewards(name: MessageSample.assignment, rewards: [1], references: [long])))
        guard case .rewards(let rewards) = try Envelope(frames: sent.frames).message else {
            Issue.record("another message was decoded")
            return
        }
        #expect(rewards.references == [String(repeating: "ä", count: 512)])
    }

    @Test("budgets of the largest plan are sent in parts that fit into headers, whatever the ids")
    func partsOfBudgets() throws {
        for (count, bytes) in [(PlanLimits.candidates.upperBound, 60), (3000, Limits.labelBytesMax), (1, 5), (0, 0)] {
            let id = String(repeating: "x", count: bytes)
            let budgets = (0..<count).map {
                PlannedBudget(
                    index: $0, promptID: id, n: 1024, p: 0.5, kappa: 3, source: "fallback", reason: "explore_hopeless")
            }
            let parts = budgets.parts
            #expect(parts.reduce([], +) == budgets)
            let sizes = parts.map { Envelope(generation: .max, .budgets(Self.plan, $0)).frames[0].count }
            #expect(sizes.allSatisfy { $0 <= Limits.headerBytesMax })
            print(
                "wire: \(count) budgets with ids of \(bytes) bytes: \(parts.count) parts, \(sizes.max() ?? 0) bytes at most"
            )
        }
    }

    @Test("an answer to a report is sent in parts that fit into headers")
    func partsOfAnswers() throws {
        let rewards = [Double](repeating: 0.3, count: 64)
        let done = GroupDone(
            number: .max, index: .max, promptID: String(repeating: "p", count: 80), rewards: rewards,
            advantages: rewards, baseline: 0.3, failed: 3, reason: "reserve_empty", references: [])
        let answer = OutcomesRecorded(
            request: 9, accepted: 10_000, duplicates: 3,
            rejected: (0..<2000).map { index in
                OutcomesRecorded.Rejected(
                    index: index, eventID: String(repeating: "e", count: 4000), code: "unknown_prompt",
                    message: String(repeating: "m", count: 3000))
            }, decisions: (0..<10_000).map { OutcomesRecorded.Decision(index: $0, draw: 0, done: done) })
        let parts = answer.parts
        #expect(parts.count > 10)
        #expect(parts.flatMap(\.rejected) == answer.rejected && parts.flatMap(\.decisions) == answer.decisions)
        #expect(parts.reduce(0) { $0 + $1.accepted } == 10_000 && parts.reduce(0) { $0 + $1.duplicates } == 3)
        #expect(parts.map(\.hasMore) == parts.indices.map { $0 < parts.count - 1 })
        let sizes = parts.map { Envelope(generation: .max, .outcomesRecorded($0)).frames[0].count }
        #expect(sizes.allSatisfy { $0 <= Limits.headerBytesMax })
        print("wire: an answer to 12000 outcomes in \(parts.count) parts, \(sizes.max() ?? 0) bytes at most")
        let small = OutcomesRecorded(request: 9, accepted: 1, duplicates: 0, rejected: [], decisions: [])
        #expect(small.parts == [small])
    }

    @Test("what a request for scores knows is of all of its texts or of none")
    func facts() {
        let message = { (count: Int) in
            Message.requestScores(
                RequestScores(
                    request: 1, policy: Policy(id: "p"), texts: TextBlock(["a"]),
                    facts: Array(repeating: PromptFacts(), count: count)))
        }
        #expect(Self.refusal(of: message(0)) == nil && Self.refusal(of: message(1)) == nil)
        #expect(Self.refusal(of: message(2)) == .badField("facts", found: "2 for 1 texts"))
    }

    @Test("names of references and covariates of a request for scores are within their bounds")
    func scoresSide() throws {
        let outcome = try #require(Outcome(k: 1, n: 2))
        let base = NamedOutcome(name: "base", outcome: outcome)
        func fault(_ facts: PromptFacts, references: [String] = []) -> String? {
            let request = RequestScores(
                request: 1, policy: Policy(id: "p"), texts: TextBlock(["a"]), references: references, facts: [facts])
            do throws(RequestFault) { try request.check() } catch { return error.member }
            return nil
        }
        #expect(fault(PromptFacts(references: [base]), references: ["r"]) == nil)
        #expect(fault(PromptFacts(references: [base, base])) == "items[0].references")
        #expect(fault(PromptFacts(references: [NamedOutcome(name: "p", outcome: outcome)])) == "items[0].references")
        let level = Covariate(name: "level", value: .number(1))
        #expect(fault(PromptFacts(covariates: [level, level])) == "items[0].covariates")
        #expect(fault(PromptFacts(), references: ["p"]) == "references[0]")
        #expect(fault(PromptFacts(), references: ["r", "r"]) == "references[1]")
        #expect(fault(PromptFacts(), references: (0..<64).map { "r\($0)" }) == "references")
    }
}
