import Foundation
import JSON
import TestSupport
import Testing

import ArrowFiles

/// The tests that need the library of `scripts/arrow/install` are skipped where it is absent.
@Suite("Parquet and Arrow files", .enabled(if: hasLibrary, "run scripts/arrow/install"))
struct ArrowReaderTests {
    static let files = [
        "flat-snappy.parquet", "flat-zstd.parquet", "types.arrow", "messages.arrows", "messages.parquet",
        "verl.parquet", "skyrl.parquet", "texts.arrows", "dictionaries.arrows", "dictionaries.parquet",
    ]

    @Test("rows are those that pyarrow reads", arguments: files)
    func rowsOfPyarrow(_ name: String) throws {
        let lines = try String(contentsOfFile: golden("\(name).jsonl"), encoding: .utf8).split(separator: "\n")
        let rows = try Self.rows(of: golden(name))
        #expect(rows.count == lines.count)
        for (row, line) in zip(rows, lines) {
            let expected = try JSONValue(reading: Array(line.utf8))
            #expect(Self.isEqual(.object(row), expected), "\(name): \(row) instead of \(line)")
        }
    }

    @Test("only the columns that are asked for are read, absent ones are ignored")
    func columns() throws {
        for name in ["verl.parquet", "messages.arrows", "types.arrow"] {
            let wanted = ["prompt", "source", "kind", "day", "no such column"]
            let reader = try ArrowReader(path: golden(name), format: try Self.format(of: golden(name)), columns: wanted)
            #expect(!reader.names.isEmpty && Set(reader.names).isSubset(of: wanted))
            let batch = try #require(try reader.next())
            #expect(batch.value(row: 0, column: 0) != .null)
            #expect(batch.value(row: 0, column: reader.names.count) == .null)
            #expect(batch.value(row: -1, column: 0) == .null)
        }
    }

    @Test("a column without a meaning does no harm until it is asked for")
    func union() throws {
        let path = golden("union.arrow")
        #expect(try Self.rows(of: path).map { $0["question"] } == [.string("x"), .string("y")])
        #expect(throws: ArrowFilesError.unsupportedColumn(path: path, column: "either", type: "+us:0,1")) {
            _ = try ArrowReader(path: path, format: .arrow, columns: ["either"])
        }
    }

    @Test("a file states its number of rows, a stream does not")
    func statedRows() throws {
        #expect(try ArrowReader(path: golden("flat-zstd.parquet"), format: .parquet).statedRows == 25)
        #expect(try ArrowReader(path: golden("types.arrow"), format: .arrow).statedRows == 3)
        #expect(try ArrowReader(path: golden("messages.arrows"), format: .arrowStream).statedRows == nil)
    }

    @Test("a file that was cut off gives an error or fewer rows, wherever it was cut", arguments: files)
    func truncated(_ name: String) throws {
        let bytes = Array(try Data(contentsOf: URL(filePath: golden(name))))
        let scratch = try ScratchFolder()
        let format = try #require(ArrowFormat(start: bytes))
        let whole = try Self.rows(of: golden(name))
        var refused = 0
        for size in stride(from: 0, to: bytes.count - 1, by: 61) {
            let path = try scratch.write("cut", bytes[..<size])
            do throws(ArrowFilesError) {
                let reader = try ArrowReader(path: path, format: format)
                while let batch = try reader.next() { #expect(batch.rows > 0) }
                // A stream that ends between two batches looks like a shorter one.
                #expect(format == .arrowStream && reader.rows < whole.count)
            } catch {
                #expect(error.description.contains(path) && error.description.contains("fetch or write it again"))
                refused += 1
            }
        }
        #expect(refused > 10)
    }

    @Test("damaged bytes give rows or an error", arguments: files)
    func mutated(_ name: String) throws {
        let bytes = Array(try Data(contentsOf: URL(filePath: golden(name))))
        let scratch = try ScratchFolder()
        let format = try #require(ArrowFormat(start: bytes))
        var generator = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<60 {
            var damaged = bytes
            for _ in 0..<3 { damaged[Int.random(in: 8..<bytes.count, using: &generator)] = .random(in: 0...255) }
            let path = try scratch.write("damaged", damaged)
            do throws(ArrowFilesError) {
                let reader = try ArrowReader(path: path, format: format)
                while let batch = try reader.next() {
                    for row in 0..<batch.rows { #expect(batch.object(row: row).members.count <= batch.names.count) }
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 5)
    }

    @Test("a file that states more rows or elements than its size allows is refused before they are read")
    func claims() throws {
        for (name, rows, what) in [
            ("claims-rows.arrow", 0, "rows"), ("claims-rows.arrows", 1 << 18, "rows"),
            ("claims-elements.arrow", 0, "elements without content"),
        ] {
            let path = golden(name)
            let format = try Self.format(of: path)
            do throws(ArrowFilesError) {
                let reader = try ArrowReader(path: path, format: format)
                while let batch = try reader.next() { #expect(reader.rows <= 1 << 18, "\(batch.rows)") }
                Issue.record("\(name) was read")
            } catch {
                guard case .unreadable(path, rows, let reason) = error else { throw error }
                #expect(reason.hasPrefix("it states ") && reason.contains(" \(what), more than a file"), "\(error)")
            }
        }
    }

    @Test("many rows that need hardly any memory are read: all are null, or a hundred prompts that always fail")
    func nulls() throws {
        for (name, count) in [("nulls.parquet", 250_000), ("equal.parquet", 1_000_000)] {
            let reader = try ArrowReader(path: golden(name), format: .parquet)
            while let batch = try reader.next() { #expect(batch.rows > 0) }
            #expect(reader.rows == count)
        }
    }

    @Test("a byte that is no UTF-8 is an error in every column of text, also where all other text is ASCII")
    func brokenText() throws {
        let bytes = Array(try Data(contentsOf: URL(filePath: golden("texts.arrows"))))
        let scratch = try ScratchFolder()
        // How often rows lead to a text: from columns of text, a list, a struct and dictionaries. A batch of two rows also
        // has bytes of its neighbours, which no row leads to; pyarrow accepts damage there too.
        let uses = [
            ("seventeen letters", 4), ("a repeated text", 1), ("naïve", 3), ("code 7", 1), ("more than sixty-four", 4),
        ]
        for (text, uses) in uses {
            var place = 0
            var refused = 0
            while let range = bytes[place...].firstRange(of: Array(text.utf8)) {
                place = range.upperBound
                var damaged = bytes
                damaged[range.lowerBound + 1] = 0xFF
                let path = try scratch.write("damaged", damaged)
                do throws(ArrowFilesError) {
                    let reader = try ArrowReader(path: path, format: .arrowStream)
                    while let batch = try reader.next() { #expect(batch.rows > 0) }
                } catch {
                    refused += 1
                    #expect("\(error)".contains("UTF8") || "\(error)".contains("UTF-8"), "\(error)")
                }
            }
            #expect(refused == uses, "\(text)")
        }
    }

    @Test("rows of a batch that is read in slices have their own texts")
    func slices() throws {
        let rows = try Self.rows(of: golden("slices.arrow"))
        #expect(rows.count == 4500)
        for (row, found) in rows.enumerated() {
            let second = row == 2999 ? "später" : "plain"
            let parts = row % 7 == 0 ? "" : #","parts":[{"text":"row \#(row)"},{"text":"\#(second)"}]"#
            let line = #"{"code":"code \#(row % 4300)","counts":{"row \#(row)":\#(row)}\#(parts)}"#
            let expected = try JSONValue(reading: Array(line.utf8))
            #expect(Self.isEqual(.object(found), expected), "row \(row): \(found)")
        }
    }

    @Test("a missing file is an error with its name")
    func missing() {
        #expect { try ArrowReader(path: "/no/such/file.parquet", format: .parquet) } throws: {
            "\($0)".contains("/no/such/file.parquet: cannot be read")
        }
    }

    static func rows(of path: String) throws -> [JSONObject] {
        let reader = try ArrowReader(path: path, format: try format(of: path))
        var rows: [JSONObject] = []
        while let batch = try reader.next() { rows += (0..<batch.rows).map { batch.object(row: $0) } }
        return rows
    }

    static func format(of path: String) throws -> ArrowFormat {
        try #require(ArrowFormat(start: try Data(contentsOf: URL(filePath: path)).prefix(ArrowFormat.startBytes)))
    }

    /// Numbers are equal as numbers: Python writes 123.4 where the file has 123.40.
    static func isEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.number(let one), .number(let other)): one == other || Int(one) == nil && Double(one) == Double(other)
        case (.array(let one), .array(let other)): one.count == other.count && zip(one, other).allSatisfy(isEqual)
        case (.object(let one), .object(let other)):
            one.names == other.names && zip(one.members, other.members).allSatisfy { isEqual($0.value, $1.value) }
        default: left == right
        }
    }
}

let hasLibrary = (try? ArrowLibrary.version()) != nil

/// A file of Tests/Goldens/arrow.
func golden(_ name: String) -> String { Repository.path("Tests/Goldens/arrow/\(name)") }
