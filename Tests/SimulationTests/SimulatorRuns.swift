import Simulation
import TestSupport

/// Runs of the simulator for many seeds, away from the threads that other tests need.
enum SimulatorRuns {
    /// The reports of seeds 0 and following, up to the first with something broken.
    static func reports(
        _ seeds: UInt64, _ faultPlan: @escaping @Sendable (UInt64) -> FaultPlan?
    ) async -> [Simulator.Report] {
        await onOwnThread(niceness: 5) {
            var reports: [Simulator.Report] = []
            for seed in 0..<seeds {
                var simulator = faultPlan(seed).map { Simulator(seed: seed, faultPlan: $0) } ?? Simulator(seed: seed)
                reports.append(simulator.run())
                if reports.last?.broken.isEmpty == false { break }
            }
            return reports
        }
    }
}
