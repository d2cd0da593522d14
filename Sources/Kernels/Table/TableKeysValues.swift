/// Keys and values of one head for many columns of a table, stored in the packing that attention reads.
///
/// A slot is a column's: keys (length, D) as panels of 16 tokens, each (D, 16), and values as panels of 16 channels,
/// each (length, 16). Memory is not written before a slot is stored, so that the thread that fills it also gets it from
/// the system. Threads may store and read different slots at once.
public final class TableKeysValues {
    /// How numbers are stored.
    public enum Format: String, Sendable, CaseIterable {
        /// Unchanged, in float32.
        case float32
        /// Rounded to nearest, ties to even: half the memory.
        case bfloat16

        var bytes: Int { self == .float32 ? 4 : 2 }
    }

    /// Columns.
    public let slots: Int
    /// Tokens of a column, and channels of a head.
    let panels: TablePanels
    let format: Format
    private let memory: UnsafeMutableRawBufferPointer

    /// Memory for `slots` columns of `length` tokens: `bytes(slots:length:headWidth:format:)`.
    public init(slots: Int, length: Int, headWidth: Int, format: Format) {
        precondition(slots > 0 && length > 0 && headWidth > 0, "TableKeysValues: \(slots), \(length), \(headWidth)")
        self.slots = slots
        self.format = format
        panels = TablePanels(length: length, headWidth: headWidth)
        memory = .allocate(byteCount: slots * panels.count * format.bytes, alignment: 64)
    }

    deinit {
        memory.deallocate()
    }

    /// Bytes of a store of this size.
    public static func bytes(slots: Int, length: Int, headWidth: Int, format: Format) -> Int {
        slots * TablePanels(length: length, headWidth: headWidth).count * format.bytes
    }

    /// Stores `packed`: keys, then values.
    func store(_ packed: UnsafePointer<Float>, slot: Int) {
        let target = start(slot)
        switch format {
        case .float32:
            target.copyMemory(from: packed, byteCount: panels.count * 4)
        case .bfloat16:
            let values = target.bindMemory(to: UInt16.self, capacity: panels.count)
            for index in 0..<panels.count {
                let bits = packed[index].bitPattern
                values[index] = UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
            }
        }
    }

    /// A slot's floats: in place, or widened into `room`.
    func load(slot: Int, room: UnsafeMutablePointer<Float>) -> UnsafePointer<Float> {
        let source = start(slot)
        switch format {
        case .float32:
            return UnsafePointer(source.bindMemory(to: Float.self, capacity: panels.count))
        case .bfloat16:
            let values = source.bindMemory(to: UInt16.self, capacity: panels.count)
            for index in 0..<panels.count { room[index] = Float(bitPattern: UInt32(values[index]) << 16) }
            return UnsafePointer(room)
        }
    }

    private func start(_ slot: Int) -> UnsafeMutableRawPointer {
        precondition(slot >= 0 && slot < slots, "TableKeysValues: slot \(slot) of \(slots)")
        return memory.baseAddress.unsafelyUnwrapped + slot * panels.count * format.bytes
    }
}

/// Sizes of packed keys and values of one head.
struct TablePanels {
    let length: Int
    let headWidth: Int

    /// Tokens in whole panels.
    var paddedLength: Int { (length + Tile.columns - 1) / Tile.columns * Tile.columns }
    /// Channels in whole panels.
    var paddedHeadWidth: Int { (headWidth + Tile.columns - 1) / Tile.columns * Tile.columns }
    /// Floats of the keys; the values follow.
    var keysCount: Int { paddedLength * headWidth }
    /// Floats of keys and values, in whole cache lines.
    var count: Int { keysCount + length * paddedHeadWidth }

    /// Packs `length` rows of keys and of values, `stride` floats apart. Tokens and channels that fill a panel are 0.
    func pack(
        keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, into target: UnsafeMutablePointer<Float>
    ) {
        for first in Swift.stride(from: 0, to: paddedLength, by: Tile.columns) {
            let panel = target + first * headWidth
            for t in 0..<Tile.columns {
                guard first + t < length else {
                    for d in 0..<headWidth { panel[d * Tile.columns + t] = 0 }
                    continue
                }
                let key = keys + (first + t) * stride
                for d in 0..<headWidth { panel[d * Tile.columns + t] = key[d] }
            }
        }
        for first in Swift.stride(from: 0, to: paddedHeadWidth, by: Tile.columns) {
            let panel = target + keysCount + first * length
            let whole = min(Tile.columns, headWidth - first)
            for t in 0..<length {
                let value = values + t * stride + first
                let row = panel + t * Tile.columns
                if whole == Tile.columns {
                    Lanes.load(value).store(row)
                    Lanes.load(value + 8).store(row + 8)
                } else {
                    for c in 0..<Tile.columns { row[c] = c < whole ? value[c] : 0 }
                }
            }
        }
    }
}
