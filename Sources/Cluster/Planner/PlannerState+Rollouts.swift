import DequeModule
import OrderedCollections
import Planning
import Scoring
import Wire

// Rollout workers: who joins, what they are lent, which rewards they report.

extension PlannerState {
    // MARK: Joining and leaving

    /// Adds a rollout worker; `false` when it may not join. The same incarnation over a new connection keeps its
    /// leases.
    mutating func join(
        _ hello: Hello, credit: Credit, from peer: Peer, at now: Instant, _ actions: inout [Action]
    ) -> Bool {
        if rollouts.sessions[hello.incarnation] == nil, rollouts.count >= configuration.rolloutWorkersMax {
            let message = "this coordinator has its \(configuration.rolloutWorkersMax) rollout workers"
            actions.append(.log(.rolloutRefused(name: hello.name, reason: message)))
            send(.refused(.capacity, message: message), to: peer, &actions)
            return false
        }
        if let former = rollouts.incarnation(at: peer), former != hello.incarnation {
            markDead(former, reason: "another incarnation uses its connection", &actions)
        }
        if rollouts.reconnect(hello.incarnation, at: peer, now: now) {
            rollouts.change(hello.incarnation) { $0.leases.grant(credit) }
        } else {
            rollouts.add(
                RolloutSession(
                    peer: peer, name: hello.name, incarnation: hello.incarnation, credit: credit, now: now))
            actions.append(.log(.rolloutJoined(name: hello.name, incarnation: hello.incarnation)))
        }
        return true
    }

    /// Declares an incarnation dead: its prompts return to the head of the queue.
    mutating func markDead(_ incarnation: UInt64, reason: String, _ actions: inout [Action]) {
        guard let session = remove(incarnation) else { return }
        counts.assignmentsLost += session.leases.count
        actions.append(
            .log(
                .rolloutLost(
                    name: session.name, incarnation: incarnation, reason: reason, assignments: session.leases.count)))
    }

    /// Ends an incarnation; its assignments return to the head of the queue.
    private mutating func remove(_ incarnation: UInt64) -> RolloutSession? {
        guard let session = rollouts.remove(incarnation) else { return nil }
        // Backwards, so that what was lent first is first in the queue again.
        for name in session.leases.leases.keys.reversed() { takeBack(name, from: incarnation) }
        return session
    }

    private mutating func takeBack(_ name: AssignmentName, from incarnation: UInt64) {
        guard sessions[name.plan]?.groups.indices.contains(name.index) == true,
            sessions[name.plan]?.groups[name.index].lease
                == PlanGroup.Lease(incarnation: incarnation, attempt: name.attempt)
        else { return }
        sessions[name.plan]?.groups[name.index].lease = nil
        enqueue(name.plan, [name.index], first: true)
    }

    /// Ends the lease of the rollout worker that has a group.
    mutating func release(_ lease: PlanGroup.Lease, of plan: PlanName, _ index: Int) {
        let name = AssignmentName(plan: plan, index: index, attempt: lease.attempt)
        rollouts.change(lease.incarnation) { _ = $0.leases.release(name) }
    }

    // MARK: Messages

    mutating func receive(
        _ message: Message, fromRollout incarnation: UInt64, at now: Instant, _ actions: inout [Action]
    ) {
        guard let peer = rollouts.sessions[incarnation]?.peer else { return }
        switch message {
        case .heartbeat(let heartbeat):
            guard heartbeat.incarnation == incarnation else { return send(.whoAreYou, to: peer, &actions) }
            let until = now + configuration.rolloutLeaseTime
            rollouts.change(incarnation) { $0.leases.grant(heartbeat.credit) }
            restoreLeases(heartbeat.assignments, of: incarnation, at: now)
            rollouts.change(incarnation) {
                $0.leases.setNamed(heartbeat.assignments)
                $0.leases.renew(progress: heartbeat.progress, until: until)
            }
            takeBackLost(by: incarnation, at: now)
            send(.clusterStatus(status), to: peer, &actions)
        case .rewards(let rewards): record(rewards, from: incarnation, &actions)
        case .assignmentReturned(let name, let reason):
            let wasHeld = rollouts.change(incarnation) { session in
                let wasHeld = session.leases.release(name)
                if wasHeld, reason == .overCredit { session.leases.markFull() }
                return wasHeld
            }
            guard wasHeld == true else { return }
            takeBack(name, from: incarnation)
        case .drain: rollouts.change(incarnation) { $0.leases.isDraining = true }
        case .bye:
            guard let session = remove(incarnation) else { return }
            actions.append(.log(.rolloutLeft(name: session.name, incarnation: incarnation)))
        default: break  // A rollout worker sends no other messages; an unknown one is ignored.
        }
    }

    /// Leases again what an earlier generation of the coordinator lent to a rollout worker, unless another one has it
    /// by now.
    private mutating func restoreLeases(_ named: [AssignmentName], of incarnation: UInt64, at now: Instant) {
        for name in named
        where name.attempt >> 32 < generation && rollouts.sessions[incarnation]?.leases.leases[name] == nil {
            guard let session = sessions[name.plan], session.groups.indices.contains(name.index) else { continue }
            let group = session.groups[name.index]
            guard group.lease == nil, group.isQueued, group.events["\(name)"] == nil,
                name.attempt > session.opening.attemptsBefore
            else { continue }
            staleKeys += 1
            lend(name, group.outstanding, to: incarnation, at: now)
        }
    }

    /// Ends leases that are old and that the heartbeat does not name: the assignment or its rewards were lost.
    private mutating func takeBackLost(by incarnation: UInt64, at now: Instant) {
        guard let session = rollouts.sessions[incarnation] else { return }
        for (name, lease) in session.leases.leases
        where !lease.isNamed && now - lease.lentAt >= configuration.timing.livenessTime {
            rollouts.change(incarnation) { _ = $0.leases.release(name) }
            counts.assignmentsLost += 1
            takeBack(name, from: incarnation)
        }
    }

    mutating func expireRollouts(at now: Instant, readUntil: Instant, _ actions: inout [Action]) {
        for (incarnation, session) in rollouts.sessions {
            if readUntil - session.lastReceived >= configuration.timing.livenessTime {
                markDead(incarnation, reason: "silent for \(readUntil - session.lastReceived)", &actions)
            } else if session.leases.leases.values.contains(where: { $0.expires <= now }) {
                send(.dismissed(incarnation: incarnation), to: session.peer, &actions)
                markDead(incarnation, reason: "no progress for \(configuration.rolloutLeaseTime)", &actions)
            }
        }
    }

    // MARK: Rewards

    private mutating func record(_ rewards: Rewards, from incarnation: UInt64, _ actions: inout [Action]) {
        guard let peer = rollouts.sessions[incarnation]?.peer else { return }
        let name = rewards.name
        rollouts.change(incarnation) { _ = $0.leases.release(name) }
        let answer: RewardsRecorded
        switch verdict(on: rewards, from: incarnation) {
        case .known(let draw): answer = RewardsRecorded(name: name, verdict: .recorded, draw: draw)
        case .superseded: answer = RewardsRecorded(name: name, verdict: .superseded)
        case .faulty(let fault):
            // The prompt must be rolled out again, by any rollout worker.
            if let lease = sessions[name.plan]?.groups[name.index].lease { release(lease, of: name.plan, name.index) }
            sessions[name.plan]?.groups[name.index].lease = nil
            enqueue(name.plan, [name.index])
            actions.append(.log(.rewardsRejected(name, reason: fault)))
            answer = RewardsRecorded(name: name, verdict: .rejected, message: fault)
        case .new(let report, let outcome):
            // Its sender may have been declared dead, and the group lent to another one.
            if let lease = sessions[name.plan]?.groups[name.index].lease { release(lease, of: name.plan, name.index) }
            sessions[name.plan]?.groups[name.index].lease = nil
            if sessions[name.plan]?.groups[name.index].isQueued == true { staleKeys += 1 }
            sessions[name.plan]?.groups[name.index].isQueued = false
            guard let effects = sessions[name.plan]?.record(report) else { return }
            // The history first: if the coordinator dies between the two, the worker sends its rewards again.
            keep([outcome], of: name.plan.policyID, &actions)
            actions.append(.journal(.groupReported(name.plan, report)))
            send(
                .rewardsRecorded(
                    RewardsRecorded(name: name, verdict: .recorded, draw: effects.draws[name.index] ?? 0)), to: peer,
                &actions)
            announce(effects, of: name.plan, &actions)
            // The budget may have grown meanwhile, or fewer rollouts arrived than were requested.
            return enqueue(name.plan, [name.index])
        }
        send(.rewardsRecorded(answer), to: peer, &actions)
    }

    private enum RewardsVerdict {
        /// Recorded before; so many rollouts were to be drawn.
        case known(draw: Int)
        /// Another rollout worker has the prompt now, or its plan was dropped.
        case superseded
        /// They cannot count.
        case faulty(String)
        case new(GroupReport, RecordedOutcome)
    }

    private func verdict(on rewards: Rewards, from incarnation: UInt64) -> RewardsVerdict {
        let name = rewards.name
        guard let session = sessions[name.plan], session.groups.indices.contains(name.index),
            session.request.delivery == .workers
        else { return .superseded }
        let group = session.groups[name.index]
        if let draw = group.events["\(name)"] { return .known(draw: draw) }
        if let lease = group.lease, lease.attempt != name.attempt { return .superseded }
        // Rewards of a future attempt would count as recorded when that attempt is lent; those of an attempt before the
        // plan are of a former plan for the step.
        guard name.attempt <= attempts, name.attempt > session.opening.attemptsBefore else { return .superseded }
        if let fault = fault(rewards, group: group, in: session) {
            // Only the rollout worker that has the lease must roll out again.
            let own = PlanGroup.Lease(incarnation: incarnation, attempt: name.attempt)
            return group.lease == own ? .faulty(fault) : .superseded
        }
        return .new(
            GroupReport(
                index: name.index, eventID: "\(name)", rewards: rewards.rewards, failed: rewards.failed,
                references: rewards.references),
            Self.outcome(
                rewards, eventID: "\(name)", candidate: session.request.candidates[name.index], session: session))
    }

    /// What is wrong with rewards, for people.
    private func fault(_ rewards: Rewards, group: PlanGroup, in session: PlanSession) -> String? {
        let count = rewards.rewards.count + rewards.failed
        guard count <= group.outstanding else {
            return "\(count) rollouts are reported, \(group.outstanding) are wanted of \(rewards.name)"
        }
        guard count > 0 else { return "no rollout is reported of \(rewards.name)" }
        guard rewards.references.isEmpty || rewards.references.count == rewards.rewards.count else {
            return "\(rewards.references.count) references for \(rewards.rewards.count) rewards of \(rewards.name)"
        }
        do {
            try session.check(rewards.rewards, promptID: session.request.candidates[rewards.name.index].promptID)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func outcome(
        _ rewards: Rewards, eventID: String, candidate: PlanCandidate, session: PlanSession
    ) -> RecordedOutcome {
        let n = rewards.rewards.count
        let range = session.request.rewards
        let mean = n > 0 ? rewards.rewards.reduce(0, +) / Double(n) : range.lowerBound
        let unit = (mean - range.lowerBound) / (range.upperBound - range.lowerBound)
        return RecordedOutcome(
            eventID: eventID, promptID: candidate.promptID, text: candidate.text, version: session.version,
            reward: min(1, max(0, unit)), n: n, failed: rewards.failed, rewards: rewards.rewards,
            step: session.name.step, tokens: rewards.tokens)
    }

    // MARK: Lending

    /// Appends groups to the queue that need rollouts and are neither lent nor queued.
    mutating func enqueue(_ plan: PlanName, _ indices: some Sequence<Int>, first: Bool = false) {
        guard sessions[plan]?.request.delivery == .workers, let opening = sessions.openings[plan] else { return }
        for index in indices {
            guard let group = sessions[plan]?.groups[index], group.outstanding > 0, group.lease == nil,
                !group.isQueued
            else { continue }
            sessions[plan]?.groups[index].isQueued = true
            let key = GroupKey(plan: plan, opening: opening, index: index)
            if first { queue.prepend(key) } else { queue.append(key) }
        }
        dropStaleKeysIfMany()
    }

    /// Stale keys up to this many stay in the queue: removing them needs a pass over the whole queue.
    private static let staleKeysMax = 64

    /// A key by its numbers alone.
    private struct QueuedPlace: Hashable {
        let opening: UInt64
        let index: Int
    }

    /// Removes stale keys once they are half of the queue, so each costs a constant time.
    mutating func dropStaleKeysIfMany() {
        guard staleKeys > Self.staleKeysMax, staleKeys > queue.count / 2 else { return }
        // Runs of keys are of one plan, so it is looked up once for each run, and keys are compared by numbers.
        var seen: Set<QueuedPlace> = []
        var (opening, groups): (UInt64?, [PlanGroup]) = (nil, [])
        queue = queue.filter { key in
            if key.opening != opening {
                opening = key.opening
                groups = sessions.openings[key.plan] == key.opening ? sessions[key.plan]?.groups ?? [] : []
            }
            return groups.indices.contains(key.index) && groups[key.index].isQueued
                && seen.insert(QueuedPlace(opening: key.opening, index: key.index)).inserted
        }
        staleKeys = 0
    }

    /// Whether a key's group waits: a later plan for its step has other groups, and may have fewer.
    private func isQueued(_ key: GroupKey) -> Bool {
        sessions.openings[key.plan] == key.opening && sessions[key.plan]?.groups[key.index].isQueued == true
    }

    /// Lends groups while a rollout worker has credit. Rollout workers take turns, so that equal ones get equally many.
    /// Cost: while the first group waits, a look at those rollout workers alone to which more may be lent than before.
    mutating func dispatch(at now: Instant, _ actions: inout [Action]) {
        guard now >= lendsFrom else { return }
        // Otherwise `nextDeadline` would be in the past while groups wait.
        lendsFrom = .zero
        var grown = rollouts.takeGrown()
        guard rollouts.levels.ready > 0 else {
            unfit = 0
            return
        }
        defer { if queue.isEmpty { unfit = nil } }
        while let key = queue.first {
            // Its plan was dropped, or an earlier lease returned its rewards.
            guard let assignment = assignment(key), assignment.n > 0 else {
                if isQueued(key) { sessions[key.plan]?.groups[key.index].isQueued = false }
                queue.removeFirst()
                staleKeys = max(0, staleKeys - 1)
                continue
            }
            let rollouts = assignment.n
            guard let incarnation = nextRollout(for: rollouts, &grown),
                let peer = self.rollouts.sessions[incarnation]?.peer
            else { return }
            queue.removeFirst()
            attempts += 1
            lend(assignment.name, rollouts, to: incarnation, at: now)
            send(.assignment(assignment), to: peer, &actions)
        }
    }

    /// The assignment of a queued group; `nil` where its plan was dropped or it is no longer queued. The session is
    /// read in here only: a copy of it that exists while its groups change would make Swift copy them.
    private func assignment(_ key: GroupKey) -> Assignment? {
        guard isQueued(key), let session = sessions[key.plan] else { return nil }
        let candidate = session.request.candidates[key.index]
        return Assignment(
            name: AssignmentName(plan: key.plan, index: key.index, attempt: attempts + 1),
            policyVersion: session.version, promptID: candidate.promptID, text: candidate.text,
            n: session.groups[key.index].outstanding, leaseTime: configuration.rolloutLeaseTime)
    }

    private mutating func lend(_ name: AssignmentName, _ rollouts: Int, to incarnation: UInt64, at now: Instant) {
        sessions[name.plan]?.groups[name.index].lease = PlanGroup.Lease(
            incarnation: incarnation, attempt: name.attempt)
        sessions[name.plan]?.groups[name.index].isQueued = false
        let lease = LeaseTable<AssignmentName>.Lease(
            rows: 1, tokens: rollouts, lentAt: now, expires: now + configuration.rolloutLeaseTime)
        self.rollouts.change(incarnation) { $0.leases.lend(name, lease) }
    }

    /// The next rollout worker, in turn, that can accept so many rollouts. `grown` are those to which more may be lent than
    /// when `unfit` was found.
    private mutating func nextRollout(for rollouts: Int, _ grown: inout OrderedSet<UInt64>) -> UInt64? {
        let count = self.rollouts.count
        let first = turn % count
        let found: Int?
        if let unfit, rollouts >= unfit {
            let places = grown.compactMap { self.rollouts.sessions.index(forKey: $0) }
            found = places.filter { self.rollouts.sessions.values[$0].canAccept(rollouts: rollouts) }
                .min { ($0 - first + count) % count < ($1 - first + count) % count }
        } else {
            found = (0..<count).first {
                self.rollouts.sessions.values[(first + $0) % count].canAccept(rollouts: rollouts)
            }.map { (first + $0) % count }
        }
        guard let found else {
            unfit = rollouts
            grown = []
            return nil
        }
        turn = (found + 1) % count
        return self.rollouts.sessions.keys[found]
    }
}
