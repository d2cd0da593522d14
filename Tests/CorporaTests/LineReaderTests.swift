import Corpora
import Foundation
import Scoring
import Testing

@Suite("LineReader")
struct LineReaderTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    @Test("lines end with LF or CRLF, the last may lack its end, and a byte order mark is skipped")
    func lineEnds() throws {
        let path = try scratch.write("a.jsonl", "\u{FEFF}one\r\ntwo\n\nfour")
        let read = try lines(of: path).lines
        #expect(read.map(text) == ["one", "two", "", "four"])
        #expect(read.map(\.number) == [1, 2, 3, 4])
        #expect(try lines(of: scratch.write("empty", "")).lines.isEmpty)
        #expect(try lines(of: scratch.write("end", "x\n")).lines.map(text) == ["x"])
    }

    @Test("a survey gives the digests and line counts of a reading that checks the lines")
    func survey() throws {
        let path = try scratch.write("a.jsonl", Array("{\"prompt\":\"a\"}\n \n".utf8) + [0xFF, 0x0A, 0x0D, 0x0A])
        var corpus = try PromptCorpus(files: [path])
        while try corpus.next() != nil {}
        let surveyed = try InputFile.survey([path])
        #expect(surveyed == corpus.files)
        #expect(surveyed.first?.lines == 4)
        #expect(surveyed.first?.blankLines == 2)
    }

    @Test("plain, gzip and zstd give the same lines and the same digest, whatever the file is called")
    func compressionDoesNotMatter() throws {
        let content = Array((0..<40_000).map { "line \($0) \(String(repeating: "x", count: $0 % 50))\n" }.joined().utf8)
        let half = content.count / 2
        let forms = [
            try scratch.write("plain.gz", content),
            try scratch.write("gzip.txt", try gzip(content)),
            try scratch.write("members", try gzip(Array(content[..<half])) + gzip(Array(content[half...]))),
            try scratch.write("padded", try gzip(content) + [0, 0, 0]),
            try scratch.write("zstd.jsonl", try zstd(content)),
            try scratch.write("frames", try zstd(Array(content[..<half])) + zstd(Array(content[half...]))),
            try scratch.write("skippable", [0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 7, 7] + (try zstd(content))),
        ]
        for form in forms {
            let read = try lines(of: form)
            #expect(read.lines.count == 40_000, "\(form)")
            #expect(read.lines.last.map(text) == "line 39999 \(String(repeating: "x", count: 49))")
            #expect(read.digest == Digest(of: content), "\(form)")
        }
        let files = try forms.map { try InputFile.survey([$0]) }
        #expect(Set(files.map { InputFile.digest(of: $0) }).count == 1)
        #expect(files.flatMap { $0 }.map(\.format) == ["plain", "gzip", "gzip", "gzip", "zstd", "zstd", "zstd"])
    }

    @Test("a line longer than allowed is an error of that line, and the next lines are read")
    func longLines() throws {
        let long = String(repeating: "y", count: 1_000_000)
        let path = try scratch.write("long", "ab\n\(long)\r\ncd\n\(String(repeating: "z", count: 100))\r\nlast\(long)")
        let read = try lines(of: path, lineBytesMax: 100).lines
        #expect(read.map(\.number) == [1, 2, 3, 4, 5])
        #expect(read.map(text)[0] == "ab" && read.map(text)[2] == "cd")
        #expect(read.map(text)[3].count == 100)
        for index in [1, 4] {
            guard case .tooLong(let bytes) = read[index].content else {
                Issue.record("line \(index + 1) is not too long")
                continue
            }
            #expect(bytes >= 1_000_000)
        }
    }

    @Test("bytes that are not UTF-8 are found with their place in the line")
    func invalidUTF8() throws {
        let bad: [[UInt8]] = [
            [0xFF], [0xC3, 0x28], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80],
        ]
        for bytes in bad {
            let path = try scratch.write("bad", Array("fine\nab\u{E9}".utf8) + bytes + Array("\nfine again\n".utf8))
            #expect(try lines(of: path).lines.map(text) == ["fine", "<invalid at 4>", "fine again"], "\(bytes)")
        }
    }

    @Test("gzip and zstd cut off anywhere give a typed error that names the file", arguments: ["gzip", "zstd"])
    func truncated(format: String) throws {
        let content = Array((0..<3000).map { "row \($0 &* 7919)\n" }.joined().utf8)
        let whole = format == "gzip" ? try gzip(content) : try zstd(content)
        for cut in [4, 5, 11, whole.count / 2, whole.count - 9, whole.count - 1] {
            let path = try scratch.write("cut", whole[..<cut])
            #expect("\(cut)") { _ = try lines(of: path) } throws: { error in
                guard case .truncated(path, format, cut, _)? = error as? CorporaError else { return false }
                return "\(error)".contains(path) && "\(error)".contains("ends in the middle")
            }
        }
    }

    @Test("damaged bytes and trailing rubbish give a typed error", arguments: ["gzip", "zstd"])
    func damaged(format: String) throws {
        let content = Array((0..<3000).map { "row \($0 &* 7919)\n" }.joined().utf8)
        var whole = format == "gzip" ? try gzip(content) : try zstd(content)
        let rubbish = try scratch.write("rubbish", whole + Array("hello, this is no frame".utf8))
        for index in whole.count / 2..<whole.count / 2 + 40 { whole[index] ^= 0x5A }
        // A zstd frame need not carry a checksum, and then flipped bytes may decode to other text.
        let bad = format == "gzip" ? [rubbish, try scratch.write("flipped", whole)] : [rubbish]
        for path in bad {
            #expect("\(path)") { _ = try lines(of: path) } throws: { error in
                guard case .damaged(path, format, _, _, _)? = error as? CorporaError else { return false }
                return true
            }
        }
    }

    @Test("other formats, folders and missing files are refused by name")
    func refused() throws {
        let parquet = try scratch.write("x.jsonl", "PAR1....")
        #expect(throws: CorporaError.foreignFormat(path: parquet, format: "Parquet")) {
            _ = try LineReader(path: parquet)
        }
        #expect(throws: CorporaError.unreadable(path: scratch.path, reason: "Is a directory")) {
            _ = try LineReader(path: scratch.path)
        }
        let missing = scratch.file("nothing")
        #expect(throws: CorporaError.unreadable(path: missing, reason: "No such file or directory")) {
            _ = try PromptCorpus(files: [missing])
        }
    }
}
