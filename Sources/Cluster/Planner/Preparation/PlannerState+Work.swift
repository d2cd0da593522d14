import DequeModule
import OrderedCollections
import Wire

// Work that takes long: small work is done at once, large work is an action of the driver, and its result an event.

extension PlannerState {
    /// Does work now, or gives it to the driver where it reads at least `workBytesMin` bytes. `bytes` is what it keeps in
    /// memory.
    mutating func start(
        _ kind: PlannerWork.Kind, reading cost: Int, keeping bytes: Int, at now: Instant, _ actions: inout [Action]
    ) {
        let work = PlannerWork(kind: kind, bytes: bytes, tenant: tenant)
        guard cost >= configuration.workBytesMin else { return finish(work.run(), at: now, &actions) }
        workBytes += bytes
        if let sender = work.sender { heldMessages[sender, default: 0] += 1 }
        actions.append(.work(work))
    }

    /// Adds the result of work that the driver has done.
    mutating func receive(_ result: PlannerWork.Result, at now: Instant, _ actions: inout [Action]) {
        workBytes = max(0, workBytes - result.bytes)
        if let sender = result.sender, let count = heldMessages[sender] {
            heldMessages[sender] = count > 1 ? count - 1 : nil
        }
        finish(result, at: now, &actions)
    }

    private mutating func finish(_ result: PlannerWork.Result, at now: Instant, _ actions: inout [Action]) {
        switch result.value {
        case .checked(let checked, let peer, let arrived):
            // Outcomes that arrived before are recorded before.
            guard pending.isEmpty else {
                pending.append(.plan(checked, from: peer, arrived: arrived))
                return
            }
            open(checked, for: peer, arrived: arrived, at: now, &actions)
        case .held(let message, let peer, let arrived):
            guard pending.isEmpty else {
                pending.append(.message(message, from: peer, arrived: arrived))
                return
            }
            handle(message, fromTrainer: peer, arrived: arrived, at: now, &actions)
        case .prepared(let prepared): receive(prepared, at: now, &actions)
        case .predictions(let plan, let predictions):
            guard sessions[plan]?.end == nil, deadlines[plan] != nil else { return }
            begin(predictions, of: plan, at: now, &actions)
        case .drawn(let drawn): begin(drawn, at: now, &actions)
        case .settled(let settled): receive(settled, &actions)
        }
    }

    /// Whether work that keeps so many bytes may begin.
    func hasSpace(forWork bytes: Int) -> Bool { workBytes == 0 || workBytes + bytes <= configuration.workBytesMax }

    // MARK: Requests that wait for earlier ones

    /// Whether a message waits until the driver has checked what its sender sent before. Without space for it, it does
    /// not wait.
    mutating func waits(
        _ message: Message, from peer: Peer, arrived: Instant, at now: Instant, _ actions: inout [Action]
    ) -> Bool {
        guard heldMessages[peer] != nil else { return false }
        let bytes: Int
        switch message {
        case .followPlan, .dropPlans: bytes = 0
        case .reportOutcomes(let report): bytes = report.outcomes.textBytes
        default: return false  // A plan's request is checked behind them; heartbeats and goodbyes do not wait.
        }
        guard hasSpace(forWork: bytes) else { return false }
        start(.hold(message, from: peer, arrived: arrived), reading: .max, keeping: bytes, at: now, &actions)
        return true
    }

    /// A request of a trainer that is not finished, or waits for one that is not.
    enum PendingRequest {
        case report(ReportInProgress)
        case request(RequestInProgress)
        case plan(CheckedRequest, from: Peer, arrived: Instant)
        case message(Message, from: Peer, arrived: Instant)
    }

    /// Continues with the first of the requests that wait. The driver calls again at once while there are any.
    mutating func continuePending(at now: Instant, _ actions: inout [Action]) {
        switch pending.popFirst() {
        case .report(var report):
            if !record(&report, &actions) { pending.prepend(.report(report)) }
        case .request(var request):
            // Otherwise it was refused meanwhile.
            guard preparing[request.request.plan]?.identity == request.identity else { return }
            guard record(&request, &actions) else { return pending.prepend(.request(request)) }
            prepare(request, at: now, &actions)
        case .plan(let checked, let peer, let arrived):
            open(checked, for: peer, arrived: arrived, at: now, &actions)
        case .message(let message, let peer, let arrived):
            handle(message, fromTrainer: peer, arrived: arrived, at: now, &actions)
        case nil: break
        }
    }
}
