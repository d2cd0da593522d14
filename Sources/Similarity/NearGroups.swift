import Kernels
import Scoring

/// Groups rows whose embeddings are nearly the same. Rows come in their order, and the first row of a group stands for it.
///
/// A row joins a group if its cosine with the group's first row is at least the threshold; else it begins a group. So no
/// two first rows are that near, a group is no chain of small steps, and what comes later changes nothing: keeping the
/// first rows leaves no near-duplicates of one another.
///
/// Up to `exactGroups` groups, a row is compared with every first row, and joins the earliest group that is near enough.
/// Beyond that, with those that `HyperplaneTables` finds: of some groups that are near enough none may be found then, and
/// the row begins a group of its own. Every 64th row is compared with all as well, so that `recall` is measured.
///
/// Memory: 4 bytes a column of each first row, rounded up to 8 columns; beyond `exactGroups` also 1 MiB a hyperplane
/// table and 4 bytes a table and group, with 19 tables at a threshold of 0.95 and 48 at 0.9. Cost of a row: one product
/// with each first row; beyond `exactGroups`, one with each hyperplane and each first row found.
package struct NearGroups: Sendable {
    /// Up to so many groups, the search is exact.
    package static let exactGroupsUsual = 50_000

    /// Least cosine of a row with the first row of its group.
    package let threshold: Float
    /// Values of an embedding.
    package let columns: Int
    /// Rows that were added.
    package private(set) var rows = 0
    /// Groups so far.
    package private(set) var groups = 0
    /// Rows that were compared with all groups although tables are used, and have a near group.
    package private(set) var sampled = 0
    /// Of these, the rows for which the tables found a near group.
    package private(set) var sampledFound = 0

    private let width: Int
    private let exactGroups: Int
    private let seed: UInt64
    /// The first rows, of length 1.
    private var firsts: [SIMD8<Float>] = []
    private var tables: HyperplaneTables?

    private static let sampleStep = 64

    /// No rows. Precondition: `columns` is at least 1.
    package init(columns: Int, threshold: Float, exactGroups: Int = Self.exactGroupsUsual, seed: UInt64 = 0) {
        precondition(columns > 0, "NearGroups: \(columns) columns")
        self.columns = columns
        self.threshold = threshold
        self.exactGroups = exactGroups
        self.seed = seed
        width = (columns + 7) / 8
    }

    /// Whether every row was compared with every group so far.
    package var isExact: Bool { tables == nil }

    /// The share of near groups that the tables find, by their design, of pairs right at the threshold; `nil` if all are
    /// compared. More alike pairs are found more often.
    package var designedRecall: Double? { tables?.recall }

    /// The share of sampled rows with a near group for which the tables found one; `nil` without such rows.
    package var recall: Double? { sampled == 0 ? nil : Double(sampledFound) / Double(sampled) }

    /// Adds rows, one embedding after the other; returns the group of each, counted from 0. A number that is one more than
    /// the largest so far is a new group. Rows without a direction (zeros, not finite) are near to none.
    ///
    /// Precondition: the values are whole rows.
    package mutating func add(_ values: [Float]) -> [Int] {
        precondition(values.count % columns == 0, "NearGroups: \(values.count) values of \(columns) columns")
        var found: [Int] = []
        for start in stride(from: 0, to: values.count, by: RowProducts.queries * columns) {
            let end = min(values.count, start + RowProducts.queries * columns)
            found += add(block: values[start..<end])
        }
        return found
    }

    /// At most `RowProducts.queries` rows.
    private mutating func add(block: ArraySlice<Float>) -> [Int] {
        let count = block.count / columns
        var queries: [SIMD8<Float>] = []
        for row in 0..<RowProducts.queries {
            let start = block.startIndex + row * columns
            queries +=
                row < count ? unit(block[start..<start + columns]) : [SIMD8<Float>](repeating: .zero, count: width)
        }
        var near = nearest(queries, count: count)
        for row in 0..<count where near[row] == nil {
            near[row] = groups
            firsts += queries[row * width..<(row + 1) * width]
            tables?.insert(group: groups, row: row)
            groups += 1
            // Later rows of this block were not yet compared with the new group.
            let products = RowProducts.products(of: queries, from: 0, with: firsts, from: groups - 1, width: width)
            for later in row + 1..<max(count, row + 1) where near[later] == nil && lane(products, later)[0] >= threshold
            {
                near[later] = groups - 1
            }
        }
        rows += count
        if tables == nil, groups > exactGroups { makeTables() }
        return near.prefix(count).map { $0 ?? 0 }
    }

    /// The group that each query is near to, among those there are.
    private mutating func nearest(_ queries: [SIMD8<Float>], count: Int) -> [Int?] {
        guard tables != nil else { return exact(queries, count: count) }
        var near: [Int?] = []
        tables?.hash(queries)
        for row in 0..<count {
            near.append(tables?.nearest(row, of: queries, in: firsts, threshold: threshold))
        }
        // One block of rows in 64.
        if rows / RowProducts.queries % Self.sampleStep == 0 {
            for (row, first) in exact(queries, count: count).enumerated() where first != nil {
                sampled += 1
                if near[row] != nil { sampledFound += 1 }
                near[row] = first
            }
        }
        return near
    }

    private func exact(_ queries: [SIMD8<Float>], count: Int) -> [Int?] {
        var near = [Int?](repeating: nil, count: count)
        var missing = count
        for start in stride(from: 0, to: groups, by: RowProducts.rows) where missing > 0 {
            let products = RowProducts.products(of: queries, from: 0, with: firsts, from: start, width: width)
            for row in 0..<count where near[row] == nil {
                let cosines = lane(products, row)
                guard cosines.max() >= threshold else { continue }
                for place in 0..<min(RowProducts.rows, groups - start) where cosines[place] >= threshold {
                    near[row] = start + place
                    missing -= 1
                    break
                }
            }
        }
        return near
    }

    private mutating func makeTables() {
        var made = HyperplaneTables(width: width, columns: columns, threshold: threshold, seed: seed)
        for start in stride(from: 0, to: groups, by: RowProducts.queries) {
            var queries = Array(firsts[start * width..<min(groups, start + RowProducts.queries) * width])
            let count = queries.count / width
            queries += [SIMD8<Float>](repeating: .zero, count: RowProducts.queries * width - queries.count)
            made.hash(queries)
            for row in 0..<count { made.insert(group: start + row, row: row) }
        }
        tables = made
    }

    private func lane(_ products: RowProducts.Products, _ query: Int) -> SIMD8<Float> {
        switch query {
        case 0: products.0
        case 1: products.1
        case 2: products.2
        default: products.3
        }
    }

    /// The row at length 1, filled up with zeros; zeros if it has no direction, or is too short to be lengthened.
    private func unit(_ values: ArraySlice<Float>) -> [SIMD8<Float>] {
        var squares = 0.0
        for value in values { squares += Double(value) * Double(value) }
        let scale = squares > 0 && squares.isFinite ? Float(1 / squares.squareRoot()) : 0
        var row = [SIMD8<Float>](repeating: .zero, count: width)
        guard scale > 0, scale.isFinite else { return row }
        for (place, value) in values.enumerated() { row[place / 8][place % 8] = value * scale }
        return row
    }
}
