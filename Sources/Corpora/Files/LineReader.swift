public import Scoring

import Crypto
import Foundation

/// The lines of a file as bytes, in bounded memory: plain, gzip or zstd, which the content decides, not the name.
///
/// A line ends with `\n` or `\r\n`; the last may lack it. A byte order mark is skipped. The digest is that of the
/// decompressed bytes, so it does not depend on compression. Memory: the longest line (at most `lineBytesMax`) twice.
public final class LineReader {
    /// One line, or the reason why it cannot be used.
    public struct Line: Sendable {
        /// From 1.
        public let number: Int
        /// The content of the line.
        public let content: Content
        /// Its place in the decompressed text, with its end.
        public let bytes: Range<Int>

        /// Kinds of content.
        public enum Content: Sendable {
            /// Valid UTF-8, without the line end.
            case text([UInt8])
            /// Longer than allowed; its bytes were skipped.
            case tooLong(bytes: Int)
            /// Not UTF-8 from this byte of the line on (from 0).
            case invalidUTF8(offset: Int)
        }
    }

    /// The check of a line's bytes.
    public enum Check: Sendable {
        /// A line must be UTF-8.
        case utf8
        /// None: `text` may have any bytes. For reading that only counts and hashes.
        case none
    }

    /// A longer line is an error of that line: 16 MiB.
    public static let lineBytesMax = 16 << 20

    /// The path as the caller wrote it.
    public let path: String
    /// Number of lines returned so far, including blank ones.
    public private(set) var lines = 0
    /// `plain`, `gzip` or `zstd`.
    public var format: String { source.format }

    private let source: ByteSource
    private let bytesMax: Int
    private let check: Check
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)
    private var start = 0
    private var end = 0
    /// Place of the buffer's first byte in the text.
    private var base = 0
    private var isAtEnd = false
    private var hash = SHA256()

    /// Opens a file; `-` is standard input. Of a pipe, the first reader makes a copy that all read.
    public init(
        path: String, lineBytesMax: Int = LineReader.lineBytesMax, check: Check = .utf8
    ) throws(CorporaError) {
        self.path = path
        self.check = check
        self.bytesMax = lineBytesMax
        self.source = try ByteSource(path: path)
        while end < 3, try more() > 0 {}
        if buffer[..<end].starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
    }

    /// The next line; `nil` at the end. Throws if reading fails.
    public func next() throws(CorporaError) -> Line? {
        var scanned = start
        while true {
            if let newline = newline(from: scanned) {
                let line = line(upTo: newline)
                start = newline + 1
                return line
            }
            // One more byte is allowed for the carriage return.
            if end - start > bytesMax + 1 { return try skipLine() }
            scanned = end
            let shift = start
            guard try more() > 0 else {
                guard start < end else { return nil }
                let line = line(upTo: end)
                start = end
                return line
            }
            if start != shift { scanned -= shift - start }
        }
    }

    /// SHA-256 of the decompressed bytes read so far; of the whole file once `next` has given `nil`.
    public var digest: Scoring.Digest {
        let hash = self.hash
        return Scoring.Digest { $0 = hash }
    }

    private func line(upTo newline: Int) -> Line {
        lines += 1
        let place = base + start..<base + min(newline + 1, end)
        let last = newline > start && buffer[newline - 1] == UInt8(ascii: "\r") ? newline - 1 : newline
        guard last - start <= bytesMax else {
            return Line(number: lines, content: .tooLong(bytes: last - start), bytes: place)
        }
        let bytes = Array(buffer[start..<last])
        guard check == .utf8 else { return Line(number: lines, content: .text(bytes), bytes: place) }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
            return Line(number: lines, content: .text(bytes), bytes: place)
        } catch {
            return Line(number: lines, content: .invalidUTF8(offset: error.byteOffsets.lowerBound), bytes: place)
        }
    }

    /// Skips a line that is too long.
    private func skipLine() throws(CorporaError) -> Line {
        lines += 1
        let first = base + start
        var bytes = 0
        while true {
            if let newline = newline(from: start) {
                bytes += newline - start
                start = newline + 1
                break
            }
            bytes += end - start
            start = end
            guard try more() > 0 else { break }
        }
        return Line(number: lines, content: .tooLong(bytes: bytes), bytes: first..<base + start)
    }

    private func newline(from: Int) -> Int? {
        guard from < end else { return nil }
        // The byte loop in Swift is five times slower, and this loop reads every byte of a corpus.
        return buffer.withUnsafeBytes { bytes in
            memchr(bytes.baseAddress! + from, Int32(UInt8(ascii: "\n")), end - from).map {
                UnsafeRawPointer($0) - bytes.baseAddress!
            }
        }
    }

    /// Reads more bytes behind `end`, after moving the kept bytes to the front or growing the buffer. Returns the
    /// number of new bytes.
    private func more() throws(CorporaError) -> Int {
        guard !isAtEnd else { return 0 }
        if start > 0 {
            let kept = end - start
            buffer.withUnsafeMutableBytes { bytes in
                _ = memmove(bytes.baseAddress!, bytes.baseAddress! + start, kept)
            }
            base += start
            start = 0
            end = kept
        }
        if end == buffer.count { buffer.append(contentsOf: repeatElement(0, count: buffer.count)) }
        let count = try source.read(into: &buffer, from: end)
        buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[end..<end + count])) }
        end += count
        isAtEnd = count == 0
        return count
    }
}
