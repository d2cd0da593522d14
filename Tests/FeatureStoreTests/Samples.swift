import FeatureStore
import Foundation
import Scoring
import TestSupport

extension ScratchFolder {
    /// The folder as a folder of stores.
    var folder: StoreFolder { StoreFolder(path: path) }

    /// The path of the only store's file.
    func file() throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.count == 32 }
        guard let name = names.first, names.count == 1 else { throw CocoaError(.fileNoSuchFile) }
        return "\(path)/\(name)/features.store"
    }

    /// Changes bytes of the only store's file while a store may have it open.
    func overwrite(at offset: Int, with bytes: [UInt8]) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: try file()))
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: Data(bytes))
    }
}

/// Numbered texts and their features, which follow from the number alone.
enum Sample {
    static let columns = 20
    static let encoder = ModelFingerprint(name: "sample", digest: Digest(of: "sample"))

    static func key(_ number: Int) -> Digest { Digest(of: "text \(number)") }

    static func entry(_ number: Int) -> FeatureStore.Entry {
        let first = Float(number)
        return FeatureStore.Entry(values: (0..<columns).map { first + Float($0) / 64 }, isTruncated: number % 3 == 0)
    }

    static func entries(_ numbers: Range<Int>) -> [(key: Digest, entry: FeatureStore.Entry)] {
        numbers.map { (key: key($0), entry: entry($0)) }
    }

    static func open(_ scratch: ScratchFolder, bytesMax: Int? = 1 << 20) throws -> FeatureStore {
        try FeatureStore(in: scratch.folder, encoder: encoder, columns: columns, bytesMax: bytesMax)
    }
}
