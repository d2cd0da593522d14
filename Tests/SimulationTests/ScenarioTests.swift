import Cluster
import Simulation
import Testing

/// Scenarios with names: one kind of fault at fixed times, under 40 seeds, without any other fault.
@Suite("Scenarios: one fault each")
struct ScenarioTests {
    private static let seeds: Range<UInt64> = 0..<40

    /// A corpus of sixteen shards, and no faults but those given.
    private func faultPlan(
        seed: UInt64, workers: Int, liar: Int? = nil, verify: Double = 0,
        _ faults: [(seconds: Int, fault: FaultPlan.Fault)] = []
    ) -> FaultPlan {
        var faultPlan = FaultPlan(seed: seed)
        faultPlan.workers = workers
        faultPlan.clients = 1
        faultPlan.shards = 16
        faultPlan.loss = 0
        faultPlan.duplication = 0
        faultPlan.poisonEvery = 0
        faultPlan.liar = liar
        faultPlan.verify = verify
        faultPlan.faults = faults.map { (at: .zero + .seconds($0.seconds), $0.fault) }
        return faultPlan
    }

    /// Runs a scenario under every seed; the rows and poisoned rows of all runs.
    private func run(_ faultPlan: (UInt64) -> FaultPlan) -> (rows: Int, poisoned: Int) {
        var (rows, poisoned) = (0, 0)
        for seed in Self.seeds {
            var simulator = Simulator(seed: seed, faultPlan: faultPlan(seed))
            let report = simulator.run()
            #expect(report.broken.isEmpty, "seed \(seed): \(report.broken.prefix(3))")
            rows += report.rows
            poisoned += report.poisonedRows
        }
        #expect(rows > 0)
        return (rows, poisoned)
    }

    @Test("partition: the coordinator receives the worker's messages, the worker receives none")
    func workerHearsNothing() {
        let all = run { faultPlan(seed: $0, workers: 2, [(4, .partitionWorker(0, .seconds(20), .toWorker))]) }
        #expect(all.poisoned == 0)
    }

    @Test("partition: the worker receives the coordinator's messages, the coordinator receives none")
    func coordinatorHearsNothing() {
        let all = run { faultPlan(seed: $0, workers: 2, [(4, .partitionWorker(0, .seconds(20), .fromWorker))]) }
        #expect(all.poisoned == 0)
    }

    @Test("the only worker is frozen for longer than the liveness time, and is dismissed when it resumes")
    func sleeper() {
        let all = run { faultPlan(seed: $0, workers: 1, [(5, .freezeWorker(0, .seconds(12)))]) }
        #expect(all.poisoned == 0)
    }

    @Test("the coordinator dies three times while shards are computed, and no accepted answer is lost")
    func coordinatorDiesThrice() {
        let all = run {
            faultPlan(seed: $0, workers: 3, [(4, .killCoordinator), (15, .killCoordinator), (27, .killCoordinator)])
        }
        #expect(all.poisoned == 0)
    }

    @Test("the only worker's computation never ends: one death counts against one shard, and no row is poisoned")
    func wedged() {
        let all = run { faultPlan(seed: $0, workers: 1, [(5, .hangWorker(0))]) }
        #expect(all.poisoned == 0)
    }

    @Test("the client dies and restarts while its shards are computed")
    func clientComesBack() {
        let all = run { faultPlan(seed: $0, workers: 2, [(5, .killClient(0)), (18, .killClient(0))]) }
        #expect(all.poisoned == 0)
    }

    @Test(
        "one of three workers lies: with every shard computed again, all rows are right, and the liar gets no more work"
    )
    func liar() {
        var (quarantined, verified) = (0, 0)
        for seed in Self.seeds {
            var simulator = Simulator(seed: seed, faultPlan: faultPlan(seed: seed, workers: 3, liar: 1, verify: 1))
            let report = simulator.run()
            #expect(report.broken.isEmpty, "seed \(seed): \(report.broken.prefix(3))")
            #expect(report.unverifiedRows == 0 && report.verifiedRows == report.rows)
            quarantined += report.quarantined
            verified += report.verifiedRows
        }
        #expect(quarantined > 0 && verified > 0)
    }

    @Test("a liar, and a coordinator that dies meanwhile: no row that two workers computed alike is false")
    func liarAndRestarts() {
        let all = run {
            faultPlan(
                seed: $0, workers: 3, liar: 2, verify: 1,
                [(4, .killCoordinator), (9, .killWorker(0)), (15, .killClient(0))])
        }
        #expect(all.poisoned == 0)
    }

    @Test("every row kills its worker: every row is poisoned, and the job finishes")
    func everyRowKills() {
        let all = run { seed in
            var faultPlan = faultPlan(seed: seed, workers: 3)
            faultPlan.shards = 2
            faultPlan.rowsMax = 3
            faultPlan.poisonEvery = 1
            return faultPlan
        }
        #expect(all.poisoned == all.rows)
    }
}
