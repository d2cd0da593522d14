import Cluster
import Foundation
import Planning
import Scoring
import Testing
import Wire

/// Measures how long the coordinator's machines take for each event of a large plan, and prints it: a tool, which tests nothing.
/// `STATEZERO_TIMES=1 swift test -c release --filter PlannerTimes`
@Suite("Planner: times of a large plan", .enabled(if: ProcessInfo.processInfo.environment["STATEZERO_TIMES"] != nil))
struct PlannerTimes {
    /// Drives machines as the driver does, and measures each event.
    struct Clocked {
        var machines: CoordinatorMachines
        var times: [String: [Duration]] = [:]
        var work: [PlannerWork] = []
        var toWorker: [Envelope] = []
        var sent: [(Message, Peer)] = []
        var isWorking = true
        var now: Instant = .zero
        static let worker = Peer([0xAA])
        static let trainer = Peer([0x6C, 1])

        init(_ configuration: PlannerState.Configuration) {
            machines = CoordinatorMachines(planner: configuration)
            handle(.started, "start")
            let credit = Credit(rows: 4096, tokens: 1 << 20)
            receive(
                .hello(Hello(role: .worker(Samples.model, credit), name: "w", incarnation: 1, readsSide: true)),
                from: Self.worker, "hello")
            handle(.joinedLocally(Self.trainer), "joined")
        }

        mutating func receive(_ message: Message, from peer: Peer, _ name: String) {
            let envelope = Envelope(generation: machines.planner.generation, message)
            handle(.receivedEarlier(envelope, from: peer, arrived: now), name)
        }

        mutating func handle(_ event: CoordinatorMachines.Event, _ name: String) {
            let begin = Self.spent
            let actions = machines.handle(event, at: now)
            times[name, default: []].append(Self.spent - begin)
            for action in actions {
                switch action {
                case .send(let envelope, Self.worker) where !isWorking: _ = envelope
                case .work(let work): self.work.append(work)
                case .send(let envelope, Self.worker): toWorker.append(envelope)
                case .send(let envelope, let peer): sent.append((envelope.message, peer))
                default: break
                }
            }
        }

        /// What this thread has computed: others on the machine do not count.
        static var spent: Duration {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }

        /// As the driver does: nothing holds what the work has read when its result is there, so no history is copied.
        @inline(never)
        private mutating func runNext() -> PlannerWork.Result { work.removeFirst().run() }

        mutating func run(_ name: String) {
            var round = 0
            while !work.isEmpty || !toWorker.isEmpty || machines.nextDeadline == .zero {
                if machines.nextDeadline == .zero { handle(.tick, "\(name) tick") }
                while !work.isEmpty {
                    round += 1
                    let begin = Self.spent
                    let result = runNext()
                    times["\(name) work \(round) (other thread)", default: []].append(Self.spent - begin)
                    handle(.worked(result), "\(name) worked \(round)")
                }
                let messages = toWorker
                toWorker = []
                for envelope in messages {
                    guard case .shard(let piece, _, .texts(let texts)) = envelope.message else { continue }
                    let predictions = texts.texts.map { text -> Prediction? in
                        guard let (p, kappa) = text.flatMap(PlannerBench.spread) else { return nil }
                        return Prediction(p: p, kappa: kappa, pLo: p / 2, pHi: (1 + p) / 2)
                    }
                    let result = ShardResult(
                        piece: piece, answers: AnswerBlock(predictions), faults: [], credit: CoordinatorBench.credit,
                        progress: 1)
                    receive(.shardResult(result), from: Self.worker, "\(name) shard result")
                }
            }
        }
    }

    @Test(
        "times",
        arguments: [
            "plain", "workers", "ids", "outcomes", "report", "shadow", "cut", "tokens",
        ])
    func times(_ kind: String) {
        var bench = Clocked(.apart)
        bench.receive(
            .reportOutcomes(ReportOutcomes(request: 1, policyID: "p", outcomes: PlannerBench.outcomes(0..<64))),
            from: Clocked.trainer, "outcomes")
        bench.isWorking = kind != "cut"
        let filler = String(repeating: "x", count: 2000)
        for step in 1...20 {
            let first = kind == "ids" ? 0 : step
            var request = RequestPlan(
                plan: PlanName(policyID: "p", step: step), total: 4096 * 8,
                candidates: (0..<4096).map {
                    PlanCandidate(
                        promptID: "p \(first) \($0)", text: kind == "ids" && step > 1 ? "" : "p \(step) \($0) \(filler)"
                    )
                })
            if kind == "tokens" {
                request.totalTokens = 4096 * 8 * 100
                for index in request.candidates.indices {
                    request.candidates[index].expectedTokens = 50 + Double(index % 100)
                }
            }
            if kind == "workers" { request.delivery = .workers }
            if kind == "shadow" { request.mode = .shadow }
            let outcomes = (0..<4096).map {
                GroupOutcome(
                    eventID: "e \(step) \($0)", promptID: "p \(step - 1) \($0)", text: "p \(step - 1) \($0) \(filler)",
                    policyVersion: step, step: nil, rewards: [0, 1, 1, 0])
            }
            if kind == "outcomes" { request.outcomes = outcomes }
            if kind == "report" {
                bench.receive(
                    .reportOutcomes(ReportOutcomes(request: 1, policyID: "p", outcomes: outcomes)),
                    from: Clocked.trainer,
                    "report")
                bench.run("report")
            }
            bench.receive(.requestPlan(request), from: Clocked.trainer, "request")
            bench.run("plan")
            if kind == "cut" {
                bench.now = bench.now + .seconds(3)
                bench.handle(.tick, "cut")
            }
            bench.receive(.followPlan(request.plan, groupsAfter: 0), from: Clocked.trainer, "follow")
        }
        print("== \(kind)", bench.sent.count { if case .planEnd = $0.0 { true } else { false } })
        let sorted = bench.times.mapValues { $0.sorted(by: >) }.sorted { $0.value[0] > $1.value[0] }
        func ms(_ time: Duration) -> String { String(format: "%8.2f", time / .milliseconds(1)) }
        for (name, times) in sorted {
            print(
                name.padding(toLength: 32, withPad: " ", startingAt: 0), "count", times.count, "median",
                ms(times[times.count / 2]), "longest", times.prefix(3).map(ms).joined(), "all",
                ms(times.reduce(.zero, +)))
        }
    }
}
