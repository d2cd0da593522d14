import Corpora
import Scoring
import TestSupport
import Testing
import Threads
import Wire
import ZeroMQ

/// A coordinator for a scoring client: accepts its job and answers each shard at once, with predictions by text length.
final class ScoringStub: Sendable {
    /// What the stub has received.
    struct Received: Sendable {
        var shards: [UInt32] = []
        var confirmedBelow: UInt32 = 0
        var jobs: [JobID] = []
        var isClosed = false
        /// Row ranges, in the order of their shards.
        var ranges: [RowRanges] = []
    }

    static let model = ModelFingerprint(name: "stub", digest: Digest(of: "stub"))

    let coordinator: LoopbackCoordinator
    private let state = SharedValue(Received())

    var received: Received { state.value }
    var endpoint: Endpoint { coordinator.endpoint }

    /// Answers shards until it has answered `answersMax`; a text `bad` gets a fault, `odd` neither prediction nor fault. Row
    /// ranges are answered as these texts in order, or with a fault of this code.
    init(answersMax: Int = .max, texts: [String] = [], rangeFault: String? = nil, rangeWorkers: Int = 1) throws {
        let state = state
        coordinator = try LoopbackCoordinator { message, _ in
            var answers: [Wire.Message] = []
            if case .heartbeat = message {
                return [
                    .clusterStatus(
                        ClusterStatus(workers: 1, shardsPending: 0, shardsLeased: 0, rangeWorkers: rangeWorkers))
                ]
            }
            if case .submitShard(let shard) = message, case .ranges(let block) = shard.content {
                guard rangeWorkers > 0, let ranges = try? block.ranges() else { return [] }
                state.change { $0.ranges.append(ranges) }
                if let rangeFault { return [.shardAnswer(Self.refusal(of: shard, rangeFault))] }
                // The rows of these tests follow each other in one file.
                let first = ranges.ranges[0].firstRow - 1
                return [.shardAnswer(Self.answer(shard, Array(texts[first..<first + block.count])))]
            }
            state.change { answers = Self.answer(message, answersMax, &$0) }
            return answers
        }
    }

    func stop() throws { try coordinator.stop() }

    private static func answer(_ message: Wire.Message, _ answersMax: Int, _ state: inout Received) -> [Wire.Message] {
        switch message {
        case .hello(let hello):
            return [
                .welcome(
                    Welcome(
                        incarnation: hello.incarnation, heartbeatInterval: .milliseconds(100), leaseTime: .seconds(30),
                        fingerprint: model, readsSide: true, readsRanges: true))
            ]
        case .submitJob(let job):
            state.jobs.append(job.job)
            return [.jobAccepted(JobAccepted(job: job.job, windowRows: 262_144, windowTokens: 16_777_216))]
        case .submitShard(let shard):
            state.shards.append(shard.shard)
            guard state.shards.count <= answersMax else { return [] }
            guard case .texts(let block) = shard.content else { return [] }
            return [.shardAnswer(Self.answer(shard, block.texts))]
        case .confirm(_, let below):
            state.confirmedBelow = below
            return []
        case .closeJob(let job):
            state.isClosed = true
            return [.jobClosed(job)]
        default: return []
        }
    }

    private static func refusal(of shard: SubmitShard, _ code: String) -> ShardAnswer {
        let count = shard.content.count
        return ShardAnswer(
            job: shard.job, shard: shard.shard, answers: AnswerBlock([Prediction?](repeating: nil, count: count)),
            faults: (0..<UInt32(count)).map { RowFault(row: $0, code: code, message: "/a: it changed") })
    }

    private static func answer(_ shard: SubmitShard, _ texts: [String?]) -> ShardAnswer {
        var faults: [RowFault] = []
        var predictions: [Prediction?] = []
        for (row, text) in texts.enumerated() {
            let text = text ?? ""
            if text == "bad" {
                faults.append(RowFault(row: UInt32(row), code: "embedding_failed", message: "bad text"))
            }
            let p = Float(text.utf8.count % 100) / 100
            predictions.append(text == "bad" || text == "odd" ? nil : Prediction(p: p, kappa: 2, pLo: p / 2, pHi: p))
        }
        return ShardAnswer(job: shard.job, shard: shard.shard, answers: AnswerBlock(predictions), faults: faults)
    }
}
