import Cluster
import RolloutNode
import Threads
import Transport
import Wire
import ZeroMQ

/// The trainer of a `RolloutLoad`: requests one plan when all rollout workers have joined, and counts its groups.
struct LoadTrainer: ~Copyable {
    /// What the trainer has measured, in seconds from the request.
    struct Outcome {
        var firstBudget = 0.0
        var planEnd = 0.0
        var lastGroup = 0.0
        var status = ""
        var rollouts = 0
    }

    private var channel: MessageChannel
    private let workers: Int
    private let clock = ContinuousClock()

    private static let channelOptions = ChannelOptions(
        sendHighWater: 1000, receiveHighWater: 100_000, outboxMax: 1000)
    /// Longest wait for workers, and for the next group.
    private static let waitMax = Duration.seconds(60)

    /// Connects, runs one plan to its end and leaves.
    static func run(
        _ request: RequestPlan, at endpoint: Endpoint, workers: Int, context: Context
    ) throws(RolloutError) -> Outcome {
        do {
            let channel = try MessageChannel(
                connectingTo: endpoint, options: channelOptions, wakeup: try Wakeup(), context: context)
            var trainer = LoadTrainer(channel: channel, workers: workers)
            return try trainer.run(request)
        } catch let error as RolloutError {
            throw error
        } catch let error as ZeroMQError {
            throw .socket(error)
        } catch {
            throw .load("\(error)")
        }
    }

    private init(channel: consuming MessageChannel, workers: Int) {
        self.channel = channel
        self.workers = workers
    }

    private mutating func run(_ request: RequestPlan) throws -> Outcome {
        try send(.hello(Hello(role: .trainer, name: "load", incarnation: 1)))
        try waitForWorkers()
        let start = clock.now
        let elapsed = { [clock] in (clock.now - start) / .seconds(1) }
        try send(.requestPlan(request))
        var outcome = Outcome()
        var done: Set<Int> = []
        var (lastGroup, lastHeartbeat) = (clock.now, clock.now)
        while done.count < request.candidates.count {
            if clock.now - lastHeartbeat >= .seconds(1) {
                try send(.heartbeat(Heartbeat(incarnation: 1)))
                lastHeartbeat = clock.now
            }
            guard clock.now - lastGroup < Self.waitMax else {
                throw RolloutError.load(
                    "\(done.count) of \(request.candidates.count) groups are done, and none in the last minute")
            }
            for message in try receive(for: .milliseconds(500)) {
                switch message {
                case .budgets: if outcome.firstBudget == 0 { outcome.firstBudget = elapsed() }
                case .planEnd(_, let end): (outcome.planEnd, outcome.status) = (elapsed(), end.status.rawValue)
                case .groupDone(_, let group):
                    guard done.insert(group.index).inserted else {
                        throw RolloutError.load("the group of \(group.promptID) is done twice")
                    }
                    outcome.rollouts += group.rewards.count + group.failed
                    lastGroup = clock.now
                case .requestRefused(let refused): throw RolloutError.load(refused.message)
                default: break
                }
            }
        }
        outcome.lastGroup = elapsed()
        guard outcome.rollouts == request.total else {
            throw RolloutError.load("\(outcome.rollouts) rollouts in groups, \(request.total) were planned")
        }
        try send(.bye)
        return outcome
    }

    /// Waits until all rollout workers have joined.
    private mutating func waitForWorkers() throws {
        let deadline = clock.now + Self.waitMax
        while clock.now < deadline {
            try send(.heartbeat(Heartbeat(incarnation: 1)))
            for message in try receive(for: .milliseconds(200)) {
                if case .clusterStatus(let status) = message, status.workers >= workers { return }
            }
        }
        throw RolloutError.load("not all \(workers) rollout workers have joined within a minute")
    }

    private mutating func receive(for timeout: Duration) throws(ZeroMQError) -> [Wire.Message] {
        try channel.wait(for: timeout)
        try channel.flush()
        var messages: [Wire.Message] = []
        while let arrival = try channel.receive() {
            if case .message(let envelope, _, _) = arrival { messages.append(envelope.message) }
        }
        return messages
    }

    private mutating func send(_ message: Wire.Message) throws(ZeroMQError) {
        try channel.send(Envelope(generation: 0, message))
    }
}
