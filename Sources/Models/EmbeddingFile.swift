public import Encoders
import Foundation
import Kernels
public import ModelFiles
public import Scoring

/// An encoder that keeps its embeddings in a file, so that a later run with other heads need not compute them again.
///
/// The file is safetensors: `embeddings` F32 `(P, E)`, `digests` U8 `(P, 32)` of the texts in rising order, `truncated`
/// U8 `(P)`, and in its metadata which encoder made it. An embedding depends on text and encoder only, so a kept one is
/// the same to the bit. Belongs to one thread at a time, as the encoder does.
public final class EmbeddingFile: TextEncoder {
    private struct Entry {
        let values: [Float]
        let isTruncated: Bool
    }

    private static let format = "statezero-embeddings"

    private let encoder: any TextEncoder
    /// Digest of the encoder's identity.
    private let maker: Scoring.Digest
    private let file: String
    private var entries: [Scoring.Digest: Entry] = [:]
    /// Texts embedded since the file was last read or written.
    public private(set) var unsaved = 0

    /// Texts that are kept.
    public var count: Int { entries.count }

    /// E, columns of an embedding.
    public var width: Int { encoder.facts.width }

    /// Those of the encoder.
    package var facts: EncoderFacts { encoder.facts }

    /// Reads `file` if there is one.
    ///
    /// Throws `foreignEmbeddings` if another encoder made the file, and what is wrong with it.
    /// Cost: 1.6 KB of memory a text.
    package init(of encoder: any TextEncoder, file: String) throws(ModelError) {
        self.encoder = encoder
        maker = Scoring.Digest(of: encoder.facts.identity)
        self.file = file
        if FileManager.default.fileExists(atPath: file) { try read() }
    }

    private func read() throws(ModelError) {
        let tensors = try SafetensorsFile(path: file)
        let found = tensors.header.metadata["maker"] ?? "without a name"
        guard tensors.header.metadata["format"] == Self.format, found == maker.hex else {
            throw .foreignEmbeddings(file: file, found: String(found.prefix(12)), expected: maker.short)
        }
        let truncated = try tensors.integers("truncated")
        let size = Scoring.Digest.byteCount
        let digests = try tensors.integers("digests", shape: Shape([truncated.count, size]))
        let values = try tensors.floats("embeddings", shape: Shape([truncated.count, width]))
        for (row, flag) in truncated.enumerated() {
            let bytes = digests[row * size..<(row + 1) * size].map { UInt8(truncatingIfNeeded: $0) }
            guard let digest = Scoring.Digest(bytes: bytes) else { continue }
            entries[digest] = Entry(values: Array(values[row * width..<(row + 1) * width]), isTruncated: flag != 0)
        }
    }

    /// Embeds texts and keeps what is new; returns nothing, so that many texts need little memory. Throws as `encode`
    /// does.
    public func add(_ texts: [String]) throws(ValueModelError) { _ = try encode(texts) }

    /// (P texts) to `(P, E)`; only those that are not kept are embedded.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        let digests = texts.map { Scoring.Digest(of: $0) }
        try keep(digests, of: texts)
        var values: [Float] = []
        values.reserveCapacity(texts.count * width)
        var truncated: [Bool] = []
        for digest in digests {
            guard let entry = entries[digest] else { preconditionFailure("EmbeddingFile: \(digest) was not kept") }
            values += entry.values
            truncated.append(entry.isTruncated)
        }
        return FeatureMatrix(columns: width, values: values, isTruncated: truncated)
    }

    private func keep(_ digests: [Scoring.Digest], of texts: [String]) throws(ValueModelError) {
        var wanted: [Int] = []
        var seen: Set<Scoring.Digest> = []
        for (index, digest) in digests.enumerated() where entries[digest] == nil && seen.insert(digest).inserted {
            wanted.append(index)
        }
        guard !wanted.isEmpty else { return }
        let made = try encoder.encode(wanted.map { texts[$0] })
        guard made.rows == wanted.count, made.columns == width else {
            throw .rowsMismatch(expected: wanted.count, found: made.rows)
        }
        for (row, index) in wanted.enumerated() {
            let values = made.row(row)
            // An embedding that is not a number is an error of the model, and is not kept.
            guard values.allSatisfy(\.isFinite) else { throw .notFinite(stage: "the encoder", row: index) }
            entries[digests[index]] = Entry(values: Array(values), isTruncated: made.isTruncated[row])
        }
        unsaved += wanted.count
    }

    /// The encoder's.
    package func measure(_ texts: [String]) -> [TextMeasure]? { encoder.measure(texts) }

    /// The encoder's.
    package func onProgress(_ listener: @escaping @Sendable () -> Void) { encoder.onProgress(listener) }

    /// Writes everything to the file, whole or not at all; nothing if nothing is new. Throws `unwritable`.
    public func save() throws(ModelError) {
        guard unsaved > 0 else { return }
        let order = entries.keys.sorted()
        var writer = SafetensorsWriter(metadata: [("format", Self.format), ("maker", maker.hex)])
        writer.append("embeddings", order.flatMap { entries[$0]?.values ?? [] }, shape: Shape([order.count, width]))
        writer.append(
            "digests", order.flatMap(\.bytes), shape: Shape([order.count, Scoring.Digest.byteCount]))
        writer.append(
            "truncated", order.map { entries[$0]?.isTruncated == true ? UInt8(1) : 0 }, shape: Shape(order.count))
        do {
            try Data(writer.bytes).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw .unwritable(file: file, reason: error.localizedDescription)
        }
        unsaved = 0
    }
}
