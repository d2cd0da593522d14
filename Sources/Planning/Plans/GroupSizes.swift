/// The allowed sizes of a prompt's group, ascending: those that the trainer accepts.
///
/// A group of one has no advantage to learn from (its reward is its mean; some trainers then use the raw reward, others
/// divide by a deviation that is not a number). So 1 is a size only where it is the minimum or listed. 0 skips a
/// prompt.
public struct GroupSizes: Hashable, Sendable {
    /// The sizes: ascending, all different, each in 0…`BudgetRequest.rolloutsMax`; never empty.
    public let values: [Int]
    /// Greatest common divisor of all differences; 1 if there is only one size.
    let unit: Int
    /// Whether all adjacent sizes differ by `unit`. Then every whole number of units between the sums of floors and
    /// caps can be reached.
    let isRegular: Bool

    /// Smallest size.
    public var minimum: Int { values[0] }
    /// Largest size.
    public var maximum: Int { values[values.count - 1] }

    /// The multiples of a number in a range, or a list of allowed sizes.
    ///
    /// - Parameters:
    ///   - multipleOf: Every size is a multiple of this, at least 1; a trainer's data-parallel ranks or mini-batches
    ///     may require it.
    ///   - allowed: Only these sizes, in any order; each must be in the range and a multiple.
    /// - Throws: `rangeInvalid`, `multipleInvalid`, `groupSizeRefused`, or `noGroupSize` where no multiple is in range.
    public init(
        minimum: Int, maximum: Int, multipleOf: Int = 1, allowed: [Int]? = nil
    ) throws(PlanningError) {
        guard minimum >= 0, minimum <= maximum, maximum <= BudgetRequest.rolloutsMax else {
            throw .rangeInvalid(minimum: minimum, maximum: maximum)
        }
        guard multipleOf >= 1 else { throw .multipleInvalid(multipleOf: multipleOf) }
        if let allowed {
            for size in allowed where size < minimum || size > maximum || size % multipleOf != 0 {
                throw .groupSizeRefused(size: size, minimum: minimum, maximum: maximum, multipleOf: multipleOf)
            }
            values = Set(allowed).sorted()
        } else {
            values = (minimum...maximum).filter { $0 % multipleOf == 0 && ($0 != 1 || minimum == 1) }
        }
        guard !values.isEmpty else {
            throw .noGroupSize(minimum: minimum, maximum: maximum, multipleOf: multipleOf)
        }
        let steps = zip(values, values.dropFirst()).map { $1 - $0 }
        let unit = steps.reduce(0, Self.divisor)
        self.unit = max(1, unit)
        isRegular = steps.allSatisfy { $0 == unit }
    }

    /// Throws `limitsInvalid` naming the prompt if no size is between its own floor and cap.
    public func checkLimits(floor: Int?, cap: Int?, promptID: String) throws(PlanningError) {
        _ = try places(floor: floor, cap: cap, promptID: promptID)
    }

    /// The largest size of a prompt with its own floor and cap. Throws `limitsInvalid`.
    package func largest(floor: Int?, cap: Int?, promptID: String) throws(PlanningError) -> Int {
        values[try places(floor: floor, cap: cap, promptID: promptID).upperBound]
    }

    /// Why a solver gave a prompt its budget, from its floor and cap. Throws `limitsInvalid`.
    package func reason(
        _ n: Int, floor: Int?, cap: Int?, promptID: String
    ) throws(PlanningError) -> BudgetReason {
        let places = try places(floor: floor, cap: cap, promptID: promptID)
        return BudgetReason(n, floor: values[places.lowerBound], cap: values[places.upperBound])
    }

    /// Indices of the smallest and largest size of a prompt with its own floor and cap.
    ///
    /// A floor is rounded up and a cap rounded down to an allowed size. Throws `limitsInvalid` naming the prompt if no
    /// size is left between them.
    package func places(floor: Int?, cap: Int?, promptID: String) throws(PlanningError) -> ClosedRange<Int> {
        let low = floor.map(place(atLeast:)) ?? 0
        let high = cap.map(place(atMost:)) ?? values.count - 1
        guard low < values.count, high >= 0, low <= high else {
            throw .limitsInvalid(promptID: promptID, floor: floor ?? minimum, cap: cap ?? maximum)
        }
        return low...high
    }

    /// Index of the smallest size of at least `rollouts`; the number of sizes if there is none.
    package func place(atLeast rollouts: Int) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < rollouts { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Index of the largest size of at most `rollouts`; −1 if there is none.
    package func place(atMost rollouts: Int) -> Int {
        rollouts == .max ? values.count - 1 : place(atLeast: rollouts + 1) - 1
    }

    private static func divisor(_ left: Int, _ right: Int) -> Int {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}
