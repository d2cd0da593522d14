import Cluster
import HTTPServing
import Wire

/// The present state of a requested plan: budgets so far, the end if there is one, and groups that are done.
struct PlanSnapshot {
    private(set) var answer: PlanAnswer
    private(set) var groups: [GroupDone] = []
    private let groupsAfter: Int

    fileprivate init(_ plan: PlanName, groupsAfter: Int) {
        answer = PlanAnswer(plan)
        self.groupsAfter = groupsAfter
    }

    fileprivate mutating func receive(_ message: Message) throws(HTTPFailure) {
        switch message {
        case .budgets(answer.plan, let budgets): answer.receive(budgets)
        case .planEnd(answer.plan, let end): answer.receive(end)
        case .groupDone(answer.plan, let group):
            // Without gaps, so that the next request starts at the number after the last one.
            if group.number == (groups.last?.number).map({ $0 + 1 }) ?? groupsAfter { groups.append(group) }
        case .requestRefused(let refused): throw HTTPFailure(refused)
        default: break
        }
    }
}

extension CoordinatorClient {
    /// After the coordinator answered a later request: time for its last messages to arrive.
    private static var lingerTime: Duration { .milliseconds(10) }

    /// Reads a plan; waits so long for what is not there yet: the plan's end, or else a group.
    ///
    /// Throws `unknownPlan`, `coordinatorSilent`, `stopping`.
    func snapshot(
        of plan: PlanName, in scope: Scope, groupsAfter: Int, wait: Duration, timeouts: Timeouts
    ) async throws(HTTPFailure) -> PlanSnapshot {
        var snapshot = PlanSnapshot(plan, groupsAfter: groupsAfter)
        var hasAll = false
        var wasWhole = false
        let follow = Message.followPlan(plan, groupsAfter: groupsAfter)
        for await reply in markedReplies(to: follow, in: scope, wait, timeouts) {
            switch reply {
            case nil: (hasAll, wasWhole) = (true, snapshot.answer.isWhole)
            case .message(let message): try snapshot.receive(message)
            case .stopping: return snapshot
            case .late:
                if hasAll { return snapshot }
                throw .coordinatorSilent
            }
            guard hasAll else { continue }
            if wait == .zero || !snapshot.groups.isEmpty || snapshot.answer.isWhole != wasWhole { return snapshot }
        }
        throw .stopping
    }

    /// Replies, with `nil` where the coordinator has sent all that it had when it was asked.
    ///
    /// The coordinator answers in order, and the mark was requested later.
    private func markedReplies(
        to message: Message, in scope: Scope, _ wait: Duration, _ timeouts: Timeouts
    ) -> AsyncStream<ReplyEvent?> {
        AsyncStream { continuation in
            let replies = replies(to: message, in: scope, for: wait + timeouts.answer, untilStop: true)
            let reader = Task(executorPreference: RequestThreads.shared) {
                for await reply in replies { continuation.yield(reply) }
                continuation.finish()
            }
            let marker = Task(executorPreference: RequestThreads.shared) {
                guard await mark(scope) else { return }
                try await Task.sleep(for: Self.lingerTime)
                continuation.yield(nil)
                try await Task.sleep(for: wait)
                continuation.yield(.late)
            }
            continuation.onTermination = { _ in
                reader.cancel()
                marker.cancel()
            }
        }
    }
}
