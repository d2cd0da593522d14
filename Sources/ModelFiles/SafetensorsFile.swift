package import Crypto
import Foundation
public import Kernels

/// A safetensors file, mapped into memory: tensors are copied out on demand, as floats.
///
/// The mapping is private and read-only. The file must not be truncated while it is mapped: model folders are written once.
public final class SafetensorsFile: Sendable {
    /// Path, as given.
    public let path: String
    /// The place of each tensor.
    public let header: SafetensorsHeader
    private let mapping: MappedFile

    /// Maps a file and checks its header. Throws `unreadable` and `damaged`. Cost: the header only.
    public init(path: String) throws(ModelError) {
        self.path = path
        mapping = try MappedFile(path: path)
        header = try mapping.withBytes { (bytes) throws(ModelError) in
            try SafetensorsHeader(parsing: bytes, fileBytes: bytes.count, file: path)
        }
    }

    /// A tensor as floats, row-major; F16 and BF16 are widened exactly.
    ///
    /// Throws `tensorMissing`, `tensorShape` (when it has another shape than expected) and `tensorType`.
    public func floats(_ name: String, shape: Shape? = nil) throws(ModelError) -> [Float] {
        let entry = try entry(name, shape: shape)
        return try mapping.withBytes { (bytes) throws(ModelError) in
            let raw = UnsafeRawBufferPointer(rebasing: bytes[entry.bytes])
            return switch entry.type {
            case "F32": Self.read(raw, UInt32.self) { Float(bitPattern: $0) }
            case "F16": Self.read(raw, UInt16.self) { Float(Float16(bitPattern: $0)) }
            case "BF16": Self.read(raw, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
            default:
                throw .tensorType(file: path, tensor: name, found: entry.type, supported: TensorTable.Kind.supported)
            }
        }
    }

    /// A table of floats whose rows are read one by one from the mapping, `(rows, columns)`. Throws as `floats` does.
    public func table(_ name: String, shape: Shape) throws(ModelError) -> TensorTable {
        let entry = try entry(name, shape: shape)
        guard let kind = TensorTable.Kind(rawValue: entry.type) else {
            throw .tensorType(file: path, tensor: name, found: entry.type, supported: TensorTable.Kind.supported)
        }
        return TensorTable(mapping: mapping, start: entry.bytes.lowerBound, kind: kind, sizes: entry.shape.sizes)
    }

    /// Throws what `floats` would throw. Cost: nothing is read.
    public func check(_ name: String, shape: Shape) throws(ModelError) {
        let entry = try entry(name, shape: shape)
        guard TensorTable.Kind(rawValue: entry.type) != nil else {
            throw .tensorType(file: path, tensor: name, found: entry.type, supported: TensorTable.Kind.supported)
        }
    }

    /// Feeds the whole file to a hash. Cost: reading it.
    package func hash(into hash: inout SHA256) {
        mapping.withBytes { hash.update(bufferPointer: $0) }
    }

    /// A tensor of whole numbers. Throws as `floats` does.
    public func integers(_ name: String, shape: Shape? = nil) throws(ModelError) -> [Int] {
        let entry = try entry(name, shape: shape)
        return try mapping.withBytes { (bytes) throws(ModelError) in
            let raw = UnsafeRawBufferPointer(rebasing: bytes[entry.bytes])
            return switch entry.type {
            case "I64": Self.read(raw, Int64.self) { Int($0) }
            case "I32": Self.read(raw, Int32.self) { Int($0) }
            case "U8": Self.read(raw, UInt8.self) { Int($0) }
            default: throw .tensorType(file: path, tensor: name, found: entry.type, supported: "I64, I32, U8")
            }
        }
    }

    private func entry(_ name: String, shape: Shape?) throws(ModelError) -> SafetensorsHeader.Entry {
        guard let entry = header.entries[name] else { throw .tensorMissing(file: path, tensor: name) }
        if let shape, entry.shape != shape {
            throw .tensorShape(file: path, tensor: name, expected: shape, found: entry.shape)
        }
        return entry
    }

    // The format is little-endian and does not align tensors.
    private static func read<Bits: FixedWidthInteger & BitwiseCopyable, Value>(
        _ raw: UnsafeRawBufferPointer, _: Bits.Type, _ convert: (Bits) -> Value
    ) -> [Value] {
        let width = MemoryLayout<Bits>.size
        let count = raw.count / width
        return [Value](unsafeUninitializedCapacity: count) { values, filled in
            for index in 0..<count {
                let bits = Bits(littleEndian: raw.loadUnaligned(fromByteOffset: index * width, as: Bits.self))
                values.initializeElement(at: index, to: convert(bits))
            }
            filled = count
        }
    }
}

/// Rows of a tensor in a mapped file, widened to floats as they are read: a table of embeddings without memory of its own.
public struct TensorTable: Sendable {
    enum Kind: String {
        case float32 = "F32"
        case float16 = "F16"
        case bfloat16 = "BF16"

        static let supported = "F32, F16, BF16"
    }

    /// Number of rows.
    public let rows: Int
    /// Floats of a row.
    public let columns: Int
    private let mapping: MappedFile
    private let start: Int
    private let kind: Kind
    /// Bytes of a value in the file.
    package var bytesPerValue: Int { kind == .float32 ? 4 : 2 }

    init(mapping: MappedFile, start: Int, kind: Kind, sizes: [Int]) {
        precondition(sizes.count == 2, "TensorTable: \(sizes)")
        (rows, columns) = (sizes[0], sizes[1])
        self.mapping = mapping
        self.start = start
        self.kind = kind
    }

    /// Copies one row to row `target` of a buffer of rows as wide. Precondition: both exist.
    public func copy(row: Int, to buffer: FloatBuffer, row target: Int) {
        precondition(0 <= row && row < rows, "TensorTable: row \(row) of \(rows)")
        let y = buffer.pointer(target * columns..<(target + 1) * columns)
        let (first, count) = (row * columns, columns)
        mapping.withBytes { bytes in
            switch kind {
            case .float32:
                let row = UnsafeRawBufferPointer(rebasing: bytes[start + 4 * first..<start + 4 * (first + count)])
                UnsafeMutableRawBufferPointer(start: y, count: 4 * count).copyMemory(from: row)
                // The format is little-endian.
                if Int(1).littleEndian != 1 {
                    for c in 0..<count { y[c] = Float(bitPattern: y[c].bitPattern.byteSwapped) }
                }
            case .float16:
                for c in 0..<count {
                    y[c] = Float(Float16(bitPattern: Self.read(bytes, start + 2 * (first + c), UInt16.self)))
                }
            case .bfloat16:
                for c in 0..<count {
                    y[c] = Float(bitPattern: UInt32(Self.read(bytes, start + 2 * (first + c), UInt16.self)) << 16)
                }
            }
        }
    }

    private static func read<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, _: Bits.Type
    ) -> Bits {
        Bits(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self))
    }
}
