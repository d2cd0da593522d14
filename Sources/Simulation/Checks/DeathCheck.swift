import Cluster
import Wire

/// An observer of one life of the coordinator that counts the deaths of workers itself, by the messages that arrive and the
/// actions that follow: a piece may be halved, and a row poisoned, only after enough deaths while that piece ran, and of
/// different workers where there are others. It shares no code with the machines.
///
/// Its count is never less than the coordinator's: where it does not know whether a death counts, it counts it. So what it
/// names is broken.
struct DeathCheck {
    private struct Worker {
        let name: String
        /// The tenant that it works for alone.
        let tenant: String?
        var credit: Credit
        var isDraining = false
        /// What it holds, in the order in which it was lent: it runs the first.
        var held: [PieceName] = []

        var isQuarantined = false

        var isOpen: Bool { !isDraining && !isQuarantined && credit.rows > 0 && credit.tokens > 0 }
    }

    /// A run of rows, whatever the attempt.
    private struct Run: Hashable {
        let job: JobID
        let shard: UInt32
        var rows: Range<Int>

        init(_ piece: PieceName) {
            (job, shard, rows) = (piece.job, piece.shard, piece.rows)
        }

        func contains(_ other: Run) -> Bool {
            job == other.job && shard == other.shard && rows.count > other.rows.count
                && rows.lowerBound <= other.rows.lowerBound && other.rows.upperBound <= rows.upperBound
        }
    }

    private struct Count {
        var deaths = 0
        var names: Set<String> = []
    }

    private static let deathsToHalve = 2
    private static let deathsToPoison = 4

    /// Workers that others contradict, by name.
    private var quarantined: Set<String>
    private var incarnations: [Peer: UInt64] = [:]
    private var workers: [UInt64: Worker] = [:]
    private var gone: Set<UInt64> = []
    /// Every run that was lent.
    private var counts: [Run: Count] = [:]
    private var clients: [JobID: Peer] = [:]
    /// Jobs whose client was away, or another before: the coordinator may have forgotten deaths that are counted here.
    private var uncertain: Set<JobID> = []
    private(set) var broken: [String] = []

    /// Begins a life of the coordinator, which knows from its disk who is in quarantine.
    init(quarantined: Set<String> = []) {
        self.quarantined = quarantined
    }

    // MARK: What arrives

    mutating func receive(_ message: Message, from peer: Peer) {
        if case .hello(let hello) = message, case .worker(_, let credit) = hello.role,
            !gone.contains(hello.incarnation)
        {
            incarnations[peer] = hello.incarnation
            workers[hello.incarnation, default: Worker(name: hello.name, tenant: peer.tenant, credit: credit)]
                .credit = credit
            workers[hello.incarnation]?.isQuarantined = quarantined.contains(hello.name)
        }
        if case .submitJob(let submitted) = message,
            let former = clients.updateValue(peer, forKey: submitted.job), former != peer
        {
            uncertain.insert(submitted.job)
        }
        guard let incarnation = incarnations[peer], workers[incarnation] != nil else { return }
        switch message {
        case .heartbeat(let heartbeat) where heartbeat.incarnation == incarnation:
            workers[incarnation]?.credit = heartbeat.credit
        case .shardResult(let result):
            workers[incarnation]?.credit = result.credit
            release { $0 == result.piece || Run($0) == Run(result.piece) }
        case .shardReturned(let piece, _): workers[incarnation]?.held.removeAll { $0 == piece }
        case .drain: workers[incarnation]?.isDraining = true
        case .bye: forget(incarnation)
        default: break
        }
    }

    private mutating func release(_ isReleased: (PieceName) -> Bool) {
        for incarnation in workers.keys { workers[incarnation]?.held.removeAll(where: isReleased) }
    }

    private mutating func forget(_ incarnation: UInt64) {
        workers[incarnation] = nil
        gone.insert(incarnation)
    }

    // MARK: What follows

    mutating func follow(_ actions: [CoordinatorMachines.Action]) {
        for action in actions {
            switch action {
            case .log(.workerLost(_, let incarnation, _, _)): die(incarnation)
            case .log(.workerLeft(_, let incarnation)): forget(incarnation)
            case .log(.leaseExpired(let piece, _)): release { $0 == piece }
            case .log(.jobClosed(let job)): release { $0.job == job }
            case .log(.workerQuarantined(let name, _, _, _)):
                quarantined.insert(name)
                for (incarnation, worker) in workers where worker.name == name {
                    workers[incarnation]?.isQuarantined = true
                    workers[incarnation]?.held = []
                }
            case .log(.quarantineLifted): quarantined = []
            case .log(.clientLost(let job)): uncertain.insert(job)
            case .log(.rowPoisoned(let piece)): require(Self.deathsToPoison, of: Run(piece), "is poisoned")
            case .send(let envelope, let peer):
                guard case .shard(let piece, _, _) = envelope.message, let incarnation = incarnations[peer] else {
                    continue
                }
                lend(piece, to: incarnation)
            default: break
            }
        }
    }

    private mutating func die(_ incarnation: UInt64) {
        guard let worker = workers[incarnation] else { return }
        forget(incarnation)
        guard let run = worker.held.first.map(Run.init) else { return }
        let isNew = counts[run, default: Count()].names.insert(worker.name).inserted
        let names = counts[run]?.names ?? []
        // Jobs of planners are not seen: then only workers of all are surely there.
        let tenant = clients[run.job]?.tenant
        let isAlone = !workers.values.contains {
            $0.isOpen && !names.contains($0.name) && ($0.tenant == nil || $0.tenant == tenant)
        }
        if isNew || isAlone || uncertain.contains(run.job) { counts[run]?.deaths += 1 }
    }

    private mutating func lend(_ piece: PieceName, to incarnation: UInt64) {
        workers[incarnation]?.held.append(piece)
        let run = Run(piece)
        let parent = counts.keys.filter { $0.contains(run) }.min { $0.rows.count < $1.rows.count }
        if let parent {
            require(Self.deathsToHalve, of: parent, "is halved")
            // A half has one of the deaths that halved the whole.
            if counts[run] == nil { counts[run] = Count(deaths: 1, names: counts[parent]?.names ?? []) }
        } else if counts[run] == nil {
            counts[run] = Count()
        }
    }

    private mutating func require(_ deaths: Int, of run: Run, _ what: String) {
        let count = counts[run]?.deaths ?? 0
        if count < deaths {
            broken.append("shard \(run.shard), rows \(run.rows) \(what) after \(count) deaths, \(deaths) are needed")
        }
    }
}
