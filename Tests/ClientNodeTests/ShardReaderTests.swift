import ClientNode
import Corpora
import TestSupport
import Testing

@Suite("ShardReader: shards that are cut ahead")
struct ShardReaderTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func corpus(rows: Int) throws -> String {
        let lines = (0..<rows).map { $0 % 100 == 7 ? "no JSON" : #"{"prompt":"prompt \#($0)"}"# }
        return try folder.write("corpus.jsonl", lines.joined(separator: "\n"))
    }

    private static func reader(of path: String) throws -> ShardReader {
        try ShardReader { () throws(CorporaError) in ShardCutter(try PromptCorpus(files: [path])) }
    }

    @Test("shards, counts and files are those of the cutter", arguments: [0, 1, 256, 9000])
    func same(rows: Int) throws {
        let path = try corpus(rows: rows)
        var cutter = ShardCutter(try PromptCorpus(files: [path]))
        let reader = try Self.reader(of: path)
        while let shard = try cutter.next() {
            let cut = try #require(try reader.next())
            #expect(cut.shard.texts == shard.texts && cut.shard.lines.count == shard.lines.count)
            #expect(cut.affinity == shard.affinity && cut.counts == cutter.counts && reader.files == nil)
        }
        #expect(try reader.next() == nil && reader.files == cutter.files && reader.counts == cutter.counts)
        #expect(try reader.next() == nil)
    }

    @Test("an error of the reading comes at its place, and again")
    func failure() throws {
        let reader = try Self.reader(of: folder.path + "/absent.jsonl")
        for _ in 0..<2 { #expect(throws: CorporaError.self) { try reader.next() } }
    }

    @Test("a reader that is released before the end ends its thread")
    func released() throws {
        let path = try corpus(rows: 20_000)
        for taken in [0, 3] {
            let reader = try Self.reader(of: path)
            for _ in 0..<taken { #expect(try reader.next() != nil) }
        }
    }
}
