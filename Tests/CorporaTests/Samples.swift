import CZlib
import CZstd
import Corpora
import Foundation
import Scoring

/// A folder of a test's own, removed with it.
final class Scratch {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("corpora-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        // A test that failed half-way may have removed it already.
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    @discardableResult
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, text.utf8)
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: file(name))))
    }

    func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: file(folder)).sorted()
    }
}

struct CompressionFailed: Error {}

/// One gzip member.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    return try withUnsafeMutablePointer(to: &stream) { stream in
        let size = Int32(MemoryLayout<z_stream>.size)
        guard deflateInit2_(stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else {
            throw CompressionFailed()
        }
        defer { deflateEnd(stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count + 1024)
        let status = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                return deflate(stream, Z_FINISH)
            }
        }
        guard status == Z_STREAM_END else { throw CompressionFailed() }
        return Array(output[..<(output.count - Int(stream.pointee.avail_out))])
    }
}

/// One zstd frame.
func zstd(_ bytes: [UInt8]) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let count = output.withUnsafeMutableBytes { target in
        bytes.withUnsafeBytes { ZSTD_compress(target.baseAddress, target.count, $0.baseAddress, $0.count, 3) }
    }
    guard ZSTD_isError(count) == 0 else { throw CompressionFailed() }
    return Array(output[..<count])
}

/// All lines of a file.
func lines(of path: String, lineBytesMax: Int = LineReader.lineBytesMax) throws -> (
    lines: [LineReader.Line], digest: Digest
) {
    let reader = try LineReader(path: path, lineBytesMax: lineBytesMax)
    var lines: [LineReader.Line] = []
    while let line = try reader.next() { lines.append(line) }
    return (lines, reader.digest)
}

/// A line's text, or a word for what is wrong with it.
func text(_ line: LineReader.Line) -> String {
    switch line.content {
    case .text(let bytes): String(decoding: bytes, as: UTF8.self)
    case .tooLong(let bytes): "<too long: \(bytes)>"
    case .invalidUTF8(let offset): "<invalid at \(offset)>"
    }
}

/// All elements of a prompt corpus.
func elements(_ files: [String], keys: RowKeys = .automatic) throws -> [PromptCorpus.Element] {
    var corpus = try PromptCorpus(files: files, keys: keys)
    var elements: [PromptCorpus.Element] = []
    while let element = try corpus.next() { elements.append(element) }
    return elements
}

extension PromptCorpus.Element {
    var row: PromptRow? {
        if case .row(let row) = self { row } else { nil }
    }

    var error: RowError? {
        if case .rejected(let error) = self { error } else { nil }
    }
}
