import CZlib
import CZstd

/// Decompresses bytes, at most as many at a time as fit into the output buffer.
protocol Decompressor: AnyObject {
    /// Name of the format, for messages.
    var format: String { get }
    /// True where the file may rightly end: between members or frames.
    var isAtBoundary: Bool { get }
    /// Decodes from `input` into `output`; says how much of each was used. Nothing of either means more input is
    /// needed.
    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DecompressionProblem) -> (consumed: Int, produced: Int)
}

/// What the library says of bytes that do not decode.
struct DecompressionProblem: Error {
    let reason: String
}

/// gzip (RFC 1952) of one or more members, and zero padding after the last.
final class GzipDecompressor: Decompressor {
    let format = "gzip"
    private(set) var isAtBoundary = true
    // zlib remembers the address of its stream, so the stream must not move.
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(DecompressionProblem) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let status = inflateInit2_(stream, gzipWindow, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw DecompressionProblem(reason: "zlib cannot start (\(status))") }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DecompressionProblem) -> (consumed: Int, produced: Int) {
        if isAtBoundary {
            let padding = input.prefix { $0 == 0 }.count
            if padding > 0 { return (padding, 0) }
            guard inflateReset(stream) == Z_OK else { throw DecompressionProblem(reason: "zlib cannot restart") }
        }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.assumingMemoryBound(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.assumingMemoryBound(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        let status = inflate(stream, Z_NO_FLUSH)
        guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
            throw DecompressionProblem(
                reason: stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)")
        }
        isAtBoundary = status == Z_STREAM_END
        return (input.count - Int(stream.pointee.avail_in), output.count - Int(stream.pointee.avail_out))
    }

    // 32 kB of window, and 16 for "gzip header and CRC".
    private let gzipWindow: Int32 = 15 + 16
}

/// zstd (RFC 8878) of one or more frames. The library's own window limit (128 MiB) bounds memory.
final class ZstdDecompressor: Decompressor {
    let format = "zstd"
    private(set) var isAtBoundary = true
    private let stream: OpaquePointer

    init() throws(DecompressionProblem) {
        guard let stream = ZSTD_createDStream() else { throw DecompressionProblem(reason: "zstd cannot start") }
        self.stream = stream
    }

    deinit {
        ZSTD_freeDStream(stream)
    }

    func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(DecompressionProblem) -> (consumed: Int, produced: Int) {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let status = ZSTD_decompressStream(stream, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            throw DecompressionProblem(reason: String(cString: ZSTD_getErrorName(status)))
        }
        isAtBoundary = status == 0
        return (source.pos, target.pos)
    }
}
