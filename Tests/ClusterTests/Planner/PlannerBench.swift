import Cluster
import Planning
import Scoring
import Testing
import Wire

/// A test bench for coordinator and planner, with one worker that answers every shard from a table. After every event
/// it checks the invariants, and that what is acknowledged is durable.
struct PlannerBench {
    private(set) var machines: CoordinatorMachines
    private(set) var now: Instant = .zero
    private(set) var journal: [JournalEntry]
    private(set) var planJournal: [PlannerEntry]
    /// What the last event sent, to whom.
    private let planner: PlannerState.Configuration
    private(set) var sent: [(message: Message, peer: Peer)] = []
    private(set) var logEvents: [PlannerState.LogEvent] = []
    /// Whether the worker answers at once; else shards wait in `shards`.
    var isWorking = true
    private(set) var shards: [(PieceName, TextBlock)] = []
    /// Success probability and concentration by text.
    var table: (String) -> (p: Float, kappa: Float)? = PlannerBench.spread
    /// Contexts that the worker was sent.
    private(set) var contexts: [ContextSet] = []
    /// Side information that the worker was sent, by text.
    private(set) var known: [String: SideInformation?] = [:]
    /// Whether the worker's head refuses side information.
    var isTextOnly = false

    /// Work that the driver would do on another thread.
    private(set) var work: [PlannerWork] = []

    static let worker = Peer([0xAA])
    static let trainer = Peer([0x11])

    init(
        planner: PlannerState.Configuration = PlannerState.Configuration(), replaying entries: [JournalEntry] = [],
        _ planEntries: [PlannerEntry] = [], withWorker: Bool = true
    ) {
        self.planner = planner
        machines = CoordinatorMachines(planner: planner, replaying: entries, planEntries)
        journal = entries
        planJournal = planEntries
        handle(.started)
        if withWorker { joinWorker() }
    }

    /// Another generation over the same journal, after a crash that lost everything else.
    func restarted(withWorker: Bool = true) -> PlannerBench {
        var bench = PlannerBench(planner: planner, replaying: journal, planJournal, withWorker: withWorker)
        bench.table = table
        return bench
    }

    /// A spread of probabilities by text, the same on every machine.
    static func spread(_ text: String) -> (p: Float, kappa: Float)? {
        let byte = Digest(of: text).bytes[0]
        return (Float(byte) / 255, 8)
    }

    // MARK: Events

    mutating func handle(_ event: CoordinatorMachines.Event, sourceLocation: SourceLocation = #_sourceLocation) {
        sent = []
        logEvents = []
        perform(event, sourceLocation)
    }

    private mutating func perform(_ event: CoordinatorMachines.Event, _ sourceLocation: SourceLocation) {
        let actions = machines.handle(event, at: now)
        #expect(machines.brokenInvariants.isEmpty, sourceLocation: sourceLocation)
        var durable = 0
        for action in actions {
            switch action {
            case .journal(let entry, _): journal.append(entry)
            case .journalPlan(let entry, _):
                planJournal.append(entry)
                durable += 1
            case .log: break
            case .work(let work): self.work.append(work)
            case .logPlan(let event, _): logEvents.append(event)
            case .send(let envelope, let peer):
                sent.append((envelope.message, peer))
                if case .rewardsRecorded(let recorded) = envelope.message, recorded.verdict == .recorded {
                    let isDurable = planJournal.contains {
                        if case .groupReported(_, let report) = $0 {
                            report.eventID == "\(recorded.name)"
                        } else {
                            false
                        }
                    }
                    #expect(
                        isDurable, "\(recorded.name) is acknowledged before it is durable",
                        sourceLocation: sourceLocation)
                }
            }
        }
        for action in actions {
            if case .send(let envelope, to: Self.worker) = action { work(envelope.message, sourceLocation) }
        }
    }

    private mutating func work(_ message: Message, _ sourceLocation: SourceLocation) {
        switch message {
        case .context(let block):
            if let context = block.contextSet { contexts.append(context) }
        case .shard(let piece, _, .texts(let texts)):
            if isWorking { answer(piece, texts, sourceLocation) } else { shards.append((piece, texts)) }
        default: break
        }
    }

    private mutating func answer(_ piece: PieceName, _ texts: TextBlock, _ sourceLocation: SourceLocation) {
        var faults: [RowFault] = []
        if let schema = contexts.last?.schema, let side = texts.side?.rows(schema) {
            for (text, row) in zip(texts.texts, side) { known[text ?? ""] = row }
            if isTextOnly {
                faults = (0..<UInt32(texts.count)).map {
                    RowFault(row: $0, code: "side_information_unsupported", message: "texts only")
                }
            }
        }
        let isRefused = !faults.isEmpty
        let predictions = texts.texts.enumerated().map { row, text -> Prediction? in
            if isRefused { return nil }
            guard let (p, kappa) = text.flatMap(table) else {
                faults.append(RowFault(row: UInt32(row), code: "embedding_failed", message: "not in the table"))
                return nil
            }
            return Prediction(p: p, kappa: kappa, pLo: p / 2, pHi: (1 + p) / 2)
        }
        let result = ShardResult(
            piece: piece, answers: AnswerBlock(predictions), faults: faults, credit: CoordinatorBench.credit,
            progress: 1)
        perform(.received(envelope(.shardResult(result)), from: Self.worker), sourceLocation)
    }

    /// Lets the worker answer so many of the shards that wait.
    mutating func workOff(_ count: Int = .max, sourceLocation: SourceLocation = #_sourceLocation) {
        sent = []
        logEvents = []
        var left = count
        while left > 0, !shards.isEmpty {
            left -= 1
            let (piece, texts) = shards.removeFirst()
            answer(piece, texts, sourceLocation)
        }
    }

    /// Does the work that waits.
    mutating func doWork(sourceLocation: SourceLocation = #_sourceLocation) {
        let results = work.map { $0.run() }
        work = []
        for result in results { handle(.worked(result), sourceLocation: sourceLocation) }
    }

    /// Lets time pass, and no event happen.
    mutating func pass(_ time: Duration) { now = now + time }

    func envelope(_ message: Message) -> Envelope { Envelope(generation: machines.planner.generation, message) }

    mutating func receive(_ message: Message, from peer: Peer, sourceLocation: SourceLocation = #_sourceLocation) {
        handle(.received(envelope(message), from: peer), sourceLocation: sourceLocation)
    }

    /// Lets time pass, with a tick at its end; the worker is alive.
    mutating func wait(_ time: Duration, sourceLocation: SourceLocation = #_sourceLocation) {
        now = now + time
        receive(
            .heartbeat(Heartbeat(incarnation: 1, credit: CoordinatorBench.credit)), from: Self.worker,
            sourceLocation: sourceLocation)
        handle(.tick, sourceLocation: sourceLocation)
    }

    mutating func joinWorker() {
        let credit = Credit(rows: 4096, tokens: 1 << 20)
        receive(
            .hello(Hello(role: .worker(Samples.model, credit), name: "w", incarnation: 1, readsSide: true)),
            from: Self.worker)
    }

    mutating func joinTrainer(_ peer: Peer = Self.trainer) {
        receive(.hello(Hello(role: .trainer, name: "trainer", incarnation: 77)), from: peer)
    }

    /// A rollout worker sends Hello; its number is its peer, its incarnation and its name.
    mutating func joinRollout(_ number: Int, assignments: Int = 4, rollouts: Int = 64) {
        let credit = Credit(rows: assignments, tokens: rollouts)
        receive(
            .hello(Hello(role: .rollout(credit), name: "r\(number)", incarnation: UInt64(number))),
            from: Self.rollout(number))
    }

    static func rollout(_ number: Int) -> Peer { Peer([0x20, UInt8(number)]) }

    // MARK: Messages sent

    func messages(to peer: Peer) -> [Message] { sent.filter { $0.peer == peer }.map(\.message) }

    func budgets(to peer: Peer = Self.trainer) -> [PlannedBudget] {
        messages(to: peer).flatMap { message -> [PlannedBudget] in
            if case .budgets(_, let budgets) = message { budgets } else { [] }
        }
    }

    func end(to peer: Peer = Self.trainer) -> PlanEnd? {
        messages(to: peer).compactMap { if case .planEnd(_, let end) = $0 { end } else { nil } }.last
    }

    func groups(to peer: Peer = Self.trainer) -> [GroupDone] {
        messages(to: peer).compactMap { if case .groupDone(_, let group) = $0 { group } else { nil } }
    }

    func refusal(to peer: Peer = Self.trainer) -> RequestRefused? {
        messages(to: peer).compactMap { if case .requestRefused(let refused) = $0 { refused } else { nil } }.last
    }

    func assignments(to number: Int) -> [Assignment] {
        messages(to: Self.rollout(number)).compactMap {
            if case .assignment(let assignment) = $0 { assignment } else { nil }
        }
    }

    func recorded(to number: Int) -> [RewardsRecorded] {
        messages(to: Self.rollout(number)).compactMap {
            if case .rewardsRecorded(let recorded) = $0 { recorded } else { nil }
        }
    }

    // MARK: Requests

    /// A step of so many prompts, 8 rollouts each on average.
    static func request(
        _ prompts: Int, step: Int = 1, policy: String = "p", first: Int = 0, mean: Int = 8
    ) -> RequestPlan {
        RequestPlan(
            plan: PlanName(policyID: policy, step: step), total: prompts * mean,
            candidates: (first..<first + prompts).map { PlanCandidate(promptID: "q\($0)", text: "prompt \($0)") })
    }

    /// Outcomes of prompts, every third solved.
    static func outcomes(_ range: Range<Int>, step: Int? = nil, version: Int? = 0) -> [GroupOutcome] {
        range.map { index in
            GroupOutcome(
                eventID: "e\(index)/\(version ?? -1)", promptID: "q\(index)", text: "prompt \(index)",
                policyVersion: version, step: step, rewards: index % 3 == 0 ? [1, 1, 1, 0] : [0, 0, 1, 0])
        }
    }
}
