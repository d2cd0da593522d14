import Crypto
import Foundation
package import Scoring
import Synchronization

/// SHA-256 over files of a model folder: everything in it that can change an answer.
package enum FolderDigest {
    /// The digest of named files, in order. A file that is absent counts as such. Throws `unreadable`.
    /// Cost: reading the files.
    package static func digest(of names: [String], in folder: String) throws(ModelError) -> Scoring.Digest {
        var parts: [(name: String, file: MappedFile?)] = []
        for name in names {
            let path = "\(folder)/\(name)"
            parts.append((name, FileManager.default.fileExists(atPath: path) ? try MappedFile(path: path) : nil))
        }
        // Name, size and bytes of each file, so that no two folders give the same stream. Size -1 means absent.
        return Scoring.Digest { hash in
            for (name, file) in parts {
                hash.update(data: Array("\(name) \(file?.count ?? -1)\n".utf8))
                file?.withBytes { hash.update(bufferPointer: $0) }
            }
        }
    }
}

/// A digest of files that is computed when it is asked for first: to use a folder's tokenizer alone, nobody reads its weights.
package final class LazyDigest: Sendable {
    private let make: @Sendable () throws(ModelError) -> Scoring.Digest
    private let found = Mutex<Scoring.Digest?>(nil)

    /// `make` computes it.
    package init(_ make: @escaping @Sendable () throws(ModelError) -> Scoring.Digest) { self.make = make }

    /// The digest. Throws what `make` throws. Cost: at first that of `make`.
    package func value() throws(ModelError) -> Scoring.Digest {
        if let digest = found.withLock({ $0 }) { return digest }
        let digest = try make()
        found.withLock { $0 = digest }
        return digest
    }
}
