import Scoring

/// The probabilities of score files by prompt id, in 12 bytes a slot, whatever the length of the ids.
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
    /// Prompts longer than the encoder reads; `nil` if a file has no manifest, which alone counts them.
    package private(set) var truncated: Int? = 0

    private var table = IDTable()

    /// Reads output folders of `score`, or files of score rows, once. `each` gets every probability. Throws what
    /// `ScoresReader` throws.
    package init(_ paths: [String], each: (Float) -> Void = { _ in }) throws(CorporaError) {
        for path in paths {
            var reader = try ScoresReader(path: path)
            truncated = truncated.flatMap { sum in reader.manifest.map { sum + $0.counts.truncated } }
            while let element = try reader.next() { receive(element, each) }
        }
    }

    private mutating func receive(_ element: ScoresReader.Element, _ each: (Float) -> Void) {
        switch element {
        case .failed: failed += 1
        case .rejected(let error): errors.add(error)
        case .score(let score):
            guard table.insert(IDTable.hash(score.promptID), number: score.p.bitPattern) == nil else {
                repeated += 1
                return
            }
            rows += 1
            each(score.p)
        }
    }

    /// The probability of a prompt; `nil` if it has none.
    package func probability(of id: String) -> Float? {
        table.number(of: IDTable.hash(id)).map { Float(bitPattern: $0) }
    }
}
