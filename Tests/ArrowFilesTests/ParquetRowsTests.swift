import ArrowFiles
import Corpora
import Foundation
import JSON
import Scoring
import TestSupport
import Testing

@Suite("Parquet rows by their numbers", .enabled(if: ArrowLibrary.readsRows, "run scripts/arrow/install again"))
struct ParquetRowsTests {
    /// A file with row groups of 65,536 rows.
    private static func file(rows: Int, in folder: ScratchFolder) throws -> String {
        let lines = (0..<rows).map { #"{"id":\#($0),"prompt":"What is \#($0)?"}"# + "\n" }.joined()
        let bytes = try ArrowEncoder.encode(
            lines: Array(lines.utf8), columns: [.init("id", .int64), .init("prompt", .text)], format: .parquet,
            path: "a")
        return try folder.write("a.parquet", bytes)
    }

    private func number(_ row: JSONObject) -> Int? { row["id"]?.integer }

    @Test("rows in order, behind, far ahead and over the end of a row group are those of the file")
    func anyOrder() throws {
        let folder = try ScratchFolder()
        let path = try Self.file(rows: 150_000, in: folder)
        let rows = try ParquetRows(path, at: path, columns: ["id", "prompt", "absent"])
        let starts = [0, 256, 512, 0, 65_400, 65_530, 131_000, 149_744, 3, 140_000, 2000, 9000, 1024]
        for start in starts {
            let found = try rows.rows(start..<start + 256) {}
            #expect(found.map(number) == Array(start..<start + 256), "\(start)")
            #expect(found.first?["prompt"]?.string == "What is \(start)?")
        }
    }

    @Test("rows behind the end are an error, and the next rows are read as before")
    func behindTheEnd() throws {
        let folder = try ScratchFolder()
        let path = try Self.file(rows: 1000, in: folder)
        let rows = try ParquetRows(path, at: path, columns: ["id"])
        for range in [1000..<1001, 900..<1100, (1 << 53) - 1..<(1 << 53) + 4095, Int.max - 1..<Int.max] {
            #expect(throws: CorporaError.self) { try rows.rows(range) {} }
            #expect(try rows.rows(5..<7) {}.map(number) == [5, 6])
        }
    }

    @Test("a row range of a Parquet file gives the client's texts, and a changed file none")
    func ranges() throws {
        RowFormats.add(ArrowRowFormat())
        let folder = try ScratchFolder()
        let path = try Self.file(rows: 3000, in: folder)
        let survey = try InputFile.survey([path])
        let files = try RangeFiles(survey, keys: .automatic, columns: .none)
        let texts = (2000..<2256).map { "What is \($0)?" }
        let ranges = RowRanges(
            files: [try #require(files[path])], ranges: [RowRanges.Range(file: 0, firstRow: 2001, rows: 256)],
            keys: files.keys, digest: RowRanges.digest(of: texts))
        let reader = RangeReader(roots: try DataRoots([folder.path]), copyBytesMax: 0)
        #expect(try reader.texts(of: ranges, onProgress: {}) == texts)
        var other = ranges
        other.ranges[0].firstRow = 2900
        #expect(throws: RangeError.self) { try reader.texts(of: other, onProgress: {}) }
        _ = try Self.file(rows: 3001, in: folder)
        do throws(RangeError) {
            _ = try reader.texts(of: ranges, onProgress: {})
            Issue.record("a changed file was read")
        } catch {
            #expect(error.code == .changed, "\(error)")
        }
    }
}
