/// A text as the key of a dictionary or a set, with its hash.
///
/// A `String` is hashed by its characters, at some 50 MB/s, at every look-up. This hashes the bytes once, some twenty times
/// as fast. Prompts may have a megabyte, and the coordinator's thread looks up thousands of them for a report.
struct TextKey: Hashable, Sendable {
    let text: String
    private let value: Int

    /// Cost: one hash of the bytes.
    init(_ text: String) {
        var hasher = Hasher()
        var contiguous = text
        contiguous.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        value = hasher.finalize()
        self.text = text
    }

    static func == (first: TextKey, second: TextKey) -> Bool {
        first.value == second.value && first.text == second.text
    }

    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
