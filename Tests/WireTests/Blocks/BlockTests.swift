import Scoring
import Testing
import Wire

@Suite("Blocks of texts, answers and context rows")
struct BlockTests {
    @Test("a slice of texts is those texts")
    func slices() {
        let texts = ["", "a", "äö", "", "漢字", "👩🏽‍🚀", ""]
        let block = TextBlock(texts)
        #expect(block.count == texts.count)
        #expect(block.texts == texts)
        for first in 0...texts.count {
            for last in first...texts.count {
                let slice = block.slice(first..<last)
                #expect(slice.texts == Array(texts[first..<last]))
                #expect(slice == TextBlock(texts[first..<last]))
            }
        }
    }

    @Test("a text that is not UTF-8 is nil, the others are complete")
    func invalidText() throws {
        var frames = Envelope(
            generation: 1,
            .submitShard(
                SubmitShard(
                    job: MessageSample.job, shard: 0, tokens: 1, affinity: 0, texts: TextBlock(["ab", "cd", "ef"])))
        ).frames
        // Half a character in the middle; and a character cut by the border between two texts is in neither.
        frames[2] = Array("ab".utf8) + [0xC3, 0x28] + Array("ef".utf8)
        #expect(try Self.texts(of: frames) == ["ab", nil, "ef"])
        frames[2] = [0x61, 0xC3, 0xA4, 0x62, 0x65, 0x66]
        #expect(try Self.texts(of: frames) == [nil, nil, "ef"])
    }

    private static func texts(of frames: [[UInt8]]) throws -> [String?]? {
        guard case .submitShard(let shard) = try Envelope(frames: frames).message,
            case .texts(let block) = shard.content
        else { return nil }
        return block.texts
    }

    @Test("answers of pieces joined are the shard's answers")
    func joins() {
        var random = RandomMessages(seed: 5)
        for _ in 0..<200 {
            let blocks = (0..<4).map { _ in random.answers(random.count(5)) }
            let joined = AnswerBlock(joining: blocks)
            #expect(joined.count == blocks.reduce(0) { $0 + $1.count })
            let rows = (0..<joined.count).map { joined[$0] }
            #expect(rows == blocks.flatMap { block in (0..<block.count).map { block[$0] } })
            #expect(AnswerBlock(rows) == joined)
        }
        #expect(AnswerBlock(joining: []).count == 0)
    }

    @Test("numbers that are no prediction are nil")
    func impossibleAnswers() throws {
        let float = { (value: Float) in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
        for numbers in [
            [0, 0, 0, 0], [0.5, 0, 0, 1], [.nan, 1, 0, 1], [0.5, .nan, 0, 1], [0.5, 1, .nan, 1], [0.5, 1, 0, .nan],
            [0.5, 1, 0.6, 1], [0.5, 1, 0, 0.4], [1.5, 1, 0, 1.5], [-0.5, 1, -0.5, 1], [.infinity, 1, 0, .infinity],
        ] as [[Float]] {
            let block = try AnswerBlock(count: 1, bytes: numbers.flatMap(float) + [0, 0, 0, 0])
            #expect(block[0] == nil, "\(numbers)")
        }
        let good = try AnswerBlock(count: 1, bytes: [Float(0.5), 2, 0.25, 1].flatMap(float) + [3, 0, 0, 0])
        #expect(good[0] == Prediction(p: 0.5, kappa: 2, pLo: 0.25, pHi: 1, flags: [.truncated, .baseRate]))
    }

    @Test("a context whose digest is another's, or whose rows are impossible, is no context set")
    func foreignContexts() throws {
        let block = try #require(MessageSample.context)
        let frames = Envelope(generation: 1, .context(block)).frames
        #expect(try Self.context(of: frames)?.contextSet?.digest == block.digest)
        // The digest's last byte, a text's byte, a reward's sign, n = 0: each alone.
        let digestEnd = try #require(frames[0].indices.last { frames[0][$0] == block.digest.bytes[31] })
        let edits: [(frame: Int, at: Int, value: UInt8)] = [
            (0, digestEnd, block.digest.bytes[31] ^ 1), (2, 0, UInt8(ascii: "w")), (2, 0, 0xFF), (3, 7, 0xBF),
            (3, 8, 0),
        ]
        for edit in edits {
            var changed = frames
            changed[edit.frame][edit.at] = edit.value
            let received = try #require(try Self.context(of: changed))
            #expect(received.count == 2)
            #expect(received.contextSet == nil, "frame \(edit.frame), byte \(edit.at)")
        }
    }

    private static func context(of frames: [[UInt8]]) throws -> ContextBlock? {
        guard case .context(let block) = try Envelope(frames: frames).message else { return nil }
        return block
    }

    @Test("a job's id is read from its bytes and its hex, and from nothing else")
    func jobIDs() {
        let id = MessageSample.job
        #expect(id.description == "00112233445566778899aabbccddeeff")
        #expect(JobID(bytes: id.bytes) == id)
        #expect(JobID(hex: id.description) == id)
        for hex in [
            "", "0", String(repeating: "g", count: 32), String(repeating: "0", count: 33),
            "+" + id.description.dropFirst(),
        ] {
            #expect(JobID(hex: hex) == nil)
        }
        #expect(JobID(bytes: [UInt8](repeating: 0, count: 15)) == nil)
    }
}
