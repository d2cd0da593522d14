public import Foundation
public import ModelFiles

/// Where the compact head's weights are found.
///
/// They are a resource of this package, which the build puts in a folder beside the program. SwiftPM's own accessor also
/// knows the folder of the build by its absolute path and stops the program if neither exists, so it is not used.
public enum CompactHeadFile {
    /// An environment variable that names a file; where it is set, no other place is tried.
    public static let variable = "STATEZERO_HEAD"
    /// The file's name in every place.
    public static let name = "compact-head.safetensors"

    /// Files to try, in order: the one that the variable names, or else the build's folder of resources beside the program, the
    /// program's own folder, and `../share/statezero` of an installed one.
    public static func places(environment: [String: String], program: URL) -> [String] {
        if let named = environment[variable], !named.isEmpty { return [named] }
        let folder = program.resolvingSymlinksInPath().deletingLastPathComponent()
        return [
            folder.appending(path: "StateZero_Heads.resources/\(name)"), folder.appending(path: name),
            folder.deletingLastPathComponent().appending(path: "share/statezero/\(name)"),
        ].map(\.path)
    }

    /// The first of the places where there is a file. Throws `weightsNotFound`, which names them all.
    public static func find(
        environment: [String: String] = ProcessInfo.processInfo.environment, program: URL? = Bundle.main.executableURL
    ) throws(ModelError) -> String {
        let places = places(environment: environment, program: program ?? URL(filePath: CommandLine.arguments[0]))
        guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw .weightsNotFound(
                what: "the compact head's weights", places: places,
                advice: "set \(variable) to \(name), copy it beside the program, or choose --head gaussian-process")
        }
        return found
    }
}

extension CompactHead {
    /// Reads the head that comes with the program. Throws `weightsNotFound` and what is wrong with the file.
    public static func load() throws(ModelError) -> CompactHead {
        try CompactHead(weights: SafetensorsFile(path: CompactHeadFile.find()))
    }
}
