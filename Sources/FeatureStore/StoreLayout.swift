import Scoring

/// What lies where in a store's file: a head of text with counters, an index of buckets, a ring of cells.
///
/// A cell is the features of one text with their key and a checksum. Cells are filled in the order of work, so those of
/// one corpus lie together, and when the ring is full the oldest are overwritten. The index says where a key's cell is:
/// a bucket is one cache line of eight words, a word is 24 bits of the key and the position of a cell.
package struct StoreLayout: Equatable {
    /// F, features of a text.
    let columns: Int
    /// Cells of the ring.
    package let cells: Int

    /// The head's text, then the counters, each on a cache line of its own.
    package static let headBytes = 4096
    /// What a mapping may begin at a multiple of, on every processor: the largest pages that Linux has.
    private static let pageBytes = 65_536
    /// Where the counters stand in the head.
    static let claimedAt = 3072
    static let hitsAt = 3136
    static let missesAt = 3200
    /// Words of a bucket.
    static let ways = 8
    /// Key, checksum, flags and columns before a cell's floats.
    package static let cellHeadBytes = 64
    /// Fewest cells: a keep of a chunk must not run around the ring.
    static let cellsMin = 128

    /// A layout as a file's head tells it.
    init(columns: Int, cells: Int) {
        self.columns = columns
        self.cells = cells
    }

    /// The largest layout within so many bytes. Throws `tooSmall`.
    package init(columns: Int, bytesMax: Int) throws(StoreError) {
        let usual = StoreLayout(columns: columns, cells: Self.cellsMin)
        // A cell has four words in the index, and head and index fill pages.
        let each = usual.cellBytes + Self.ways / 2 * 8
        let cells = (bytesMax - Self.headBytes - Self.pageBytes) / each
        guard cells >= Self.cellsMin else {
            throw .tooSmall(bytes: bytesMax, needed: Self.headBytes + Self.pageBytes + Self.cellsMin * each)
        }
        self.init(columns: columns, cells: cells)
    }

    /// Bytes of a cell, whole cache lines.
    var cellBytes: Int { (Self.cellHeadBytes + columns * 4 + 63) / 64 * 64 }

    /// Two words in four are empty when the ring is full, and a bucket overflows for one key in thousands.
    var buckets: Int { (cells + 1) / 2 }

    /// Where the ring starts, on a page.
    package var ringStart: Int {
        let end = Self.headBytes + buckets * Self.ways * 8
        return (end + Self.pageBytes - 1) / Self.pageBytes * Self.pageBytes
    }

    /// Where a position's cell lies.
    package func offset(ofPosition position: UInt64) -> Int {
        ringStart + Int(position % UInt64(cells)) * cellBytes
    }

    /// Bytes of the file, holes included.
    var bytes: Int { ringStart + cells * cellBytes }
}

/// The text that a store's file begins with: whose features, and the layout.
struct StoreHead: Equatable {
    let encoder: ModelFingerprint
    let layout: StoreLayout

    private static let title = "statezero features, version 1"

    /// Lines of names and values; zeros fill the rest.
    var text: String {
        """
        \(Self.title)
        encoder \(encoder.digest.hex)
        columns \(layout.columns)
        cells \(layout.cells)
        name \(encoder.name.prefix(200).filter { !$0.isNewline })

        """
    }

    init(encoder: ModelFingerprint, layout: StoreLayout) {
        self.encoder = encoder
        self.layout = layout
    }

    /// Reads a head; `nil` for anything that this version would not have written to the byte.
    init?(bytes: some Sequence<UInt8>) {
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        guard let digest = Digest(hex: String(values["encoder"] ?? "")), let columns = Int(values["columns"] ?? ""),
            let cells = Int(values["cells"] ?? ""), (1...1 << 20).contains(columns),
            (StoreLayout.cellsMin...1 << 40).contains(cells)
        else { return nil }
        self.init(
            encoder: ModelFingerprint(name: String(values["name"] ?? ""), digest: digest),
            layout: StoreLayout(columns: columns, cells: cells))
        guard self.text == text else { return nil }
    }
}
