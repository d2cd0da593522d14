import Cluster
import Simulation
import Testing

/// Stories with names: one thing goes wrong, at moments drawn from a few seeds, in otherwise fine weather.
@Suite("Scenarios: one thing going wrong")
struct ScenarioTests {
    private static let seeds: Range<UInt64> = 0..<40

    /// A corpus of sixteen shards, and nothing that goes wrong by itself.
    private func weather(
        seed: UInt64, workers: Int, _ faults: [(seconds: Int, fault: FaultPlan.Fault)] = []
    ) -> FaultPlan {
        var weather = FaultPlan(seed: seed)
        weather.workers = workers
        weather.clients = 1
        weather.shards = 16
        weather.loss = 0
        weather.duplication = 0
        weather.poisonEvery = 0
        weather.faults = faults.map { (at: .zero + .seconds($0.seconds), $0.fault) }
        return weather
    }

    /// Runs a story under every seed; the rows and condemned rows of all runs.
    private func tell(_ weather: (UInt64) -> FaultPlan) -> (rows: Int, condemned: Int) {
        var (rows, condemned) = (0, 0)
        for seed in Self.seeds {
            var simulator = Simulator(seed: seed, weather: weather(seed))
            let report = simulator.run()
            #expect(report.broken.isEmpty, "seed \(seed): \(report.broken.prefix(3))")
            rows += report.rows
            condemned += report.condemnedRows
        }
        #expect(rows > 0)
        return (rows, condemned)
    }

    @Test("partition: coordinator hears worker, worker hears nothing")
    func workerHearsNothing() {
        let told = tell { weather(seed: $0, workers: 2, [(4, .cutWorker(0, .seconds(20), .toWorker))]) }
        #expect(told.condemned == 0)
    }

    @Test("partition: worker hears coordinator, coordinator hears nothing")
    func coordinatorHearsNothing() {
        let told = tell { weather(seed: $0, workers: 2, [(4, .cutWorker(0, .seconds(20), .fromWorker))]) }
        #expect(told.condemned == 0)
    }

    @Test("the only worker sleeps longer than the dead are silent, and wakes up to be told")
    func sleeper() {
        let told = tell { weather(seed: $0, workers: 1, [(5, .freezeWorker(0, .seconds(12)))]) }
        #expect(told.condemned == 0)
    }

    @Test("the coordinator dies three times with shards under way; nothing accepted is lost")
    func coordinatorDiesThrice() {
        let told = tell {
            weather(seed: $0, workers: 3, [(4, .killCoordinator), (15, .killCoordinator), (27, .killCoordinator)])
        }
        #expect(told.condemned == 0)
    }

    @Test("the only worker's computation never ends: one shard is blamed once, and no row is condemned for it")
    func wedged() {
        let told = tell { weather(seed: $0, workers: 1, [(5, .wedgeWorker(0))]) }
        #expect(told.condemned == 0)
    }

    @Test("the client dies and comes back while its shards are under way")
    func clientComesBack() {
        let told = tell { weather(seed: $0, workers: 2, [(5, .killClient(0)), (18, .killClient(0))]) }
        #expect(told.condemned == 0)
    }

    @Test("every row kills its worker: every row is condemned, and the job finishes")
    func everyRowKills() {
        let told = tell { seed in
            var weather = weather(seed: seed, workers: 3)
            weather.shards = 2
            weather.rowsMax = 3
            weather.poisonEvery = 1
            return weather
        }
        #expect(told.condemned == told.rows)
    }
}
