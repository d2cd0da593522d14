import Scoring
import TestSupport
import Threads
import Wire
import ZeroMQ

/// A coordinator for one worker: welcomes it, lends it pieces as its credit allows, sends a context when it is asked for.
final class WorkerStub: Sendable {
    /// What it has received.
    struct Received: Sendable {
        var hellos: [Hello] = []
        var heartbeats: [Heartbeat] = []
        var contextsWanted: [Digest] = []
        var results: [ShardResult] = []
        var returned: [PieceName] = []
        var isDraining = false
        var hasLeft = false
        /// Pieces that were not lent yet.
        fileprivate var waiting: ArraySlice<UInt32>
        fileprivate var credit = 0
        fileprivate var inHand = 0
    }

    /// How it answers the first Hello.
    enum Greeting: Sendable {
        case welcome
        case refusal(String)
        /// Welcomes the worker, and says nothing after that.
        case silence
        /// Welcomes the worker, and does not know it at its first heartbeat.
        case restart
    }

    static let job = JobID(high: 1, low: 2)
    static let rows = 40

    let coordinator: LoopbackCoordinator
    private let state: SharedValue<Received>

    var received: Received { state.value }

    /// Lends so many pieces of `rows` rows each, all under one context.
    init(_ greeting: Greeting = .welcome, pieces: UInt32 = 0, context: ContextBlock? = nil) throws {
        let state = SharedValue(Received(waiting: Array(0..<pieces)[...]))
        self.state = state
        coordinator = try LoopbackCoordinator { message, _ in
            var answers: [Wire.Message] = []
            state.change { answers = Self.answer(message, greeting, context, &$0) }
            return answers
        }
    }

    func stop() throws { try coordinator.stop() }

    static func piece(_ shard: UInt32) -> PieceName { PieceName(job: job, shard: shard, rows: 0..<rows, attempt: 1) }

    /// The texts of a piece; texts repeat from one piece to the next.
    static func texts(_ shard: UInt32) -> [String] { (0..<rows).map { "piece \(shard / 2) row \($0)" } }

    private static func answer(
        _ message: Wire.Message, _ greeting: Greeting, _ context: ContextBlock?, _ state: inout Received
    ) -> [Wire.Message] {
        var answers: [Wire.Message] = []
        switch message {
        case .hello(let hello):
            state.hellos.append(hello)
            if case .refusal(let reason) = greeting { return [.refused(.fingerprint, message: reason)] }
            answers.append(
                .welcome(
                    Welcome(
                        incarnation: hello.incarnation, heartbeatInterval: .milliseconds(50), leaseTime: .seconds(30))))
        case .heartbeat(let heartbeat):
            state.heartbeats.append(heartbeat)
            if case .restart = greeting, state.heartbeats.count == 1 { return [.whoAreYou] }
            state.credit = heartbeat.credit.pieces
        case .contextWanted(let digest):
            state.contextsWanted.append(digest)
            if let context { answers.append(.context(context)) }
        case .shardResult(let result):
            state.results.append(result)
            state.inHand -= 1
        case .shardReturned(let piece, _):
            state.returned.append(piece)
            state.inHand -= 1
        case .drain:
            state.isDraining = true
            state.waiting = []
        case .bye: state.hasLeft = true
        default: break
        }
        guard let context else { return answers }
        while state.inHand < state.credit, let shard = state.waiting.popFirst() {
            answers.append(.shard(piece(shard), context: context.digest, .texts(TextBlock(texts(shard)))))
            state.inHand += 1
        }
        return answers
    }
}
