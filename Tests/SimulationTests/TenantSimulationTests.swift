import Cluster
import Foundation
import Simulation
import Testing

@Suite("A whole cluster of two tenants and none, from one seed")
struct TenantSimulationTests {
    /// More with `STATEZERO_SEEDS=100000`.
    private static let seeds = (ProcessInfo.processInfo.environment["STATEZERO_SEEDS"].flatMap(UInt64.init) ?? 2500) / 5

    @Test("hundreds of seeds, policies of the same names: no peer gets what is another tenant's, and all jobs finish")
    func isolated() async {
        var (seeds, messages, rows, groups) = (0, 0, 0, 0)
        for report in await SimulatorRuns.reports(Self.seeds, { FaultPlan(withTenantsFrom: $0) }) {
            #expect(report.broken.isEmpty, "seed \(report.seed): \(report.broken.prefix(3))")
            seeds += 1
            messages += report.messages
            rows += report.rows
            groups += report.groups
        }
        print("simulation of tenants: \(seeds) seeds, \(messages) messages, \(rows) rows, \(groups) groups")
        #expect(rows > 0 && groups > 0)
    }

    @Test("a shard that a worker answers of an earlier generation of the coordinator does not wait: seed 2625")
    func answeredOfEarlierGeneration() {
        var simulator = Simulator(seed: 2625, faultPlan: FaultPlan(withTenantsFrom: 2625))
        #expect(simulator.run().broken.isEmpty)
    }

    @Test("the check finds a coordinator that takes all peers for its own")
    func mutant() {
        var found = 0
        for seed in UInt64(0)..<20 {
            var faultPlan = FaultPlan(withTenantsFrom: seed)
            // Without trainers nothing else can break first: their policies have the same ids.
            (faultPlan.trainers, faultPlan.rollouts, faultPlan.workers, faultPlan.shards) = (0, 0, 4, 8)
            faultPlan.faults = []
            faultPlan.forgetsTenants = true
            var simulator = Simulator(seed: seed, faultPlan: faultPlan)
            let broken = simulator.run().broken
            if broken.contains(where: { $0.contains("hears of") || $0.contains(" gets ") }) { found += 1 }
        }
        #expect(found == 20, "found in \(found) of 20")
    }

    @Test("tenants that share one worker take turns, also where one has two jobs")
    func turns() async {
        var overtaken = 0
        let reports = await SimulatorRuns.reports(20) { seed in
            var faultPlan = FaultPlan(withTenantsFrom: seed)
            // The first worker computes for all.
            (faultPlan.workers, faultPlan.clients, faultPlan.shards, faultPlan.rowsMax) = (1, 4, 60, 6)
            (faultPlan.faults, faultPlan.poisonEvery) = ([], 0)
            return faultPlan
        }
        for report in reports {
            #expect(report.broken.isEmpty, "seed \(report.seed): \(report.broken.prefix(3))")
            overtaken = max(overtaken, report.overtakenRows)
        }
        // The others are two, so a tenant that waits sees a piece of each at least.
        #expect(overtaken >= 6, "overtaken by \(overtaken) rows at most")
    }
}
