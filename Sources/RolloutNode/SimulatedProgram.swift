import Cluster
import Foundation
import Scoring
import Threads
import Wire

/// Simulated rollouts: rewards of 0 and 1, drawn from given rates, each after some time.
///
/// Draws depend on the seed and the assignment's name alone, not on order or time. A prompt without a rate fails.
/// With a duration of 0 it reports at once, on the caller's thread, and no other thread is started.
final class SimulatedProgram: RolloutProgram {
    let stopTimeMax: Duration = .seconds(1)
    private let rates: SimulatedRates
    private let seconds: Double
    private let seed: UInt64
    private let events: Mailbox<ProgramEvent>
    private let commands: Mailbox<Command>?

    private enum Command: Sendable { case run(Assignment), stop }

    /// - Parameter seconds: Mean duration of a rollout. Each lasts 0.5 to 1.5 times as long; those of an assignment
    ///   run one after the other.
    init(
        _ rates: SimulatedRates, seconds: Double, seed: UInt64, events: Mailbox<ProgramEvent>
    ) throws(RolloutError) {
        (self.rates, self.seconds, self.seed, self.events) = (rates, seconds, seed, events)
        guard seconds > 0 else {
            commands = nil
            return
        }
        let mailbox: Mailbox<Command>
        do {
            mailbox = try Mailbox(capacity: 4096)
        } catch {
            throw .thread(error)
        }
        commands = mailbox
        _ = DedicatedThread<Void, Never>.start(name: "simulated") { announce in
            announce(())
            Self.run(rates, seconds, seed, commands: mailbox, events: events)
        }
    }

    func run(_ assignment: Assignment) {
        guard commands == nil else {
            _ = commands?.send(.run(assignment))
            return
        }
        var draw = Draw(assignment, rates, seed)
        _ = events.send(.report(draw.report(assignment.n)))
    }

    func stop() {
        guard commands?.send(.stop) != .accepted else { return }
        _ = events.send(.ended("stopped"))
    }

    private static func run(
        _ rates: SimulatedRates, _ seconds: Double, _ seed: UInt64, commands: Mailbox<Command>,
        events: Mailbox<ProgramEvent>
    ) {
        let clock = ContinuousClock()
        var running: [(due: ContinuousClock.Instant, left: Int, draw: Draw)] = []
        while true {
            _ = commands.wakeup.wait(for: running.map(\.due).min().map { max(.zero, $0 - clock.now) } ?? .seconds(60))
            for command in commands.drain() {
                guard case .run(let assignment) = command else {
                    _ = events.send(.ended("stopped"))
                    return
                }
                var draw = Draw(assignment, rates, seed)
                running.append((clock.now + .seconds(draw.duration(seconds)), assignment.n, draw))
            }
            let now = clock.now
            for place in running.indices where running[place].due <= now {
                let report = running[place].draw.report(1)
                while events.send(.report(report)) == .full { usleep(1000) }
                running[place].left -= 1
                running[place].due += .seconds(running[place].draw.duration(seconds))
            }
            running.removeAll { $0.left == 0 }
        }
    }

    /// The draws of one assignment.
    private struct Draw {
        let label: String
        let rate: Double?
        var generator: SeededGenerator

        init(_ assignment: Assignment, _ rates: SimulatedRates, _ seed: UInt64) {
            label = assignment.name.description
            rate = rates.rates[assignment.promptID]
            // A second attempt at a prompt gets other draws, because its name has another attempt number.
            generator = SeededGenerator(seed: Digest(of: "\(seed)/\(label)/\(assignment.n)").leading)
        }

        mutating func report(_ count: Int) -> RolloutReport {
            guard let rate else { return RolloutReport(assignment: label, failed: count) }
            return RolloutReport(assignment: label, rewards: (0..<count).map { _ in generator.unit() < rate ? 1 : 0 })
        }

        mutating func duration(_ mean: Double) -> Double { mean * (0.5 + generator.unit()) }
    }
}
