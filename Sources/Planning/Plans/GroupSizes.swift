/// The sizes a prompt's group may have, ascending: what a trainer can take.
///
/// A group of one has no advantage to learn from (its reward is its mean; some trainers then take the raw reward, others
/// divide by a deviation that is not a number), so 1 is a size only where it is the minimum or named. 0 skips a prompt.
public struct GroupSizes: Hashable, Sendable {
    /// Ascending, all different, each in 0…`BudgetRequest.rolloutsMax`; never empty.
    public let values: [Int]
    /// Largest number that divides all differences; 1 where there is only one size.
    let unit: Int
    /// Neighbours are all `unit` apart, so every sum between all floors and all caps that is so many units can be met.
    let isRegular: Bool

    /// Smallest size.
    public var minimum: Int { values[0] }
    /// Largest size.
    public var maximum: Int { values[values.count - 1] }

    /// Sizes of a range that are multiples of a number, or of a list of allowed ones.
    ///
    /// - Parameters:
    ///   - multipleOf: What divides every size, as a trainer's data-parallel ranks or mini-batches may ask; at least 1.
    ///   - allowed: Nothing but these, in any order; each must lie in the range and be a multiple.
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

    /// Throws `limitsInvalid` naming the prompt where no size lies between its own floor and cap.
    public func checkLimits(floor: Int?, cap: Int?, promptID: String) throws(PlanningError) {
        _ = try places(floor: floor, cap: cap, promptID: promptID)
    }

    /// Places of the smallest and largest size that a prompt of its own floor and cap may have.
    ///
    /// A floor is raised to the next size, a cap lowered to the next. Throws `limitsInvalid` naming the prompt where
    /// nothing is left between them.
    func places(floor: Int?, cap: Int?, promptID: String) throws(PlanningError) -> ClosedRange<Int> {
        let low = floor.map(place(atLeast:)) ?? 0
        let high = cap.map(place(atMost:)) ?? values.count - 1
        guard low < values.count, high >= 0, low <= high else {
            throw .limitsInvalid(promptID: promptID, floor: floor ?? minimum, cap: cap ?? maximum)
        }
        return low...high
    }

    /// Place of the smallest size that is at least so large; the number of sizes if there is none.
    package func place(atLeast rollouts: Int) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < rollouts { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Place of the largest size that is at most so large; −1 if there is none.
    package func place(atMost rollouts: Int) -> Int {
        rollouts == .max ? values.count - 1 : place(atLeast: rollouts + 1) - 1
    }

    private static func divisor(_ left: Int, _ right: Int) -> Int {
        var (left, right) = (left, right)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}
