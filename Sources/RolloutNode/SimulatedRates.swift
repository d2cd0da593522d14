import Corpora
import Foundation

/// The success rate of each prompt, from which rewards are drawn.
public struct SimulatedRates: Sendable {
    /// Probability that a rollout gets the reward 1, by prompt id.
    public let rates: [String: Double]

    /// Rates by prompt id, each in [0, 1].
    public init(_ rates: [String: Double]) {
        self.rates = rates
    }

    /// Reads JSONL, plain, gzip or zstd: `prompt_id` and one of `p`, `reward`, or `k` and `n`. The last row of a prompt
    /// counts. Throws `RolloutError.rates` with file and line for a row without a rate in [0, 1].
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
