import Foundation
public import Kernels

/// A safetensors file, mapped into memory: tensors are copied out on demand, as floats.
///
/// The mapping is private and read-only. Nobody may cut the file while it is mapped: model folders are written once.
public final class SafetensorsFile: Sendable {
    /// Path, as given.
    public let path: String
    /// What is where.
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
    public func floats(_ name: String, shape: Shape) throws(ModelError) -> [Float] {
        let entry = try entry(name, shape: shape)
        return try mapping.withBytes { (bytes) throws(ModelError) in
            let raw = UnsafeRawBufferPointer(rebasing: bytes[entry.bytes])
            return switch entry.type {
            case "F32": Self.read(raw, UInt32.self) { Float(bitPattern: $0) }
            case "F16": Self.read(raw, UInt16.self) { Float(Float16(bitPattern: $0)) }
            case "BF16": Self.read(raw, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
            default:
                throw .tensorType(file: path, tensor: name, found: entry.type, supported: "F32, F16, BF16")
            }
        }
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

    // The format is little-endian, and promises no alignment.
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
