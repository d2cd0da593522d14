public import Scoring

/// Errors that stop the reading of a whole file, or a run into a folder. An error of a single row is a `RowError`
/// instead, and reading continues.
public enum CorporaError: Error, Equatable {
    /// A file could not be opened or read.
    case unreadable(path: String, reason: String)
    /// The file has a format that is not supported.
    case foreignFormat(path: String, format: String)
    /// A file of a format of another module cannot be read or written; the text says everything.
    case otherFormat(String)
    /// An object is not the one that was asked for, or changed while it was read.
    case objectChanged(path: String)
    /// A compressed file ends in the middle.
    case truncated(path: String, format: String, bytesRead: Int, textBytes: Int)
    /// A compressed file whose bytes do not decode.
    case damaged(path: String, format: String, bytesRead: Int, textBytes: Int, reason: String)
    /// A history has several policies, and the caller named none.
    case severalPolicies(files: [String], counts: [PolicyCount])
    /// The policy named is not in the history.
    case unknownPolicy(String, files: [String], counts: [PolicyCount])
    /// A history without a usable row.
    case noContextRows(files: [String], rejected: Int, first: RowError?)
    /// A limit that the caller gave is outside what is possible.
    case contextTooLarge(wanted: Int, most: Int)

    /// The disk is full. Committed parts stay; the same command continues from there.
    case diskFull(path: String, bytes: Int)
    /// A file could not be written, renamed, flushed or removed.
    case unwritable(path: String, operation: String, reason: String)
    /// The folder belongs to a run with another input, context, configuration or model.
    case folderOfAnotherRun(folder: String, differences: [RunIdentity.Difference])
    /// Another process has the folder open.
    case folderInUse(folder: String)
    /// The folder has files that this program did not write.
    case foreignFiles(folder: String, names: [String])
    /// The folder has parts, but not the journal that lists them.
    case partsWithoutJournal(folder: String, names: [String])
    /// A committed part is missing.
    case partMissing(folder: String, name: String)
    /// A committed part has another size than when it was committed.
    case partChanged(folder: String, name: String, expected: Int, found: Int)
    /// The journal cannot be read.
    case damagedJournal(path: String, reason: String)
    /// The manifest cannot be read.
    case damagedManifest(path: String, reason: String)
    /// The parts have another number of rows than the input, so the run is not finished.
    case rowsMismatch(folder: String, expected: Int, found: Int)
    /// A part was committed twice, or does not start where the parts before it end.
    case partOutOfPlace(folder: String, index: Int, reason: String)
    /// The folder to read scores from belongs to a run that has not finished.
    case unfinished(folder: String)
    /// A part's bytes differ from the digest in the manifest.
    case digestMismatch(path: String, expected: Digest, found: Digest)

    /// References, covariates and vectors are more than a context can have, or have unusable names.
    case badSideInformation(SideSchema.Fault)

    /// A policy and the number of its rows in a history.
    public struct PolicyCount: Hashable, Sendable {
        /// The policy at its version.
        public let policy: Policy
        /// Number of valid rows.
        public let rows: Int

        /// Pairs a policy with its number of rows.
        public init(policy: Policy, rows: Int) {
            self.policy = policy
            self.rows = rows
        }
    }
}

extension CorporaError: CustomStringConvertible {
    /// What happened with which values, where, and what to do next.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "\(path): cannot be read: \(reason); check the name and the permissions"
        case .foreignFormat(let path, let format):
            "\(path): the file is \(format), which cannot be read here; give JSON Lines, a JSON array, CSV or TSV, plain or"
                + " compressed with gzip or zstd"
        case .otherFormat(let text): text
        case .truncated(let path, let format, let bytesRead, let textBytes):
            "\(path): the \(format) data ends in the middle, after \(bytesRead) bytes (\(textBytes) bytes of text were read);"
                + " the copy is incomplete, fetch or compress the file again"
        case .damaged(let path, let format, let bytesRead, let textBytes, let reason):
            "\(path): the \(format) data is damaged near byte \(bytesRead) (\(textBytes) bytes of text were read): \(reason);"
                + " fetch or compress the file again"
        case .severalPolicies(let files, let counts):
            "\(Self.list(files)): the history has several policies: \(Self.list(counts)); name one with --policy ID or --policy ID@VERSION"
        case .unknownPolicy(let name, let files, let counts):
            "\(Self.list(files)): no rows of policy \"\(clipped(name))\"; the history has \(Self.list(counts)); check --policy"
        case .noContextRows(let files, let rejected, let first):
            "\(Self.list(files)): no row is usable as context; \(rejected) rows were rejected"
                + (first.map { "; the first: \($0)" } ?? "; is this a history file?")
        case .contextTooLarge(let wanted, let most):
            "a context cannot have \(wanted) rows; give 1 to \(most)"
        case .objectChanged(let path): "\(path): it changed while it was read; start again"
        case .diskFull(let path, let bytes):
            "\(path): no space left on the disk for \(bytes) more bytes; free some space and run the same command to continue"
        case .unwritable(let path, let operation, let reason):
            "\(path): cannot \(operation): \(reason); check the folder and its permissions, then run the same command"
        case .folderOfAnotherRun(let folder, let differences):
            "\(folder) belongs to another run: \(differences.map(\.description).joined(separator: ", "));"
                + " choose another folder, or give --overwrite to delete that run"
        case .folderInUse(let folder):
            "\(folder): another process is writing to this folder; wait until it ends, or choose another folder"
        case .foreignFiles(let folder, let names):
            "\(folder) has files that this program did not write (\(Self.list(names))); nothing was removed; choose an empty folder"
        case .partsWithoutJournal(let folder, let names):
            "\(folder) has \(Self.list(names)) but no journal and no finished run; give --overwrite to start again"
        case .partMissing(let folder, let name):
            "\(folder)/\(name) was committed but is missing; restore it, or give --overwrite to start again"
        case .partChanged(let folder, let name, let expected, let found):
            "\(folder)/\(name) was committed with \(expected) bytes but has \(found); restore it, or give --overwrite to start again"
        case .damagedJournal(let path, let reason):
            "\(path): the journal cannot be read: \(reason); give --overwrite to start again"
        case .damagedManifest(let path, let reason):
            "\(path): the manifest cannot be read: \(reason); score again with --overwrite"
        case .rowsMismatch(let folder, let expected, let found):
            "\(folder): the input has \(expected) rows, but the parts have \(found); the run is not finished; run the same command again"
        case .partOutOfPlace(let folder, let index, let reason):
            "\(folder): part \(index) cannot be committed: \(reason)"
        case .unfinished(let folder):
            "\(folder) has no _SUCCESS file, so its run has not finished; run the same `statezero score` again to finish it"
        case .badSideInformation(let fault):
            "what is known beside the prompts cannot be used: \(fault); give fewer --references, --covariate or --features,"
                + " or a smaller --context-size"
        case .digestMismatch(let path, let expected, let found):
            "\(path): its SHA-256 is \(found.short)…, the manifest has \(expected.short)…; the file was changed; score again"
        }
    }

    /// The first five names, and the number of the others.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(shown) and \(names.count - 5) more" : shown
    }

    private static func list(_ counts: [PolicyCount]) -> String {
        let shown = counts.prefix(20).map { "\($0.policy) (\($0.rows) rows)" }.joined(separator: ", ")
        return counts.count > 20 ? "\(shown) and \(counts.count - 20) more" : counts.isEmpty ? "none" : shown
    }
}
