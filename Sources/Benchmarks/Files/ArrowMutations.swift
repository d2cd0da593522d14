import ArrowFiles
import Foundation

/// Damages a file in many ways and reads each: everything must end with rows or with an error.
///
/// A mutation changes 1 to 8 bytes, removes or doubles a stretch, cuts the end off, or puts a number that often breaks
/// readers (0, −1, the largest) over four bytes; half of them are within the last 2 kB, where Parquet and Arrow files
/// have their footers.
struct ArrowMutations {
    /// What reading gave.
    struct Counts: Encodable {
        /// Read without an error.
        var read = 0
        /// Ended with an error.
        var refused = 0
    }

    private let original: [UInt8]
    private var generator: Generator

    init(of path: String, seed: UInt64) throws {
        original = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        generator = Generator(state: seed)
    }

    /// Reads so many mutations by way of one file. After a crash, this file has the mutation that caused it.
    mutating func run(_ count: Int, at scratch: String) throws -> Counts {
        var counts = Counts()
        for _ in 0..<count {
            let bytes = mutated()
            try Data(bytes).write(to: URL(fileURLWithPath: scratch))
            guard let format = ArrowFormat(start: bytes.prefix(ArrowFormat.startBytes)) else {
                counts.refused += 1
                continue
            }
            do throws(ArrowFilesError) {
                let reader = try ArrowReader(path: scratch, format: format)
                while let batch = try reader.next() {
                    for row in 0..<batch.rows { _ = batch.object(row: row) }
                }
                counts.read += 1
            } catch {
                counts.refused += 1
            }
        }
        return counts
    }

    private mutating func mutated() -> [UInt8] {
        var bytes = original
        guard bytes.count > 16 else { return bytes }
        let first = generator.next() & 1 == 0 ? max(0, bytes.count - 2048) : 0
        func place(_ generator: inout Generator) -> Int { Int.random(in: first..<bytes.count, using: &generator) }
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
        case 1:
            let start = place(&generator)
            bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...16, using: &generator)))
        case 2:
            let start = place(&generator)
            let end = min(bytes.count, start + Int.random(in: 1...16, using: &generator))
            bytes.insert(contentsOf: bytes[start..<end], at: start)
        case 3:
            let start = min(place(&generator), bytes.count - 4)
            let numbers: [UInt32] = [0, 1, .max, UInt32(Int32.max), 0x8000_0000]
            let number = numbers.randomElement(using: &generator) ?? 0
            for byte in 0..<4 { bytes[start + byte] = UInt8(truncatingIfNeeded: number >> UInt32(8 * byte)) }
        default:
            for _ in 0...Int.random(in: 0..<8, using: &generator) {
                bytes[place(&generator)] = UInt8.random(in: .min ... .max, using: &generator)
            }
        }
        return bytes
    }

    /// splitmix64, so that a seed gives the same mutations everywhere.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }
}
