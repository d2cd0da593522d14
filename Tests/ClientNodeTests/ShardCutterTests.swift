import ClientNode
import Corpora
import Scoring
import TestSupport
import Testing
import Wire

@Suite("ShardCutter: rows and tokens of shards")
struct ShardCutterTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func shards(_ lines: [String]) throws -> [ShardCutter.Shard] {
        let path = try folder.write("corpus.jsonl", lines.joined(separator: "\n"))
        var cutter = ShardCutter(try PromptCorpus(files: [path], keys: .automatic))
        var shards: [ShardCutter.Shard] = []
        while let shard = try cutter.next() { shards.append(shard) }
        return shards
    }

    private func row(_ text: String) -> String { #"{"prompt":"\#(text)"}"# }

    @Test("a shard ends after its maximum of rows, and the last one has the rest")
    func rows() throws {
        let shards = try shards((0..<600).map { row("prompt \($0)") })
        #expect(shards.map(\.texts.count) == [256, 256, 88])
        #expect(shards.map(\.lines.count) == [256, 256, 88])
        #expect(shards[0].tokens == (0..<256).reduce(0) { $0 + "prompt \($1)".utf8.count / 4 + 2 })
    }

    @Test("a shard ends before its maximum of tokens; a row with more tokens has a shard of its own")
    func tokens() throws {
        let half = String(repeating: "x", count: ShardCutter.tokensMax * 2)
        let large = String(repeating: "y", count: ShardCutter.tokensMax * 5)
        let shards = try shards([row(half), row(half + "2"), row(large), row("small")])
        #expect(shards.map(\.texts.count) == [1, 1, 1, 1])
        #expect(shards[2].tokens > ShardCutter.tokensMax)
    }

    @Test("rejected lines are in the shard of the prompts around them; many of them alone are a shard without texts")
    func rejected() throws {
        let mixed = try shards(["no JSON", row("a"), "neither", row("b"), "nor this"])
        #expect(mixed.map(\.texts.count) == [2] && mixed.map(\.lines.count) == [5])
        let only = try shards([String](repeating: "no JSON", count: ShardCutter.linesMax + 1))
        #expect(only.map(\.texts.count) == [0, 0])
        #expect(only.map(\.lines.count) == [ShardCutter.linesMax, 1])
    }

    @Test("an empty corpus has no shards")
    func empty() throws {
        #expect(try shards([]).isEmpty)
        #expect(try shards(["", ""]).isEmpty)
    }

    @Test("the affinity follows from the texts alone")
    func affinity() throws {
        let one = try shards([row("a"), row("b")])
        let other = try shards(["no JSON", row("a"), row("b")])
        let different = try shards([row("a"), row("c")])
        #expect(one[0].affinity == other[0].affinity)
        #expect(one[0].affinity != different[0].affinity)
    }
}
