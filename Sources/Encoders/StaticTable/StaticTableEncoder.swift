import Kernels
package import ModelFiles
package import Scoring
import Tokenizers

/// Texts to embeddings without a network: the mean of the vectors of a text's tokens, divided by its norm. The fast mode.
///
/// The vectors are those of `SentenceTransformer` with a `StaticEmbedding`, divided by their norm, because the heads
/// compare them by cosine. A text without tokens has the vector zero. The order of words does not count, so these embeddings
/// know less than a network's. `statezero-bench static` measures how much cheaper they are. Belongs to one thread at a time.
package final class StaticTableEncoder: TextEncoder {
    /// The folder's name and digest. Always float32.
    package let facts: EncoderFacts
    private let tokenizer: any Tokenizer
    private let table: TensorTable
    /// By token: its row; `nil` if rows are in the order of ids.
    private let rows: [Int]?
    /// By token: what its vector is multiplied by; `nil` for 1.
    private let weights: [Float]?
    private let row: FloatBuffer

    /// Tokens of a text that are read at most; the reference reads all.
    package static let tokensMax = 32_768
    /// Columns of a table.
    private static let widths = 1...65_536
    // Changes with this code, whenever an embedding could change.
    private static let version = "static-table/1"

    /// Reads tokenizer and table. Throws what is wrong with either, or that they do not fit each other.
    package init(folder: StaticTableFolder) throws(ModelError) {
        let file = folder.weights
        let (name, shape) = try Self.table(of: file)
        table = try file.table(name, shape: shape)
        var rows: [Int]?
        if file.header.entries["mapping"] != nil { rows = try file.integers("mapping") }
        if let rows, let bad = rows.first(where: { !(0..<shape.sizes[0]).contains($0) }) {
            throw .damaged(file: file.path, at: "mapping", reason: "row \(bad) of \(shape.sizes[0])")
        }
        self.rows = rows
        let tokens = rows?.count ?? table.rows
        weights =
            file.header.entries["weights"] == nil ? nil : try file.floats("weights", shape: Shape([tokens]))
        tokenizer = try Self.tokenizer(of: folder, tokens: tokens)
        row = FloatBuffer(count: table.columns)
        facts = EncoderFacts(
            name: folder.name, identity: "\(try folder.digest.hex)\n\(Self.version)", width: table.columns,
            shouldCacheFeatures: false)
    }

    /// (P texts) to `(P, E)`. Throws `notFinite` with the text's index.
    package func encode(_ texts: [String]) throws(ValueModelError) -> FeatureMatrix {
        var values: [Float] = []
        values.reserveCapacity(texts.count * table.columns)
        var isTruncated: [Bool] = []
        for (index, text) in texts.enumerated() {
            let tokens = tokenizer.encode(text)
            let vector = embedding(of: tokenizer.template.body(of: tokens.ids))
            guard vector.allSatisfy(\.isFinite) else { throw .notFinite(stage: "the encoder", row: index) }
            values += vector
            isTruncated.append(tokens.isTruncated)
        }
        return FeatureMatrix(columns: table.columns, values: values, isTruncated: isTruncated)
    }

    /// How each text is read. Cost: the tokenizer's.
    package func measure(_ texts: [String]) -> [TextMeasure]? { Self.measure(texts, by: tokenizer) }

    /// How this encoder reads texts, without its table. Throws what is wrong with the tokenizer.
    package static func reading(of folder: StaticTableFolder) throws(ModelError) -> TextReading {
        let mapped = folder.weights.header.entries["mapping"]?.shape.sizes.first
        let tokens = if let mapped { mapped } else { try table(of: folder.weights).shape.sizes[0] }
        let tokenizer = try tokenizer(of: folder, tokens: tokens)
        return TextReading(name: folder.name, windowTokens: nil) { measure($0, by: tokenizer) }
    }

    private static func measure(_ texts: [String], by tokenizer: any Tokenizer) -> [TextMeasure] {
        texts.map { text in
            let read = tokenizer.encode(text)
            return TextMeasure(
                tokenizer.template.body(of: read.ids), unknown: tokenizer.unknownID, isTruncated: read.isTruncated)
        }
    }

    private static func tokenizer(of folder: StaticTableFolder, tokens: Int) throws(ModelError) -> any Tokenizer {
        try TokenizerLoading.load("\(folder.module)/tokenizer.json", vocabulary: tokens) {
            () throws(TokenizerError) in
            try ModelTokenizer.load(folder: folder.module, tokensMax: tokensMax)
        }
    }

    /// The table's name and its shape, (tokens, columns).
    private static func table(of file: SafetensorsFile) throws(ModelError) -> (name: String, shape: Shape) {
        let name = file.header.entries["embedding.weight"] == nil ? "embeddings" : "embedding.weight"
        guard let entry = file.header.entries[name] else { throw .tensorMissing(file: file.path, tensor: name) }
        guard entry.shape.sizes.count == 2, widths.contains(entry.shape.sizes[1]) else {
            throw .damaged(
                file: file.path, at: name, reason: "its shape is \(entry.shape), expected (tokens, columns)")
        }
        return (name, entry.shape)
    }

    // The mean's divisor would cancel against the norm, but it keeps sums of long texts small.
    private func embedding(of ids: ArraySlice<Int32>) -> [Float] {
        var sum = [Float](repeating: 0, count: table.columns)
        guard !ids.isEmpty else { return sum }
        for id in ids {
            table.copy(row: rows?[Int(id)] ?? Int(id), to: row, row: 0)
            let weight = weights?[Int(id)] ?? 1
            for column in sum.indices { sum[column] += weight * row[column] }
        }
        let count = Float(ids.count)
        for column in sum.indices { sum[column] /= count }
        EmbeddingNorm.divide(&sum)
        return sum
    }
}
