import CArrow

/// The type of a column, as far as it has a meaning in JSON.
///
/// Source: the format strings of Arrow's C data interface. Types without a kind (unions, intervals, run-end encoding)
/// are `unsupported`; a file may have such columns as long as nobody reads them.
struct ArrowType: Equatable {
    enum Unit: Int64 { case second = 1, milli = 1_000, micro = 1_000_000, nano = 1_000_000_000 }
    enum Number: Equatable { case int8, int16, int32, int64, uint8, uint16, uint32, uint64, half, float, double }

    enum Kind: Equatable, BitwiseCopyable {
        case null
        case bool
        case number(Number)
        /// Bytes with offsets of 32 or 64 bits; `isText` if they are UTF-8.
        case bytes(isText: Bool, isLarge: Bool)
        /// Bytes as views into several buffers.
        case byteViews(isText: Bool)
        case fixedBytes(width: Int)
        case decimal(bits: Int, scale: Int)
        case days
        case milliseconds
        case timestamp(Unit, isUTC: Bool)
        /// A time of day or a duration, read as its number.
        case count(bits: Int)
        /// Of its only child.
        case list(isLarge: Bool)
        case listView(isLarge: Bool)
        case fixedList(width: Int)
        case map
        /// With a name for each child.
        case object
        /// Of its only child, the type of the values.
        case dictionary(Number)
        case unsupported
    }

    let kind: Kind
    /// Types of the parts of a nested type.
    let children: [ArrowType]
    /// Names of the members of an object.
    let names: [String]
    /// The format string of the first type within that is not supported.
    let unsupportedFormat: String?

    /// Whether there is a dictionary in it.
    var hasDictionary: Bool {
        if case .dictionary = kind { return true }
        return children.contains(where: \.hasDictionary)
    }

    /// Whether its values are lists of floating-point numbers.
    var isVector: Bool {
        switch kind {
        case .list, .listView, .fixedList:
            [.number(.half), .number(.float), .number(.double)].contains(children.first?.kind ?? .null)
        default: false
        }
    }

    private static let depthMax = 64
    private static let numbers: [String: Number] = [
        "c": .int8, "s": .int16, "i": .int32, "l": .int64, "C": .uint8, "S": .uint16, "I": .uint32, "L": .uint64,
        "e": .half, "f": .float, "g": .double,
    ]

    /// The type that a schema describes.
    init(_ schema: ArrowSchema, depth: Int = 0) {
        let format = schema.format.map { String(cString: $0) } ?? ""
        guard depth < Self.depthMax else {
            self.init(.unsupported, format: "nested more than \(Self.depthMax) levels")
            return
        }
        if let values = schema.dictionary {
            guard let indices = Self.numbers[format] else {
                self.init(.unsupported, format: format)
                return
            }
            self.init(.dictionary(indices), [ArrowType(values.pointee, depth: depth + 1)])
            return
        }
        var children: [ArrowType] = []
        var names: [String] = []
        for index in 0..<max(0, Int(schema.n_children)) {
            guard let child = schema.children?[index]?.pointee else { continue }
            children.append(ArrowType(child, depth: depth + 1))
            names.append(child.name.map { String(cString: $0) } ?? "")
        }
        if let kind = Self.flat(format) {
            self.init(kind)
        } else if let kind = Self.nested(format, children.count) {
            self.init(kind, children, names: kind == .object ? names : [])
        } else {
            self.init(.unsupported, format: format)
        }
    }

    private init(_ kind: Kind, _ children: [ArrowType] = [], names: [String] = [], format: String? = nil) {
        self.kind = kind
        self.children = children
        self.names = names
        unsupportedFormat = format ?? children.lazy.compactMap(\.unsupportedFormat).first
    }

    private static func flat(_ format: String) -> Kind? {
        if let number = numbers[format] { return .number(number) }
        switch format {
        case "n": return .null
        case "b": return .bool
        case "u": return .bytes(isText: true, isLarge: false)
        case "U": return .bytes(isText: true, isLarge: true)
        case "z": return .bytes(isText: false, isLarge: false)
        case "Z": return .bytes(isText: false, isLarge: true)
        case "vu": return .byteViews(isText: true)
        case "vz": return .byteViews(isText: false)
        case "tdD": return .days
        case "tdm": return .milliseconds
        case "tts", "ttm": return .count(bits: 32)
        case "ttu", "ttn", "tDs", "tDm", "tDu", "tDn": return .count(bits: 64)
        default: break
        }
        if format.hasPrefix("w:") { return width(format).map { .fixedBytes(width: $0) } }
        if format.hasPrefix("d:") { return decimal(format) }
        if format.hasPrefix("ts") { return timestamp(format) }
        return nil
    }

    private static func nested(_ format: String, _ children: Int) -> Kind? {
        if format == "+s" { return .object }
        guard children == 1 else { return nil }
        switch format {
        case "+l": return .list(isLarge: false)
        case "+L": return .list(isLarge: true)
        case "+vl": return .listView(isLarge: false)
        case "+vL": return .listView(isLarge: true)
        case "+m": return .map
        default: return format.hasPrefix("+w:") ? width(format).map { .fixedList(width: $0) } : nil
        }
    }

    private static func width(_ format: String) -> Int? {
        guard let text = format.split(separator: ":").last, let width = Int(text), (0...1 << 30).contains(width) else {
            return nil
        }
        return width
    }

    /// `d:precision,scale` with 128 bits, or `d:precision,scale,bits`.
    private static func decimal(_ format: String) -> Kind? {
        let parts = format.dropFirst(2).split(separator: ",").compactMap { Int($0) }
        guard parts.count == 2 || parts.count == 3, (-76...76).contains(parts[1]) else { return nil }
        let bits = parts.count == 3 ? parts[2] : 128
        return [32, 64, 128].contains(bits) ? .decimal(bits: bits, scale: parts[1]) : nil
    }

    /// `tsu:zone`; a time with a zone is stored in UTC.
    private static func timestamp(_ format: String) -> Kind? {
        let units: [Character: Unit] = ["s": .second, "m": .milli, "u": .micro, "n": .nano]
        guard let letter = format.dropFirst(2).first, let unit = units[letter] else { return nil }
        return .timestamp(unit, isUTC: !format.hasSuffix(":"))
    }
}
