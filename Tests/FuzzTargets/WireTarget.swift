import Scoring
import Wire

/// Frames of a message: they decode or are refused; what decodes can be read to its end, and is encoded as it was received.
enum WireTarget {
    /// The input's message: a number of raw frames, their lengths, their bytes; then the header without its magic.
    static func frames(_ input: inout FuzzBytes) -> [[UInt8]] {
        let lengths = (0..<Int(input.byte() % 6)).map { _ in input.number16() }
        let raw = lengths.map { input.bytes($0) }
        return [Array("SZ01".utf8) + input.remainder()] + raw
    }

    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let frames = frames(&input)
        _ = Envelope.isRequestOfTrainer(rawFrames: frames.map { RawFrame($0) })
        guard let envelope = try? Envelope(frames: frames) else { return nil }
        if let problem = read(envelope.message) { return problem }
        guard let again = try? Envelope(frames: envelope.frames) else {
            return "what was decoded is refused: \(envelope)"
        }
        // A reward that is no number equals nothing; its bytes do.
        return again == envelope || again.frames == envelope.frames ? nil : "encoding changed \(envelope)"
    }

    /// Reads all of a message that is read on the way.
    private static func read(_ message: Message) -> String? {
        switch message {
        case .context(let context): read(context)
        case .submitJob(let submit): read(submit.context)
        case .shard(let piece, _, let content):
            piece.rows.count == content.count ? read(content) : "\(piece) has \(content.count) rows"
        case .submitShard(let shard): read(shard.content)
        case .shardResult(let result): read(result.answers, result.faults)
        case .shardAnswer(let answer): read(answer.answers, answer.faults)
        case .scores(let scores): read(scores.answers, scores.faults)
        case .requestScores(let request): read(request.texts) ?? request.context.flatMap { read($0) }
        case .requestPlan(let request):
            request.rewards.lowerBound < request.rewards.upperBound && request.identity.bytes.count == 32
                ? nil : "a plan of step \(request.plan.step) with rewards \(request.rewards)"
        case .groupDone(let plan, let group):
            group.advantages.allSatisfy(\.isFinite) ? nil : "an advantage of \(plan) is not finite"
        default: nil
        }
    }

    private static func read(_ context: ContextBlock) -> String? {
        if let set = context.contextSet, set.digest != context.digest || set.rows.count != context.count {
            return "a context set differs from its block"
        }
        return read(context.texts)
    }

    private static func read(_ content: ShardContent) -> String? {
        switch content {
        case .texts(let texts): return read(texts)
        case .ranges(let ranges):
            if let found = try? ranges.ranges(), found.fault(rowsMax: Limits.shardRowsMax) != nil {
                return "ranges are beyond their bounds"
            }
            let half = content.count / 2
            return content.slice(half..<content.count).count == content.count - half ? nil : "a slice lost rows"
        }
    }

    private static func read(_ texts: TextBlock) -> String? {
        let half = texts.count / 2
        return texts.texts.count == texts.count && texts.slice(half..<texts.count).count == texts.count - half
            ? nil : "a block of \(texts.count) texts has another number of them"
    }

    private static func read(_ answers: AnswerBlock, _ faults: [RowFault]) -> String? {
        for row in 0..<answers.count {
            if let found = answers[row], !(0...1 ~= found.p && found.kappa > 0) { return "row \(row) is \(found)" }
        }
        return faults.allSatisfy { Int($0.row) < answers.count } ? nil : "a fault names a row that is not there"
    }
}
