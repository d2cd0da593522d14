import Cluster
public import Logging
public import Scoring
import Wire
public import ZeroMQ

/// A client that submits one shard at a time and waits for its answers: it measures the time of a prediction by a cluster.
///
/// Use it from one thread. The time is measured from the call to its return, through all threads between.
public final class LatencyProbe {
    private let connection: ClientConnection
    private let clock = ContinuousClock()
    private let job: JobID
    private var nextShard: UInt32 = 0
    private var shardsWanted = 0
    private var isFinished = false

    /// Opens a job under a context; returns when the cluster has accepted it. The first call of `seconds` prepares the
    /// context.
    public init(coordinator: Endpoint, context: ContextSet, logger: Logger) throws(ClientError) {
        connection = try ClientConnection(
            to: coordinator, policy: Policy(id: "latency"), context: context, abandonTime: .seconds(60),
            logger: logger)
        var generator = SystemRandomNumberGenerator()
        job = JobID(using: &generator)
        while shardsWanted == 0 { _ = try receive() }
    }

    /// Seconds from the texts to their predictions. The texts are one shard; there is at least one.
    public func seconds(for texts: [String]) throws(ClientError) -> Double {
        while shardsWanted == 0 { _ = try receive() }
        let start = clock.now
        let block = TextBlock(texts)
        shardsWanted -= 1
        connection.send(
            .shardReady(
                SubmitShard(job: job, shard: nextShard, tokens: block.bytes.count / 4 + 2, affinity: 0, texts: block)))
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
    public func close() {
        connection.send(.inputEnded(shards: nextShard))
        do throws(ClientError) {
            while !isFinished { _ = try receive() }
        } catch {
            // All answers have arrived; the loss of the coordinator does not matter any more.
        }
        connection.close()
    }

    /// Handles what has arrived; returns the answers of the current shard, if they are among it.
    private func receive() throws(ClientError) -> AnswerBlock? {
        var answers: AnswerBlock?
        for event in connection.receive(for: .seconds(1)) {
            switch event {
            case .action(.openOutput): connection.send(.ready(job, firstShard: 0))
            case .action(.produce): shardsWanted += 1
            case .action(.deliver(let answer)): answers = answer.answers
            case .action(.finish): isFinished = true
            case .action(.showStatus), .action(.send): break
            case .action(.fail(let failure)): throw .refused("\(failure)")
            case .broken(let message): throw .refused(message)
            }
        }
        return answers
    }
}
