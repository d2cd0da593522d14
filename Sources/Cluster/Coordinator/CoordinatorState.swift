import DequeModule
import OrderedCollections
public import Scoring
public import Wire

/// The coordinator's decisions: who is alive, who works on what, what is answered.
///
/// A value without clock, socket, file or chance: `handle(event, at: now)` returns what the driver must do, in order.
/// A `journal` action must be durable before the actions behind it are carried out.
///
/// The rules, with the reasons in proto/PROTOCOL.md: work goes out against credit; every piece out is a lease, renewed
/// by progress; a silent or stuck incarnation is dead for ever; a result counts if its piece is still wanted; only the
/// piece that a dead worker was running is blamed.
public struct CoordinatorState: Sendable {
    /// What happened.
    public enum Event: Sendable {
        /// The driver is up; comes once, first.
        case started
        /// A message came in.
        case received(Envelope, from: Peer)
        /// A message could not be delivered: the peer is gone.
        case unroutable(Peer)
        /// Time has passed.
        case tick
    }

    /// What the driver must do, in order.
    public enum Action: Sendable {
        case send(Envelope, to: Peer)
        case journal(JournalEntry)
        /// Something an operator may want to read.
        case note(Note)
    }

    /// What an operator may want to read, as facts.
    public enum Note: Hashable, Sendable {
        case workerJoined(name: String, incarnation: UInt64)
        case workerLeft(name: String, incarnation: UInt64)
        case workerLost(name: String, incarnation: UInt64, reason: String, pieces: Int)
        case workerRefused(name: String, reason: String)
        case clientJoined(name: String)
        case clientLost(JobID)
        case jobOpened(JobID, policy: Policy, contextRows: Int)
        case jobRefused(JobID, reason: String)
        case jobClosed(JobID)
        case leaseExpired(PieceName, worker: String)
        case rowCondemned(PieceName)
    }

    /// Bounds and clocks.
    public struct Configuration: Sendable {
        /// When silence is death, and how long work is lent.
        public var timing = ClusterTiming.standard
        /// The only model that may work here; `nil`: the first worker's.
        public var fingerprint: ModelFingerprint?
        /// Rows a job may have submitted and not confirmed.
        public var windowRows = 131_072
        /// Estimated tokens a job may have submitted and not answered: some 64 MB of text.
        public var windowTokens = 16_000_000
        /// Jobs at a time, those of absent clients with them.
        public var jobsMax = 64
        /// Live workers.
        public var workersMax = 1024

        /// The defaults.
        public init() {}
    }

    // MARK: State

    let configuration: Configuration
    /// This life of the coordinator.
    public private(set) var generation: UInt64
    /// The model all work is done by, once known.
    public private(set) var fingerprint: ModelFingerprint?
    var jobs: OrderedDictionary<JobID, Job> = [:]
    var workers: OrderedDictionary<UInt64, WorkerSession> = [:]
    private var clients: OrderedDictionary<Peer, ClientSession> = [:]
    private var workerByPeer: [Peer: UInt64] = [:]
    /// Incarnations that may not come back, the latest last.
    private var dead: OrderedSet<UInt64> = []
    /// Which job is served first next; jobs take turns.
    var turn = 0
    /// Whether the event at hand gives no reason to look whether something can be lent.
    private var isIdle = false

    struct ClientSession {
        let incarnation: UInt64
        var lastHeard: Instant
        var jobs: [JobID] = []
    }

    /// Dead incarnations remembered; they are random numbers, so forgetting an old one is harmless.
    private static let deadMax = 4096

    /// Takes up where the journal's entries end; none for a first life.
    public init(_ configuration: Configuration = Configuration(), replaying entries: [JournalEntry] = []) {
        self.configuration = configuration
        self.fingerprint = configuration.fingerprint
        generation = 0
        for entry in entries { replay(entry) }
    }

    private mutating func replay(_ entry: JournalEntry) {
        switch entry {
        case .generationStarted(let started): generation = started
        case .fingerprintAdopted(let adopted): fingerprint = configuration.fingerprint ?? adopted
        case .jobOpened(let id): jobs[id] = jobs[id] ?? Job()
        case .shardAnswered(let answer): jobs[answer.job]?.keep(answer)
        case .confirmed(let id, let below): _ = jobs[id]?.confirm(below: below)
        case .jobClosed(let id): jobs[id] = nil
        }
    }

    // MARK: Events

    /// Decides. Cost: constant for a heartbeat, a few pieces looked at for a result.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        var actions: [Action] = []
        isIdle = false
        switch event {
        case .started:
            generation += 1
            actions.append(.journal(.generationStarted(generation)))
        case .received(let envelope, let peer):
            receive(envelope, from: peer, at: now, &actions)
        case .unroutable(let peer):
            lose(peer, at: now, &actions)
        case .tick:
            expire(at: now, &actions)
        }
        if !isIdle { dispatch(at: now, &actions) }
        return actions
    }

    /// When `tick` is due next; `nil` when nothing can expire.
    public var nextDeadline: Instant? {
        let livenessTime = configuration.timing.livenessTime
        var next: Instant?
        // Asked at every turn of the driver, so nothing is collected.
        for worker in workers.values {
            next = min(next ?? worker.lastHeard + livenessTime, worker.lastHeard + livenessTime)
            if let expires = worker.nextExpiry { next = min(next ?? expires, expires) }
        }
        for client in clients.values {
            next = min(next ?? client.lastHeard + livenessTime * 3, client.lastHeard + livenessTime * 3)
        }
        return next
    }

    /// Counts for a progress line.
    public var status: ClusterStatus {
        ClusterStatus(
            workers: workers.count, shardsPending: jobs.values.reduce(0) { $0 + $1.queue.count },
            shardsLeased: workers.values.reduce(0) { $0 + $1.inHand.count })
    }

    private mutating func receive(_ envelope: Envelope, from peer: Peer, at now: Instant, _ actions: inout [Action]) {
        if case .hello(let hello) = envelope.message {
            return welcome(hello, from: peer, at: now, &actions)
        }
        if let incarnation = workerByPeer[peer], workers[incarnation] != nil {
            workers[incarnation]?.lastHeard = now
            return receive(envelope.message, fromWorker: incarnation, at: now, &actions)
        }
        if clients[peer] != nil {
            clients[peer]?.lastHeard = now
            return receive(envelope.message, fromClient: peer, at: now, &actions)
        }
        if case .heartbeat(let heartbeat) = envelope.message, dead.contains(heartbeat.incarnation) {
            return send(.dismissed(incarnation: heartbeat.incarnation), to: peer, &actions)
        }
        send(.whoAreYou, to: peer, &actions)
    }

    // MARK: Joining and leaving

    private mutating func welcome(_ hello: Hello, from peer: Peer, at now: Instant, _ actions: inout [Action]) {
        guard hello.protocolVersion == Limits.protocolVersion else {
            let message =
                "this coordinator speaks protocol \(Limits.protocolVersion), you speak \(hello.protocolVersion); "
                + "install the same version of statezero on both sides"
            return send(.refused(.protocolVersion, message: message), to: peer, &actions)
        }
        guard !dead.contains(hello.incarnation) else {
            return send(.dismissed(incarnation: hello.incarnation), to: peer, &actions)
        }
        switch hello.role {
        case .trainer, .rollout:
            return  // The planner's peers; the driver brings them there.
        case .client:
            if clients[peer] == nil { actions.append(.note(.clientJoined(name: hello.name))) }
            clients[peer] = ClientSession(
                incarnation: hello.incarnation, lastHeard: now, jobs: clients[peer]?.jobs ?? [])
        case .worker(let model, let credit):
            guard admit(hello, model: model, to: peer, &actions) else { return }
            if let former = workerByPeer[peer], former != hello.incarnation {
                bury(former, reason: "another life came over its connection", &actions)
            }
            if let known = workers[hello.incarnation] {
                // The same life over a new connection: it keeps its leases.
                workerByPeer[known.peer] = nil
                workers[hello.incarnation]?.peer = peer
                workers[hello.incarnation]?.lastHeard = now
                workers[hello.incarnation]?.credit = credit
            } else {
                workers[hello.incarnation] = WorkerSession(
                    peer: peer, name: hello.name, incarnation: hello.incarnation, credit: credit, now: now)
                actions.append(.note(.workerJoined(name: hello.name, incarnation: hello.incarnation)))
            }
            workerByPeer[peer] = hello.incarnation
        }
        welcome(peer, incarnation: hello.incarnation, &actions)
    }

    private func welcome(_ peer: Peer, incarnation: UInt64, _ actions: inout [Action]) {
        let timing = configuration.timing
        let welcome = Welcome(
            incarnation: incarnation, heartbeatInterval: timing.heartbeatInterval, leaseTime: timing.leaseTime,
            fingerprint: fingerprint)
        send(.welcome(welcome), to: peer, &actions)
    }

    /// Whether a worker's model may work here. Without a model set or work under way, the first comer's is adopted.
    private mutating func admit(
        _ hello: Hello, model: ModelFingerprint, to peer: Peer, _ actions: inout [Action]
    ) -> Bool {
        if workers[hello.incarnation] == nil, workers.count >= configuration.workersMax {
            let message = "this coordinator has its \(configuration.workersMax) workers; start another coordinator"
            actions.append(.note(.workerRefused(name: hello.name, reason: message)))
            send(.refused(.capacity, message: message), to: peer, &actions)
            return false
        }
        let isBound = configuration.fingerprint != nil || !workers.isEmpty || !jobs.isEmpty
        guard let current = fingerprint, current.digest != model.digest else {
            if fingerprint == nil { adopt(model, &actions) }
            return true
        }
        guard isBound else {
            adopt(model, &actions)
            return true
        }
        let message =
            "worker \(hello.name) has model \(model.name) \(model.digest.hex), this cluster works with "
            + "\(current.name) \(current.digest.hex); give both the same model folder"
        actions.append(.note(.workerRefused(name: hello.name, reason: message)))
        send(.refused(.fingerprint, message: message), to: peer, &actions)
        return false
    }

    private mutating func adopt(_ model: ModelFingerprint, _ actions: inout [Action]) {
        fingerprint = model
        actions.append(.journal(.fingerprintAdopted(model)))
        // Clients wait for a model before they begin; they would ask again, but up to two heartbeats later.
        for (peer, client) in clients { welcome(peer, incarnation: client.incarnation, &actions) }
    }

    /// A peer's connection is gone.
    private mutating func lose(_ peer: Peer, at now: Instant, _ actions: inout [Action]) {
        if let incarnation = workerByPeer[peer] {
            bury(incarnation, reason: "its connection is gone", &actions)
        } else if clients[peer] != nil {
            detach(peer, &actions)
        }
    }

    /// Declares an incarnation dead: its work goes back, the piece it was running is blamed.
    private mutating func bury(
        _ incarnation: UInt64, reason: String, isBlamed: Bool = true, _ actions: inout [Action]
    ) {
        guard let worker = workers.removeValue(forKey: incarnation) else { return }
        workerByPeer[worker.peer] = nil
        dead.append(incarnation)
        if dead.count > Self.deadMax { dead.removeFirst() }
        actions.append(
            .note(
                .workerLost(
                    name: worker.name, incarnation: incarnation, reason: reason, pieces: worker.inHand.count)))
        // Backwards, so that what was lent first stands first in the queue again.
        for (place, piece) in worker.inHand.keys.enumerated().reversed() {
            let event = "worker \(worker.name) was lost at attempt \(piece.attempt): \(reason)"
            takeBack(piece, isBlamed: isBlamed && place == 0, event: event, &actions)
        }
    }

    private mutating func takeBack(_ piece: PieceName, isBlamed: Bool, event: String, _ actions: inout [Action]) {
        let key = Job.PieceKey(shard: piece.shard, firstRow: piece.firstRow)
        guard let found = jobs[piece.job]?.piece(at: key), case .leased = found.state, found.rows == piece.range else {
            return
        }
        if jobs[piece.job]?.client == nil {
            // Nobody waits for it; the client submits it again when it is back.
            jobs[piece.job]?.takeBack(key, reason: event)
            jobs[piece.job]?.forgetUnleased()
        } else if isBlamed {
            jobs[piece.job]?.blame(key, reason: event)
            if let job = jobs[piece.job], case .done = job.piece(at: key)?.state {
                actions.append(.note(.rowCondemned(piece)))
                answer(piece.job, shard: piece.shard, &actions)
            }
        } else {
            jobs[piece.job]?.takeBack(key, reason: event)
        }
    }

    /// A client is away: what nobody works on is forgotten, what is answered is kept for its return.
    private mutating func detach(_ peer: Peer, _ actions: inout [Action]) {
        guard let client = clients.removeValue(forKey: peer) else { return }
        for id in client.jobs where jobs[id]?.client == peer {
            jobs[id]?.client = nil
            jobs[id]?.forgetUnleased()
            actions.append(.note(.clientLost(id)))
        }
    }

    // MARK: Workers' messages

    private mutating func receive(
        _ message: Message, fromWorker incarnation: UInt64, at now: Instant, _ actions: inout [Action]
    ) {
        guard let peer = workers[incarnation]?.peer else { return }
        switch message {
        case .heartbeat(let heartbeat):
            guard heartbeat.incarnation == incarnation else {
                return send(.whoAreYou, to: peer, &actions)
            }
            workers[incarnation]?.grant(heartbeat.credit)
            workers[incarnation]?.name(heartbeat.inHand)
            workers[incarnation]?.renew(
                progress: heartbeat.progress, until: now + configuration.timing.leaseTime)
            send(.clusterStatus(status), to: peer, &actions)
        case .shardResult(let result):
            complete(result, from: incarnation, at: now, &actions)
        case .shardReturned(let piece, let reason):
            let wasInHand = workers[incarnation]?.release(piece) ?? false
            if wasInHand {
                // Lent again at once, it would come back at once, for as long as the worker is full.
                if reason == .overCredit { workers[incarnation]?.fill() }
                takeBack(piece, isBlamed: false, event: "given back: \(reason)", &actions)
            }
        case .contextWanted(let digest):
            guard let context = jobs.values.lazy.compactMap(\.context).first(where: { $0.digest == digest }) else {
                // Its job is over, and what waits for the context would block the worker's queue for ever.
                send(.dismissed(incarnation: incarnation), to: peer, &actions)
                let reason = "it waits for a context of a job that is over"
                return bury(incarnation, reason: reason, isBlamed: false, &actions)
            }
            _ = workers[incarnation]?.needsContext(digest)
            send(.context(context), to: peer, &actions)
        case .drain:
            workers[incarnation]?.isDraining = true
        case .bye:
            guard let worker = workers.removeValue(forKey: incarnation) else { return }
            workerByPeer[worker.peer] = nil
            dead.append(incarnation)
            actions.append(.note(.workerLeft(name: worker.name, incarnation: incarnation)))
            for piece in worker.inHand.keys.reversed() {
                takeBack(piece, isBlamed: false, event: "worker \(worker.name) left", &actions)
            }
        default:
            break  // Nothing else is a worker's to say, and what is not understood is ignored.
        }
    }

    private mutating func complete(
        _ result: ShardResult, from incarnation: UInt64, at now: Instant, _ actions: inout [Action]
    ) {
        workers[incarnation]?.grant(result.credit)
        workers[incarnation]?.release(result.piece)
        workers[incarnation]?.renew(progress: result.progress, until: now + configuration.timing.leaseTime)
        let key = Job.PieceKey(shard: result.piece.shard, firstRow: result.piece.firstRow)
        let lentTo = jobs[result.piece.job]?.piece(at: key)?.state
        guard jobs[result.piece.job]?.complete(result) == true else { return }
        if case .leased(let other) = lentTo, other != incarnation { releaseEverywhere(result.piece, at: other) }
        answer(result.piece.job, shard: result.piece.shard, &actions)
    }

    /// Another worker holds a lease on a piece that is done: its lease ends, whatever its attempt's number.
    private mutating func releaseEverywhere(_ piece: PieceName, at incarnation: UInt64) {
        let same = workers[incarnation]?.inHand.keys.first {
            $0.job == piece.job && $0.shard == piece.shard && $0.firstRow == piece.firstRow
        }
        if let same { workers[incarnation]?.release(same) }
    }

    private mutating func answer(_ id: JobID, shard: UInt32, _ actions: inout [Action]) {
        guard let answer = jobs[id]?.answerIfWhole(shard, job: id) else { return }
        actions.append(.journal(.shardAnswered(answer)))
        if let client = jobs[id]?.client { send(.shardAnswer(answer), to: client, &actions) }
    }

    // MARK: Clients' messages

    private mutating func receive(
        _ message: Message, fromClient peer: Peer, at now: Instant, _ actions: inout [Action]
    ) {
        switch message {
        case .heartbeat:
            send(.clusterStatus(status), to: peer, &actions)
        case .submitJob(let submitted):
            open(submitted, client: peer, &actions)
        case .submitShard(let shard):
            take(shard, from: peer, &actions)
        case .confirm(let id, let below):
            guard jobs[id]?.client == peer else { return }
            if jobs[id]?.confirm(below: below) == true { actions.append(.journal(.confirmed(id, below: below))) }
        case .closeJob(let id):
            // Only its own client ends a job, which may have come back as another peer; one that is over is answered again.
            if let job = jobs[id] {
                guard job.client == nil || job.client == peer else { return send(.whoAreYou, to: peer, &actions) }
                close(id, &actions)
            }
            send(.jobClosed(id), to: peer, &actions)
        case .bye:
            detach(peer, &actions)
        default:
            break  // Nothing else is a client's to say, and what is not understood is ignored.
        }
    }

    private mutating func take(_ shard: SubmitShard, from peer: Peer, _ actions: inout [Action]) {
        // A shard for a job that this life does not know, or of another client: the job is to be opened again.
        guard let place = jobs.index(forKey: shard.job), jobs.values[place].client == peer else {
            return send(.whoAreYou, to: peer, &actions)
        }
        if let answer = jobs.values[place].answers[shard.shard] {
            return send(.shardAnswer(answer), to: peer, &actions)
        }
        // Over the window: the client does not keep to the terms, or its confirmations are under way.
        guard jobs.values[place].hasRoom(for: shard, configuration) else { return }
        // Behind so many others nobody looks at it: nothing can be lent that could not be before.
        isIdle = jobs.values[place].queue.count >= Job.lookAhead
        _ = jobs.values[place].submit(shard)
    }

    private mutating func open(_ submitted: SubmitJob, client peer: Peer, _ actions: inout [Action]) {
        let id = submitted.job
        guard submitted.fingerprint == fingerprint?.digest else {
            let message =
                "the job was begun with model \(submitted.fingerprint.hex), this cluster works with "
                + "\(fingerprint.map { "\($0.name) \($0.digest.hex)" } ?? "none yet"); use the same model, "
                + "or a new output folder"
            return refuse(id, .fingerprint, message, to: peer, &actions)
        }
        if let known = jobs[id]?.context, known.digest != submitted.context.digest {
            let message =
                "the job was begun with context \(known.digest.hex), now it comes with "
                + "\(submitted.context.digest.hex); use the same context rows, or a new output folder"
            return refuse(id, .context, message, to: peer, &actions)
        }
        if jobs[id] == nil {
            if jobs.count >= configuration.jobsMax, let orphan = jobs.first(where: { $0.value.client == nil })?.key {
                close(orphan, &actions)
            }
            guard jobs.count < configuration.jobsMax else {
                let message = "this coordinator has its \(configuration.jobsMax) jobs; try again when one is done"
                return refuse(id, .capacity, message, to: peer, &actions)
            }
            jobs[id] = Job()
            actions.append(.journal(.jobOpened(id)))
            actions.append(
                .note(.jobOpened(id, policy: submitted.policy, contextRows: submitted.context.count)))
        }
        jobs[id]?.context = submitted.context
        if let former = jobs[id]?.client, former != peer { clients[former]?.jobs.removeAll { $0 == id } }
        jobs[id]?.client = peer
        if clients[peer]?.jobs.contains(id) == false { clients[peer]?.jobs.append(id) }
        if jobs[id]?.confirm(below: submitted.confirmedBelow) == true {
            actions.append(.journal(.confirmed(id, below: submitted.confirmedBelow)))
        }
        accept(id, client: peer, &actions)
    }

    private mutating func accept(_ id: JobID, client: Peer, _ actions: inout [Action]) {
        guard let job = jobs[id] else { return }
        // What is answered is not held: submitting it again is how a client asks for an answer that it lost.
        let held = job.shards.keys.sorted()
        send(
            .jobAccepted(
                JobAccepted(
                    job: id, windowRows: configuration.windowRows, windowTokens: configuration.windowTokens,
                    held: held)),
            to: client, &actions)
    }

    private mutating func refuse(
        _ id: JobID, _ reason: JobRefusal, _ message: String, to peer: Peer, _ actions: inout [Action]
    ) {
        actions.append(.note(.jobRefused(id, reason: message)))
        send(.jobRefused(id, reason, message: message), to: peer, &actions)
    }

    private mutating func close(_ id: JobID, _ actions: inout [Action]) {
        jobs[id] = nil
        for incarnation in workers.keys {
            for piece in workers[incarnation].map({ Array($0.inHand.keys) }) ?? [] where piece.job == id {
                workers[incarnation]?.release(piece)
            }
        }
        for peer in clients.keys { clients[peer]?.jobs.removeAll { $0 == id } }
        actions.append(.journal(.jobClosed(id)))
        actions.append(.note(.jobClosed(id)))
    }

    // MARK: Time

    private mutating func expire(at now: Instant, _ actions: inout [Action]) {
        let timing = configuration.timing
        for (incarnation, worker) in workers {
            if now - worker.lastHeard >= timing.livenessTime {
                bury(incarnation, reason: "silent for \(now - worker.lastHeard)", &actions)
                continue
            }
            guard let expired = worker.inHand.values.first(where: { $0.expires <= now }) else { continue }
            if expired.isNamed {
                send(.dismissed(incarnation: incarnation), to: worker.peer, &actions)
                bury(incarnation, reason: "no progress for \(timing.leaseTime)", &actions)
            } else {
                for (piece, lease) in worker.inHand where lease.expires <= now {
                    workers[incarnation]?.release(piece)
                    actions.append(.note(.leaseExpired(piece, worker: worker.name)))
                    takeBack(piece, isBlamed: false, event: "the lease of \(worker.name) ran out", &actions)
                }
            }
        }
        for (peer, client) in clients where now - client.lastHeard >= timing.livenessTime * 3 {
            detach(peer, &actions)
        }
    }

    func send(_ message: Message, to peer: Peer, _ actions: inout [Action]) {
        actions.append(.send(Envelope(generation: generation, message), to: peer))
    }
}
