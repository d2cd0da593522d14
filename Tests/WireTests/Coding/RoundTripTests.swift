import Scoring
import Testing
import Wire

@Suite("Encoding and decoding undo each other")
struct RoundTripTests {
    @Test("a random message of every kind is read back unchanged, and so are its bytes", arguments: Kind.allCases)
    func everyKind(_ kind: Kind) throws {
        let seed = UInt64(1000 + kind.rawValue)
        var random = RandomMessages(seed: seed)
        for round in 0..<500 {
            let sent = random.envelope(kind)
            #expect(Kind(of: sent.message) == kind)
            let frames = sent.frames
            #expect(frames.count == 1 + (sent.message.hasRanges ? 1 : kind.rawFrames))
            let received = try Envelope(frames: frames)
            #expect(received == sent, "seed \(seed), round \(round)")
            #expect(received.frames == frames, "seed \(seed), round \(round)")
        }
    }

    @Test("a context set is read back unchanged")
    func contextSets() throws {
        var random = RandomMessages(seed: 77)
        for _ in 0..<200 {
            let block = random.context()
            guard
                case .context(let received) = try Envelope(frames: Envelope(generation: 1, .context(block)).frames)
                    .message
            else {
                Issue.record("another message was decoded")
                return
            }
            let set = try #require(received.contextSet)
            #expect(set.digest == block.digest)
            #expect(ContextBlock(set) == block)
        }
    }
}
