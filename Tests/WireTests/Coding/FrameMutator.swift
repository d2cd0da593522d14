import Scoring
import Wire

/// Makes bad messages of good ones: what a faulty peer, a cut connection or an enemy may send.
struct FrameMutator {
    private var random: RandomMessages
    private var good: [[[UInt8]]] = []

    private static let magic = Array("SZ01".utf8)

    init(seed: UInt64) {
        random = RandomMessages(seed: seed)
        for kind in Kind.allCases {
            for _ in 0..<12 { good.append(random.envelope(kind).frames) }
        }
    }

    /// The next message's frames.
    mutating func next() -> [[UInt8]] {
        var frames = random.pick(good)
        switch random.count(9) {
        case 0, 1: flipBits(&frames)
        case 2: truncate(&frames)
        case 3: insert(&frames)
        case 4: overwrite(&frames)
        case 5: frames = noise()
        case 6: reorder(&frames)
        case 7:
            // Another message's header over these raw frames.
            frames[0] = random.pick(good)[0]
        case 8:
            // Two envelopes in one frame: protobuf merges them.
            frames[0] += random.pick(good)[0].dropFirst(Self.magic.count)
        default:
            // A magic that holds, and noise behind it.
            frames[0] = Self.magic + bytes(random.count(60))
        }
        return frames
    }

    private mutating func place(in frames: [[UInt8]]) -> Int { random.count(frames.count - 1) }

    private mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: random.chance.next()) }
    }

    private mutating func flipBits(_ frames: inout [[UInt8]]) {
        for _ in 0...random.count(3) {
            let frame = place(in: frames)
            guard !frames[frame].isEmpty else { continue }
            frames[frame][random.count(frames[frame].count - 1)] ^= 1 << UInt8(random.count(7))
        }
    }

    private mutating func truncate(_ frames: inout [[UInt8]]) {
        let frame = place(in: frames)
        frames[frame].removeLast(random.count(frames[frame].count))
    }

    private mutating func insert(_ frames: inout [[UInt8]]) {
        let frame = place(in: frames)
        let at = random.count(frames[frame].count)
        frames[frame].insert(contentsOf: bytes(1 + random.count(8)), at: at)
    }

    /// Numbers at the ends of their ranges, which lengths and counts often have.
    private mutating func overwrite(_ frames: inout [[UInt8]]) {
        let frame = place(in: frames)
        let extreme: [UInt8] = random.pick([
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
            [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0xC0, 0x7F], [0x80, 0x20], [0x81, 0x20], [0xFF, 0x7F],
        ])
        let at = random.count(frames[frame].count)
        let end = min(at + extreme.count, frames[frame].count)
        frames[frame].replaceSubrange(at..<end, with: extreme)
    }

    private mutating func reorder(_ frames: inout [[UInt8]]) {
        switch random.count(3) {
        case 0: frames.remove(at: place(in: frames))
        case 1: frames.append(random.pick(frames))
        case 2: frames.swapAt(place(in: frames), place(in: frames))
        default: frames.shuffle(using: &random.chance)
        }
    }

    private mutating func noise() -> [[UInt8]] {
        (0..<random.count(4)).map { _ in bytes(random.count(100)) }
    }
}
