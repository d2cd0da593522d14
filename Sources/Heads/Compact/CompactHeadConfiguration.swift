package import ModelFiles

/// Sizes of a compact head, the same for every file of this format.
package enum CompactHeadConfiguration {
    /// E, columns of the embedding that the head was trained on.
    package static let embeddingColumns = 384
    /// Difficulty and six more, from the difficulty network.
    package static let columns = 7
    /// Columns beside the difficulty.
    package static let factors = columns - 1
    /// Settings of the regression that are averaged.
    package static let settings = 5
    /// Channels of the difficulty network's hidden layer.
    package static let difficultyWidth = 640

    /// Throws `unsupported` naming the key unless a file's metadata is of this format, version and sizes.
    package static func check(metadata: [String: String], file: String) throws(ModelError) {
        // A transformer that corrects the regression was trained too and gained nothing on prompts it had not seen, so
        // no released head has one; a file with one comes from an experiment.
        let expected = [
            ("format", "statezero-compact-head"), ("version", "1"), ("correctors", "0"),
            ("embedding", "\(embeddingColumns)"), ("surface", "\(SurfaceFeatures.count)"), ("columns", "\(columns)"),
        ]
        for (key, value) in expected where metadata[key] != value {
            throw .unsupported(file: file, key: key, found: metadata[key] ?? "missing", supported: value)
        }
    }
}
