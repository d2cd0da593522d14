/// A number of bytes, for people: `4.95 GiB`, `79.2 MiB`, `512 bytes`.
public struct ByteCount: Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let bytes: Int

    /// Wraps a number.
    public init(_ bytes: Int) {
        self.bytes = bytes
    }

    /// Binary units, three digits.
    public var description: String {
        var value = Double(bytes)
        var unit = "bytes"
        for larger in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            value /= 1024
            unit = larger
        }
        guard unit != "bytes" else { return "\(bytes) bytes" }
        let digits = value < 10 ? 100.0 : value < 100 ? 10.0 : 1.0
        let rounded = (value * digits).rounded() / digits
        return rounded == rounded.rounded() ? "\(Int(rounded)) \(unit)" : "\(rounded) \(unit)"
    }
}
