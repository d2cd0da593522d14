import Cluster

/// A state machine of a peer, as the simulator runs it.
protocol SimulatedMachine {
    associatedtype Event
    associatedtype Action
    mutating func handle(_ event: Event, at now: Instant) -> [Action]
    var brokenInvariants: [String] { get }
}

extension WorkerState: SimulatedMachine {}
extension ClientState: SimulatedMachine {}
extension RolloutState: SimulatedMachine {}

/// A process with a machine in it, that can be killed, started again, and frozen as by SIGSTOP.
struct SimulatedProcess<Machine: SimulatedMachine> {
    private var machine: Machine?
    /// Counts its lives. An event for a former life is dropped.
    private(set) var life = 0
    private var isFrozen = false
    /// What arrived while it was frozen.
    private var missed: [Machine.Event] = []

    var isAlive: Bool { machine != nil }

    /// Whether this life of it is the present one, and alive.
    func isAlive(_ life: Int) -> Bool { isAlive && self.life == life }

    mutating func start(_ machine: Machine) {
        life += 1
        self.machine = machine
    }

    mutating func kill() {
        machine = nil
        isFrozen = false
        missed = []
    }

    mutating func freeze() { isFrozen = true }

    /// Ends the freeze. Returns what arrived meanwhile, to be handled now.
    mutating func resume() -> [Machine.Event] {
        isFrozen = false
        defer { missed = [] }
        return missed
    }

    /// The actions that an event leads to: none for a former life, none yet while frozen. Adds invariants that do not
    /// hold.
    mutating func handle(
        _ event: Machine.Event, life: Int, at now: Instant, _ broken: inout [String]
    ) -> [Machine.Action] {
        guard isAlive(life) else { return [] }
        if isFrozen {
            missed.append(event)
            return []
        }
        let actions = machine?.handle(event, at: now) ?? []
        broken += machine?.brokenInvariants ?? []
        return actions
    }
}
