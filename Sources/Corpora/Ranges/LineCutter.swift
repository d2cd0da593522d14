import Scoring

/// Cuts a range of bytes into lines as `LineReader` does, in bounded memory: a block, and a line of at most
/// `LineReader.lineBytesMax` bytes.
struct LineCutter {
    let path: String
    let range: RowRanges.Range
    /// Bytes that are fetched at a time.
    let blockBytes: Int

    /// Calls `body` with each line, without its end. `fetch` gives bytes of the file; it may give fewer where the file ends.
    /// Throws `otherRows` unless there are as many lines as the range has rows, all of them in UTF-8 and within the limit.
    func lines(
        fetch: (Range<Int>) throws(RangeError) -> [UInt8], body: ([UInt8]) throws(RangeError) -> Void
    ) throws(RangeError) {
        var at = range.bytes.lowerBound
        var rest: [UInt8] = []
        var found = 0
        while at < range.bytes.upperBound {
            let wanted = at..<at + min(blockBytes, range.bytes.upperBound - at)
            let block = try fetch(wanted)
            guard block.count == wanted.count else {
                throw problem("the file ends at byte \(at + block.count), before byte \(range.bytes.upperBound)")
            }
            at += block.count
            var start = 0
            while let end = block[start...].firstIndex(of: UInt8(ascii: "\n")) {
                try give(rest + block[start..<end], &found, body)
                rest = []
                start = end + 1
            }
            rest += block[start...]
            // One more byte is allowed for the carriage return.
            guard rest.count <= LineReader.lineBytesMax + 1 else { throw problem("a line is too long") }
        }
        if !rest.isEmpty { try give(rest, &found, body) }
        guard found == range.rows else { throw problem("its bytes have \(found) lines") }
    }

    private func give(
        _ bytes: [UInt8], _ found: inout Int, _ body: ([UInt8]) throws(RangeError) -> Void
    ) throws(RangeError) {
        found += 1
        guard found <= range.rows else { throw problem("its bytes have more lines") }
        let line = bytes.last == UInt8(ascii: "\r") ? Array(bytes.dropLast()) : bytes
        guard line.count <= LineReader.lineBytesMax else { throw problem("a line is too long") }
        guard (try? UTF8Span(validating: line.span)) != nil else { throw problem("a line is not UTF-8") }
        try body(line)
    }

    private func problem(_ reason: String) -> RangeError {
        .otherRows(path: path, rows: range.label, reason: reason)
    }
}
