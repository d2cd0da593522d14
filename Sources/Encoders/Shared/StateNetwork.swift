package import ModelFiles

/// A network from token ids to last hidden states: what encoders of several families have in common after the tokenizer.
package protocol StateNetwork: AnyObject {
    /// Channels of a state.
    var width: Int { get }
    /// Everything about the arithmetic that may change the last digit.
    var numerics: String { get }
    /// Where the packed weights are.
    var packedWeights: PackedWeightsOrigin { get }

    /// What `body` makes of each sequence's states, in the batch's order. It is called on several threads at once.
    ///
    /// Throws `sequenceLength`, `tokenOutOfRange`, `notFinite`, `kernel` and what `body` throws.
    func encode<Value: Sendable>(
        _ batch: RaggedBatch, _ body: @escaping @Sendable (TokenStates) throws(ModelError) -> Value
    ) throws(ModelError) -> [Value]
}

extension BertEncoder: StateNetwork {}

extension Qwen3Encoder: StateNetwork {}
