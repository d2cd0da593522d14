import Foundation
import JSON
import TestSupport
import Testing

import ArrowFiles

@Suite("Writing Parquet and Arrow files", .enabled(if: hasLibrary, "run scripts/arrow/install"))
struct ArrowEncoderTests {
    private let columns: [ArrowEncoder.Column] = [
        .init("prompt_id", .text), .init("p", .float), .init("n", .int64), .init("truncated", .bool),
        .init("error.code", .text), .init("error.line", .int64),
    ]
    private let lines = """
        {"prompt_id":"a","p":0.1,"n":4,"truncated":false}
        {"prompt_id":"é","error":{"code":"bad_json","line":7}}

        """

    @Test("what is written is read again", arguments: ArrowFormat.allCases)
    func roundTrip(_ format: ArrowFormat) throws {
        let scratch = try ScratchFolder()
        let bytes = try ArrowEncoder.encode(
            lines: Array(lines.utf8), columns: columns, format: format, path: "scores")
        #expect(ArrowFormat(start: bytes) == format)
        let rows = try ArrowReaderTests.rows(of: try scratch.write("scores", bytes))
        let expected = try lines.split(separator: "\n").map { try JSONValue(reading: Array($0.utf8)) }
        #expect(rows.map { JSONValue.object($0) } == expected)
        #expect(try ArrowEncoder.encode(lines: Array(lines.utf8), columns: columns, format: format, path: "") == bytes)
    }

    @Test("no rows are a file without rows")
    func empty() throws {
        let scratch = try ScratchFolder()
        let bytes = try ArrowEncoder.encode(lines: [], columns: columns, format: .parquet, path: "x")
        #expect(try ArrowReaderTests.rows(of: try scratch.write("x", bytes)).isEmpty)
    }

    @Test("members without a column and values of another type are errors")
    func refused() {
        for line in [#"{"q":1}"#, #"{"p":"high"}"#, #"{"p":"#] {
            #expect {
                try ArrowEncoder.encode(lines: Array(line.utf8), columns: columns, format: .parquet, path: "x")
            } throws: { "\($0)".hasPrefix("x: cannot be written") }
        }
    }

    @Test(
        "a copy has the new column, the rows that count, and everything else unchanged",
        arguments: ["verl.parquet", "types.arrow"])
    func copy(_ name: String) throws {
        let scratch = try ScratchFolder()
        let rows = try ArrowReaderTests.rows(of: golden(name))
        let counts = rows.indices.map { Int64($0 % 3) }
        let output = scratch.file("out.parquet")
        let written = try ArrowEncoder.copy(
            golden(name), format: try ArrowReaderTests.format(of: golden(name)), to: output, adding: "__rollout_n__",
            counts)
        let expected = zip(rows, counts).filter { $1 > 0 }.map { row, count in
            JSONObject(row.members + [.init(name: "__rollout_n__", value: .number("\(count)"))])
        }
        #expect(written == expected.count)
        #expect(try ArrowReaderTests.rows(of: output) == expected)
        // Copied again, the column is replaced.
        let again = scratch.file("again.parquet")
        let ones = [Int64](repeating: 1, count: written)
        _ = try ArrowEncoder.copy(output, format: .parquet, to: again, adding: "__rollout_n__", ones)
        #expect(try ArrowReaderTests.rows(of: again).map { $0["__rollout_n__"] } == ones.map { _ in .number("1") })
    }

    @Test(
        "a copy without a new column has the chosen rows as they are, in each format",
        arguments: ["verl.parquet", "types.arrow"], ArrowFormat.allCases)
    func choose(_ name: String, _ format: ArrowFormat) throws {
        let scratch = try ScratchFolder()
        let rows = try ArrowReaderTests.rows(of: golden(name))
        let counts = rows.indices.map { Int64($0 % 3 == 1 ? 1 : 0) }
        let output = scratch.file("out")
        let written = try ArrowEncoder.copy(
            golden(name), format: try ArrowReaderTests.format(of: golden(name)), to: output, as: format, adding: nil,
            counts)
        #expect(try ArrowReaderTests.format(of: output) == format)
        #expect(try ArrowReaderTests.rows(of: output) == zip(rows, counts).filter { $1 > 0 }.map(\.0))
        #expect(written == counts.filter { $0 > 0 }.count)
    }

    @Test("another number of rows than before is an error", arguments: [11, 13, 0])
    func otherRows(_ count: Int) throws {
        let scratch = try ScratchFolder()
        #expect(throws: ArrowFilesError.self) {
            try ArrowEncoder.copy(
                golden("verl.parquet"), format: .parquet, to: scratch.file("out"), adding: "n",
                [Int64](repeating: 1, count: count))
        }
    }
}
