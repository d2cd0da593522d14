import DequeModule

/// What is committed since the start, and how much of it is durable.
///
/// A commit survives the process, but not a power cut. A permanent request is durable once the disk itself has it, and then so is
/// what was decided behind it for the same tenant; everything else is durable with its commit. So nobody waits for the disk
/// itself because another tenant's outcomes do.
package struct JournalCommits: Sendable {
    package private(set) var durable = JournalProgress()
    /// Commits.
    package private(set) var count = 0
    /// What waits for the disk itself.
    private var waiting: [JournalRequest.Order: Deque<Waiting>] = [:]

    /// A request, or a part of one, that is committed.
    private struct Waiting {
        /// The commit that the disk must have: its own, or that of a permanent one before it.
        let commit: Int
        let completes: Bool
    }

    package init() {}

    /// Records that requests, or parts of some, are committed together. Returns whether the disk itself must have them.
    package mutating func add(_ requests: [JournalRequest]) -> Bool {
        count += 1
        for request in requests {
            let before = waiting[request.order]?.last
            if request.isPermanent || before != nil {
                let commit = request.isPermanent ? count : before?.commit ?? count
                waiting[request.order, default: []].append(Waiting(commit: commit, completes: request.completes))
            } else {
                durable.add(request.order, completes: request.completes)
            }
        }
        return requests.contains(where: \.isPermanent)
    }

    /// Records that the disk itself has the first so many commits. Cost: a look at each tenant that waits.
    package mutating func reach(_ commits: Int) {
        for (order, var requests) in waiting where requests.first.map({ $0.commit <= commits }) == true {
            waiting[order] = nil
            while let first = requests.first, first.commit <= commits {
                durable.add(order, completes: first.completes)
                requests.removeFirst()
            }
            if !requests.isEmpty { waiting[order] = requests }
        }
    }
}
