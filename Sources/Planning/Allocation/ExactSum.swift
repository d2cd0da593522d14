/// Chooses one change for each of a few prompts, so that the changes add up to a target exactly and gain most.
///
/// Greedy purchases leave a remainder that is too small for the next segment. Spending it in the best way on the
/// prompts next to the critical price is a small multiple-choice knapsack, solved here by dynamic programming over the
/// sum of changes. Partial sums further than `slack` from the range between 0 and the target are ignored: the rows can
/// be ordered so that partial sums stay inside.
struct ExactSum {
    /// A possible change of one prompt's budget.
    struct Choice {
        /// Change, in units.
        let delta: Int
        /// Gain in utility.
        let gain: Double
    }

    /// The result.
    enum Answer {
        /// By row: index of the choice.
        case picks([Int])
        /// No choices add up to the target; the nearest reachable sums, if any.
        case unreachable(below: Int?, above: Int?)
    }

    /// By row: the choices, by ascending change.
    let rows: [[Choice]]

    /// Number of steps that `solve` needs.
    func steps(target: Int, slack: Int) -> Int {
        rows.reduce(0) { $0 + $1.count } * (max(target, 0) - min(target, 0) + 2 * slack + 1)
    }

    /// The best picks with the sum `target`; among equal ones those that give most to the first rows.
    ///
    /// Cost: rows · choices · (target + 2·slack). Precondition: `slack ≥ 0`.
    func solve(target: Int, slack: Int) -> Answer {
        let table = table(target: target, slack: slack)
        guard table.best[target - table.low] > -.infinity else {
            let nearest = table.nearest(notAbove: target, notBelow: target)
            return .unreachable(below: nearest.below, above: nearest.above)
        }
        var sum = target - table.low
        var chosen: [Int] = []
        for row in rows.indices {
            let pick = Int(table.picks[row * table.best.count + sum])
            chosen.append(pick)
            sum -= rows[row][pick].delta
        }
        return .picks(chosen)
    }

    /// The nearest reachable sums, not above one number of units and not below another. Cost: that of `solve`.
    func nearest(notAbove: Int, notBelow: Int, slack: Int) -> (below: Int?, above: Int?) {
        table(target: notAbove, slack: slack).nearest(notAbove: notAbove, notBelow: notBelow)
    }

    /// By sum of changes, from `low`: the best gain (−∞ where the sum is unreachable), and by row the pick that leads
    /// to it.
    private struct Table {
        let low: Int
        var best: [Double]
        var picks: [Int16]

        func nearest(notAbove: Int, notBelow: Int) -> (below: Int?, above: Int?) {
            let below = (0...notAbove - low).last { best[$0] > -.infinity }
            let above = (notBelow - low..<best.count).first { best[$0] > -.infinity }
            return (below.map { $0 + low }, above.map { $0 + low })
        }
    }

    private func table(target: Int, slack: Int) -> Table {
        let low = min(target, 0) - slack
        let width = max(target, 0) + slack - low + 2
        var table = Table(
            low: low, best: [Double](repeating: -.infinity, count: width),
            picks: [Int16](repeating: -1, count: width * rows.count))
        table.best[-low] = 0
        // The last row first, so that reading the table back starts with the first row.
        for row in rows.indices.reversed() {
            var next = [Double](repeating: -.infinity, count: width)
            let base = row * width
            for (index, choice) in rows[row].enumerated() {
                let start = max(0, choice.delta)
                let end = min(width, width + choice.delta)
                guard start < end else { continue }
                for sum in start..<end {
                    let value = table.best[sum - choice.delta] + choice.gain
                    if value >= next[sum], value > -.infinity {
                        next[sum] = value
                        table.picks[base + sum] = Int16(index)
                    }
                }
            }
            table.best = next
        }
        return table
    }
}
