import Foundation
import FuzzTargets
import TestSupport
import Testing

@Suite("Inputs that fuzzing has found or begun with", .serialized)
struct CorpusTests {
    private static let corpora = Repository.path("scripts/fuzz/corpora")

    @Test("every committed input is read without a trap and without a finding", arguments: FuzzTarget.all.map(\.name))
    func replay(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        defer { FuzzTarget.removeFiles() }
        let folder = "\(Self.corpora)/\(name)"
        let inputs = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(!inputs.isEmpty, "\(folder) has no inputs")
        for input in inputs {
            let bytes = Array(try Data(contentsOf: URL(filePath: "\(folder)/\(input)")))
            // Not only as it is, but also cut anywhere: ends are where readers forget to check.
            let step = max(1, bytes.count / 40)
            for end in Array(stride(from: 0, to: bytes.count, by: step)) + [bytes.count] {
                let problem = target.run(Array(bytes[..<end]))
                #expect(problem == nil, "\(input), \(end) bytes: \(problem ?? "")")
            }
        }
    }

    @Test(
        "the sequences of verification reach what they are named for: a seed that does not is no beginning",
        arguments: [
            ("verified", ["shardAnswered", "verifiedBy: [Wire.WorkerLabel"]), ("quarantined", ["workerQuarantined("]),
            ("undecided", ["disagreement", "jobRefused"]), ("unverified", ["unverified(", "isUnverified: true"]),
            ("accomplices", ["workerQuarantined(", "answersWithdrawn"]),
        ])
    func verification(name: String, expected: [String]) throws {
        let bytes = Array(try Data(contentsOf: URL(filePath: "\(Self.corpora)/machines/seed-\(name)")))
        let events = MachinesTarget.events(bytes)
        for part in expected { #expect(events.contains { $0.contains(part) }, "\(name) has no \(part): \(events)") }
    }

    @Test("each folder of inputs belongs to a target")
    func folders() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpora)
        #expect(Set(folders) == Set(FuzzTarget.all.map(\.name)))
    }
}
