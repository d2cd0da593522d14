import Wire

/// A look at a plan that somebody has asked for: its budgets and end as far as they are there, and groups done.
struct PlanSnapshot {
    private(set) var answer: PlanAnswer
    private(set) var groups: [GroupDone] = []

    /// After the coordinator has shown that it has said all it had: for the last of it to come through.
    private static let lingerTime: Duration = .milliseconds(10)

    /// Looks, and waits so long for what is not there yet: the plan's end, or else a group.
    ///
    /// Throws `unknownPlan`, `coordinatorSilent`, `stopping`.
    static func take(
        _ plan: PlanName, groupsAfter: Int, wait: Duration, patience: Timeouts, through door: CoordinatorClient
    ) async throws(APIError) -> PlanSnapshot {
        var look = PlanSnapshot(answer: PlanAnswer(plan))
        let question = Message.followPlan(plan, groupsAfter: groupsAfter)
        // What the coordinator answers to a report has been asked later, so by then it has said all that it has.
        let heard = AsyncStream<ReplyEvent?> { continuation in
            let listening = door.listen(to: question, for: wait + patience.answer, untilStop: true)
            let listener = Task(executorPreference: RequestThreads.shared) {
                for await heard in listening { continuation.yield(heard) }
                continuation.finish()
            }
            let marker = Task(executorPreference: RequestThreads.shared) {
                guard await door.report() != nil else { return }
                try await Task.sleep(for: lingerTime)
                continuation.yield(nil)
                try await Task.sleep(for: wait)
                continuation.yield(.late)
            }
            continuation.onTermination = { _ in
                listener.cancel()
                marker.cancel()
            }
        }
        var hasSaidAll = false
        var wasWhole = false
        for await heard in heard {
            switch heard {
            case nil: (hasSaidAll, wasWhole) = (true, look.answer.isWhole)
            case .said(.budgets(plan, let budgets)): look.answer.take(budgets)
            case .said(.planEnd(plan, let end)): look.answer.take(end)
            case .said(.groupDone(plan, let group)):
                // Without holes, so that the last number tells what to ask with next.
                if group.number == (look.groups.last?.number).map({ $0 + 1 }) ?? groupsAfter {
                    look.groups.append(group)
                }
            case .said(.requestRefused(let refused)): throw refused.error
            case .said: break
            case .stopping: return look
            case .late:
                if hasSaidAll { return look }
                throw .coordinatorSilent
            }
            guard hasSaidAll else { continue }
            if wait == .zero || !look.groups.isEmpty || look.answer.isWhole != wasWhole { return look }
        }
        throw .stopping
    }
}
