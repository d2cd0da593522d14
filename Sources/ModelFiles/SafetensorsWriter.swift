package import Kernels

/// Makes the bytes of a safetensors file, tensor by tensor.
///
/// The same tensors and metadata in the same order give the same bytes. Names and metadata must need no escape in JSON.
package struct SafetensorsWriter {
    private let metadata: [(key: String, value: String)]
    private var entries: [String] = []
    private var data: [UInt8] = []

    /// No tensor yet. `metadata` is written in its order.
    package init(metadata: [(key: String, value: String)]) {
        self.metadata = metadata
    }

    /// Adds a tensor of type F32. Precondition: as many values as the shape says.
    package mutating func append(_ name: String, _ values: some Collection<Float>, shape: Shape) {
        precondition(values.count == shape.elementCount, "SafetensorsWriter: \(values.count) values for \(shape)")
        let start = data.count
        data.reserveCapacity(start + 4 * values.count)
        for value in values { Self.append(value.bitPattern, to: &data) }
        note(name, "F32", shape, from: start)
    }

    /// Adds a tensor of type U8. Precondition: as many values as the shape says.
    package mutating func append(_ name: String, _ values: some Collection<UInt8>, shape: Shape) {
        precondition(values.count == shape.elementCount, "SafetensorsWriter: \(values.count) bytes for \(shape)")
        let start = data.count
        data += values
        note(name, "U8", shape, from: start)
    }

    /// The whole file.
    package var bytes: [UInt8] {
        let metadata = metadata.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",")
        let header = "{" + (["\"__metadata__\":{\(metadata)}"] + entries).joined(separator: ",") + "}"
        // Data starts at a multiple of 8, as the format's own library writes it.
        let padding = [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.utf8.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.utf8.count + padding.count + data.count)
        Self.append(UInt64(header.utf8.count + padding.count), to: &bytes)
        bytes += header.utf8
        return bytes + padding + data
    }

    private mutating func note(_ name: String, _ type: String, _ shape: Shape, from start: Int) {
        let sizes = shape.sizes.map(String.init).joined(separator: ",")
        entries.append(
            "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":[\(sizes)],\"data_offsets\":[\(start),\(data.count)]}")
    }

    // The format is little-endian.
    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}
