public import Scoring

/// Side information of prompts as one raw frame, which can be cut by rows without its schema.
///
/// The frame has three uint32 (numbers, categories and vector columns of a row), R uint32 (bytes of each record), and the
/// records. A record of no bytes is a prompt of which nothing is known. Rewards that are k of n are sent as counts, all
/// others as float64: a context's digest covers their bits.
public struct SideBlock: Hashable, Sendable {
    /// Number of rows.
    public let count: Int
    /// The frame.
    let frame: RawFrame
    /// Bytes of the frame.
    public var bytesCount: Int { frame.count }

    private static let headBytes = 12
    /// Bytes of a record before its references: place in the pool, parts, number of references.
    private static let recordHeadBytes = 6

    /// Packs rows. Precondition: each fits the schema.
    public init(_ rows: [SideInformation], schema: SideSchema) {
        var lengths: [UInt8] = []
        var records: [UInt8] = []
        for row in rows {
            precondition(row.fits(schema), "side information does not fit its schema")
            let start = records.count
            Self.append(row, to: &records)
            LittleEndian.append(UInt32(records.count - start), to: &lengths)
        }
        var bytes: [UInt8] = []
        for size in [schema.numbers.count, schema.categories.count, schema.vectorColumns] {
            LittleEndian.append(UInt32(size), to: &bytes)
        }
        count = rows.count
        frame = RawFrame(bytes + lengths + records)
    }

    private init(count: Int, checked frame: RawFrame) {
        self.count = count
        self.frame = frame
    }

    /// Keeps a frame of `count` records.
    /// - Throws: `badFrame` or `tooLarge` unless its sizes are within limits and add up to its bytes.
    init(count: Int, frame: RawFrame) throws(WireError) {
        let fixed = Self.headBytes + 4 * count
        guard frame.count >= fixed else { throw .badFrame("side", found: frame.count, expected: fixed) }
        let (sizes, total) = frame.withBytes { span in
            var total = fixed
            for row in 0..<count { total += Int(LittleEndian.uint32(span, at: Self.headBytes + 4 * row)) }
            return ((0..<3).map { Int(LittleEndian.uint32(span, at: 4 * $0)) }, total)
        }
        guard sizes[0] + sizes[1] <= SideSchema.covariatesMax else {
            throw .tooLarge("covariates", found: sizes[0] + sizes[1], limit: SideSchema.covariatesMax)
        }
        guard sizes[2] <= SideSchema.vectorColumnsMax else {
            throw .tooLarge("vector columns", found: sizes[2], limit: SideSchema.vectorColumnsMax)
        }
        guard total == frame.count else { throw .badFrame("side", found: frame.count, expected: total) }
        self.init(count: count, checked: frame)
    }

    /// The block of some of the rows. Precondition: `rows` is within the block.
    func slice(_ rows: Range<Int>) -> SideBlock {
        if rows == 0..<count { return self }
        let lengths = lengths
        let start = Self.headBytes + 4 * count + lengths[..<rows.lowerBound].reduce(0, +)
        let size = lengths[rows].reduce(0, +)
        let sizes = frame.copy(Self.headBytes + 4 * rows.lowerBound..<Self.headBytes + 4 * rows.upperBound).array
        return SideBlock(
            count: rows.count,
            checked: RawFrame(
                frame.copy(0..<Self.headBytes).array + sizes + frame.copy(start..<start + size).array))
    }

    /// The rows, in order; `nil` in the place of one that cannot be read or does not fit the schema.
    public func rows(_ schema: SideSchema) -> [SideInformation?] {
        let sizes = (0..<3).map { place in frame.withBytes { Int(LittleEndian.uint32($0, at: 4 * place)) } }
        guard sizes == [schema.numbers.count, schema.categories.count, schema.vectorColumns] else {
            return Array(repeating: nil, count: count)
        }
        let lengths = lengths
        return frame.withBytes { span in
            var rows: [SideInformation?] = []
            rows.reserveCapacity(lengths.count)
            var start = Self.headBytes + 4 * lengths.count
            for length in lengths {
                let record = Self.record(span.extracting(start..<start + length), sizes)
                rows.append(record.flatMap { $0.fits(schema) ? $0 : nil })
                start += length
            }
            return rows
        }
    }

    private var lengths: [Int] {
        frame.withBytes { span in (0..<count).map { Int(LittleEndian.uint32(span, at: Self.headBytes + 4 * $0)) } }
    }

    // MARK: Records

    /// Set in a reference's byte where its outcome is sent as counts.
    private static let countsBit: UInt8 = 0x80

    private static func append(_ row: SideInformation, to bytes: inout [UInt8]) {
        guard row != .none else { return }
        LittleEndian.append(UInt32(clamping: row.poolRow.map { $0 + 1 } ?? 0), to: &bytes)
        bytes.append((row.numbers.isEmpty ? 0 : 1) | (row.categories.isEmpty ? 0 : 2) | (row.vectors.isEmpty ? 0 : 4))
        bytes.append(UInt8(clamping: row.references.count))
        for entry in row.references {
            let outcome = entry.outcome
            let k = min(outcome.successes.rounded(), Double(UInt32.max))
            let isCount = Outcome(k: Int(k), n: outcome.n)?.reward == outcome.reward
            bytes.append(UInt8(clamping: entry.reference) | (isCount ? countsBit : 0))
            LittleEndian.append(UInt32(clamping: outcome.n), to: &bytes)
            if isCount {
                LittleEndian.append(UInt32(k), to: &bytes)
            } else {
                LittleEndian.append(outcome.reward.bitPattern, to: &bytes)
            }
        }
        for number in row.numbers { LittleEndian.append(number.bitPattern, to: &bytes) }
        for code in row.categories { LittleEndian.append(code, to: &bytes) }
        for value in row.vectors { LittleEndian.append(value.bitPattern, to: &bytes) }
    }

    /// `sizes`: numbers, categories and vector columns of a row that has them.
    private static func record(_ span: Span<UInt8>, _ sizes: [Int]) -> SideInformation? {
        if span.isEmpty { return SideInformation.none }
        guard span.count >= recordHeadBytes else { return nil }
        let place = LittleEndian.uint32(span, at: 0)
        let (parts, entries) = (span[4], Int(span[5]))
        guard parts < 8 else { return nil }
        let numbers = parts & 1 == 0 ? 0 : sizes[0]
        let categories = parts & 2 == 0 ? 0 : sizes[1]
        let all = numbers + categories + (parts & 4 == 0 ? 0 : sizes[2])
        var offset = recordHeadBytes
        var references: [SideInformation.ReferenceOutcome] = []
        references.reserveCapacity(entries)
        for _ in 0..<entries {
            guard offset + 9 <= span.count else { return nil }
            let reference = span[offset]
            let n = Int(LittleEndian.uint32(span, at: offset + 1))
            let outcome: Outcome?
            if reference & countsBit != 0 {
                outcome = Outcome(k: Int(LittleEndian.uint32(span, at: offset + 5)), n: n)
                offset += 9
            } else {
                guard offset + 13 <= span.count else { return nil }
                outcome = Outcome(reward: Double(bitPattern: LittleEndian.uint64(span, at: offset + 5)), n: n)
                offset += 13
            }
            guard let outcome else { return nil }
            references.append(.init(reference: Int(reference & ~countsBit), outcome: outcome))
        }
        guard span.count == offset + 4 * all else { return nil }
        let poolRow = place == 0 ? nil : Int(place) - 1
        if all == 0 { return SideInformation(references: references, poolRow: poolRow) }
        var words: [UInt32] = []
        words.reserveCapacity(all)
        while offset < span.count {
            words.append(LittleEndian.uint32(span, at: offset))
            offset += 4
        }
        let rest = words.dropFirst(numbers)
        return SideInformation(
            references: references, numbers: words.prefix(numbers).map { Float(bitPattern: $0) },
            categories: Array(rest.prefix(categories)),
            vectors: rest.dropFirst(categories).map { Float(bitPattern: $0) }, poolRow: poolRow)
    }
}
