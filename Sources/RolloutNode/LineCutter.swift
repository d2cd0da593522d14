/// Cuts what a program writes into lines, and forgets those that are too long to keep.
struct LineCutter {
    /// A line, without its newline.
    enum Line: Equatable {
        case text(Int, [UInt8])
        /// It had so many bytes.
        case tooLong(Int, bytes: Int)
    }

    private let bytesMax: Int
    private var rest: [UInt8] = []
    /// Bytes of the line that were dropped, when it is too long.
    private var dropped = 0
    private var number = 0

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// Takes what was read; the lines that are complete.
    mutating func add(_ bytes: ArraySlice<UInt8>) -> [Line] {
        var lines: [Line] = []
        var bytes = bytes
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            keep(bytes[..<end])
            lines.append(finish())
            bytes = bytes[(end + 1)...]
        }
        keep(bytes)
        return lines
    }

    /// What stands there without a newline when the program has ended: a line that was cut.
    mutating func end() -> Line? {
        rest.isEmpty && dropped == 0 ? nil : finish()
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        if dropped == 0, rest.count + bytes.count <= bytesMax { return rest += bytes }
        dropped += rest.count + bytes.count
        rest = []
    }

    private mutating func finish() -> Line {
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
