import Foundation

/// Copies chosen rows of a JSON Lines, CSV or TSV file, or of a JSON array, as they are, byte for byte.
///
/// Input may be compressed; output is plain. Memory: one row and a buffer. A file appears when it is complete; a pipe or a
/// device is written to.
package enum RowCopy {
    /// Returns the number of rows written. Throws `otherFormat` for a format that cannot be written back, and
    /// `unwritable` also where the output is the input.
    package static func write(_ rows: RowSet, of input: String, to output: String) throws(CorporaError) -> Int {
        let (next, isArray) = try reader(input)
        let sink = try ByteSink(output, input: input)
        var written = 0
        if isArray { try sink.write([UInt8(ascii: "[")]) }
        while let row = try next() {
            guard row.isHeader || rows.contains(row.number) else { continue }
            if isArray { try sink.write(written == 0 ? [0x0A] : [UInt8(ascii: ","), 0x0A]) }
            if !row.isHeader { written += 1 }
            try sink.write(row.bytes)
            if !isArray, row.bytes.last != 0x0A { try sink.write([0x0A]) }
        }
        if isArray { try sink.write([0x0A, UInt8(ascii: "]"), 0x0A]) }
        try sink.finish()
        return written
    }

    /// Throws `otherFormat` if rows of the file cannot be written back. Cost: the start of the file.
    package static func check(_ input: String) throws(CorporaError) {
        _ = try reader(input)
    }

    private struct Row {
        let number: Int
        let bytes: [UInt8]
        var isHeader = false
    }

    private typealias Reader = () throws(CorporaError) -> Row?

    private static func reader(_ input: String) throws(CorporaError) -> (next: Reader, isArray: Bool) {
        let form: TextForm
        do throws(CorporaError) {
            form = try TextForm(of: input, rowBytesMax: LineReader.lineBytesMax)
        } catch .foreignFormat(_, let format) {
            throw refusal(input, format)
        }
        switch form {
        case .lines: return (try lines(input), false)
        case .table(let delimiter): return (try table(input, delimiter), false)
        case .array: return (try array(input), true)
        case .document: throw refusal(input, "a JSON object")
        }
    }

    private static func lines(_ input: String) throws(CorporaError) -> Reader {
        let reader = try LineReader(path: input, check: .none)
        return { () throws(CorporaError) -> Row? in
            guard let line = try reader.next() else { return nil }
            guard case .text(let bytes) = line.content else { return Row(number: 0, bytes: []) }
            return Row(number: line.number, bytes: bytes)
        }
    }

    private static func array(_ input: String) throws(CorporaError) -> Reader {
        let source = try DocumentSource(path: input, form: .array, rowBytesMax: LineReader.lineBytesMax)
        return { () throws(CorporaError) -> Row? in
            guard let row = try source.next() else { return nil }
            guard case .json(let bytes) = row.content else { return Row(number: 0, bytes: []) }
            return Row(number: row.number, bytes: bytes)
        }
    }

    private static func table(_ input: String, _ delimiter: UInt8) throws(CorporaError) -> Reader {
        let source = try TableSource(
            path: input, delimiter: delimiter, rowBytesMax: LineReader.lineBytesMax, keepsRecord: true)
        var header: [UInt8]? = source.recordBytes
        return { () throws(CorporaError) -> Row? in
            if let bytes = header {
                header = nil
                return Row(number: 0, bytes: bytes, isHeader: true)
            }
            guard let row = try source.next() else { return nil }
            return Row(number: row.number, bytes: source.recordBytes)
        }
    }

    private static func refusal(_ input: String, _ format: String) -> CorporaError {
        .otherFormat(
            "\(input): rows of \(format) cannot be written back as they are; give JSON Lines, an array, CSV or TSV")
    }
}

/// Writes a file through a buffer.
private final class ByteSink {
    private let path: String
    private let temporary: String?
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isFinished = false

    init(_ output: String, input: String) throws(CorporaError) {
        let target = Self.real(output)
        if let target, target == Self.real(input) {
            throw .unwritable(path: output, operation: "write", reason: "it is the file that is read")
        }
        path = target ?? output
        var status = stat()
        // A pipe or a device must stay what it is.
        let isStream = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        temporary = isStream ? nil : path + ".tmp"
        descriptor = open(temporary ?? path, O_WRONLY | O_CLOEXEC | (isStream ? 0 : O_CREAT | O_TRUNC), 0o666)
        guard descriptor >= 0 else {
            throw FileBytes.problem(path, "create", bytes: 0)
        }
    }

    deinit {
        close(descriptor)
        if !isFinished, let temporary { unlink(temporary) }
    }

    func write(_ bytes: [UInt8]) throws(CorporaError) {
        buffer += bytes
        if buffer.count >= 1 << 20 { try flush() }
    }

    func finish() throws(CorporaError) {
        try flush()
        guard let temporary else { return isFinished = true }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw FileBytes.problem(path, "write", bytes: 0)
        }
        isFinished = true
    }

    private func flush() throws(CorporaError) {
        try FileBytes.write(buffer, to: descriptor, name: path)
        buffer.removeAll(keepingCapacity: true)
    }

    private static func real(_ path: String) -> String? {
        guard let pointer = realpath(path, nil) else { return nil }
        defer { free(pointer) }
        return String(cString: pointer)
    }
}
