import Foundation

/// Temporary files of tests, in a folder that is removed when the process ends. Each call makes a new place.
public enum ScratchFiles {
    /// A file with these bytes.
    public static func file(_ bytes: [UInt8]) throws -> String {
        let path = try new() + "/file"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// A copy of a folder, without packed weights.
    public static func copy(of folder: String) throws -> String {
        let path = try new() + "/copy"
        try FileManager.default.copyItem(atPath: folder, toPath: path)
        // Another test may have packed weights beside the original: the copy starts without them.
        let packed = "\(path)/.packed"
        if FileManager.default.fileExists(atPath: packed) { try FileManager.default.removeItem(atPath: packed) }
        return path
    }

    /// Rewrites a text file.
    public static func edit(_ path: String, _ change: (String) -> String) throws {
        let text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        try write(change(text), to: path)
    }

    /// Writes a text file.
    public static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// A new, empty folder.
    public static func new() throws -> String {
        let folder = root.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    private static let root: URL = {
        atexit { try? FileManager.default.removeItem(at: ScratchFiles.root) }
        return FileManager.default.temporaryDirectory
            .appendingPathComponent("statezero-tests-\(ProcessInfo.processInfo.processIdentifier)")
    }()
}
