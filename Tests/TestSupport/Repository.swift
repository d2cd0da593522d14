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
}
