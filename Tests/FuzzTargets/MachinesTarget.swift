import Cluster
import Scoring
import Wire

/// Messages of any peers in any order, at any time, to the coordinator's machines: no trap, no broken invariant, only
/// messages that can be decoded, and a restart that gives the same state.
package enum MachinesTarget {
    /// Steps: a byte that chooses, then what the step needs.
    static func run(_ bytes: [UInt8]) -> String? { ran(bytes).problem }

    /// What the coordinator's machine has logged and made durable by then, in words.
    package static func events(_ bytes: [UInt8]) -> [String] { ran(bytes).events }

    private static func ran(_ bytes: [UInt8]) -> Run {
        var input = FuzzBytes(bytes)
        var run = Run()
        var steps = 0
        while !input.isEmpty, run.problem == nil, steps < 64 {
            run.step(&input)
            steps += 1
        }
        run.restart()
        return run
    }

    /// Bounds so small that they are met.
    private static let planner: PlannerState.Configuration = {
        var configuration = PlannerState.Configuration()
        configuration.plansMax = 3
        configuration.candidatesMax = 400
        configuration.outcomesMax = 40
        configuration.policiesMax = 3
        configuration.requestsMax = 3
        configuration.rolloutWorkersMax = 3
        configuration.trainersMax = 3
        configuration.rolloutLeaseTime = .seconds(20)
        configuration.historyBytesMax = 40_000
        configuration.textBytesMax = 8000
        configuration.workBytesMin = 2000
        configuration.workBytesMax = 20_000
        return configuration
    }()

    private struct Run {
        var machines = CoordinatorMachines(planner: MachinesTarget.planner)
        var now = Instant.zero
        var problem: String?
        private(set) var events: [String] = []
        private var entries: [JournalEntry] = []
        private var plans: [PlannerEntry] = []
        private var works: [PlannerWork] = []

        init() { handle(.started) }

        mutating func step(_ input: inout FuzzBytes) {
            let choice = input.byte()
            let peer = Peer([0, choice & 7])
            switch choice >> 3 {
            case 0..<24: receive(&input, from: peer)
            case 24: wait(.milliseconds(Int(input.byte()) * 10))
            case 25: wait(.milliseconds(Int(input.byte()) * 1000))
            case 26: handle(.unroutable(peer))
            case 27: handle(choice & 1 == 0 ? .joinedLocally(peer) : .leftLocally(peer))
            case 28, 29: if !works.isEmpty { handle(.worked(works.removeFirst().run())) }
            case 30: handle(.forgetPolicy(String(decoding: input.bytes(4), as: UTF8.self)))
            default: restart()
            }
        }

        /// A message, of this generation where its first byte is even.
        private mutating func receive(_ input: inout FuzzBytes, from peer: Peer) {
            var message = FuzzBytes(input.block())
            let isOfNow = message.byte().isMultiple(of: 2)
            guard let found = try? Envelope(frames: WireTarget.frames(&message)) else { return }
            let generation = isOfNow ? machines.coordinator.generation : found.generation
            handle(.received(Envelope(generation: generation, found.message), from: peer))
        }

        private mutating func wait(_ time: Duration) {
            let end = now + time
            // A driver asks again and again for a deadline that a tick does not change.
            var ticks = 0
            while let deadline = machines.nextDeadline, deadline <= end, ticks < 1000 {
                now = max(now, deadline)
                handle(.tick)
                ticks += 1
            }
            if ticks == 1000 { problem = "1000 ticks until \(end)" }
            now = end
        }

        mutating func restart() {
            guard problem == nil else { return }
            let replayed = CoordinatorMachines(planner: MachinesTarget.planner, replaying: entries, plans)
            if !replayed.planner.isDurablyEqual(to: machines.planner) { problem = "a replay gives another planner" }
            if replayed.coordinator.durable != machines.coordinator.durable {
                problem = "a replay gives another coordinator"
            }
            machines = replayed
            works = []
            handle(.started)
        }

        private mutating func handle(_ event: CoordinatorMachines.Event) {
            for action in machines.handle(event, at: now) {
                switch action {
                case .journal(let entry, _):
                    entries.append(entry)
                    events.append("\(entry)")
                case .journalPlan(let entry, _): plans.append(entry)
                case .work(let work): works.append(work)
                case .send(let envelope, _):
                    if (try? Envelope(frames: envelope.frames)) == nil {
                        problem = "sends what is refused: \(envelope)"
                    }
                case .log(let event): events.append("\(event)")
                case .logPlan(let event, _): if "\(event)".isEmpty { problem = "an event without words" }
                }
            }
            if let broken = machines.brokenInvariants.first { problem = broken }
            _ = machines.handle(.overview, at: now)
        }
    }
}
