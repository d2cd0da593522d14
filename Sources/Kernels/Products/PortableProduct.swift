/// A linear layer in Swift vectors: for processors on which oneDNN's result depends on the other rows (it did with AVX2
/// alone, where oneDNN computes the last rows of a block differently), and for other architectures.
///
/// bfloat16 and 8-bit numbers are converted to floats and multiplied, so they save nothing here.
///
/// MiniLM on it, one thread of an EPYC (Zen 4): 3,830 to 4,180 tokens a processor second, where oneDNN on AVX-512 gave
/// 4,010 to 4,390 (128 × 32 and mixed lengths, on a machine with other work).
enum PortableProduct {
    static func packedBytes(_ shape: ProductShape) -> Int {
        shape.inputs * shape.outputs * MemoryLayout<Float>.stride
    }

    // Panels of 16 output columns, each (K, 16), one after the other.
    static func pack(_ weightNK: [Float], _ shape: ProductShape) -> PackedBytes {
        let inputs = shape.inputs
        let rounded = FloatBuffer(weightNK)
        if shape.precision != .float32 {
            let rows = QuantizedActivations(rows: shape.outputs, width: inputs, precision: shape.precision)
            rows.fill(from: rounded, count: rounded.count)
            widen(ProductRows(base: rows.raw(0..<rows.count), scales: rows.scales(fromRow: 0)), to: rounded, shape)
        }
        return PackedBytes(count: packedBytes(shape)) { bytes in
            guard let panels = bytes.bindMemory(to: Float.self).baseAddress else { return }
            for n in 0..<shape.outputs {
                let panel = panels + n / Tile.columns * Tile.columns * inputs + n % Tile.columns
                for k in 0..<inputs { panel[k * Tile.columns] = rounded.base[n * inputs + k] }
            }
        }
    }

    static func apply(
        _ input: ProductRows, _ y: UnsafeMutablePointer<Float>, rows: Int, _ shape: ProductShape,
        weight: PackedBytes, bias: PackedBytes?
    ) {
        if shape.precision == .float32 {
            multiply(input.base.assumingMemoryBound(to: Float.self), y, rows: rows, shape, weight, bias)
        } else {
            let wide = FloatBuffer(count: rows * shape.inputs)
            widen(input, to: wide, shape)
            multiply(wide.base, y, rows: rows, shape, weight, bias)
        }
        if shape.activation == .gelu { Activations.gelu(y, count: rows * shape.outputs) }
    }

    // As many rows of K numbers as the buffer holds.
    private static func widen(_ rows: ProductRows, to wide: FloatBuffer, _ shape: ProductShape) {
        let count = wide.count
        switch shape.precision {
        case .float32: break
        case .bfloat16:
            let halves = rows.base.assumingMemoryBound(to: UInt16.self)
            for index in 0..<count { wide.base[index] = Float(bitPattern: UInt32(halves[index]) << 16) }
        case .int8:
            let eights = rows.base.assumingMemoryBound(to: Int8.self)
            for index in 0..<count {
                wide.base[index] = Float(eights[index]) * (rows.scales?[index / shape.inputs] ?? 1)
            }
        }
    }

    private static func multiply(
        _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, rows: Int, _ shape: ProductShape,
        _ weight: PackedBytes, _ bias: PackedBytes?
    ) {
        let (inputs, outputs) = (shape.inputs, shape.outputs)
        let panels = weight.floats
        // Blocks of rows that stay in the second-level cache while every panel is read once.
        let block = 16 * Tile.rows
        for first in stride(from: 0, to: rows, by: block) {
            let end = min(first + block, rows)
            for column in stride(from: 0, to: outputs, by: Tile.columns) {
                for row in stride(from: first, to: end, by: Tile.rows) {
                    Tile.multiply(
                        a: x + row * inputs, aStride: inputs, b: panels + column * inputs,
                        bStride: Tile.columns, depth: inputs, rows: min(Tile.rows, end - row),
                        bias: bias.map { UnsafePointer($0.floats + column) }, c: y + row * outputs + column,
                        cStride: outputs)
                }
            }
        }
    }
}
