import CommandSupport
import Foundation
import Scoring

/// A split of the cores: a number of workers with a number of threads each.
package struct Split: Equatable, CustomStringConvertible {
    package let workers: Int
    package let threads: Int
    package let pin: Bool

    package init(workers: Int, threads: Int, pin: Bool) {
        (self.workers, self.threads, self.pin) = (workers, threads, pin)
    }

    /// Every split without a remainder, pinned and not pinned. More than 16 threads share too few prompts at a time.
    package static func all(cores: Int) -> [Split] {
        // A machine that does not know its cores has one.
        let cores = max(1, cores)
        return (1...cores).filter { cores % $0 == 0 && $0 <= 16 }.flatMap { threads in
            [false, true].map { Split(workers: cores / threads, threads: threads, pin: $0) }
        }
    }

    package var description: String {
        "\(counted(workers, "worker")) of \(counted(threads, "thread"))\(pin ? ", pinned" : "")"
    }
}

/// The measured rates of a split in rows per second, round by round.
package struct SplitResult: CustomStringConvertible {
    package let split: Split
    package var rates: [Double] = []

    package init(split: Split, rates: [Double] = []) {
        (self.split, self.rates) = (split, rates)
    }

    /// The first split whose best round reaches the median of the fastest split. A difference smaller than the spread of
    /// a split's own rounds is no evidence; and the first splits, with fewer threads and not pinned, suffer less from
    /// other programs on the machine.
    package static func choice(of results: [SplitResult]) -> SplitResult? {
        guard let fastest = results.map(\.median).max() else { return nil }
        return results.first { ($0.rates.max() ?? 0) >= fastest }
    }

    package var median: Double { rates.isEmpty ? 0 : Median.of(rates) }

    package var description: String {
        "\(split): "
            + String(format: "%.1f rows/s (%.1f … %.1f)", median, rates.min() ?? 0, rates.max() ?? 0)
    }
}
