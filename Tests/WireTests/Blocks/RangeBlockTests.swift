import Scoring
import Testing
import Wire

@Suite("Row ranges on the wire")
struct RangeBlockTests {
    private static func ranges(
        files: [RowRanges.File]? = nil, _ ranges: [RowRanges.Range], columns: Int = 0
    ) -> RowRanges {
        var keys = RowRanges.Keys()
        keys.columns = (0..<columns).map { "c\($0)" }
        return RowRanges(
            files: files ?? [RowRanges.File(path: "/a", kind: .lines, bytes: 100, modified: 1)], ranges: ranges,
            keys: keys, digest: Digest(of: "texts"))
    }

    private static func range(
        file: Int = 0, first: Int = 1, rows: Int = 1, _ bytes: Range<Int> = 0..<10
    ) -> RowRanges.Range {
        RowRanges.Range(file: file, firstRow: first, rows: rows, bytes: bytes)
    }

    @Test("what was packed is read, and a piece has the ranges of the whole shard")
    func roundTrip() throws {
        var ranges = Self.ranges([Self.range(rows: 2), Self.range(first: 9, rows: 3, 20..<90)], columns: 3)
        ranges.keys.template = "{a}"
        ranges.keys.dropsAnswer = true
        let block = try RangeBlock(ranges)
        #expect(block.count == 5)
        #expect(try block.ranges() == ranges)
        guard case .ranges(let piece) = ShardContent.ranges(block).slice(1..<3) else {
            Issue.record("a slice is of another kind")
            return
        }
        #expect(piece.count == 2)
        #expect(try piece.ranges() == ranges)
    }

    @Test("numbers that cannot be, or that would overflow, are refused before anything is computed with them")
    func hostile() {
        let parquet = [RowRanges.File(path: "/p", kind: .parquet, bytes: 100, modified: 1)]
        let bad: [RowRanges] = [
            Self.ranges([]),
            Self.ranges([Self.range(file: 1)]),
            Self.ranges([Self.range(first: 0)]),
            Self.ranges([Self.range(first: .max)]),
            Self.ranges([Self.range(rows: 0)]),
            Self.ranges([Self.range(rows: 4097)]),
            Self.ranges([Self.range(rows: 4000), Self.range(rows: 4000)]),
            Self.ranges([Self.range(0..<101)]),
            Self.ranges([Self.range(rows: 11)]),
            Self.ranges([Self.range(.max - 1 ..< .max)]),
            Self.ranges([Self.range()], columns: 129),
            Self.ranges(files: parquet, [Self.range()]),
            Self.ranges(files: parquet + parquet, [Self.range(0..<0)]),
            Self.ranges(
                files: [RowRanges.File(path: "/a", kind: .lines, bytes: .max, modified: 1)], [Self.range()]),
        ]
        for ranges in bad {
            #expect(ranges.fault(rowsMax: Limits.shardRowsMax) != nil, "\(ranges)")
            // What a writer clamps is refused, or it is another number that is in bounds.
            if let read = try? RangeBlock(ranges).ranges() {
                #expect(read.fault(rowsMax: Limits.shardRowsMax) == nil, "\(read)")
            }
        }
    }

    @Test("a frame of more than a mebibyte is refused by writer and reader")
    func tooLarge() throws {
        var ranges = Self.ranges([Self.range()])
        ranges.files[0].path = "/" + String(repeating: "x", count: Limits.rangesBytesMax)
        #expect(throws: WireError.self) { try RangeBlock(ranges) }
        let shard = SubmitShard(
            job: MessageSample.job, shard: 0, tokens: 1, affinity: 0,
            content: .ranges(try RangeBlock(Self.ranges([Self.range()]))))
        var frames = Envelope(generation: 1, .submitShard(shard)).frames
        #expect(try Envelope(frames: frames).message == .submitShard(shard))
        frames[1] = [UInt8](repeating: 0, count: Limits.rangesBytesMax + 1)
        #expect(
            throws: WireError.tooLarge(
                "row ranges", found: Limits.rangesBytesMax + 1, limit: Limits.rangesBytesMax)
        ) { try Envelope(frames: frames) }
    }

    @Test("a shard of row ranges counts its estimated tokens in the window, as one of texts does")
    func window() throws {
        let block = try RangeBlock(Self.ranges([Self.range()]))
        let shard = SubmitShard(
            job: MessageSample.job, shard: 0, tokens: 9000, affinity: 0, content: .ranges(block))
        #expect(shard.windowTokens == 9000)
    }
}
