/// Searches the price at which samples spend a target, by halving an interval of prices.
///
/// What a sample buys above a price changes at its slopes alone. Once the interval has none of them inside, the sample buys
/// the same at all prices in it, and is not looked at again. So sixty halvings cost little more than the first ten, and give
/// the same prices, to the bit, as if each looked at every sample.
package struct PriceSearch {
    /// The samples spend more than the target above every price below, as far as that is known.
    package private(set) var low: Double
    /// They spend no more than it above this price.
    package private(set) var high: Double
    /// Samples that were looked at: the cost, for tests.
    package private(set) var looks = 0

    private let samples: DemandSamples
    /// By sample: how many segments it buys above `high`, at least, and above `low`, at most.
    private var least: [Int]
    private var most: [Int]
    /// Samples with slopes inside the interval.
    private var open: [Int] = []
    /// By place in `open`: segments above the middle of the interval.
    private var middles: [Int]
    /// What all others buy.
    private var fixed = 0

    /// A search between two prices.
    package init(_ samples: DemandSamples, from low: Double, to high: Double) {
        (self.samples, self.low, self.high) = (samples, low, high)
        least = (0..<samples.count).map { samples.segments(of: $0, above: high, in: nil) }
        most = (0..<samples.count).map { samples.segments(of: $0, above: low, in: nil) }
        middles = [Int](repeating: 0, count: samples.count)
        for sample in 0..<samples.count { add(sample) }
    }

    /// Halves the interval: its lower half remains where the samples spend at most the target above the middle.
    package mutating func halve(target: Double) {
        let middle = 0.5 * (low + high)
        var spent = fixed
        for (place, sample) in open.enumerated() {
            let segments = samples.segments(of: sample, above: middle, in: (least[sample], most[sample]))
            middles[place] = segments
            spent += samples.budget(of: sample, segments: segments)
        }
        looks += open.count
        let isMore = Double(spent) > target
        if isMore { low = middle } else { high = middle }
        let before = open
        open.removeAll(keepingCapacity: true)
        for (place, sample) in before.enumerated() {
            if isMore { most[sample] = middles[place] } else { least[sample] = middles[place] }
            add(sample)
        }
    }

    /// What a sample buys above `high` and above `low`.
    package func budgets(of sample: Int) -> (least: Int, most: Int) {
        (samples.budget(of: sample, segments: least[sample]), samples.budget(of: sample, segments: most[sample]))
    }

    private mutating func add(_ sample: Int) {
        if least[sample] < most[sample] {
            open.append(sample)
        } else {
            fixed += samples.budget(of: sample, segments: least[sample])
        }
    }
}

/// Segments of the demands of some prompts, in flat arrays: they are read thousands of times for each price.
package struct DemandSamples {
    package private(set) var count = 0
    /// Segments of a sample at most.
    private let width: Int
    /// By sample and segment: slope, strictly falling.
    private var slopes: [Double] = []
    /// By sample and number of segments: the budget at the end of the last one.
    private var budgets: [Int] = []
    private var segmentCounts: [Int] = []

    /// None yet; each will have at most `width` segments.
    package init(width: Int) { self.width = width }

    /// Puts a sample at an index, which is that of one before or `count`.
    package mutating func set(_ index: Int, floor: Int, slopes: some Collection<Double>, ends: some Collection<Int>) {
        if index == count {
            count += 1
            self.slopes += repeatElement(0, count: width)
            budgets += repeatElement(0, count: width + 1)
            segmentCounts.append(0)
        }
        segmentCounts[index] = slopes.count
        for (place, slope) in slopes.enumerated() { self.slopes[index * width + place] = slope }
        budgets[index * (width + 1)] = floor
        for (place, end) in ends.enumerated() { budgets[index * (width + 1) + place + 1] = end }
    }

    /// The largest slope of all; 0 where none is larger.
    package var slopeMax: Double { (0..<count).reduce(0) { segmentCounts[$1] > 0 ? max($0, slopes[$1 * width]) : $0 } }

    /// The budget that so many segments of a sample end at.
    func budget(of sample: Int, segments: Int) -> Int { budgets[sample * (width + 1) + segments] }

    /// Number of a sample's segments of a slope above a price, which is known to be in a range.
    func segments(of sample: Int, above price: Double, in range: (Int, Int)?) -> Int {
        var (low, high) = range ?? (0, segmentCounts[sample])
        while low < high {
            let middle = (low + high) / 2
            if slopes[sample * width + middle] > price { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
