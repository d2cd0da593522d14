import ClientNode
import Cluster
import Logging
import Scoring
import Wire
import ZeroMQ

/// A client that submits one shard at a time and waits for its answers: the latency of a prediction through a cluster.
///
/// Belongs to one thread. The time covers the whole way, from the caller's thread and back to it.
final class LatencyProbe {
    private let connection: ClientConnection
    private let clock = ContinuousClock()
    private let job: JobID
    private var nextShard: UInt32 = 0
    private var shardsWanted = 0
    private var isFinished = false

    /// Opens a job with a context; returns when the cluster has accepted it. The first call of `seconds` prepares the
    /// context.
    init(coordinator: Endpoint, context: ContextSet, logger: Logger) throws(ClientError) {
        connection = try ClientConnection(
            to: coordinator, policy: Policy(id: "latency"), context: context, abandonTime: .seconds(60),
            logger: logger)
        var chance = SystemRandomNumberGenerator()
        job = JobID(using: &chance)
        while shardsWanted == 0 { _ = try receive() }
    }

    /// Seconds from texts to their predictions. The texts are one shard. Precondition: at least one text.
    func seconds(for texts: [String]) throws(ClientError) -> Double {
        while shardsWanted == 0 { _ = try receive() }
        let start = clock.now
        let block = TextBlock(texts)
        shardsWanted -= 1
        connection.send(
            .shardReady(
                SubmitShard(
                    job: job, shard: nextShard, tokens: TokenEstimate.encoded(bytes: block.bytes.count), affinity: 0,
                    texts: block)))
        var seconds: Double?
        while seconds == nil {
            guard let answers = try receive() else { continue }
            let predictions = (0..<answers.count).map { answers[$0] }
            seconds = (clock.now - start) / .seconds(1)
            guard predictions.count == texts.count, predictions.allSatisfy({ $0 != nil }) else {
                throw .refused("a row of \(texts.count) has no prediction")
            }
        }
        nextShard += 1
        connection.send(.durable(below: nextShard))
        return seconds ?? 0
    }

    /// Ends the job.
    func close() {
        connection.send(.inputEnded(shards: nextShard))
        do throws(ClientError) {
            while !isFinished { _ = try receive() }
        } catch {
            // All answers have arrived, so a lost coordinator changes nothing.
        }
        connection.close()
    }

    /// Handles the events that have arrived; returns the answers of the current shard, if they are among them.
    private func receive() throws(ClientError) -> AnswerBlock? {
        var answers: AnswerBlock?
        for event in connection.receive(for: .seconds(1)) {
            switch event {
            case .action(.openOutput): connection.send(.ready(job, firstShard: 0))
            case .action(.produce): shardsWanted += 1
            case .action(.deliver(let answer)): answers = answer.answers
            case .action(.finish): isFinished = true
            case .action(.showStatus), .action(.quarantined), .action(.send): break
            case .action(.fail(let failure)): throw .refused("\(failure)")
            case .broken(let message): throw .refused(message)
            }
        }
        return answers
    }
}
