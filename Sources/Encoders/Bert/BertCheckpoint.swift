package import ModelFiles

/// What a BERT encoder is made of: sizes, weights, and a digest that names the weights.
package struct BertCheckpoint: Sendable {
    /// The model's folder; packed weights may be kept beside the weights.
    package let folder: String
    /// Sizes.
    package let configuration: BertConfiguration
    /// `model.safetensors`.
    package let weights: SafetensorsFile
    /// SHA-256 over every file that can change an answer.
    package let digest: LazyDigest

    /// Lists the parts.
    package init(folder: String, configuration: BertConfiguration, weights: SafetensorsFile, digest: LazyDigest) {
        self.folder = folder
        self.configuration = configuration
        self.weights = weights
        self.digest = digest
    }
}
