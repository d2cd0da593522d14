import Foundation
import TestSupport
import Testing
import Wire

/// `proto/vectors` is both a test and an example for other languages. `STATEZERO_WRITE_VECTORS=1` writes the files anew;
/// `proto/vectors/check.py` builds the same bytes by other means.
@Suite("Vectors of the wire")
struct VectorTests {
    private static let folder = Repository.root.appendingPathComponent("proto/vectors")
    private static let isWriting = ProcessInfo.processInfo.environment["STATEZERO_WRITE_VECTORS"] == "1"

    @Test(
        "there is a vector for every kind of message, three more for new roles, two for side information, one for row ranges, and no other"
    )
    func complete() throws {
        let samples = MessageSample.all
        #expect(samples.count == Kind.allCases.count + 6)
        #expect(Set(samples.map { Kind(of: $0.envelope.message) }) == Set(Kind.allCases))
        guard !Self.isWriting else { return }
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".txt")
        }
        #expect(Set(files) == Set(samples.map { "\($0.name).txt" }))
    }

    @Test("a vector decodes to its message, and the message encodes to its bytes", arguments: MessageSample.all)
    func bothWays(_ sample: MessageSample) throws {
        let file = Self.folder.appendingPathComponent("\(sample.name).txt")
        if Self.isWriting { try Self.text(of: sample).write(to: file, atomically: true, encoding: .utf8) }
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text == Self.text(of: sample), "the file's words differ from the sample's")
        let frames = try Self.frames(in: text)
        #expect(try Envelope(frames: frames) == sample.envelope)
        #expect(sample.envelope.frames == frames)
    }

    private static func text(of sample: MessageSample) -> String {
        let lines = [sample.title] + sample.explanation.map { "# \($0)" } + sample.envelope.frames.map(hex)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The lines after the title that are no explanation: one frame each.
    private static func frames(in text: String) throws -> [[UInt8]] {
        try text.split(separator: "\n").dropFirst().filter { !$0.hasPrefix("#") }.map { line in
            let digits = Array(line)
            return try stride(from: 0, to: digits.count, by: 2).map { place in
                let pair = String(digits[place..<min(place + 2, digits.count)])
                return try #require(pair.count == 2 ? UInt8(pair, radix: 16) : nil, "\(pair) is not a byte in hex")
            }
        }
    }
}

extension MessageSample: CustomTestStringConvertible {
    var testDescription: String { name }
}
