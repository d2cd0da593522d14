import Foundation
import TestSupport
import Testing

/// The package's own files, found from this file's place. Links are followed first, so a folder of links reads the same.
struct PackageTree {
    let root: URL

    init() throws {
        root = Repository.root
    }

    /// One text file: its path below the root, and its lines.
    struct File: CustomStringConvertible {
        let path: String
        let text: String
        var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
        /// Lines as editors count them: the end of the last line begins none.
        var lineCount: Int { text.hasSuffix("\n") ? lines.count - 1 : lines.count }
        var description: String { path }
    }

    /// Folders that are never committed, as `.gitignore` has them, wherever they stand.
    private static let passingFolders = [".git", ".build", ".swiftpm", ".venv", ".packed", "__pycache__"]
    /// The same, at the root only.
    private static let passingAtRoot: Set = ["models", "out"]
    /// Goldens and samples beyond this are data, not prose or code.
    private static let bytesMax = 4 << 20

    /// Every text file below a folder, in order of paths.
    func files(under folder: String = "", withExtension ending: String? = nil) throws -> [File] {
        let start = root.appending(path: folder)
        let found = try #require(
            FileManager.default.enumerator(
                at: start, includingPropertiesForKeys: [.isDirectoryKey, .isSymbolicLinkKey, .fileSizeKey]))
        var files: [File] = []
        for case let url as URL in found {
            let path = String(url.path.dropFirst(root.path.count + 1))
            let values = try url.resourceValues(forKeys: [.isDirectoryKey, .isSymbolicLinkKey, .fileSizeKey])
            if values.isDirectory == true {
                if isPassing(path) { found.skipDescendants() }
                continue
            }
            // In a second work tree it is a file, and names the first.
            guard path != ".git" else { continue }
            // What a link leads to inside the package is read where it stands.
            guard values.isSymbolicLink != true else { continue }
            guard ending == nil || url.pathExtension == ending, (values.fileSize ?? 0) <= Self.bytesMax,
                let text = String(validating: try Data(contentsOf: url), as: UTF8.self)
            else { continue }
            files.append(File(path: path, text: text))
        }
        return files.sorted { $0.path < $1.path }
    }

    private func isPassing(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return Self.passingAtRoot.contains(path) || Self.passingFolders.contains { name.hasPrefix($0) }
    }

    /// A file of the root by name.
    func file(_ path: String) throws -> File {
        File(path: path, text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
    }

    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root.appending(path: path).path) }
}
