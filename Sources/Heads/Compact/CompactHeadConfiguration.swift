import Kernels
package import ModelFiles

/// Sizes of a compact head, as its file says them.
package struct CompactHeadConfiguration: Sendable, Equatable {
    /// Of the file's format: 1 has neither twins nor character runs nor references.
    package let version: Int
    /// E, columns of the embedding that the head was trained on.
    package let embeddingColumns: Int
    /// H, channels of the difficulty network's hidden layer.
    let width: Int

    /// E of the head that comes with the program.
    package static let embeddingColumns = 384
    /// Difficulty and six more, from the difficulty network.
    package static let columns = 7
    /// Columns beside the difficulty.
    package static let factors = columns - 1
    /// Settings of the regression that are averaged.
    package static let settings = 5
    private static let firstWeight = "difficulty.first.weight"
    /// More would not be a head of this kind, and its network not what a query may cost.
    private static let sizes = 1...65_536

    /// Throws `unsupported` naming the key unless a file's metadata is of this format, and `tensorMissing` or `tensorShape`
    /// unless the difficulty network has sizes.
    package init(_ header: SafetensorsHeader, file: String) throws(ModelError) {
        let metadata = header.metadata
        func check(_ key: String, _ value: String) throws(ModelError) {
            guard metadata[key] == value else {
                throw .unsupported(file: file, key: key, found: metadata[key] ?? "missing", supported: value)
            }
        }
        try check("format", "statezero-compact-head")
        try check("surface", "\(SurfaceFeatures.count)")
        try check("columns", "\(Self.columns)")
        guard metadata["version"] != "1" else {
            // A transformer that corrects the regression was trained too and gained nothing on prompts it had not seen, so
            // no released head has one; a file with one comes from an experiment.
            try check("correctors", "0")
            try check("embedding", "\(Self.embeddingColumns)")
            (version, embeddingColumns, width) = (1, Self.embeddingColumns, 640)
            return
        }
        guard metadata["version"] == "2" else {
            throw .unsupported(
                file: file, key: "version", found: metadata["version"] ?? "missing", supported: "1 or 2")
        }
        guard let embedding = metadata["embedding"].flatMap({ Int($0) }), Self.sizes.contains(embedding) else {
            throw .unsupported(
                file: file, key: "embedding", found: metadata["embedding"] ?? "missing",
                supported: "a number of columns, at least 1")
        }
        guard let entry = header.entries[Self.firstWeight] else {
            throw .tensorMissing(file: file, tensor: Self.firstWeight)
        }
        let inputs = embedding + SurfaceFeatures.count
        let sizes = entry.shape.sizes
        guard sizes.count == 2, sizes[1] == inputs, Self.sizes.contains(sizes[0]) else {
            throw .tensorShape(
                file: file, tensor: Self.firstWeight, expected: Shape(sizes.first ?? 1, inputs), found: entry.shape)
        }
        (version, embeddingColumns, width) = (2, embedding, sizes[0])
    }

    /// F = E + S.
    package var featureColumns: Int { embeddingColumns + SurfaceFeatures.count }
    /// Whether each setting has a twin that does not believe the difficulty.
    var hasTwins: Bool { version >= 2 }
}
