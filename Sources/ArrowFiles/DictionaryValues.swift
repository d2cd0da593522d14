import JSON

/// The values of a dictionary that were read, so that a text is made once and not for every row that has it.
///
/// Columns of several batches share them where the batches have the same dictionary. Memory: 17 bytes for each of at most
/// 65,536 values, and the texts that were read; values beyond are made for each row.
final class DictionaryValues {
    private static let countMax = 1 << 16

    private var known: [JSONValue?]

    /// Nothing is read yet. `count` is that of the dictionary.
    init(count: Int) { known = Array(repeating: nil, count: min(count, Self.countMax)) }

    /// The value at an index of the dictionary, which is at least 0; `null` if the dictionary is shorter.
    func value(at index: Int, of dictionary: ArrowColumn) -> JSONValue {
        guard index < known.count else { return dictionary.value(at: index) }
        if let value = known[index] { return value }
        let value = dictionary.value(at: index)
        known[index] = value
        return value
    }
}
