public import Encoders
import Foundation
import Kernels
public import ModelFiles
public import Scoring

/// An encoder that remembers in a file what it has embedded, so that another run with other heads need not pay again.
///
/// The file is safetensors: `embeddings` F32 `(P, E)`, `digests` U8 `(P, 32)` of the texts in rising order, `truncated`
/// U8 `(P)`, and in its metadata who made it. An embedding depends on text and encoder only, so a kept one is the same
/// to the bit. Belongs to one thread at a time, as the encoder does.
public final class EmbeddingFile: TextEmbedder {
    private struct Entry {
        let values: [Float]
        let isTruncated: Bool
    }

    private static let format = "statezero-embeddings"

    private let embedder: any TextEmbedder
    private let maker: Scoring.Digest
    private let file: String
    private var entries: [Scoring.Digest: Entry] = [:]
    /// Texts embedded since the file was last read or written.
    public private(set) var unsaved = 0

    /// Texts that are kept.
    public var count: Int { entries.count }

    /// E, columns of an embedding.
    public var width: Int { embedder.width }

    /// Reads `file` if there is one. `maker` tells encoders apart: weights, tokenizer and arithmetic.
    ///
    /// Throws `foreignEmbeddings` where another encoder made the file, and what is wrong with it.
    /// Cost: 1.6 KB of memory a text.
    public init(of embedder: any TextEmbedder, maker: Scoring.Digest, file: String) throws(ModelError) {
        self.embedder = embedder
        self.maker = maker
        self.file = file
        guard FileManager.default.fileExists(atPath: file) else { return }
        let tensors = try SafetensorsFile(path: file)
        let found = tensors.header.metadata["maker"] ?? "of no name"
        guard tensors.header.metadata["format"] == Self.format, found == maker.hex else {
            throw .foreignEmbeddings(file: file, found: String(found.prefix(12)), expected: maker.short)
        }
        let truncated = try tensors.integers("truncated")
        let digests = try tensors.integers("digests", shape: Shape([truncated.count, Scoring.Digest.byteCount]))
        let values = try tensors.floats("embeddings", shape: Shape([truncated.count, width]))
        for (row, flag) in truncated.enumerated() {
            let bytes = digests[row * Scoring.Digest.byteCount..<(row + 1) * Scoring.Digest.byteCount]
            guard let digest = Scoring.Digest(bytes: bytes.map { UInt8(truncatingIfNeeded: $0) }) else { continue }
            entries[digest] = Entry(values: Array(values[row * width..<(row + 1) * width]), isTruncated: flag != 0)
        }
    }

    /// (P texts) to `(P, E)`; only those that are not kept are embedded.
    public func embed(_ texts: [String]) throws(ValueModelError) -> (values: [Float], isTruncated: [Bool]) {
        let digests = texts.map { Scoring.Digest(of: $0) }
        var wanted: [Int] = []
        var seen: Set<Scoring.Digest> = []
        for (index, digest) in digests.enumerated() where entries[digest] == nil && seen.insert(digest).inserted {
            wanted.append(index)
        }
        if !wanted.isEmpty {
            let (made, isTruncated) = try embedder.embed(wanted.map { texts[$0] })
            guard isTruncated.count == wanted.count, made.count == wanted.count * width else {
                throw .rowsMismatch(expected: wanted.count, found: isTruncated.count)
            }
            for (row, index) in wanted.enumerated() {
                let values = made[row * width..<(row + 1) * width]
                // A broken embedding is told by the model, and not kept.
                guard values.allSatisfy(\.isFinite) else { throw .notFinite(stage: "the encoder", row: index) }
                entries[digests[index]] = Entry(values: Array(values), isTruncated: isTruncated[row])
            }
            unsaved += wanted.count
        }
        var values: [Float] = []
        values.reserveCapacity(texts.count * width)
        var truncated: [Bool] = []
        for digest in digests {
            guard let entry = entries[digest] else { preconditionFailure("EmbeddingFile: \(digest) was not kept") }
            values += entry.values
            truncated.append(entry.isTruncated)
        }
        return (values, truncated)
    }

    /// Writes everything to the file, whole or not at all; nothing if nothing is new. Throws `unwritable`.
    public func keep() throws(ModelError) {
        guard unsaved > 0 else { return }
        do {
            try data.write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw .unwritable(file: file, reason: error.localizedDescription)
        }
        unsaved = 0
    }

    private var data: Data {
        let order = entries.keys.sorted()
        let sizes = [order.count * width * 4, order.count * Scoring.Digest.byteCount, order.count]
        let ends = [sizes[0], sizes[0] + sizes[1], sizes[0] + sizes[1] + sizes[2]]
        let header = """
            {"__metadata__":{"format":"\(Self.format)","maker":"\(maker.hex)"},\
            "embeddings":{"dtype":"F32","shape":[\(order.count),\(width)],"data_offsets":[0,\(ends[0])]},\
            "digests":{"dtype":"U8","shape":[\(order.count),\(Scoring.Digest.byteCount)],\
            "data_offsets":[\(ends[0]),\(ends[1])]},\
            "truncated":{"dtype":"U8","shape":[\(order.count)],"data_offsets":[\(ends[1]),\(ends[2])]}}
            """
        let padding = String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.utf8.count + padding.utf8.count + ends[2])
        func append(_ number: some FixedWidthInteger) {
            for shift in stride(from: 0, to: number.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        append(UInt64(header.utf8.count + padding.utf8.count))
        bytes += Array((header + padding).utf8)
        for digest in order { for value in entries[digest]?.values ?? [] { append(value.bitPattern) } }
        for digest in order { bytes += digest.bytes }
        for digest in order { bytes.append(entries[digest]?.isTruncated == true ? 1 : 0) }
        return Data(bytes)
    }
}
