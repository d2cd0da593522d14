import Cluster
import Logging
import RolloutNode
import TestSupport
import Wire

/// Starts rollout workers, and makes their assignments and programs.
enum RolloutSample {
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
            coordinator: coordinator.coordinator.endpoint, machine: machine, work: work)
        configuration.lineBytesMax = 1000
        configuration.graceTime = .milliseconds(200)
        return try RolloutNode(configuration, logger: .quiet)
    }

    /// A shell script as a program. `$1` is the test's folder, if it has one.
    static func shell(_ script: String, _ folder: String = "") -> RolloutNode.Work {
        .process(["sh", "-c", script, "sh", folder])
    }

    /// Answers each assignment by four rewards in one line.
    static let answering =
        #"exec sed -u -E 's/^\{"assignment":("([^"\\]|\\.)*").*$/{"assignment":\1,"rewards":[1,0,1,0.5],"references":["a","b","c","d"]}/'"#
}
