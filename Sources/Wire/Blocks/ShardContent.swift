public import Scoring

/// The rows of a shard or of a piece: their texts, or where a worker reads them.
///
/// The coordinator forwards either without reading it, and counts only rows, tokens and bytes.
public enum ShardContent: Hashable, Sendable {
    /// The texts themselves.
    case texts(TextBlock)
    /// Row ranges: only for workers that read them.
    case ranges(RangeBlock)

    /// Number of rows.
    public var count: Int {
        switch self {
        case .texts(let texts): texts.count
        case .ranges(let ranges): ranges.count
        }
    }

    /// Side information of each row; `nil` where none is used.
    public var side: SideBlock? {
        switch self {
        case .texts(let texts): texts.side
        case .ranges(let ranges): ranges.side
        }
    }

    /// Bytes of the texts or of the row ranges, without side information.
    public var bytesCount: Int {
        switch self {
        case .texts(let texts): texts.bytes.count
        case .ranges(let ranges): ranges.frame.count
        }
    }

    /// Whether a worker must read the rows itself.
    public var isRanges: Bool { if case .ranges = self { true } else { false } }

    /// The content of some of the rows. Precondition: `rows` is within the block.
    public func slice(_ rows: Range<Int>) -> ShardContent {
        switch self {
        case .texts(let texts): .texts(texts.slice(rows))
        case .ranges(let ranges): .ranges(ranges.slice(rows))
        }
    }

    /// Reads the raw frames of a message, whose number was checked.
    init(count: Int, _ raw: [RawFrame], isRanges: Bool, hasSide: Bool) throws(WireError) {
        let side = hasSide ? raw.last : nil
        if isRanges {
            self = .ranges(try RangeBlock(count: count, frame: raw[0], side: side))
        } else {
            self = .texts(try TextBlock(count: count, lengthsFrame: raw[0], bytes: raw[1], side: side))
        }
    }

    /// The frames, in the order of the wire.
    var frames: [RawFrame] {
        switch self {
        case .texts(let texts): texts.frames
        case .ranges(let ranges): ranges.frames
        }
    }
}

/// Row ranges of a whole shard as one raw frame, which only a worker reads; and side information of the rows of a piece.
///
/// A piece of a shard has the frame of the whole shard: its name says which of the rows are meant.
public struct RangeBlock: Hashable, Sendable {
    /// Number of rows of the shard or the piece.
    public let count: Int
    /// A `RowRanges` of protobuf.
    let frame: RawFrame
    /// Side information of each row; `nil` where none is used.
    public let side: SideBlock?

    /// Packs row ranges. Precondition: side information is of as many rows.
    /// - Throws: `tooLarge` if they have more than `Limits.rangesBytesMax` bytes.
    public init(_ ranges: RowRanges, side: SideBlock? = nil) throws(WireError) {
        let count = ranges.rows
        precondition(side.map { $0.count == count } ?? true, "side information of other rows than \(count)")
        try self.init(count: count, frame: RawFrame(ranges.wireBytes), checked: side)
    }

    init(count: Int, frame: RawFrame, side: RawFrame?) throws(WireError) {
        var block: SideBlock?
        if let side { block = try SideBlock(count: count, frame: side) }
        try self.init(count: count, frame: frame, checked: block)
    }

    private init(count: Int, frame: RawFrame, checked side: SideBlock?) throws(WireError) {
        guard frame.count <= Limits.rangesBytesMax else {
            throw .tooLarge("row ranges", found: frame.count, limit: Limits.rangesBytesMax)
        }
        self.init(count: count, within: frame, side)
    }

    private init(count: Int, within frame: RawFrame, _ side: SideBlock?) {
        self.count = count
        self.frame = frame
        self.side = side
    }

    /// The row ranges of the whole shard. Throws `undecodable`, and `badField` for what is out of bounds.
    public func ranges() throws(WireError) -> RowRanges { try RowRanges(wireBytes: frame.array) }

    /// The block of some of the rows. Precondition: `rows` is within the block.
    func slice(_ rows: Range<Int>) -> RangeBlock {
        RangeBlock(count: rows.count, within: frame, side?.slice(rows))
    }

    var frames: [RawFrame] { [frame] + (side.map { [$0.frame] } ?? []) }
}
