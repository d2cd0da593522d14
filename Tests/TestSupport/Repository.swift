public import Foundation

/// The checkout that the tests were built from.
public enum Repository {
    /// The folder of `Package.swift`. Links are resolved first, so that a folder of links reads the same.
    public static let root: URL = {
        var folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while !FileManager.default.fileExists(atPath: folder.appending(path: "Package.swift").path) {
            precondition(folder.path != "/", "no Package.swift above \(#filePath)")
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    /// A file or folder of the checkout by its path below the root.
    public static func path(_ path: String) -> String { root.appending(path: path).path }

    /// The folder of the default model with its real weights: `STATEZERO_MODEL`, else where `statezero model fetch` writes it, in the
    /// user's data folder, or the checkout's `models`. `nil` where there are none.
    public static let defaultModel: String? = {
        let environment = ProcessInfo.processInfo.environment
        let data = environment["XDG_DATA_HOME"] ?? NSHomeDirectory() + "/.local/share"
        let name = "all-MiniLM-L6-v2"
        let folders =
            environment["STATEZERO_MODEL"].map { [$0] } ?? [path("models/\(name)"), "\(data)/statezero/models/\(name)"]
        return folders.first { FileManager.default.fileExists(atPath: "\($0)/model.safetensors") }
    }()
}
