import Scoring

/// The beliefs of score files by prompt id, in 12 bytes a slot and 8 a row, whatever the length of the ids.
///
/// Ids are kept as 64-bit hashes, as everywhere in this module.
package struct ScoreTable: Sendable {
    /// Rows with a probability.
    package private(set) var rows = 0
    /// Rows whose prompt was not scored.
    package private(set) var failed = 0
    /// Rows that cannot be read, by code.
    package private(set) var errors = ErrorCounts()
    /// Rows whose id has a probability from an earlier file.
    package private(set) var repeated = 0
    /// Whether every row with a probability says if the end of its prompt was not read.
    package private(set) var hasTruncation = true

    /// Where the beliefs of an id are.
    private var table = IDTable()
    /// Probabilities have no sign: that of a cut prompt is negative.
    private var probabilities: [Float] = []
    private var kappas: [Float] = []

    /// A row of the table.
    package struct Entry: Hashable, Sendable {
        /// The probability.
        package let p: Float
        /// The concentration of the belief; infinity where the row has none.
        package let kappa: Float
        /// The end of the prompt was not read; false also where the row does not say so.
        package let isTruncated: Bool
    }

    /// Reads output folders of `score`, or files of score rows, once. `each` gets every row with a probability. Throws what
    /// `ScoresReader` throws.
    package init(_ paths: [String], each: (Entry) -> Void = { _ in }) throws(CorporaError) {
        for path in paths {
            var reader = try ScoresReader(path: path)
            while let element = try reader.next() { receive(element, each) }
        }
    }

    private mutating func receive(_ element: ScoresReader.Element, _ each: (Entry) -> Void) {
        switch element {
        case .failed: failed += 1
        case .rejected(let error): errors.add(error)
        case .score(let score):
            let entry = Entry(p: score.p.magnitude, kappa: score.kappa, isTruncated: score.isTruncated ?? false)
            let place = UInt32(truncatingIfNeeded: probabilities.count)
            guard table.insert(IDTable.hash(score.promptID), number: place) == nil else {
                repeated += 1
                return
            }
            probabilities.append(entry.isTruncated ? -entry.p : entry.p)
            kappas.append(entry.kappa)
            rows += 1
            if score.isTruncated == nil { hasTruncation = false }
            each(entry)
        }
    }

    /// The row of a prompt; `nil` if it has none.
    package func entry(of id: String) -> Entry? {
        table.number(of: IDTable.hash(id)).map { place in
            let p = probabilities[Int(place)]
            return Entry(p: p.magnitude, kappa: kappas[Int(place)], isTruncated: p.sign == .minus)
        }
    }

    /// The probability of a prompt; `nil` if it has none.
    package func probability(of id: String) -> Float? { entry(of: id)?.p }
}
