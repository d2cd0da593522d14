import Foundation

/// Files of one test, under a folder of this process that is gone with it; each call makes a place of its own.
enum ScratchFolder {
    static func file(_ bytes: [UInt8]) throws -> String {
        let path = try new() + "/file"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    static func copy(of folder: String) throws -> String {
        let path = try new() + "/copy"
        try FileManager.default.copyItem(atPath: folder, toPath: path)
        return path
    }

    static func edit(_ path: String, _ change: (String) -> String) throws {
        let text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        try write(change(text), to: path)
    }

    static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    static func new() throws -> String {
        let folder = root.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    private static let root: URL = {
        atexit { try? FileManager.default.removeItem(at: ScratchFolder.root) }
        return FileManager.default.temporaryDirectory
            .appendingPathComponent("inference-tests-\(ProcessInfo.processInfo.processIdentifier)")
    }()
}
