/// A run of rollouts that a prompt buys together, with its slope: the gain per rollout.
struct UtilitySegment {
    /// Expected gain per rollout, never below 0.
    let slope: Double
    /// Rank of the prompt.
    let rank: Int32
    /// Rollouts, at least 1.
    let width: Int32

    /// Whether it is bought before `other`: the higher slope first, then the lower rank. A prompt's own slopes fall
    /// strictly.
    func precedes(_ other: UtilitySegment) -> Bool {
        slope != other.slope ? slope > other.slope : rank < other.rank
    }
}

/// Cuts a utility curve into runs of strictly falling slope.
///
/// Two solvers buy such runs in falling order of slope; they differ only in how they cut.
struct UtilitySegments {
    /// How a curve is cut.
    enum Rule {
        /// By its least concave majorant over the allowed sizes: slopes are mean gains, and runs end where curve and
        /// majorant touch. Found by joining adjacent segments whose slopes rise (one pass, each rollout is joined at
        /// most once).
        case majorant
        /// By its lowest gain so far: when always the largest next gain is bought, a prompt waits at a low gain until
        /// the price has fallen to it, and then buys all that follows above that price at once.
        case lowestGain
    }

    let rule: Rule
    /// By segment: gain per rollout, strictly falling.
    private(set) var slopes: [Double]
    /// By segment: the budget at its end.
    private(set) var ends: [Int]
    /// Number of segments; further entries are meaningless.
    private(set) var count = 0

    /// Allocates memory for segments up to a budget.
    init(rule: Rule, maximum: Int) {
        self.rule = rule
        slopes = [Double](repeating: 0, count: maximum + 1)
        ends = [Int](repeating: 0, count: maximum + 1)
    }

    /// Cuts one lane of a block between two of the allowed sizes, given by their indices.
    mutating func cut(_ values: [UtilityBlock.Lanes], lane: Int, sizes: [Int], places: ClosedRange<Int>) {
        count = 0
        guard places.lowerBound < places.upperBound else { return }
        let floor = sizes[places.lowerBound]
        var value = values[floor][lane]
        var before = floor
        switch rule {
        case .majorant:
            for place in places.lowerBound + 1...places.upperBound {
                let budget = sizes[place]
                let next = values[budget][lane]
                var slope = (next - value) / Double(budget - before)
                value = next
                before = budget
                while count > 0, slopes[count - 1] <= slope {
                    count -= 1
                    let start = count > 0 ? ends[count - 1] : floor
                    slope = (next - values[start][lane]) / Double(budget - start)
                }
                slopes[count] = slope
                ends[count] = budget
                count += 1
            }
        case .lowestGain:
            for place in places.lowerBound + 1...places.upperBound {
                let budget = sizes[place]
                let next = values[budget][lane]
                let gain = (next - value) / Double(budget - before)
                value = next
                before = budget
                if count == 0 || gain < slopes[count - 1] {
                    slopes[count] = gain
                    count += 1
                }
                ends[count - 1] = budget
            }
        }
    }
}
