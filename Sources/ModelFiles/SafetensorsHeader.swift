import Foundation
public import Kernels

/// The table at the start of a safetensors file: the place of each tensor.
///
/// Format: 8 bytes little-endian length, that many bytes of JSON, then the tensors' bytes without gaps. Everything is
/// checked here, so that later reads need no checks.
public struct SafetensorsHeader: Sendable {
    /// One tensor's place.
    public struct Entry: Sendable, Equatable {
        /// Kind of number, as the file spells it: `F32`, `BF16`, `I64`…
        public let type: String
        /// Sizes by axis.
        public let shape: Shape
        /// Bytes from the start of the file.
        public let bytes: Range<Int>
    }

    /// Tensors by name.
    public let entries: [String: Entry]
    /// The file's `__metadata__`.
    public let metadata: [String: String]

    /// The format's own limit on the table, 100 MB.
    public static let bytesMax = 100_000_000

    private struct RawEntry: Decodable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    private enum RawValue: Decodable {
        case tensor(RawEntry)
        case metadata([String: String])

        init(from decoder: any Decoder) throws {
            if decoder.codingPath.last?.stringValue == "__metadata__" {
                self = .metadata(try [String: String](from: decoder))
            } else {
                self = .tensor(try RawEntry(from: decoder))
            }
        }
    }

    /// Reads the table from a file's first bytes. `fileBytes` is the size of the whole file, `file` its name.
    ///
    /// Throws `damaged` with the place: a length beyond the file, JSON that does not parse, a range outside the file,
    /// two tensors on the same bytes, a gap, or a size that does not follow from type and shape.
    public init(parsing head: some RandomAccessCollection<UInt8>, fileBytes: Int, file: String) throws(ModelError) {
        guard fileBytes >= 8, head.count >= 8 else {
            throw .damaged(file: file, at: "byte 0", reason: "\(fileBytes) bytes are not a safetensors file")
        }
        let length = head.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length >= 2, length <= UInt64(Self.bytesMax), length <= UInt64(min(fileBytes, head.count) - 8) else {
            throw .damaged(
                file: file, at: "byte 0", reason: "header of \(length) bytes in a file of \(fileBytes)")
        }
        let table: [String: RawValue]
        do {
            table = try JSONDecoder().decode([String: RawValue].self, from: Data(head.dropFirst(8).prefix(Int(length))))
        } catch {
            throw .damaged(file: file, at: "byte 8", reason: "the header is not the JSON expected (\(error))")
        }
        let dataStart = 8 + Int(length)
        var entries: [String: Entry] = [:]
        var metadata: [String: String] = [:]
        for (name, value) in table {
            switch value {
            case .metadata(let values): metadata = values
            case .tensor(let raw):
                entries[name] = try Self.check(raw, name, dataStart: dataStart, fileBytes: fileBytes, file: file)
            }
        }
        try Self.checkLayout(entries, dataStart: dataStart, fileBytes: fileBytes, file: file)
        self.entries = entries
        self.metadata = metadata
    }

    private static func check(
        _ raw: RawEntry, _ name: String, dataStart: Int, fileBytes: Int, file: String
    ) throws(ModelError) -> Entry {
        guard raw.data_offsets.count == 2, let first = raw.data_offsets.first, let end = raw.data_offsets.last,
            first >= 0, first <= end, end <= fileBytes - dataStart
        else {
            throw .damaged(
                file: file, at: name,
                reason: "offsets \(raw.data_offsets) are not a range within \(fileBytes - dataStart) bytes of data")
        }
        guard let width = byteWidths[raw.dtype] else {
            throw .damaged(file: file, at: name, reason: "unknown type \(raw.dtype)")
        }
        let shape = Shape(raw.shape)
        guard let count = shape.elementCount, case let (size, overflow) = count.multipliedReportingOverflow(by: width),
            !overflow, size == end - first
        else {
            throw .damaged(
                file: file, at: name,
                reason: "\(end - first) bytes do not hold \(shape) of \(raw.dtype)")
        }
        return Entry(type: raw.dtype, shape: shape, bytes: dataStart + first..<dataStart + end)
    }

    private static func checkLayout(
        _ entries: [String: Entry], dataStart: Int, fileBytes: Int, file: String
    ) throws(ModelError) {
        let ordered = entries.sorted {
            ($0.value.bytes.lowerBound, $0.value.bytes.upperBound, $0.key)
                < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound, $1.key)
        }
        var end = dataStart
        for (name, entry) in ordered {
            guard entry.bytes.lowerBound == end else {
                let what = entry.bytes.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
                throw .damaged(file: file, at: name, reason: "starts at byte \(entry.bytes.lowerBound) and \(what)")
            }
            end = entry.bytes.upperBound
        }
        guard end == fileBytes else {
            throw .damaged(file: file, at: "byte \(end)", reason: "\(fileBytes - end) bytes follow the last tensor")
        }
    }

    private static let byteWidths = [
        "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4,
        "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
    ]
}
