import Scoring

/// Why a worker does not read the rows that a shard names. Messages have no text of a row: who sends a range need not be
/// allowed to see what is there.
package enum RangeError: Error, Equatable {
    /// The path or address is not below any data root of the worker.
    case outside(path: String)
    /// The file is below a data root and cannot be opened or read.
    case unreachable(path: String, rows: String, reason: String)
    /// The file is another one than the client has read.
    case changed(path: String, rows: String, what: String, expected: String, found: String)
    /// Rows of the range are not those that the client has read.
    case otherRows(path: String, rows: String, reason: String)
    /// The texts have another digest than those of the client.
    case otherTexts(paths: String, rows: Int)
    /// What was sent cannot be used.
    case unusable(String)

    /// For programs: the codes of the faults that the rows of such a shard get.
    package enum Code: String, CaseIterable {
        /// The file is not below a data root of the worker: start it with `--data-root`.
        case outside = "range_outside"
        /// The worker cannot open or read the file.
        case unreachable = "range_unreachable"
        /// The file is not the one that the client has read.
        case changed = "range_changed"
        /// The rows or texts are not those that the client has read.
        case otherRows = "range_other_rows"
        /// What the client sent cannot be used; the message says why.
        case unusable = "range_unusable"
    }

    /// The kind of error.
    package var code: Code {
        switch self {
        case .outside: .outside
        case .unreachable: .unreachable
        case .changed: .changed
        case .otherRows, .otherTexts: .otherRows
        case .unusable: .unusable
        }
    }

    /// Whether a fault says that rows could not be read by a worker.
    package static func isCode(_ code: String) -> Bool { Code(rawValue: code) != nil }
}

extension RangeError: CustomStringConvertible {
    /// What happened with which values, where, and what to do next.
    package var description: String {
        switch self {
        case .outside(let path):
            "\(path): is not below a data root of this worker; start the worker with --data-root for its folder or prefix"
        case .unreachable(let path, let rows, let reason):
            "\(path), \(rows): this worker cannot read it: \(reason)"
        case .changed(let path, let rows, let what, let expected, let found):
            "\(path), \(rows): the file is not the one that the client read: its \(what) is \(found), "
                + "expected \(expected)"
        case .otherRows(let path, let rows, let reason):
            "\(path), \(rows): not what the client read: \(reason); the file changed, or client and worker are of "
                + "different versions"
        case .otherTexts(let paths, let rows):
            "\(paths): the texts of \(rows) rows are not those that the client read; a file changed, or client and worker are "
                + "of different versions"
        case .unusable(let reason): "the row ranges of a shard cannot be used: \(reason)"
        }
    }
}
