import Crypto
import Foundation
package import Scoring

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
