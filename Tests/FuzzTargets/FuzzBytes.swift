/// Reads the input of a target piece by piece. At its end it gives zeros and empty pieces, so that every input means something.
struct FuzzBytes {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Collection<UInt8>) { rest = ArraySlice(Array(bytes)) }

    var isEmpty: Bool { rest.isEmpty }

    /// The next byte.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    /// A number of two bytes, little-endian.
    mutating func number16() -> Int { Int(byte()) | Int(byte()) << 8 }

    /// A number of eight bytes, little-endian.
    mutating func number64() -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(byte()) << (8 * UInt64($1)) } }

    /// So many bytes, or what is left.
    mutating func bytes(_ count: Int) -> [UInt8] {
        let piece = rest.prefix(count)
        rest = rest.dropFirst(count)
        return Array(piece)
    }

    /// Bytes behind their length of two bytes.
    mutating func block() -> [UInt8] { bytes(number16()) }

    /// All that is left.
    mutating func remainder() -> [UInt8] { bytes(rest.count) }
}
