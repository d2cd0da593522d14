/// Estimates the tokens of a text without a tokenizer: about four bytes a token, as in English.
///
/// Shards and prices depend on these values, so they must never change. The users need different roundings.
public enum TokenEstimate {
    /// UTF-8 bytes of a token.
    public static let bytesPerToken = 4
    /// Tokens that an encoder puts around a text, as [CLS] and [SEP].
    private static let specialTokens = 2

    /// Tokens in a number of UTF-8 bytes, rounded down: 0 for fewer than four bytes.
    public static func roundedDown(bytes: Int) -> Int { bytes / bytesPerToken }

    /// Tokens in a number of UTF-8 bytes, rounded up: 0 for none.
    public static func roundedUp(bytes: Int) -> Int { (bytes + bytesPerToken - 1) / bytesPerToken }

    /// Tokens that an encoder reads of a text of so many UTF-8 bytes: `roundedDown` and two special tokens.
    public static func encoded(bytes: Int) -> Int { roundedDown(bytes: bytes) + specialTokens }

    /// Tokens of a text that is sent to an LLM, at least 1.
    public static func tokens(of text: String) -> Int { max(1, roundedUp(bytes: text.utf8.count)) }
}
