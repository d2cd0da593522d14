package import Encoders
package import Heads
public import ModelFiles
public import Scoring

/// A model that was read from a folder, and what is known of it beyond `ValueModel`.
public struct LoadedModel {
    /// The model.
    public let model: any ValueModel
    /// Leading columns of the features that are an embedding; `nil` if the features are no embedding.
    public let embeddingColumns: Int?
    /// Where the encoder's packed weights are; `nil` for a model without any.
    public let packedWeights: PackedWeightsOrigin?

    /// Lists the facts.
    public init(_ model: any ValueModel, embeddingColumns: Int? = nil, packedWeights: PackedWeightsOrigin? = nil) {
        self.model = model
        self.embeddingColumns = embeddingColumns
        self.packedWeights = packedWeights
    }

    /// A model of embeddings and the surface.
    package init(encoder: any TextEncoder, head: any InContextHead) {
        let facts = encoder.facts
        self.init(
            InContextValueModel(encoder: encoder, head: head), embeddingColumns: facts.width,
            packedWeights: facts.packedWeights)
    }
}
