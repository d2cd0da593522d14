import Scoring
import Testing
import Wire

@Suite("Hostile input is refused, never fatal")
struct HostileInputTests {
    private static let seed: UInt64 = 20_260_101
    private static let rounds = 240_000

    @Test("mutated, truncated, spliced and random frames decode or throw, and what decodes is consistent")
    func mutations() throws {
        var mutator = FrameMutator(seed: Self.seed)
        var decoded = 0
        var refused: [String: Int] = [:]
        for round in 0..<Self.rounds {
            let frames = mutator.next()
            do throws(WireError) {
                let envelope = try Envelope(frames: frames)
                decoded += 1
                // Every accepted message must be readable to the end, and must be encoded as it was received.
                Self.readEverything(in: envelope.message)
                let again = try Envelope(frames: envelope.frames)
                // A reward that is no number equals nothing; its bytes do.
                let isSame = again == envelope || again.frames == envelope.frames
                #expect(isSame, "seed \(Self.seed), round \(round): encoding changed the message")
            } catch {
                #expect(!error.description.isEmpty)
                refused[Self.name(of: error), default: 0] += 1
            }
        }
        let reasons = refused.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        print("wire: \(Self.rounds) hostile messages, \(decoded) decoded, refused: \(reasons)")
        #expect(decoded + refused.values.reduce(0, +) == Self.rounds)
        #expect(decoded > 0, "no mutation was harmless: the mutator destroys too much to test what is let in")
        #expect(Set(refused.keys) == ["notOurs", "undecodable", "badField", "badFrame", "frameCount", "tooLarge"])
    }

    @Test("every truncation of every frame of every kind is refused or consistent")
    func everyTruncation() throws {
        var tried = 0
        var decoded = 0
        for sample in MessageSample.all {
            let whole = sample.envelope.frames
            for (place, frame) in whole.enumerated() {
                for length in 0..<frame.count {
                    var frames = whole
                    frames[place] = Array(frame.prefix(length))
                    tried += 1
                    guard let envelope = try? Envelope(frames: frames) else { continue }
                    decoded += 1
                    Self.readEverything(in: envelope.message)
                    if case .submitShard(let shard) = envelope.message, case .ranges(let block) = shard.content {
                        // The coordinator forwards the frame; a worker reads it.
                        #expect(place == 0 || (try? block.ranges()) == nil)
                        continue
                    }
                    #expect(place == 0, "\(sample.name): a raw frame cut to \(length) bytes was let in")
                }
            }
        }
        print("wire: \(tried) truncations, \(decoded) decoded")
        #expect(tried > 1000)
    }

    @Test("a frame too many or too few is refused, for every kind")
    func frameCounts() {
        for sample in MessageSample.all {
            let frames = sample.envelope.frames
            #expect(throws: WireError.frameCount(found: frames.count + 1, expected: frames.count)) {
                try Envelope(frames: frames + [[]])
            }
            guard frames.count > 1 else { continue }
            #expect(throws: WireError.frameCount(found: frames.count - 1, expected: frames.count)) {
                try Envelope(frames: frames.dropLast())
            }
        }
    }

    @Test("a message of another program is refused as such")
    func notOurs() {
        #expect(throws: WireError.notOurs) { try Envelope(frames: []) }
        #expect(throws: WireError.notOurs) { try Envelope(frames: [[]]) }
        #expect(throws: WireError.notOurs) { try Envelope(frames: [Array("SZ0".utf8)]) }
        #expect(throws: WireError.notOurs) { try Envelope(frames: [Array("GET / HTTP/1.1".utf8)]) }
        #expect(throws: WireError.undecodable) { try Envelope(frames: [Array("SZ01".utf8)]) }
    }

    @Test("a body of a later version is refused, not skipped")
    func unknownBody() {
        // Field 40, a message of no fields: the next body to be given a number.
        #expect(throws: WireError.undecodable) { try Envelope(frames: [[0x53, 0x5A, 0x30, 0x31, 0xC2, 0x02, 0x00]]) }
    }

    @Test("an unknown field in a known body is ignored")
    func unknownField() throws {
        // Bye (field 10) with an unknown field 15 inside.
        let frames: [[UInt8]] = [[0x53, 0x5A, 0x30, 0x31, 0x52, 0x02, 0x78, 0x01]]
        #expect(try Envelope(frames: frames) == Envelope(generation: 0, .bye))
    }

    private static func name(of error: WireError) -> String {
        switch error {
        case .notOurs: "notOurs"
        case .undecodable: "undecodable"
        case .badField: "badField"
        case .badFrame: "badFrame"
        case .frameCount: "frameCount"
        case .tooLarge: "tooLarge"
        }
    }

    private static func readEverything(in message: Message) {
        switch message {
        case .context(let context): read(context)
        case .submitJob(let submit): read(submit.context)
        case .shard(let piece, _, let content):
            #expect(piece.rows.count == content.count)
            read(content)
        case .submitShard(let shard): read(shard.content)
        case .shardResult(let result): read(result.answers, result.faults)
        case .shardAnswer(let answer): read(answer.answers, answer.faults)
        case .heartbeat(let heartbeat):
            for piece in heartbeat.held { #expect(piece.rows.upperBound <= Limits.shardRowsMax) }
            #expect(heartbeat.assignments.count <= Limits.assignmentsMax)
            for name in heartbeat.assignments { #expect(name.plan.step >= 0 && name.index >= 0) }
        case .requestPlan(let request):
            #expect(request.plan.step >= 0 && request.rewards.lowerBound < request.rewards.upperBound)
            #expect(request.identity.bytes.count == 32)
            read(request.outcomes)
        case .reportOutcomes(let report):
            if let range = report.rewards { #expect(range.lowerBound < range.upperBound) }
            read(report.outcomes)
        case .budgets(_, let budgets):
            #expect(budgets.parts.reduce([], +) == budgets)
        case .groupDone(_, let group): read(group)
        case .outcomesRecorded(let recorded):
            for decision in recorded.decisions { if let done = decision.done { read(done) } }
            #expect(recorded.parts.reduce([]) { $0 + $1.decisions } == recorded.decisions)
        case .requestScores(let request):
            read(request.texts)
            if let context = request.context { read(context) }
        case .scores(let scores): read(scores.answers, scores.faults)
        default: break
        }
    }

    private static func read(_ outcomes: [GroupOutcome]) {
        for outcome in outcomes {
            #expect(outcome.n >= 0 && outcome.failed >= 0 && outcome.tokens >= 0)
        }
    }

    private static func read(_ group: GroupDone) {
        #expect(group.advantages.count == group.rewards.count)
        #expect(group.advantages.allSatisfy(\.isFinite) && group.baseline.isFinite)
    }

    private static func read(_ context: ContextBlock) {
        read(context.texts)
        if let set = context.contextSet { #expect(set.digest == context.digest && set.rows.count == context.count) }
    }

    private static func read(_ content: ShardContent) {
        switch content {
        case .texts(let texts): read(texts)
        case .ranges(let ranges):
            // What can be read is within bounds; what cannot is an error.
            if let found = try? ranges.ranges() { #expect(found.fault(rowsMax: Limits.shardRowsMax) == nil) }
            #expect(content.slice(content.count / 2..<content.count).count == content.count - content.count / 2)
        }
    }

    private static func read(_ texts: TextBlock) {
        #expect(texts.texts.count == texts.count)
        #expect(texts.slice(texts.count / 2..<texts.count).count == texts.count - texts.count / 2)
    }

    private static func read(_ answers: AnswerBlock, _ faults: [RowFault]) {
        for row in 0..<answers.count {
            if let prediction = answers[row] { #expect(prediction.p >= 0 && prediction.p <= 1 && prediction.kappa > 0) }
        }
        for fault in faults { #expect(Int(fault.row) < answers.count) }
    }
}
