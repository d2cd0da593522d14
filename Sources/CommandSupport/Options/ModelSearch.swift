import Foundation

/// Finds a model folder by its name, from any current folder.
///
/// A path that exists is used as it is. Else the name is looked for under `$XDG_DATA_HOME/statezero/models` (by default
/// `~/.local/share`), under each folder of `$XDG_DATA_DIRS` (by default `/usr/local/share` and `/usr/share`), and in a
/// folder `models` above the program, as in a checkout.
package enum ModelSearch {
    /// The name of the default model.
    package static let defaultName = "all-MiniLM-L6-v2"

    /// The folder of a model; the text itself where none is found.
    package static func folder(_ text: String) -> String {
        guard !text.hasPrefix("/"), !text.hasPrefix("table"), !FileManager.default.fileExists(atPath: text) else {
            return text
        }
        let name = text.hasPrefix("models/") ? String(text.dropFirst("models/".count)) : text
        guard !name.isEmpty, !name.hasPrefix(".") else { return text }
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.fileExists(atPath: $0) } ?? text
    }

    /// Where models are looked for beside the current folder, in order.
    package static var folders: [String] {
        [userFolder] + systemFolders.map { "\($0)/statezero/models" } + programFolders
    }

    /// The user's own models.
    package static var userFolder: String {
        let environment = ProcessInfo.processInfo.environment
        let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        return "\(data ?? "\(environment["HOME"] ?? NSHomeDirectory())/.local/share")/statezero/models"
    }

    /// Where `model fetch` puts the default model: below `models` of the current folder if there is one, else with the
    /// user's models.
    package static var fetchFolder: String {
        var isFolder: ObjCBool = false
        let hasModels = FileManager.default.fileExists(atPath: "models", isDirectory: &isFolder) && isFolder.boolValue
        return "\(hasModels ? "models" : userFolder)/\(defaultName)"
    }

    private static var systemFolders: [String] {
        let given = ProcessInfo.processInfo.environment["XDG_DATA_DIRS"] ?? ""
        return (given.isEmpty ? "/usr/local/share:/usr/share" : given).split(separator: ":").map(String.init)
    }

    private static var programFolders: [String] {
        var folder = URL(fileURLWithPath: OwnProgram.path).deletingLastPathComponent()
        var found: [String] = []
        for _ in 0..<4 {
            folder = folder.deletingLastPathComponent()
            found.append(folder.appendingPathComponent("models").path)
        }
        return found
    }
}
