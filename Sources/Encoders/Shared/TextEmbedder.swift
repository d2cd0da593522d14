public import Scoring

/// What turns texts into unit embeddings: a tokenizer and an encoder. Belongs to the thread that made it.
public protocol TextEmbedder: AnyObject {
    /// E, columns of an embedding.
    var width: Int { get }

    /// (P texts) to `(P, E)`, row-major and of norm 1, and by text whether its end was not read.
    /// A text's embedding never depends on batch-mates.
    func embed(_ texts: [String]) throws(ValueModelError) -> (values: [Float], isTruncated: [Bool])
}
