import ModelFiles

/// One module of a sentence-transformers folder, as `modules.json` lists it.
struct FolderModule: Decodable {
    /// Its folder below the model's; empty for the model's own.
    let path: String
    private let type: String

    /// Name of its class.
    var name: String { String(type.split(separator: ".").last ?? "") }

    /// The modules of a folder, in order. Throws what is wrong with the file.
    static func list(folder: String) throws(ModelError) -> [FolderModule] {
        try JSONFile.read([FolderModule].self, "\(folder)/modules.json")
    }

    /// Throws `unsupported` for a path that is no folder beside `modules.json`: nothing outside the model's folder is read.
    func requireOwnFolder(_ file: String) throws(ModelError) {
        try ModelError.require(
            !path.contains("/") && !path.hasPrefix("."), file, "a module's path", path, "a folder beside modules.json")
    }
}
