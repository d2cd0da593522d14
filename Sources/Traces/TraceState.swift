/// What tracing systems pass on beside a span's ids: the header `tracestate` of W3C Trace Context, which nobody here reads.
///
/// It is passed on unchanged, except that it is bounded: members of more than 128 bytes are left out first, then the last
/// ones, as the standard has it.
package struct TraceState: Hashable, Sendable {
    /// The header's value: not empty, at most `bytesMax` bytes.
    package let text: String

    /// Most bytes that are passed on: the standard wants this many at least.
    package static let bytesMax = 512
    private static let membersMax = 32
    private static let longMemberBytes = 128
    /// More than this is not read.
    private static let readMax = 16_384

    /// Reads the header's values, of which there may be several; `nil` where there is nothing in them, or one is not valid.
    package init?(_ values: [String]) {
        guard values.reduce(0, { $0 + $1.utf8.count }) <= Self.readMax else { return nil }
        var members: [ArraySlice<UInt8>] = []
        var keys: Set<ArraySlice<UInt8>> = []
        // Empty members are valid, and say nothing.
        let parts = values.flatMap { Array($0.utf8).split(separator: UInt8(ascii: ",")) }.map(Self.trimmed)
        for member in parts where !member.isEmpty {
            guard let key = Self.key(of: member), keys.insert(key).inserted else { return nil }
            members.append(member)
        }
        guard !members.isEmpty, members.count <= Self.membersMax else { return nil }
        text = String(decoding: Array(Self.bounded(members).joined(separator: [UInt8(ascii: ",")])), as: UTF8.self)
        if text.isEmpty { return nil }
    }

    /// Reads the bytes of a message; `nil` where they are not valid.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.bytesMax else { return nil }
        self.init([String(decoding: bytes, as: UTF8.self)])
    }

    private static func bounded(_ all: [ArraySlice<UInt8>]) -> [ArraySlice<UInt8>] {
        var members = all
        func bytes() -> Int { members.reduce(members.count - 1) { $0 + $1.count } }
        while bytes() > bytesMax, let long = members.lastIndex(where: { $0.count > longMemberBytes }) {
            members.remove(at: long)
        }
        while bytes() > bytesMax { members.removeLast() }
        return members
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return [] }
        return bytes[first...last]
    }

    /// The key of a member `key=value`; `nil` where one of the two is not valid.
    private static func key(of member: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let sign = member.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let (key, value) = (member[..<sign], member[(sign + 1)...])
        guard let first = key.first, isLetterOrDigit(first), key.count <= 256, key.allSatisfy(isOfKey),
            !value.isEmpty, value.count <= 256, value.allSatisfy(isOfValue)
        else { return nil }
        return key
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isOfKey(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "_-*/@".utf8.contains(byte) }

    private static func isOfValue(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: ",") && byte != UInt8(ascii: "=")
    }
}
