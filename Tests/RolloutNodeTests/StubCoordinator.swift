import Cluster
import Foundation
import Logging
import RolloutNode
import Scoring
import Synchronization
import Testing
import Threads
import Wire
import ZeroMQ

/// A coordinator of a few lines: welcomes whoever comes, lends what it was given against credit, records rewards.
final class StubCoordinator: Sendable {
    /// What it has heard.
    struct ReplyEvent: Sendable {
        var rewards: [AssignmentName: Rewards] = [:]
        var returned: [AssignmentName: AssignmentReturn] = [:]
        var hasLeft = false
    }

    let endpoint: Endpoint
    private let heard = Mutex(ReplyEvent())
    private let isOver = Atomic(false)
    private let folder: String
    private let thread: Mutex<DedicatedThread<Void, ZeroMQError>?> = Mutex(nil)

    /// Starts. Of each assignment the first `mute` rewards are not answered, as if the answer were lost.
    init(lending assignments: [Assignment], mute: Int = 0) throws {
        folder = NSTemporaryDirectory() + "ro-" + String(UInt32.random(in: .min ... .max), radix: 36)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        endpoint = try Endpoint("ipc://\(folder)/sock")
        let wakeup = try Wakeup()
        let started = try DedicatedThread<Void, ZeroMQError>.start(name: "stub") {
            [self] announce throws(ZeroMQError) in
            let socket = try Socket(.router, in: try Context(), options: SocketOptions())
            _ = try socket.bind(endpoint)
            announce(())
            try serve(socket, Poller(wakeup: wakeup), assignments, mute)
        }
        thread.withLock { $0 = started }
    }

    /// Waits until it has heard enough; `false` after half a minute.
    func waitUntil(_ isEnough: (ReplyEvent) -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if isEnough(now) { return true }
            usleep(5000)
        }
        return isEnough(now)
    }

    var now: ReplyEvent { heard.withLock { $0 } }

    func stop() throws {
        isOver.store(true, ordering: .relaxed)
        try thread.withLock { $0 }?.join()
        try FileManager.default.removeItem(atPath: folder)
    }

    private func serve(
        _ socket: borrowing Socket, _ poller: Poller, _ assignments: [Assignment], _ mute: Int
    ) throws(ZeroMQError) {
        var waiting = assignments[...]
        var inHand = 0
        var credit = 0
        var told: [AssignmentName: Int] = [:]
        while !isOver.load(ordering: .relaxed) {
            _ = try poller.wait(socket, timeout: .milliseconds(20))
            while case .message(let message) = try socket.receive() {
                guard let peer = message.frames.first,
                    let envelope = try? Envelope(frames: message.frames.dropFirst().map { $0.copyBytes() })
                else { continue }
                var answers: [Wire.Message] = []
                switch envelope.message {
                case .hello(let hello):
                    answers.append(
                        .welcome(
                            Welcome(
                                incarnation: hello.incarnation, heartbeatInterval: .milliseconds(100),
                                leaseTime: .seconds(30))))
                case .heartbeat(let beat): credit = beat.credit.rows
                case .rewards(let rewards):
                    let count = told[rewards.name, default: 0] + 1
                    told[rewards.name] = count
                    let isNew = heard.withLock { $0.rewards.updateValue(rewards, forKey: rewards.name) == nil }
                    inHand -= isNew ? 1 : 0
                    if count > mute {
                        answers.append(.rewardsRecorded(RewardsRecorded(name: rewards.name, verdict: .recorded)))
                    }
                case .assignmentReturned(let name, let reason):
                    heard.withLock { $0.returned[name] = reason }
                    inHand -= 1
                case .drain: credit = 0
                case .bye: heard.withLock { $0.hasLeft = true }
                default: break
                }
                while inHand < credit, let next = waiting.popFirst() {
                    answers.append(.assignment(next))
                    inHand += 1
                }
                for answer in answers {
                    let frames = Envelope(generation: 1, answer).frames.map { Frame($0) }
                    _ = try socket.send(ZeroMQ.Message([peer] + frames))
                }
            }
        }
    }
}

/// A rollout worker under test, and how to make one.
enum Bench {
    static func assignments(_ count: Int, n: Int = 4, text: String = "What is 1 plus 1?") -> [Assignment] {
        (0..<count).map { number in
            Assignment(
                name: AssignmentName(
                    plan: PlanName(policyID: "a \"quoted\" policy", step: 3), index: number, attempt: UInt64(number)),
                policyVersion: 3, promptID: "p\(number)", text: text, n: n, leaseTime: .seconds(30))
        }
    }

    static func start(
        _ work: RolloutNode.Work, to coordinator: StubCoordinator, slots: Int = 2, silence: Duration = .seconds(60)
    ) throws -> RolloutNode {
        var machine = RolloutState.Configuration(name: "r", slots: slots)
        machine.silenceTime = silence
        machine.deathsMax = 3
        var configuration = RolloutNode.Configuration(
            coordinator: coordinator.endpoint, machine: machine, work: work)
        configuration.lineBytesMax = 1000
        configuration.graceTime = .milliseconds(200)
        var logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .critical
        return try RolloutNode(configuration, logger: logger)
    }

    /// A shell script as a program. `$1` is the test's own folder, if it has one.
    static func shell(_ script: String, _ folder: String = "") -> RolloutNode.Work {
        .process(["sh", "-c", script, "sh", folder])
    }

    /// Answers each assignment by four rewards in one line.
    static let answering =
        #"exec sed -u -E 's/^\{"assignment":("([^"\\]|\\.)*").*$/{"assignment":\1,"rewards":[1,0,1,0.5],"references":["a","b","c","d"]}/'"#
}
