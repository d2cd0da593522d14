import Corpora
import Foundation
import Scoring
import TestSupport
import Testing

@Suite("Row ranges: a worker reads the texts that the client has")
struct RangeReaderTests {
    private let folder: ScratchFolder
    /// A second line, so that a file is JSON Lines.
    private static let more = #"{"prompt":"b"}"#

    init() throws {
        folder = try ScratchFolder()
    }

    private func reader(_ roots: [String]? = nil) throws -> RangeReader {
        RangeReader(roots: try DataRoots(roots ?? [folder.path]), copyBytesMax: 1 << 20)
    }

    /// What a client sends of a corpus: each row a range of its own, and the texts.
    private func survey(
        _ paths: [String], keys: RowKeys = .automatic
    ) throws -> (ranges: RowRanges, texts: [String]) {
        let files = try RangeFiles(try InputFile.survey(paths), keys: keys, columns: .none)
        var corpus = try PromptCorpus(files: paths, keys: keys)
        var named: [RowRanges.File] = []
        var ranges: [RowRanges.Range] = []
        var texts: [String] = []
        while let element = try corpus.next() {
            guard case .row(let row) = element, let file = files[row.file] else { continue }
            if named.last != file { named.append(file) }
            ranges.append(
                RowRanges.Range(file: named.count - 1, firstRow: row.line, rows: 1, bytes: row.bytes ?? 0..<0))
            texts.append(row.prompt.text)
        }
        return (
            RowRanges(files: named, ranges: ranges, keys: files.keys, digest: RowRanges.digest(of: texts)), texts
        )
    }

    private func problem(_ ranges: RowRanges, _ reader: RangeReader) -> RangeError? {
        do throws(RangeError) {
            _ = try reader.texts(of: ranges, onProgress: {})
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "every line end, byte order mark, blank line and rejected line gives the client's texts",
        arguments: ["\n", "\r\n"], [true, false])
    func lines(end: String, isClosed: Bool) throws {
        let lines = [
            #"{"prompt":"äöü 1"}"#, "", #"{"id":7}"#, #"{"messages":[{"role":"user","content":"2 + 2?"}]}"#, "  ",
            "no json", #"{"id":"a","instruction":"Add.","input":"1, 2"}"#, #"{"id":"a","prompt":"a second a"}"#,
            #"{"prompt":"last"}"#,
        ]
        let text = "\u{FEFF}" + lines.joined(separator: end) + (isClosed ? end : "")
        let path = try folder.write("a.jsonl", text)
        let (ranges, texts) = try survey([path])
        #expect(texts.count == 4)
        #expect(try reader().texts(of: ranges, onProgress: {}) == texts)
        // The place of a line is that of its bytes in the file.
        let bytes = try folder.read("a.jsonl")
        for (range, text) in zip(ranges.ranges, texts) where text == "last" {
            #expect(String(decoding: bytes[range.bytes], as: UTF8.self).hasPrefix(#"{"prompt":"last"}"#))
        }
    }

    @Test("keys, templates and dropped answers are those of the client")
    func keys() throws {
        let lines = [
            #"{"body":"A dog.","question":"What?","chat":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]}"#,
            #"{"body":"B.","question":"Q?","chat":[{"role":"user","content":"Ha"}]}"#,
        ]
        let path = try folder.write("a.jsonl", lines.joined(separator: "\n"))
        var template = RowKeys()
        template.template = PromptTemplate("{body}\\n{question}")
        var dropping = RowKeys(prompt: "chat")
        dropping.dropsAnswer = true
        for keys in [template, dropping, RowKeys(prompt: "body,question"), RowKeys(prompt: "chat")] {
            let (ranges, texts) = try survey([path], keys: keys)
            #expect(texts.count == 2)
            #expect(try reader().texts(of: ranges, onProgress: {}) == texts)
        }
    }

    @Test("long lines and many blocks are cut as the client cuts them")
    func blocks() throws {
        let lines = (0..<60).map { #"{"id":\#($0),"prompt":"\#(String(repeating: "x", count: 40_000 + $0 * 977))"}"# }
        let path = try folder.write("a.jsonl", lines.joined(separator: "\n"))
        var (ranges, texts) = try survey([path])
        let whole = try #require(ranges.ranges.last).bytes.upperBound
        ranges.ranges = [RowRanges.Range(file: 0, firstRow: 1, rows: 60, bytes: 0..<whole)]
        #expect(try reader().texts(of: ranges, onProgress: {}) == texts)
    }

    @Test("a file that was changed is refused, with what differs")
    func changed() throws {
        let path = try folder.write("a.jsonl", #"{"prompt":"one"}"# + "\n" + Self.more)
        let (ranges, texts) = try survey([path])
        let reader = try reader()
        #expect(try reader.texts(of: ranges, onProgress: {}) == texts)
        // The same size, another text.
        try folder.write("a.jsonl", #"{"prompt":"two"}"# + "\n" + Self.more)
        guard case .changed(_, "row 1", "time of writing", _, _)? = problem(ranges, reader) else {
            Issue.record("\(String(describing: problem(ranges, reader)))")
            return
        }
        var status = stat()
        #expect(stat(path, &status) == 0)
        var same = ranges
        same.files[0].modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        // Size and time are equal, and the digest finds it.
        guard case .otherTexts? = problem(same, reader) else {
            Issue.record("\(String(describing: problem(same, reader)))")
            return
        }
        try folder.write("a.jsonl", #"{"prompt":"longer"}"# + "\n" + Self.more)
        guard case .changed(_, _, "size", "31 bytes", "34")? = problem(ranges, reader) else {
            Issue.record("\(String(describing: problem(ranges, reader)))")
            return
        }
    }

    @Test("only what is below a data root is read, whatever leads out of it")
    func roots() throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("inside"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: folder.file("inside2"), withIntermediateDirectories: true)
        let secret = try folder.write("inside2/secret.jsonl", #"{"prompt":"secret"}"#)
        let good = try folder.write("inside/a.jsonl", #"{"prompt":"one"}"# + "\n" + Self.more)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("inside/link.jsonl"), withDestinationPath: secret)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("inside/up"), withDestinationPath: folder.file("inside2"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("alias"), withDestinationPath: folder.file("inside"))
        let reader = try reader([folder.file("inside") + "/"])
        let (ranges, texts) = try survey([good])
        #expect(try reader.texts(of: ranges, onProgress: {}) == texts)
        let outside = [
            secret, folder.file("inside/link.jsonl"), folder.file("inside/up/secret.jsonl"),
            folder.file("inside/../inside2/secret.jsonl"), "/etc/shadow", "/etc/no such file", "relative.jsonl", "",
            "/proc/self/environ", "/dev/zero", folder.file("inside") + "\0/etc/passwd",
        ]
        for path in outside {
            var other = ranges
            other.files[0].path = path
            #expect(problem(other, reader) == .outside(path: path), "\(path)")
        }
        for (path, reason) in [("inside/absent.jsonl", "No such file"), ("inside", "no file")] {
            var other = ranges
            other.files[0].path = folder.file(path)
            guard case .unreachable(_, "row 1", let found)? = problem(other, reader) else {
                Issue.record("\(path): \(String(describing: problem(other, reader)))")
                continue
            }
            #expect(found.contains(reason))
        }
        // A root may be reached through a link.
        let linked = try self.reader([folder.file("alias")])
        var other = ranges
        other.files[0].path = folder.file("alias/a.jsonl")
        #expect(try linked.texts(of: other, onProgress: {}) == texts)
        #expect(throws: CorporaError.self) { try DataRoots(["/"]) }
        #expect(throws: CorporaError.self) { try DataRoots([folder.file("absent")]) }
        #expect(throws: CorporaError.self) { try DataRoots(["s3://"]) }
    }

    @Test("addresses are compared by whole parts, and those that a server could read in another way are refused")
    func addresses() throws {
        let roots = try DataRoots(["s3://bucket/data/", "https://host/sets"])
        for good in ["s3://bucket/data/a b.jsonl", "s3://bucket/data", "https://host/sets/x/y.parquet"] {
            #expect(throws: Never.self) { try roots.check(address: good) }
        }
        let bad = [
            "s3://bucket/database/a", "s3://bucket", "s3://other/data/a", "s3://bucket/data/../secret",
            "https://host/sets/../secret", "https://host/sets/%2e%2e/secret", "https://host/sets/%2E./secret",
            "https://host/sets/%252e/x", "https://host/sets/..%2fsecret", "https://host/sets\\..\\secret",
            "https://host/sets/a?token=1", "https://user:word@host/sets/a", "http://host/sets/a",
            "https://host.evil/sets/a", "https://host@evil/sets/a", "ftp://host/sets/a", "https:///sets/a", "",
        ]
        for address in bad {
            #expect(throws: RangeError.outside(path: address)) { try roots.check(address: address) }
        }
    }

    @Test("ranges that do not fit the file give errors that name file and rows, and no text of it")
    func hostile() throws {
        let path = try folder.write(
            "a.jsonl", "{\"prompt\":\"private\"}\n{\"prompt\":\"second\"}\n[1]\nno json\n\u{1}\n")
        let size = try folder.read("a.jsonl").count
        let (ranges, _) = try survey([path])
        let reader = try reader()
        for bytes in [0..<size, 0..<5, 3..<21, 21..<42, 21..<41, 42..<46, 46..<54, size - 1..<size] {
            for rows in [1, 2, 3] where bytes.count >= rows {
                var other = ranges
                other.ranges = [RowRanges.Range(file: 0, firstRow: 1, rows: rows, bytes: bytes)]
                let found = problem(other, reader)
                #expect(found != nil, "\(bytes) \(rows)")
                #expect(found.map { "\($0)".contains("private") } == false)
            }
        }
        var other = ranges
        other.files[0].bytes = size + 50
        #expect(problem(other, reader) != nil)
        other = ranges
        other.keys.template = "{"
        #expect(problem(other, reader)?.code == .unusable)
        other = ranges
        other.files[0].kind = .parquet
        other.ranges = [RowRanges.Range(file: 0, firstRow: 1 << 53, rows: 4096)]
        #expect(problem(other, reader)?.code == .unreachable)
        other.files[0] = RowRanges.File(path: "s3://bucket/a", kind: .lines, bytes: 9)
        #expect(problem(other, reader)?.code == .outside)
    }

    @Test("a client refuses what workers cannot read by ranges, and says what to do")
    func refused() throws {
        let array = try folder.write("a.json", #"[{"prompt":"one"},"# + "\n" + #"{"prompt":"two"}]"#)
        let table = try folder.write("a.csv", "id,question\nc,1 + 3?\n")
        for path in [array, table] {
            let survey = try InputFile.survey([path])
            #expect(throws: CorporaError.self) { try RangeFiles(survey, keys: .automatic, columns: .none) }
        }
        #expect(try RangeFiles.roots(of: [array, table]) == [folder.path])
    }
}
