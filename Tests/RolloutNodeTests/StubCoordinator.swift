import Cluster
import Foundation
import Logging
import RolloutNode
import Scoring
import Synchronization
import TestSupport
import Testing
import Wire

/// A coordinator for one rollout worker: lends assignments against credit and records rewards.
final class StubCoordinator: Sendable {
    /// What it has received.
    struct Received: Sendable {
        var rewards: [AssignmentName: Rewards] = [:]
        var returned: [AssignmentName: AssignmentReturn] = [:]
        var hasLeft = false
    }

    /// What it knows about its rollout worker.
    private struct State: Sendable {
        var received = Received()
        var waiting: ArraySlice<Assignment>
        var held = 0
        var credit = 0
        var repetitions: [AssignmentName: Int] = [:]
    }

    let coordinator: LoopbackCoordinator
    private let state: StateBox

    private final class StateBox: Sendable {
        let value: Mutex<State>
        init(_ state: State) { value = Mutex(state) }
    }

    /// Starts. The first `mute` rewards of each assignment are not answered, as if the answer were lost.
    init(lending assignments: [Assignment], mute: Int = 0) throws {
        let state = StateBox(State(waiting: assignments[...]))
        self.state = state
        coordinator = try LoopbackCoordinator { message, _ in
            state.value.withLock { Self.answer(message, mute: mute, &$0) }
        }
    }

    /// Waits until it has received enough; `false` after half a minute.
    func waitUntil(_ isEnough: (Received) -> Bool) -> Bool {
        TestSupport.waitUntil { isEnough(received) }
    }

    var received: Received { state.value.withLock { $0.received } }

    func stop() throws { try coordinator.stop() }

    private static func answer(_ message: Wire.Message, mute: Int, _ state: inout State) -> [Wire.Message] {
        var answers: [Wire.Message] = []
        switch message {
        case .hello(let hello):
            answers.append(
                .welcome(
                    Welcome(
                        incarnation: hello.incarnation, heartbeatInterval: .milliseconds(100), leaseTime: .seconds(30)))
            )
        case .heartbeat(let heartbeat): state.credit = heartbeat.credit.rows
        case .rewards(let rewards):
            let count = state.repetitions[rewards.name, default: 0] + 1
            state.repetitions[rewards.name] = count
            let isNew = state.received.rewards.updateValue(rewards, forKey: rewards.name) == nil
            state.held -= isNew ? 1 : 0
            if count > mute {
                answers.append(.rewardsRecorded(RewardsRecorded(name: rewards.name, verdict: .recorded)))
            }
        case .assignmentReturned(let name, let reason):
            state.received.returned[name] = reason
            state.held -= 1
        case .drain: state.credit = 0
        case .bye: state.received.hasLeft = true
        default: break
        }
        while state.held < state.credit, let next = state.waiting.popFirst() {
            answers.append(.assignment(next))
            state.held += 1
        }
        return answers
    }
}
