/// Cuts the output of a program into lines, and drops those that are too long.
struct LineCutter {
    /// A line without its newline, and its 1-based number.
    enum OutputLine: Equatable {
        case text(Int, [UInt8])
        /// A line that was dropped, and its length.
        case tooLong(Int, bytes: Int)
    }

    private let bytesMax: Int
    private var rest: [UInt8] = []
    /// Bytes dropped from a line that is too long.
    private var dropped = 0
    private var number = 0

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Appends bytes that were read; returns the lines that are complete.
    mutating func append(_ bytes: ArraySlice<UInt8>) -> [OutputLine] {
        var lines: [OutputLine] = []
        var bytes = bytes
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            extend(bytes[..<end])
            lines.append(finish())
            bytes = bytes[(end + 1)...]
        }
        extend(bytes)
        return lines
    }

    /// The last line, if the output ended without a newline.
    mutating func end() -> OutputLine? {
        rest.isEmpty && dropped == 0 ? nil : finish()
    }

    private mutating func extend(_ bytes: ArraySlice<UInt8>) {
        if dropped == 0, rest.count + bytes.count <= bytesMax { return rest += bytes }
        dropped += rest.count + bytes.count
        rest = []
    }

    private mutating func finish() -> OutputLine {
        number += 1
        defer {
            rest = []
            dropped = 0
        }
        if dropped > 0 { return .tooLong(number, bytes: dropped) }
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        return .text(number, rest)
    }
}
