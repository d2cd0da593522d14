import JSON

/// The body of `POST /embeddings`.
package struct EmbeddingRequest: Sendable {
    /// How the server writes vectors; both are understood in every answer.
    package enum Format: String, Sendable {
        /// Little-endian Float32, a third of the bytes.
        case base64
        /// JSON numbers.
        case float
    }

    /// The model's name.
    package var model: String
    /// The format that is asked for.
    package var format = Format.base64
    /// `truncate_prompt_tokens`, where the server cuts.
    package var truncateTokens: Int?

    /// A request for vectors of a model.
    package init(model: String, truncateTokens: Int? = nil) {
        self.model = model
        self.truncateTokens = truncateTokens
    }

    /// JSON for these texts, in order.
    package func body(_ texts: some Sequence<String>) -> [UInt8] {
        var writer = JSONWriter()
        writer.raw("{\"model\":")
        writer.string(model)
        writer.raw(",\"encoding_format\":\"\(format.rawValue)\"")
        if let truncateTokens { writer.raw(",\"truncate_prompt_tokens\":\(truncateTokens)") }
        writer.raw(",\"input\":[")
        for (index, text) in texts.enumerated() {
            if index > 0 { writer.raw(",") }
            writer.string(text)
        }
        writer.raw("]}")
        return writer.bytes
    }
}
