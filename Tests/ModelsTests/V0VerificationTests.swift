import Foundation
import Kernels
import ModelFiles
import Models
import Testing

@Suite("V0: the golden prediction of a converted folder")
struct V0VerificationTests {
    @Test("every stage of the reference is repeated within its tolerance", arguments: V0Folders.poolings)
    func repeats(pooling: String) throws {
        let stages = try V0Verification(folder: V0Folders.path(pooling)).run(ModelSettings(threads: 2))
        #expect(stages.count == 10)
        for stage in stages {
            print("V0 \(pooling): \(stage.name) from \(stage.given): error \(stage.error) of \(stage.compared)")
            #expect(stage.isWithin, "\(stage.name): \(stage.error) is over \(String(describing: stage.tolerance))")
        }
    }

    @Test("bfloat16 moves probabilities, and not by much")
    func bfloat16() throws {
        let stages = try V0Verification(folder: V0Folders.path("dynamic_query"))
            .run(ModelSettings(threads: 1, precision: .bfloat16))
        let error = try #require(stages.first { $0.name == "scores_given_fingerprints" }).error
        print("V0 in bfloat16: largest change of a score \(error)")
        #expect(error > 0 && error < 0.05)
    }

    @Test("a golden with another value fails at its stage, and only there")
    func findsDamage() throws {
        let folder = try V0Folders.copy("dynamic_query")
        let path = "\(folder)/golden.safetensors"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = try #require(SafetensorsFile(path: path).header.entries["raw_logits"]?.bytes)
        // The exponent of one logit.
        bytes[place.upperBound - 1] ^= 0x02
        try bytes.write(to: URL(fileURLWithPath: path))
        let wrong = try V0Verification(folder: folder).run(ModelSettings()).filter { !$0.isWithin }
        #expect(wrong.map(\.name) == ["raw_logits_given_tables"])
    }

    @Test("a folder without a golden says how to get one")
    func missing() throws {
        let folder = try V0Folders.copy("last_token")
        try FileManager.default.removeItem(atPath: "\(folder)/golden.json")
        let error = #expect(throws: ModelError.self) { try V0Verification(folder: folder) }
        #expect("\(try #require(error))".contains("--no-golden"))
    }
}
