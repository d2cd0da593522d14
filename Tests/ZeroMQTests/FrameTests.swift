import Testing
import Threads
import ZeroMQ

@Suite("frames")
struct FrameTests {
    @Test("a frame holds the bytes it was made of", arguments: [0, 1, 33, 34, 1024, 1025, 100_000])
    func holdsBytes(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let frame = Frame(bytes)
        #expect(frame.count == count)
        #expect(frame.isEmpty == (count == 0))
        #expect(frame.copyBytes() == bytes)
        #expect(frame.withBytes { $0.byteCount } == count)
        #expect(frame.withUnsafeBytes { Array($0) } == bytes)
    }

    @Test("frames are equal when their bytes are")
    func equality() {
        #expect(Frame("worker") == Frame(Array("worker".utf8)))
        #expect(Frame("worker") != Frame("walker"))
        #expect(Frame("worker") != Frame("workers"))
        #expect(Frame.empty == Frame(""))
        #expect(Set([Frame("a"), Frame("b"), Frame("a")]).count == 2)
    }

    @Test("a frame describes itself by its first bytes and its count")
    func describes() {
        #expect(Frame([0, 0xab]).description == "00ab (2 bytes)")
        #expect(Frame([UInt8](repeating: 7, count: 17)).description.hasSuffix("07… (17 bytes)"))
    }

    @Test("one large frame can be sent by several threads at once")
    func sharedBetweenThreads() throws {
        let context = try Context()
        let frame = Frame((0..<50_000).map { UInt8(truncatingIfNeeded: $0) })
        let perThread = 200
        let pull = try Socket(.pull, in: context, options: SocketOptions())
        let endpoint = try pull.bind(try Endpoint("inproc://shared"))
        let threads = try (0..<3).map { number in
            try DedicatedThread.start(name: "push \(number)") { announce in
                let push = try Socket(.push, in: context, options: SocketOptions())
                try push.connect(endpoint)
                announce(())
                for _ in 0..<perThread { try deliver([frame], to: push) }
            }
        }
        for _ in 0..<(3 * perThread) { #expect(try nextMessage(pull).frames == [frame]) }
        for thread in threads { try thread.join() }
    }
}
