import Cluster
public import Logging
public import Scoring
import Threads
import Wire
public import ZeroMQ

/// A client that hands in one shard at a time and waits for its answers: how long one prediction takes through a cluster.
///
/// Belongs to one thread. What is timed goes the whole way, from the caller's thread to the caller's thread.
public final class LatencyProbe {
    private let wires: ClientConnection
    private let clock = ContinuousClock()
    private let job: JobID
    private var nextShard: UInt32 = 0
    private var shardsWanted = 0
    private var isFinished = false

    /// Opens a job under a context; returns when the cluster has taken it. The first call of `seconds` prepares the context.
    public init(coordinator: Endpoint, context: ContextSet, logger: Logger) throws(ClientError) {
        wires = try ClientConnection(
            to: coordinator, policy: Policy(id: "latency"), context: context, abandonTime: .seconds(60),
            logger: logger)
        var chance = SystemRandomNumberGenerator()
        job = JobID(using: &chance)
        while shardsWanted == 0 { _ = try take() }
    }

    /// Seconds from texts in hand to their predictions in hand. Texts are one shard; there is at least one.
    public func seconds(for texts: [String]) throws(ClientError) -> Double {
        while shardsWanted == 0 { _ = try take() }
        let start = clock.now
        let block = TextBlock(texts)
        shardsWanted -= 1
        _ = wires.events.send(
            .shardReady(
                SubmitShard(
                    job: job, shard: nextShard, tokens: TokenEstimate.encoded(bytes: block.bytes.count), affinity: 0,
                    texts: block)))
        var seconds: Double?
        while seconds == nil {
            guard let answers = try take() else { continue }
            let predictions = (0..<answers.count).map { answers[$0] }
            seconds = (clock.now - start) / .seconds(1)
            guard predictions.count == texts.count, predictions.allSatisfy({ $0 != nil }) else {
                throw .refused("a row of \(texts.count) has no prediction")
            }
        }
        nextShard += 1
        _ = wires.events.send(.durable(below: nextShard))
        return seconds ?? 0
    }

    /// Ends the job.
    public func close() {
        _ = wires.events.send(.inputEnded(shards: nextShard))
        do throws(ClientError) {
            while !isFinished { _ = try take() }
        } catch {
            // All answers are there; a coordinator that has gone meanwhile changes nothing.
        }
        wires.hangUp()
    }

    /// What came since, of which the answers of the shard under way, if they did.
    private func take() throws(ClientError) -> AnswerBlock? {
        _ = wires.deskBell.wait(for: .seconds(1))
        var answers: AnswerBlock?
        for event in wires.desk.drain() {
            switch event {
            case .openOutput: _ = wires.events.send(.ready(job, firstShard: 0))
            case .produce: shardsWanted += 1
            case .deliver(let answer): answers = answer.answers
            case .finished: isFinished = true
            case .status: break
            case .failed(let failure): throw .refused("\(failure)")
            case .broken(let message): throw .refused(message)
            }
        }
        return answers
    }
}
