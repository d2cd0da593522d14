import Foundation

/// The character runs of a context's rows as unit vectors: tf-idf over the context, cosine between texts.
struct GramContext: Sendable {
    /// N.
    let count: Int
    /// Whether the rows are mostly of wide scripts.
    let isWide: Bool
    /// By place: inverse document frequency.
    private let frequency: [Double]
    /// By row: places and values of a vector of length 1.
    private let rows: [[Entry]]

    /// One element of a sparse vector.
    private struct Entry {
        let place: UInt32
        let value: Double
    }

    private static let wideShare = 0.2
    private static let lengthMin = 1e-9
    /// 1 + ln(count), by count.
    private static let weights = (0...255).map { $0 == 0 ? 0 : 1 + log(Double($0)) }

    /// Learns frequencies from the rows; at least one.
    init(_ rows: [CharacterGrams]) {
        count = rows.count
        isWide = rows.reduce(0) { $0 + $1.wideShare } / Double(max(rows.count, 1)) > Self.wideShare
        var documents = [Int32](repeating: 0, count: CharacterGrams.placeCount)
        for row in rows { for place in row.places { documents[Int(place)] += 1 } }
        let byDocuments = (0...rows.count).map { log(Double(1 + rows.count) / Double(1 + $0)) + 1 }
        let frequency = documents.map { byDocuments[Int($0)] }
        self.frequency = frequency
        self.rows = rows.map { row in
            let values = zip(row.places, row.counts).map { Self.weight($1) * frequency[Int($0)] }
            let length = max(values.reduce(0) { $0 + $1 * $1 }.squareRoot(), Self.lengthMin)
            return zip(row.places, values).map { Entry(place: $0, value: $1 / length) }
        }
    }

    /// Cosines between rows, `(N, N)`, row-major, the lower triangle. Cost: one addition for each pair of rows and each
    /// place that both have.
    var kernel: [Double] {
        // By place, the rows that have it: where a list begins, and the lists one after the other.
        var starts = [Int32](repeating: 0, count: CharacterGrams.placeCount + 1)
        for row in rows { for entry in row { starts[Int(entry.place) + 1] += 1 } }
        for place in 1..<starts.count { starts[place] += starts[place - 1] }
        var ends = starts
        var lists = [Posting](repeating: Posting(row: 0, value: 0), count: Int(starts[starts.count - 1]))
        for (row, entries) in rows.enumerated() {
            for entry in entries {
                let place = Int(entry.place)
                lists[Int(ends[place])] = Posting(row: Int32(row), value: entry.value)
                ends[place] += 1
            }
        }
        var kernel = [Double](repeating: 0, count: count * count)
        for place in 0..<CharacterGrams.placeCount {
            let range = Int(starts[place])..<Int(starts[place + 1])
            for first in range {
                let own = lists[first]
                let start = Int(own.row) * count
                for second in range.lowerBound...first {
                    kernel[start + Int(lists[second].row)] += own.value * lists[second].value
                }
            }
        }
        return kernel
    }

    private struct Posting {
        let row: Int32
        let value: Double
    }

    /// Σ_i weight_i · row i, for queries.
    func combined(_ weights: [Double]) -> GramRegression {
        var total = frequency.map { SIMD2($0, 0) }
        for (weight, row) in zip(weights, rows) where weight != 0 {
            for entry in row { total[Int(entry.place)].y += weight * entry.value }
        }
        return GramRegression(places: total)
    }

    fileprivate static func weight(_ count: UInt16) -> Double {
        count < weights.count ? weights[Int(count)] : 1 + log(Double(count))
    }
}

/// The part of a fitted regression that reads character runs: one weight a place.
struct GramRegression: Sendable {
    /// By place: inverse document frequency, weight.
    fileprivate let places: [SIMD2<Double>]

    private static let lengthMin = 1e-9

    /// Σ_i weight_i · cosine(text, row i). Cost: one addition a place of the text.
    func value(_ text: CharacterGrams) -> Double {
        var (square, sum) = (0.0, 0.0)
        for (place, count) in zip(text.places, text.counts) {
            let known = places[Int(place)]
            let value = GramContext.weight(count) * known.x
            square += value * value
            sum += value * known.y
        }
        return sum / max(square.squareRoot(), Self.lengthMin)
    }
}
