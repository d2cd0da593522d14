import Cluster
import Corpora
import Foundation
import Scoring
import Synchronization
import Threads
import Wire
import ZeroMQ

/// True rates of prompts, to draw rewards from.
public struct SimulatedRates: Sendable {
    /// Chance that a rollout gets the reward 1, by prompt.
    public let rates: [String: Double]

    /// Rates by prompt id, each in [0, 1].
    public init(_ rates: [String: Double]) {
        self.rates = rates
    }

    /// Reads JSONL, plain, gzip or zstd: `prompt_id` and one of `p`, `reward`, or `k` and `n`; the last row of a prompt
    /// counts. Throws `RolloutError.rates` with file and line for a row that has none of them, or a rate outside [0, 1].
    public init(path: String) throws {
        var rates: [String: Double] = [:]
        let reader = try LineReader(path: path)
        while let line = try reader.next() {
            guard case .text(let bytes) = line.content else {
                throw RolloutError.rates(path, line: line.number, "the line is too long or not UTF-8")
            }
            if bytes.isEmpty { continue }
            guard let row = try? JSONDecoder().decode(Row.self, from: Data(bytes)), let rate = row.rate else {
                throw RolloutError.rates(
                    path, line: line.number, "expected prompt_id and p, reward, or k and n, with a rate in [0, 1]")
            }
            rates[row.prompt_id] = rate
        }
        self.rates = rates
    }

    private struct Row: Decodable {
        let prompt_id: String
        let p: Double?
        let reward: Double?
        let k: Double?
        let n: Double?

        var rate: Double? {
            let rate = p ?? reward ?? k.flatMap { k in n.map { k / $0 } }
            return rate.flatMap { (0...1).contains($0) ? $0 : nil }
        }
    }
}

/// Rollouts that nobody makes: rewards of 0 and 1, drawn from given rates, each after a while.
///
/// What is drawn depends on the seed and the assignment's name alone, not on order or time. A prompt without a rate
/// fails. Without a duration the answer comes at once, on the caller's thread, and there is no other.
final class SimulatedProgram: RolloutProgram {
    let stopTimeMax: Duration = .seconds(1)
    private let rates: SimulatedRates
    private let seconds: Double
    private let seed: UInt64
    private let words: Mailbox<ProgramEvent>
    private let orders: Mailbox<Order>?

    private enum Order: Sendable { case run(Assignment), stop }

    /// - Parameter seconds: Mean duration of a rollout; each takes between half and one and a half of it, and those of an
    ///   assignment come one after the other.
    init(
        _ rates: SimulatedRates, seconds: Double, seed: UInt64, words: Mailbox<ProgramEvent>
    ) throws(RolloutError) {
        (self.rates, self.seconds, self.seed, self.words) = (rates, seconds, seed, words)
        guard seconds > 0 else {
            orders = nil
            return
        }
        let wakeup: Wakeup
        do {
            wakeup = try Wakeup()
        } catch {
            throw .thread(error)
        }
        let mailbox = Mailbox<Order>(capacity: 4096, wakeup: wakeup)
        orders = mailbox
        _ = DedicatedThread<Void, Never>.start(name: "simulated") { announce in
            announce(())
            Self.run(rates, seconds, seed, orders: mailbox, words: words)
        }
    }

    func give(_ assignment: Assignment) {
        guard orders == nil else {
            _ = orders?.send(.run(assignment))
            return
        }
        var draw = Draw(assignment, rates, seed)
        _ = words.send(.report(draw.report(assignment.n)))
    }

    func stop() {
        guard orders?.send(.stop) != .accepted else { return }
        _ = words.send(.ended("stopped"))
    }

    private static func run(
        _ rates: SimulatedRates, _ seconds: Double, _ seed: UInt64, orders: Mailbox<Order>,
        words: Mailbox<ProgramEvent>
    ) {
        let clock = ContinuousClock()
        var running: [(due: ContinuousClock.Instant, left: Int, draw: Draw)] = []
        while true {
            _ = orders.wakeup.wait(for: running.map(\.due).min().map { max(.zero, $0 - clock.now) } ?? .seconds(60))
            for order in orders.drain() {
                guard case .run(let assignment) = order else {
                    _ = words.send(.ended("stopped"))
                    return
                }
                var draw = Draw(assignment, rates, seed)
                running.append((clock.now + .seconds(draw.duration(seconds)), assignment.n, draw))
            }
            let now = clock.now
            for place in running.indices where running[place].due <= now {
                let report = running[place].draw.report(1)
                while words.send(.report(report)) == .full { usleep(1000) }
                running[place].left -= 1
                running[place].due += .seconds(running[place].draw.duration(seconds))
            }
            running.removeAll { $0.left == 0 }
        }
    }

    /// One assignment's luck.
    private struct Draw {
        let label: String
        let rate: Double?
        var chance: SeededGenerator

        init(_ assignment: Assignment, _ rates: SimulatedRates, _ seed: UInt64) {
            label = assignment.name.description
            rate = rates.rates[assignment.promptID]
            // A prompt that is given again gets other numbers: its name has another attempt.
            chance = SeededGenerator(seed: Digest(of: "\(seed)/\(label)/\(assignment.n)").leading)
        }

        mutating func report(_ count: Int) -> RolloutReport {
            guard let rate else { return RolloutReport(assignment: label, failed: count) }
            return RolloutReport(assignment: label, rewards: (0..<count).map { _ in chance.unit() < rate ? 1 : 0 })
        }

        mutating func duration(_ mean: Double) -> Double { mean * (0.5 + chance.unit()) }
    }
}
