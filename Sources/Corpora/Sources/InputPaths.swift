import Foundation
import JSON

/// The files that paths mean: a folder stands for the data files in it, a pattern for the files that match.
package enum InputPaths {
    /// More files are refused.
    static let filesMax = 100_000

    /// Replaces folders and patterns by files, in the order of their names. Other paths stay as they are.
    ///
    /// In a folder and the folders in it, files with the endings of `RowFormats` count, also compressed; names that
    /// begin with `.` or `_` do not. A folder of Hugging Face `datasets` (`state.json`) gives the files that it lists.
    package static func expanded(_ paths: [String]) throws(CorporaError) -> [String] {
        var files: [String] = []
        for path in paths {
            if path == "-" {
                files.append(path)
            } else if RemoteFiles.isRemote(path) {
                files += try RemoteFiles.expanded(path)
            } else if isLocalFolder(path) {
                files += try self.files(in: path)
            } else if access(path, F_OK) != 0, path.contains(where: { "*?[".contains($0) }) {
                files += try matches(path)
            } else {
                files.append(path)
            }
            guard files.count <= filesMax else {
                throw .unreadable(path: path, reason: "more than \(filesMax) files; name fewer")
            }
        }
        return files
    }

    /// Throws for the first path that cannot be read.
    package static func check(_ paths: [String]) throws(CorporaError) {
        for path in try expanded(paths) where path != "-" && !RemoteFiles.isRemote(path) && access(path, R_OK) != 0 {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Whether a path is a folder, or an address with a finished run below it.
    static func isFolder(_ path: String) throws(CorporaError) -> Bool {
        guard RemoteFiles.isRemote(path) else { return isLocalFolder(path) }
        let storage = try RemoteFiles.storage(for: path)
        guard storage.isWritable(path) else { return false }
        return try storage.exists("\(path)/\(OutputFolder.successName)")
    }

    private static func isLocalFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func matches(_ pattern: String) throws(CorporaError) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else {
            throw .unreadable(path: pattern, reason: "no file matches this pattern")
        }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
            .filter { !isLocalFolder($0) }
    }

    private static func files(in folder: String) throws(CorporaError) -> [String] {
        let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        if let splits = names(in: "\(folder)/dataset_dict.json", under: "splits") {
            guard splits.count == 1 else {
                throw .unreadable(
                    path: folder, reason: "it has the splits \(splits.joined(separator: ", ")), name the folder of one")
            }
            return try files(in: "\(folder)/\(splits[0])")
        }
        if let state = try? JSONValue(
            reading: Array(FileManager.default.contents(atPath: "\(folder)/state.json") ?? Data())),
            let listed = state.member(at: ["_data_files"])?.elements
        {
            return listed.compactMap { $0.member(at: ["filename"])?.string }.map { "\(folder)/\($0)" }
        }
        var found: [String] = []
        for name in FileManager.default.enumerator(atPath: folder)?.compactMap({ $0 as? String }) ?? [] {
            guard isData(name) else { continue }
            let path = "\(folder)/\(name)"
            if !isLocalFolder(path) { found.append(path) }
            guard found.count <= filesMax else {
                throw .unreadable(path: folder, reason: "more than \(filesMax) files; name fewer")
            }
        }
        guard !found.isEmpty else {
            throw .unreadable(
                path: folder, reason: "the folder has no data file (\(RowFormats.endings.joined(separator: ", ")))")
        }
        return found.sorted()
    }

    /// Whether a file of a folder has rows, by its path below the folder.
    static func isData(_ name: String) -> Bool {
        let parts = name.split(separator: "/")
        guard !parts.contains(where: { $0.hasPrefix(".") || $0.hasPrefix("_") }), let last = parts.last?.lowercased()
        else { return false }
        return RowFormats.endings.contains { [$0, $0 + ".gz", $0 + ".zst"].contains(where: last.hasSuffix) }
            && !isDescription(last)
    }

    /// Files that describe a data set and have no rows.
    private static func isDescription(_ name: String) -> Bool {
        ["dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json", "config.json"].contains(name)
    }

    private static func names(in file: String, under key: String) -> [String]? {
        guard let data = FileManager.default.contents(atPath: file),
            let value = try? JSONValue(reading: Array(data))
        else { return nil }
        return value.member(at: [key])?.elements?.compactMap(\.string)
    }
}
