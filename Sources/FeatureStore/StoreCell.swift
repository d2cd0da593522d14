import Crypto
import Scoring

/// The bytes of a cell: key (32), checksum (16), flags (4), columns (4), padding (8), the values, and padding to a whole
/// cache line. The checksum is the first half of a SHA-256 over key, flags, columns and values.
struct StoreCell {
    let layout: StoreLayout

    private static let checkAt = 32
    private static let flagsAt = 48
    private static let columnsAt = 52
    private static let isTruncatedFlag: UInt32 = 1

    private var usedBytes: Int { StoreLayout.cellHeadBytes + layout.columns * 4 }

    /// The bytes of neighbouring cells. Precondition: F values each.
    func bytes(of entries: ArraySlice<(key: Scoring.Digest, entry: FeatureStore.Entry)>) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: entries.count * layout.cellBytes)
        bytes.withUnsafeMutableBytes { all in
            for (index, (key, entry)) in entries.enumerated() {
                precondition(
                    entry.values.count == layout.columns,
                    "FeatureStore: \(entry.values.count) values for \(layout.columns) columns")
                let start = index * layout.cellBytes
                let cell = UnsafeMutableRawBufferPointer(rebasing: all[start..<start + layout.cellBytes])
                cell.copyBytes(from: key.bytes)
                let flags = entry.isTruncated ? Self.isTruncatedFlag : 0
                cell.storeBytes(of: flags, toByteOffset: Self.flagsAt, as: UInt32.self)
                cell.storeBytes(of: UInt32(layout.columns), toByteOffset: Self.columnsAt, as: UInt32.self)
                entry.values.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: cell[StoreLayout.cellHeadBytes...]).copyMemory(from: $0)
                }
                let check = checksum(UnsafeRawBufferPointer(cell))
                cell.storeBytes(of: check.0, toByteOffset: Self.checkAt, as: UInt64.self)
                cell.storeBytes(of: check.1, toByteOffset: Self.checkAt + 8, as: UInt64.self)
            }
        }
        return bytes
    }

    /// The entry in a copy of a cell; `nil` if it has another key or fails its checksum.
    func entry(in copy: [UInt8], key: Scoring.Digest) -> FeatureStore.Entry? {
        copy.withUnsafeBytes { cell in
            guard cell[..<Scoring.Digest.byteCount].elementsEqual(key.bytes),
                cell.load(fromByteOffset: Self.columnsAt, as: UInt32.self) == UInt32(layout.columns)
            else { return nil }
            let check = checksum(cell)
            guard cell.load(fromByteOffset: Self.checkAt, as: UInt64.self) == check.0,
                cell.load(fromByteOffset: Self.checkAt + 8, as: UInt64.self) == check.1
            else { return nil }
            let values = UnsafeRawBufferPointer(rebasing: cell[StoreLayout.cellHeadBytes..<usedBytes])
            let flags = cell.load(fromByteOffset: Self.flagsAt, as: UInt32.self)
            return FeatureStore.Entry(
                values: Array(values.bindMemory(to: Float.self)), isTruncated: flags & Self.isTruncatedFlag != 0)
        }
    }

    private func checksum(_ cell: UnsafeRawBufferPointer) -> (UInt64, UInt64) {
        var hash = SHA256()
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: cell[..<Self.checkAt]))
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: cell[Self.flagsAt..<usedBytes]))
        return hash.finalize().withUnsafeBytes {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}
