import Corpora
import Foundation
import JSON
import Scoring
import Testing

/// Files that are not JSON Lines: arrays, objects of arrays, tables, pipes, folders, and formats of other modules.
@Suite("Formats of rows")
struct RowFormatTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func texts(_ name: String, _ content: String) throws -> [String] {
        let path = try scratch.write(name, content)
        return try elements([path]).map { $0.row?.prompt.text ?? $0.error?.code.rawValue ?? "" }
    }

    @Test(
        "JSON documents give their rows",
        arguments: [
            ("[\n  {\"prompt\":\"a\"},\n  {\"prompt\":\"b\"}\n]\n", ["a", "b"]),
            ("[{\"prompt\":\"a, ]\\\"\"},{\"prompt\":\"b\"}]", ["a, ]\"", "b"]),
            ("[]", []), ("[{\"prompt\":\"a\"}, 7, {\"prompt\":\"b\"}]", ["a", "bad_type", "b"]),
            ("[{\"prompt\":\"a\"},", ["a", "bad_json"]), ("[{\"prompt\":\"a\"}] more", ["a", "bad_json"]),
            ("[{\"prompt\":\"a\"},{\"prompt\":", ["a", "bad_json", "bad_json"]),
            ("{\"prompt\":[\"a\",\"b\"],\"id\":[1,2]}", ["a", "b"]),
            ("{\"prompt\":{\"0\":\"a\",\"1\":\"b\"}}", ["a", "b"]),
            ("{\"version\":1,\"data\":[{\"prompt\":\"a\"},{\"prompt\":\"b\"}]}", ["a", "b"]),
            ("{\"rows\":[{\"row_idx\":0,\"row\":{\"question\":\"a\"}}]}", ["a"]),
            ("{\"q1\":{\"question\":\"a\"},\"q2\":{\"question\":\"b\"}}", ["a", "b"]),
            ("{\n \"prompt\": \"a\"\n}\n{\n \"prompt\": \"b\"\n}\n", ["a", "b"]),
            ("{\"prompt\":\"a\"}", ["a"]), ("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", ["a"]),
            ("{\"prompt\":\"a\"\n{\"prompt\":\"b\"}\n", ["bad_json", "b"]),
        ])
    func documents(content: String, expected: [String]) throws {
        #expect(try texts("d", content) == expected)
    }

    @Test("an array is read in pieces of any size, compressed or not, and has one digest")
    func largeArray() throws {
        let rows = (0..<20_000).map { "{\"id\":\($0),\"prompt\":\"question \($0), é\"}" }
        let content = Array("[\(rows.joined(separator: ",\n "))]".utf8)
        let files = [try scratch.write("a.json", content), try scratch.write("a.json.gz", try gzip(content))]
        for file in files {
            let found = try elements([file]).compactMap(\.row)
            #expect(
                found.count == 20_000 && found.last?.prompt.text == "question 19999, é" && found.last?.line == 20_000)
        }
        #expect(Set(try InputFile.survey(files).map(\.digest)).count == 1)
        #expect(try InputFile.survey(files).map(\.lines) == [20_000, 20_000])
    }

    @Test(
        "tables give rows by their header",
        arguments: [
            ("t.csv", "id,prompt\n1,a\n2,\"b, \"\"c\"\"\nd\"\n", ["a", "b, \"c\"\nd"]),
            ("t.tsv", "id\tprompt\r\n1\ta\r\n2\tb\r\n", ["a", "b"]),
            ("plain", "prompt,answer\nHow many?,3\n", ["How many?"]),
            ("semi.csv", "prompt;answer\na;1\n", ["a"]), ("bom.csv", "\u{FEFF}prompt,x\na,1\n", ["a"]),
            ("short.csv", "prompt,x\na\nb,2\n", ["bad_table", "b"]), ("open.csv", "prompt,x\n\"a,1\n", ["bad_table"]),
            ("blank.csv", "prompt,x\n\na,1\n", ["a"]), ("empty.csv", "prompt,question\n,Q\n", ["Q"]),
            ("chat.csv", "messages\n\"[{\"\"role\"\": \"\"user\"\", \"\"content\"\": \"\"Q\"\"}]\"\n", ["Q"]),
        ])
    func tables(name: String, content: String, expected: [String]) throws {
        #expect(try texts(name, content) == expected)
    }

    @Test("lines that are no table stay lines")
    func noTable() throws {
        #expect(try texts("x", "hello, world\n") == ["bad_json"])
    }

    @Test("a pipe is read once and can be opened again")
    func pipes() throws {
        let path = scratch.file("fifo")
        #expect(mkfifo(path, 0o600) == 0)
        let writer = Thread {
            let handle = FileHandle(forWritingAtPath: path)
            try? handle?.write(contentsOf: Data("{\"id\":\"a\",\"prompt\":\"Q\"}\n".utf8))
            try? handle?.close()
        }
        writer.start()
        let survey = try InputFile.survey([path])
        #expect(try elements([path]).compactMap { $0.row?.prompt.text } == ["Q"])
        #expect(try InputFile.survey([path]) == survey && survey[0].lines == 1)
    }

    @Test("folders and patterns stand for their files, in the order of names")
    func folders() throws {
        for folder in ["f/data", "f/.hidden"] {
            try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: true)
        }
        for name in ["f/data/b.jsonl", "f/data/a.jsonl", "f/.hidden/c.jsonl"] {
            try scratch.write(name, "{\"id\":\"\(name)\",\"prompt\":\"Q\"}\n")
        }
        try scratch.write("f/dataset_info.json", "{}")
        try scratch.write("f/README.md", "no rows")
        let expected = ["f/data/a.jsonl", "f/data/b.jsonl"]
        #expect(try elements([scratch.file("f")]).compactMap { $0.row?.prompt.id } == expected)
        #expect(try elements([scratch.file("f/data/*.jsonl")]).compactMap { $0.row?.prompt.id } == expected)
        #expect(throws: CorporaError.self) { try elements([scratch.file("f/data/*.csv")]) }
    }

    @Test("a format of another module gives its rows through the same door")
    func addedFormat() throws {
        RowFormats.add(TwoRows())
        let path = try scratch.write("x.two", "TWO!")
        #expect(try elements([path]).compactMap { $0.row?.prompt.text } == ["first", "second"])
        #expect(try InputFile.survey([path]).map(\.format) == ["two"])
    }

    /// A format whose files have two rows.
    private struct TwoRows: RowFormat {
        let endings = [".two"]

        func matches(_ start: [UInt8], path: String) -> Bool { start.starts(with: Array("TWO!".utf8)) }

        func open(_ path: String, at location: String, columns: Set<String>?) throws(CorporaError) -> any RowSource {
            Source(path: path)
        }

        final class Source: RowSource {
            let path: String
            let format = "two"
            var rows = 0
            let digest = Digest(of: "two")

            init(path: String) { self.path = path }

            func next() throws(CorporaError) -> SourceRow? {
                guard rows < 2 else { return nil }
                rows += 1
                let text = JSONValue.string(rows == 1 ? "first" : "second")
                return SourceRow(number: rows, .members(JSONObject([.init(name: "prompt", value: text)])))
            }
        }
    }
}
