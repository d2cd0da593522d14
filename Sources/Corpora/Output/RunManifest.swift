import Foundation
import JSON
public import Scoring

/// The manifest of a finished folder. It is equal for all runs of one identity: it has no times and no host names.
public struct RunManifest: Codable, Hashable, Sendable {
    /// Format of this file and of the parts.
    public var formatVersion = 1
    /// Version of the program that wrote it.
    public var statezeroVersion: String
    /// The policy whose success was predicted.
    public var policy: PolicyEntry
    /// The context set that profiled the policy.
    public var context: ContextEntry
    /// The value model that predicted.
    public var model: ModelEntry
    /// The prompts.
    public var input: InputEntry
    /// The settings that can change a byte of the output.
    public var configuration: ConfigurationEntry
    /// References, covariates and features; absent if there are none.
    public var side: SideEntry?
    /// Numbers of rows.
    public var counts: CountsEntry
    /// The parts in order.
    public var parts: [PartEntry]

    /// A policy at its version.
    public struct PolicyEntry: Codable, Hashable, Sendable {
        /// Name of the LLM or of the training run.
        public var id: String
        /// Training step; absent for a model that does not change.
        public var version: Int?
    }

    /// A context set.
    public struct ContextEntry: Codable, Hashable, Sendable {
        /// SHA-256, hexadecimal, as are all digests here.
        public var digest: String
        /// Number of pairs.
        public var rows: Int
    }

    /// A value model.
    public struct ModelEntry: Codable, Hashable, Sendable {
        /// For people.
        public var name: String
        /// Digest of everything that can change a prediction.
        public var digest: String
    }

    /// The prompts.
    public struct InputEntry: Codable, Hashable, Sendable {
        /// Digest of all text; it does not depend on compression.
        public var digest: String
        /// The files in order.
        public var files: [FileEntry]
    }

    /// A file that was read.
    public struct FileEntry: Codable, Hashable, Sendable {
        /// Its name without the folder.
        public var name: String
        /// Digest of the decompressed bytes.
        public var digest: String
        /// Number of lines, including blank ones.
        public var lines: Int
        /// Number of blank lines, which are no rows.
        public var blankLines: Int

        enum CodingKeys: String, CodingKey {
            case name, digest, lines
            case blankLines = "blank_lines"
        }
    }

    /// The settings.
    public struct ConfigurationEntry: Codable, Hashable, Sendable {
        /// `RunConfiguration.digest`.
        public var digest: String
        /// Names and values.
        public var settings: [String: String]
    }

    /// Side information.
    public struct SideEntry: Codable, Hashable, Sendable {
        /// Digest of all that can change it.
        public var digest: String
        /// Files with outcomes of references.
        public var files: [FileEntry]
        /// References with the numbers of prompts that they cover.
        public var references: [SideReport.Reference]
        /// Columns used as numbers.
        public var numbers: [String]
        /// Columns used as categories.
        public var categories: [String]
        /// Files of vectors with the numbers of prompts that they cover.
        public var vectors: [SideReport.Vectors]
        /// Prompts with an outcome of a reference.
        public var promptsWithReferences: Int
        /// Prompts that say what is hard for the references.
        public var poolRows: Int

        enum CodingKeys: String, CodingKey {
            case digest, files, references, numbers, categories, vectors
            case promptsWithReferences = "prompts_with_references"
            case poolRows = "pool_rows"
        }
    }

    /// Numbers of rows.
    public struct CountsEntry: Codable, Hashable, Sendable {
        /// All rows of the input.
        public var rows: Int
        /// Rows with a prediction.
        public var ok: Int
        /// Rows with an error.
        public var error: Int
        /// Predictions that are the context's base rate.
        public var baseRate: Int
        /// Predictions on prompts longer than the encoder reads.
        public var truncated: Int
        /// Rows whose id was derived from their text (`sha256:…`).
        public var derivedIDs: Int

        enum CodingKeys: String, CodingKey {
            case rows, ok, error, truncated
            case baseRate = "base_rate"
            case derivedIDs = "derived_ids"
        }
    }

    /// A part of the output.
    public struct PartEntry: Codable, Hashable, Sendable {
        /// File name.
        public var name: String
        /// Index of its first row among all rows.
        public var firstRow: Int
        /// Number of rows.
        public var rows: Int
        /// Rows with an error.
        public var error: Int
        /// Size of the file.
        public var bytes: Int
        /// Digest of the file.
        public var digest: String

        enum CodingKeys: String, CodingKey {
            case name, rows, error, bytes, digest
            case firstRow = "first_row"
        }
    }

    enum CodingKeys: String, CodingKey {
        case policy, context, model, input, configuration, side, counts, parts
        case formatVersion = "format_version"
        case statezeroVersion = "statezero_version"
    }
}

extension RunManifest.FileEntry {
    init(_ file: InputFile) {
        self.init(name: file.name, digest: file.digest.hex, lines: file.lines, blankLines: file.blankLines)
    }
}

extension RunManifest.SideEntry {
    init(_ report: SideReport, digest: Digest?) {
        self.init(
            digest: digest?.hex ?? "", files: report.files.map(RunManifest.FileEntry.init),
            references: report.references, numbers: report.numbers, categories: report.categories,
            vectors: report.vectors, promptsWithReferences: report.promptsWithReferences, poolRows: report.poolRows)
    }
}

extension RunManifest {
    init(_ summary: RunSummary, identity: RunIdentity, parts: [OutputPart]) {
        let counts = parts.reduce(RowCounts()) { $0 + $1.counts }
        self.init(
            statezeroVersion: summary.statezeroVersion,
            policy: PolicyEntry(id: summary.policy.id, version: summary.policy.version),
            context: ContextEntry(digest: identity.context.hex, rows: summary.contextRows),
            model: ModelEntry(name: identity.model.name, digest: identity.model.digest.hex),
            input: InputEntry(
                digest: identity.input.hex,
                files: summary.files.map(FileEntry.init)),
            configuration: ConfigurationEntry(
                digest: identity.configuration.digest.hex, settings: identity.configuration.settings),
            side: summary.side.map { SideEntry($0, digest: identity.side) },
            counts: CountsEntry(
                rows: counts.rows, ok: counts.ok, error: counts.error, baseRate: counts.baseRate,
                truncated: counts.truncated, derivedIDs: counts.derivedIDs),
            parts: parts.map {
                PartEntry(
                    name: $0.name, firstRow: $0.firstRow, rows: $0.counts.rows, error: $0.counts.error, bytes: $0.bytes,
                    digest: $0.digest.hex)
            })
    }

    /// Keys sorted, so that equal manifests are equal bytes.
    func encoded() throws -> [UInt8] {
        Array(try JSONEncoder.page.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads the manifest of a finished folder, and checks it against the digest in `_SUCCESS`.
    public static func read(folder: String) throws(CorporaError) -> RunManifest {
        let path = "\(folder)/\(OutputFolder.manifestName)"
        let marker = "\(folder)/\(OutputFolder.successName)"
        if RemoteFiles.isRemote(folder), try !RemoteFiles.storage(for: folder).exists(marker) {
            throw .unfinished(folder: folder)
        }
        guard let success = FileManager.default.contents(atPath: try PipeCopies.location(of: marker)) else {
            throw .unfinished(folder: folder)
        }
        guard let bytes = FileManager.default.contents(atPath: try PipeCopies.location(of: path)) else {
            throw .damagedManifest(path: path, reason: "it cannot be read")
        }
        let found = Digest(of: bytes)
        guard let expected = Digest(hex: String(decoding: success.prefix(64), as: UTF8.self)) else {
            throw .damagedManifest(path: path, reason: "_SUCCESS does not hold its digest")
        }
        guard found == expected else { throw .digestMismatch(path: path, expected: expected, found: found) }
        do {
            return try JSONDecoder().decode(RunManifest.self, from: bytes)
        } catch {
            throw .damagedManifest(path: path, reason: "\(error)")
        }
    }

    /// The digests of the run's identity; a string that is not a digest is left out.
    var identityDigests: [RunIdentity.Difference.What: Digest] {
        let hex: [RunIdentity.Difference.What: String] = [
            .input: input.digest, .context: context.digest, .configuration: configuration.digest, .model: model.digest,
            .side: side?.digest ?? "",
        ]
        return hex.compactMapValues { Digest(hex: $0) }
    }
}

/// The contents of a manifest that are not in the run's identity or its parts.
public struct RunSummary: Sendable {
    /// The policy whose success was predicted.
    public let policy: Policy
    /// Number of rows of the context set.
    public let contextRows: Int
    /// The input, read to its end.
    public let files: [InputFile]
    /// Number of rows of the input, including rejected ones, without blank lines.
    public let rows: Int
    /// Version of the program.
    public let statezeroVersion: String
    /// What side information was used; `nil` if there is none.
    public let side: SideReport?
    /// Workers that others contradicted, for `_workers.json`.
    public let quarantined: [String]

    /// Sums up a run.
    public init(
        policy: Policy, contextRows: Int, files: [InputFile], rows: Int, statezeroVersion: String,
        side: SideReport? = nil, quarantined: [String] = []
    ) {
        self.quarantined = quarantined
        self.side = side
        self.policy = policy
        self.contextRows = contextRows
        self.files = files
        self.rows = rows
        self.statezeroVersion = statezeroVersion
    }
}
