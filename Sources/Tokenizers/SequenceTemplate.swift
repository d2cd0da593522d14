/// Special tokens around a text: the single-sequence template of the reference's post-processor.
struct SequenceTemplate: Equatable, Sendable {
    /// Before the text, `[CLS]` for BERT.
    let before: [Int32]
    /// After the text, `[SEP]` for BERT.
    let after: [Int32]

    /// How many special tokens there are.
    var count: Int { before.count + after.count }

    /// A text's ids with the special tokens in their places.
    func ids(around text: ArraySlice<Int32>) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(text.count + count)
        ids.append(contentsOf: before)
        ids.append(contentsOf: text)
        ids.append(contentsOf: after)
        return ids
    }
}
