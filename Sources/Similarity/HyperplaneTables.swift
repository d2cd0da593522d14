import Foundation
import Kernels
import Scoring

/// Finds the groups whose first rows may be near to a row, without a product with each: random hyperplanes (Charikar,
/// "Similarity estimation techniques from rounding algorithms", STOC 2002).
///
/// A key has one bit a hyperplane: the side on which a row is. Two rows at an angle a share a bit with probability 1 − a/π.
/// Each table has a key of its own; a group is found if any of its keys is that of the row. The number of tables is the least
/// one that finds a pair right at the threshold with probability 0.95, at most `tablesMax`. Where more than `candidatesMax`
/// groups share keys with a row, fewer pairs are found.
///
/// Memory: 1 MiB a table, and 4 bytes a table and group.
struct HyperplaneTables: Sendable {
    /// The probability with which a pair right at the threshold is found.
    let recall: Double

    private let width: Int
    private let tables: Int
    /// The hyperplanes' normals, table by table.
    private let planes: [SIMD8<Float>]
    /// The newest group of each key, table by table; −1 for none.
    private var heads: [Int32]
    /// By group and table, the group before it with the same key; −1 for none.
    private var previous: [Int32] = []
    /// The last search that met a group.
    private var met: [Int32] = []
    private var searches: Int32 = 0
    /// Keys of the rows that were hashed last, by row and table.
    private var keys: [Int] = []

    private static let bits = 18
    private static let tablesMax = 64
    private static let recallWanted = 0.95
    /// Groups that are compared with a row at most, the newest of each key first.
    private static let candidatesMax = 4096

    init(width: Int, columns: Int, threshold: Float, seed: UInt64) {
        self.width = width
        let angle = acos(min(1, max(-1, Double(threshold))))
        let hit = pow(1 - angle / .pi, Double(Self.bits))
        let wanted = log(1 - Self.recallWanted) / log(max(1e-9, 1 - hit))
        tables = max(1, min(Self.tablesMax, Int(wanted.rounded(.up))))
        recall = 1 - pow(1 - hit, Double(tables))
        var generator = SeededGenerator(seed: seed)
        var planes: [SIMD8<Float>] = []
        for _ in 0..<tables * Self.bits {
            var plane = [SIMD8<Float>](repeating: .zero, count: width)
            for column in 0..<columns { plane[column / 8][column % 8] = Self.normal(&generator) }
            planes += plane
        }
        self.planes = planes
        heads = [Int32](repeating: -1, count: tables << Self.bits)
    }

    /// Computes the keys of `RowProducts.queries` rows of length 1, which the functions below name by their number.
    mutating func hash(_ queries: [SIMD8<Float>]) {
        keys = [Int](repeating: 0, count: RowProducts.queries * tables)
        for first in stride(from: 0, to: tables * Self.bits, by: RowProducts.rows) {
            let products = RowProducts.products(of: queries, from: 0, with: planes, from: first, width: width)
            for place in 0..<min(RowProducts.rows, tables * Self.bits - first) {
                let table = (first + place) / Self.bits
                add(products.0[place] > 0, to: table)
                add(products.1[place] > 0, to: tables + table)
                add(products.2[place] > 0, to: 2 * tables + table)
                add(products.3[place] > 0, to: 3 * tables + table)
            }
        }
    }

    private mutating func add(_ bit: Bool, to key: Int) { keys[key] = keys[key] << 1 | (bit ? 1 : 0) }

    /// Adds the next group, whose first row is the hashed row of this number.
    mutating func insert(group: Int, row: Int) {
        precondition(group == met.count, "HyperplaneTables: group \(group) after \(met.count)")
        met.append(0)
        for table in 0..<tables {
            let slot = table << Self.bits | keys[row * tables + table]
            previous.append(heads[slot])
            heads[slot] = Int32(group)
        }
    }

    /// The earliest group found whose first row has a cosine of at least `threshold` with the hashed row of this number.
    mutating func nearest(_ row: Int, of queries: [SIMD8<Float>], in firsts: [SIMD8<Float>], threshold: Float) -> Int? {
        searches &+= 1
        var (nearest, candidates): (Int?, Int) = (nil, 0)
        for table in 0..<tables {
            var group = Int(heads[table << Self.bits | keys[row * tables + table]])
            while group >= 0, candidates < Self.candidatesMax {
                if met[group] != searches {
                    met[group] = searches
                    candidates += 1
                    if group < nearest ?? .max, cosine(queries, row, firsts, group) >= threshold { nearest = group }
                }
                group = Int(previous[group * tables + table])
            }
        }
        return nearest
    }

    private func cosine(_ queries: [SIMD8<Float>], _ row: Int, _ firsts: [SIMD8<Float>], _ group: Int) -> Float {
        var (even, odd) = (SIMD8<Float>.zero, SIMD8<Float>.zero)
        var place = 0
        while place + 1 < width {
            even.addProduct(queries[row * width + place], firsts[group * width + place])
            odd.addProduct(queries[row * width + place + 1], firsts[group * width + place + 1])
            place += 2
        }
        if place < width { even.addProduct(queries[row * width + place], firsts[group * width + place]) }
        return (even + odd).sum()
    }

    /// A normal deviate (Box and Muller, 1958).
    private static func normal(_ generator: inout SeededGenerator) -> Float {
        let radius = (-2 * log(1 - generator.unit())).squareRoot()
        return Float(radius * cos(2 * .pi * generator.unit()))
    }
}
