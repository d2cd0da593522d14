import Encoders
import Foundation
import Kernels
import ModelFiles
import Scoring
import Synchronization
import TestSupport
import Testing

@Suite("Packed weights")
struct PackedWeightsTests {
    @Test(
        "the first encoder writes the file, the second maps it, and both give the same bits",
        arguments: Precision.allCases)
    func writtenThenFound(precision: Precision) throws {
        let golden = try Qwen3Golden("plain")
        let place = try ScratchFolder.copy(of: golden.folder.path) + "/cache"
        let own = try golden.encoder(precision: precision)
        let first = try encoder(golden, .folder(place), precision)
        let second = try encoder(golden, .folder(place), precision)
        guard case .written(let file) = first.packedWeights else {
            Issue.record("\(first.packedWeights)")
            return
        }
        #expect(second.packedWeights == .found(file: file))
        #expect(second.packedWeights.isShared && !own.packedWeights.isShared)
        let expected = try own.states(golden.batch)
        #expect(try first.states(golden.batch) == expected)
        #expect(try second.states(golden.batch) == expected)
        #expect(try Self.files(in: place) == [file])
    }

    @Test("beside the weights, each precision and each model has its own file")
    func besideWeights() throws {
        let path = try ScratchFolder.copy(of: "\(Qwen3Golden.path)/plain")
        var files: Set<String> = []
        for precision in Precision.allCases {
            for change in ["0.02", "0.03"] {
                try ScratchFolder.edit("\(path)/config.json") {
                    $0.replacing(/"initializer_range": [0-9.]+/, with: "\"initializer_range\": \(change)")
                }
                let encoder = try Qwen3Encoder(folder: try Qwen3Folder(path: path), precision: precision)
                guard case .written(let file) = encoder.packedWeights else {
                    Issue.record("\(encoder.packedWeights)")
                    return
                }
                files.insert(file)
            }
        }
        let found = Set(try Self.files(in: "\(path)/.packed"))
        #expect(files.count == 2 * Precision.allCases.count && found == files)
    }

    @Test("a file that is cut short, longer, or of another head is made again")
    func spoilt() throws {
        let golden = try Qwen3Golden("plain")
        let place = try ScratchFolder.copy(of: golden.folder.path) + "/cache"
        guard case .written(let file) = try encoder(golden, .folder(place)).packedWeights else {
            Issue.record("not written")
            return
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        var otherHead = whole
        otherHead[40] ^= 1
        let expected = try golden.encoder().states(golden.batch)
        for spoilt in [whole.dropLast(), whole + [0], otherHead, Data()] {
            try FileManager.default.removeItem(atPath: file)
            try spoilt.write(to: URL(fileURLWithPath: file))
            let again = try encoder(golden, .folder(place))
            #expect(again.packedWeights == .written(file: file))
            #expect(try again.states(golden.batch) == expected)
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == whole)
        }
    }

    @Test("what a packer that died left behind is no hindrance")
    func leftBehind() throws {
        let golden = try Qwen3Golden("plain")
        let place = try ScratchFolder.copy(of: golden.folder.path) + "/cache"
        guard case .written(let file) = try encoder(golden, .folder(place)).packedWeights else {
            Issue.record("not written")
            return
        }
        try FileManager.default.moveItem(atPath: file, toPath: "\(file).partial")
        #expect(try encoder(golden, .folder(place)).packedWeights == .written(file: file))
        #expect(try Self.files(in: place) == [file])
    }

    @Test("many encoders that start at once make one file")
    func atOnce() throws {
        let golden = try Qwen3Golden("sharded")
        let place = try ScratchFolder.copy(of: golden.folder.path) + "/cache"
        let expected = try golden.encoder().states(golden.batch)
        let origins = Origins()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            do {
                let encoder = try encoder(golden, .folder(place))
                #expect(try encoder.states(golden.batch) == expected)
                origins.add(encoder.packedWeights)
            } catch {
                Issue.record(error)
            }
        }
        let file = try #require(try Self.files(in: place).first)
        #expect(origins.all.filter { $0 == .written(file: file) }.count == 1)
        #expect(origins.all.filter { $0 == .found(file: file) }.count == 7)
    }

    @Test("where nothing can be written, an encoder packs for itself and says why")
    func noPlace() throws {
        let golden = try Qwen3Golden("plain")
        // A file where the folder should be: not even root can write into it.
        let place = try ScratchFolder.file([1])
        let encoder = try encoder(golden, .folder(place))
        guard case .ownMemory(let reason) = encoder.packedWeights else {
            Issue.record("\(encoder.packedWeights)")
            return
        }
        print("packed for itself: \(reason)")
        #expect(reason.contains(place))
        #expect(largestDifference(try encoder.states(golden.batch).flatMap(\.self), golden.states) < 2e-5)
    }

    private func encoder(
        _ golden: Qwen3Golden, _ place: PackedWeightsPlace, _ precision: Precision = .float32
    ) throws -> Qwen3Encoder {
        try Qwen3Encoder(folder: golden.folder, tokensMax: 128, precision: precision, packedIn: place)
    }

    private static func files(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasSuffix(".lock") }.sorted()
            .map { "\(folder)/\($0)" }
    }

    private final class Origins: Sendable {
        private let list = Mutex<[PackedWeightsOrigin]>([])

        func add(_ origin: PackedWeightsOrigin) { list.withLock { $0.append(origin) } }

        var all: [PackedWeightsOrigin] { list.withLock { $0 } }
    }
}
