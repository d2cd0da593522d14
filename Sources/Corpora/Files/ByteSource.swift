import Foundation

/// The decompressed bytes of a file, one chunk at a time. The first bytes decide the format, never the name.
final class ByteSource {
    let path: String
    /// `plain`, `gzip` or `zstd`.
    var format: String { decompressor?.format ?? "plain" }
    /// Number of bytes read from the file.
    private(set) var bytesRead = 0
    /// Number of decompressed bytes returned.
    private(set) var textBytes = 0

    private let descriptor: Int32
    private var decompressor: (any Decompressor)?
    private var input = [UInt8](repeating: 0, count: 256 << 10)
    private var inputStart = 0
    private var inputEnd = 0
    private var isAtEnd = false

    /// Opens a file; `-` is standard input. Of a pipe, the first source makes a copy that all read.
    init(path: String) throws(CorporaError) {
        self.path = path
        descriptor = open(try PipeCopies.location(of: path), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        try detect()
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Reads once into `buffer[start...]`; returns the number of bytes, 0 at the end of the file.
    func read(into buffer: inout [UInt8], from start: Int) throws(CorporaError) -> Int {
        guard let decompressor else {
            let count: Int
            if inputStart < inputEnd {
                count = min(inputEnd - inputStart, buffer.count - start)
                buffer.replaceSubrange(start..<start + count, with: input[inputStart..<inputStart + count])
                inputStart += count
            } else {
                count = try readFile(into: &buffer, from: start)
            }
            textBytes += count
            return count
        }
        while true {
            if inputStart == inputEnd, !isAtEnd { try fill(keeping: 0) }
            let step = try decode(with: decompressor, into: &buffer, from: start)
            inputStart += step.consumed
            textBytes += step.produced
            if step.produced > 0 { return step.produced }
            // No output and no more input: the end of the data, complete or not.
            if isAtEnd, inputStart == inputEnd || step.consumed == 0 {
                if decompressor.isAtBoundary, inputStart == inputEnd { return 0 }
                throw .truncated(path: path, format: format, bytesRead: bytesRead, textBytes: textBytes)
            }
        }
    }

    private func decode(
        with decompressor: any Decompressor, into buffer: inout [UInt8], from start: Int
    ) throws(CorporaError) -> (consumed: Int, produced: Int) {
        if inputStart == inputEnd, isAtEnd, decompressor.isAtBoundary { return (0, 0) }
        let step = input[inputStart..<inputEnd].withUnsafeBytes { source in
            buffer.withUnsafeMutableBytes { target in
                Result { () throws(DecompressionProblem) in
                    try decompressor.decode(source, into: UnsafeMutableRawBufferPointer(rebasing: target[start...]))
                }
            }
        }
        switch step {
        case .success(let step): return step
        case .failure(let problem):
            throw .damaged(
                path: path, format: format, bytesRead: bytesRead - (inputEnd - inputStart), textBytes: textBytes,
                reason: problem.reason)
        }
    }

    /// Reads the first bytes and chooses the decompressor for them.
    private func detect() throws(CorporaError) {
        while inputEnd < 4, !isAtEnd { try fill(keeping: inputEnd) }
        let start = Array(input[..<min(inputEnd, 6)])
        do throws(DecompressionProblem) {
            if start.starts(with: [0x1F, 0x8B]) {
                decompressor = try GzipDecompressor()
            } else if start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || Self.isSkippableFrame(start) {
                decompressor = try ZstdDecompressor()
            }
        } catch {
            throw .unreadable(path: path, reason: error.reason)
        }
        for (magic, format) in Self.foreignFormats where start.starts(with: magic) {
            throw .foreignFormat(path: path, format: format)
        }
    }

    private static let foreignFormats: [(magic: [UInt8], format: String)] = [
        (Array("PAR1".utf8), "Parquet"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"), (Array("BZh".utf8), "bzip2"),
        ([0x50, 0x4B, 0x03, 0x04], "a zip archive"), (Array("ARROW1".utf8), "Arrow"),
        ([0xFF, 0xFE], "UTF-16 text"), ([0xFE, 0xFF], "UTF-16 text"),
    ]

    // Parallel zstd writers start with a skippable frame: magic 0x184D2A50 to 0x184D2A5F, little-endian.
    private static func isSkippableFrame(_ start: [UInt8]) -> Bool {
        start.count >= 4 && start[0] & 0xF0 == 0x50 && start[1...3].elementsEqual([0x2A, 0x4D, 0x18])
    }

    private func fill(keeping kept: Int) throws(CorporaError) {
        inputStart = 0
        inputEnd = kept
        let count = try readFile(into: &input, from: kept)
        inputEnd += count
        isAtEnd = count == 0
    }

    private func readFile(into buffer: inout [UInt8], from start: Int) throws(CorporaError) -> Int {
        while true {
            let count = buffer.withUnsafeMutableBytes {
                Foundation.read(descriptor, $0.baseAddress! + start, $0.count - start)
            }
            if count >= 0 {
                bytesRead += count
                return count
            }
            // A signal interrupted the call.
            guard errno == EINTR else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        }
    }
}
