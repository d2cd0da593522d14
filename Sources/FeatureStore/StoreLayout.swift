import Scoring

/// The layout of a store's file: a text head with counters, an index of buckets, a ring of cells.
///
/// A cell has the features of one text with their key and a checksum. Cells are filled in the order of work, so those
/// of one corpus are adjacent. When the ring is full, the oldest are overwritten. The index maps a key to its cell:
/// a bucket is one cache line of eight words, a word is 24 bits of the key and the position of a cell.
package struct StoreLayout: Equatable {
    /// F, features of a text.
    let columns: Int
    /// Cells of the ring.
    package let cells: Int

    /// The head's text, then the counters, each on a cache line of its own.
    package static let headBytes = 4096
    /// A mapping may begin at multiples of this on every processor: the largest page size of Linux.
    private static let pageBytes = 65_536
    /// Offsets of the counters in the head.
    static let claimedAt = 3072
    static let hitsAt = 3136
    static let missesAt = 3200
    /// Words of a bucket.
    static let ways = 8
    /// Bytes of key, checksum, flags and columns before the floats of a cell.
    package static let cellHeadBytes = 64
    /// Fewest cells: inserting one chunk must not wrap around the ring.
    static let cellsMin = 128

    /// The layout that the head of a file states.
    init(columns: Int, cells: Int) {
        self.columns = columns
        self.cells = cells
    }

    /// The largest layout within `bytesMax`. Throws `tooSmall`.
    package init(columns: Int, bytesMax: Int) throws(StoreError) {
        let usual = StoreLayout(columns: columns, cells: Self.cellsMin)
        // A cell has four words in the index; head and index are padded to pages.
        let each = usual.cellBytes + Self.ways / 2 * 8
        let cells = (bytesMax - Self.headBytes - Self.pageBytes) / each
        guard cells >= Self.cellsMin else {
            throw .tooSmall(bytes: bytesMax, needed: Self.headBytes + Self.pageBytes + Self.cellsMin * each)
        }
        self.init(columns: columns, cells: cells)
    }

    /// Bytes of a cell: whole cache lines.
    var cellBytes: Int { (Self.cellHeadBytes + columns * 4 + 63) / 64 * 64 }

    /// Half as many as cells: four words of the index for each cell, so a bucket overflows for one key in thousands.
    var buckets: Int { (cells + 1) / 2 }

    /// Offset of the ring; a page begins there.
    package var ringStart: Int {
        let end = Self.headBytes + buckets * Self.ways * 8
        return (end + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
    }

    /// Offset of the cell of a position.
    package func offset(ofPosition position: UInt64) -> Int {
        ringStart + Int(position % UInt64(cells)) * cellBytes
    }

    /// Bytes of the file, holes included.
    var bytes: Int { ringStart + cells * cellBytes }
}
