public import Scoring

import Foundation

/// What a finished folder says of itself. Nothing in it differs between two runs of one identity: no times, no hosts.
public struct RunManifest: Codable, Hashable, Sendable {
    /// Format of this file and of the parts.
    public var formatVersion = 1
    /// Version of the program that wrote it.
    public var statezeroVersion: String
    /// Whose success was predicted.
    public var policy: PolicyEntry
    /// What profiled the policy.
    public var context: ContextEntry
    /// What predicted.
    public var model: ModelEntry
    /// The prompts.
    public var input: InputEntry
    /// The settings that can change a byte of the output.
    public var configuration: ConfigurationEntry
    /// Rows by what they are.
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
        /// Of everything that can change an answer.
        public var digest: String
    }

    /// The prompts.
    public struct InputEntry: Codable, Hashable, Sendable {
        /// Of all text, whatever its compression.
        public var digest: String
        /// The files in order.
        public var files: [FileEntry]
    }

    /// A file that was read.
    public struct FileEntry: Codable, Hashable, Sendable {
        /// Its name without the folder.
        public var name: String
        /// Of the decompressed bytes.
        public var digest: String
        /// Lines, blank ones with them.
        public var lines: Int
        /// Lines that are no rows.
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

    /// Rows by what they are.
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
        /// Its first row's place among all rows.
        public var firstRow: Int
        /// Number of rows.
        public var rows: Int
        /// Rows with an error.
        public var error: Int
        /// Size of the file.
        public var bytes: Int
        /// Of the file.
        public var digest: String

        enum CodingKeys: String, CodingKey {
            case name, rows, error, bytes, digest
            case firstRow = "first_row"
        }
    }

    enum CodingKeys: String, CodingKey {
        case policy, context, model, input, configuration, counts, parts
        case formatVersion = "format_version"
        case statezeroVersion = "statezero_version"
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
                files: summary.files.map {
                    FileEntry(name: $0.name, digest: $0.digest.hex, lines: $0.lines, blankLines: $0.blankLines)
                }),
            configuration: ConfigurationEntry(
                digest: identity.configuration.digest.hex, settings: identity.configuration.settings),
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
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads a finished folder's manifest, checked against the digest in `_SUCCESS`.
    public static func read(folder: String) throws(CorporaError) -> RunManifest {
        let path = "\(folder)/\(OutputFolder.manifestName)"
        guard let success = FileManager.default.contents(atPath: "\(folder)/\(OutputFolder.successName)") else {
            throw .unfinished(folder: folder)
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
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

    /// The digests by which a run is known; one that is not a digest is left out.
    var identityDigests: [RunIdentity.Difference.What: Digest] {
        let hex: [RunIdentity.Difference.What: String] = [
            .input: input.digest, .context: context.digest, .configuration: configuration.digest, .model: model.digest,
        ]
        return hex.compactMapValues { Digest(hex: $0) }
    }
}

/// What a manifest says beside the run's identity and its parts.
public struct RunSummary: Sendable {
    /// Whose success was predicted.
    public let policy: Policy
    /// Number of pairs in the context set.
    public let contextRows: Int
    /// The input, read to its end.
    public let files: [InputFile]
    /// Rows of the input, rejected ones with them and blank lines not.
    public let rows: Int
    /// Version of the program.
    public let statezeroVersion: String

    /// Sums up a run.
    public init(policy: Policy, contextRows: Int, files: [InputFile], rows: Int, statezeroVersion: String) {
        self.policy = policy
        self.contextRows = contextRows
        self.files = files
        self.rows = rows
        self.statezeroVersion = statezeroVersion
    }
}
