import Cluster
import Simulation
import Testing

/// Stories with names: one thing goes wrong, at moments drawn from a few seeds, in otherwise fine faultPlan.
@Suite("Scenarios: one thing going wrong")
struct ScenarioTests {
    private static let seeds: Range<UInt64> = 0..<40

    /// A corpus of sixteen shards, and nothing that goes wrong by itself.
    private func faultPlan(
        seed: UInt64, workers: Int, _ faults: [(seconds: Int, fault: FaultPlan.Fault)] = []
    ) -> FaultPlan {
        var faultPlan = FaultPlan(seed: seed)
        faultPlan.workers = workers
        faultPlan.clients = 1
        faultPlan.shards = 16
        faultPlan.loss = 0
        faultPlan.duplication = 0
        faultPlan.poisonEvery = 0
        faultPlan.faults = faults.map { (at: .zero + .seconds($0.seconds), $0.fault) }
        return faultPlan
    }

    /// Runs a story under every seed; the rows and condemned rows of all runs.
    private func tell(_ faultPlan: (UInt64) -> FaultPlan) -> (rows: Int, condemned: Int) {
        var (rows, condemned) = (0, 0)
        for seed in Self.seeds {
            var simulator = Simulator(seed: seed, faultPlan: faultPlan(seed))
            let report = simulator.run()
            #expect(report.broken.isEmpty, "seed \(seed): \(report.broken.prefix(3))")
            rows += report.rows
            condemned += report.poisonedRows
        }
        #expect(rows > 0)
        return (rows, condemned)
    }

    @Test("partition: coordinator hears worker, worker hears nothing")
    func workerHearsNothing() {
        let told = tell { faultPlan(seed: $0, workers: 2, [(4, .partitionWorker(0, .seconds(20), .toWorker))]) }
        #expect(told.condemned == 0)
    }

    @Test("partition: worker hears coordinator, coordinator hears nothing")
    func coordinatorHearsNothing() {
        let told = tell { faultPlan(seed: $0, workers: 2, [(4, .partitionWorker(0, .seconds(20), .fromWorker))]) }
        #expect(told.condemned == 0)
    }

    @Test("the only worker sleeps longer than the dead are silent, and wakes up to be told")
    func sleeper() {
        let told = tell { faultPlan(seed: $0, workers: 1, [(5, .freezeWorker(0, .seconds(12)))]) }
        #expect(told.condemned == 0)
    }

    @Test("the coordinator dies three times with shards under way; nothing accepted is lost")
    func coordinatorDiesThrice() {
        let told = tell {
            faultPlan(seed: $0, workers: 3, [(4, .killCoordinator), (15, .killCoordinator), (27, .killCoordinator)])
        }
        #expect(told.condemned == 0)
    }

    @Test("the only worker's computation never ends: one shard is blamed once, and no row is condemned for it")
    func wedged() {
        let told = tell { faultPlan(seed: $0, workers: 1, [(5, .hangWorker(0))]) }
        #expect(told.condemned == 0)
    }

    @Test("the client dies and comes back while its shards are under way")
    func clientComesBack() {
        let told = tell { faultPlan(seed: $0, workers: 2, [(5, .killClient(0)), (18, .killClient(0))]) }
        #expect(told.condemned == 0)
    }

    @Test("every row kills its worker: every row is condemned, and the job finishes")
    func everyRowKills() {
        let told = tell { seed in
            var faultPlan = faultPlan(seed: seed, workers: 3)
            faultPlan.shards = 2
            faultPlan.rowsMax = 3
            faultPlan.poisonEvery = 1
            return faultPlan
        }
        #expect(told.condemned == told.rows)
    }
}
