/// Bytes of a frame on a connection: ZMTP 3.1, see https://rfc.zeromq.org/spec/37.
///
/// Exact, because they are summed up over a connection's life and compared with the system's count: one byte too many in
/// each of a million messages looks like a megabyte that the peer has not read.
struct TransferSize {
    /// Bytes that CURVE adds: the command's name, a nonce, a check of the content, and the frame's flags.
    private static let encryptionBytes = 8 + 8 + 16 + 1
    private static let shortFrameBytesMax = 255

    let isEncrypted: Bool

    /// Flags and length before the content: one byte or eight of length.
    func bytes(ofFrame count: Int) -> Int {
        let body = isEncrypted ? count + Self.encryptionBytes : count
        return body + (body > Self.shortFrameBytesMax ? 9 : 2)
    }
}
