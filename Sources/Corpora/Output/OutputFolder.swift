import Foundation
public import Scoring

/// Writes the files of an output folder. A file is complete or absent, and it is on the disk before a call returns.
///
/// A file is written under a temporary name, flushed, renamed, and the folder is flushed. `ScoringRun` decides which
/// files count.
struct OutputFolder {
    /// Replaces write(2) in tests of a full disk: from descriptor and bytes to the number of bytes written, or -1 and
    /// `errno`.
    typealias Write = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

    let path: String
    /// Where each file is written as an object first; `nil` for a folder that is only on this machine.
    private let remote: RemoteOutput?
    private let write: Write

    static let manifestName = "_manifest.json"
    static let successName = "_SUCCESS"
    /// Who answered what: beside the output, not a part of it.
    static let workersName = "_workers.json"
    static let journalName = "_journal.sqlite"
    /// The journal of a coordinator that serves only this run.
    static let coordinatorJournalName = "_coordinator.sqlite"
    private static let temporarySuffix = ".tmp"

    /// Creates the folder if it does not exist.
    init(
        path: String, remote: RemoteOutput? = nil, write: @escaping Write = OutputFolder.systemWrite
    ) throws(CorporaError) {
        self.path = path
        self.remote = remote
        self.write = write
        if mkdir(path, 0o777) == 0 {
            try Self.flushFolder(Self.parent(of: path))
            return
        }
        guard errno == EEXIST else { throw FileBytes.problem(path, "create the folder", bytes: 0) }
        guard (try? contents()) != nil else {
            throw .unwritable(path: path, operation: "use as a folder", reason: "it is not a folder")
        }
    }

    static func partName(_ index: Int, suffix: String) -> String {
        let digits = String(index)
        return "part-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".\(suffix)"
    }

    /// True for the names that this program uses. A part is `part-`, five digits or more, and the end of a format.
    static func isOurs(_ name: String) -> Bool {
        let name = name.hasSuffix(temporarySuffix) ? String(name.dropLast(temporarySuffix.count)) : name
        return isPart(name) || isJournal(name) || isCoordinatorJournal(name) || name == manifestName
            || name == successName || name == workersName
    }

    static func isPart(_ name: String) -> Bool {
        guard name.hasPrefix("part-"), let suffix = PartFormat.suffixes.first(where: { name.hasSuffix(".\($0)") })
        else {
            return false
        }
        let digits = name.dropFirst(5).dropLast(suffix.count + 1)
        return digits.count >= 5 && digits.allSatisfy { $0.isASCII && $0.isNumber }
    }

    static func isJournal(_ name: String) -> Bool {
        ["", "-wal", "-shm", "-journal"].contains { name == journalName + $0 }
    }

    /// The journal of a coordinator that was started for this run only. It is in the same folder as the parts, so that
    /// the same command finds it again; the process that started the coordinator removes it.
    static func isCoordinatorJournal(_ name: String) -> Bool {
        ["", "-wal", "-shm", "-journal", ".lock"].contains { name == coordinatorJournalName + $0 }
    }

    static func isTemporary(_ name: String) -> Bool {
        name.hasSuffix(temporarySuffix) && isOurs(name)
    }

    /// The names of all files in the folder, sorted.
    func contents() throws(CorporaError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw .unwritable(path: path, operation: "list the folder", reason: error.localizedDescription)
        }
    }

    /// Size in bytes; `nil` if the file does not exist.
    func size(of name: String) -> Int? {
        var status = stat()
        return stat(file(name), &status) == 0 ? Int(status.st_size) : nil
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes and publishes a file: after this it survives any crash.
    func put(_ bytes: [UInt8], as name: String) throws(CorporaError) {
        try writeTemporary(bytes, for: name)
        try publish(name)
    }

    /// First half of `put`: writes the bytes to the disk under a temporary name, then as an object.
    func writeTemporary(_ bytes: [UInt8], for name: String) throws(CorporaError) {
        let temporary = file(name + Self.temporarySuffix)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileBytes.problem(temporary, "create", bytes: bytes.count) }
        do throws(CorporaError) {
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes {
                    write(descriptor, UnsafeRawBufferPointer(rebasing: $0[written...]))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw FileBytes.problem(temporary, "write", bytes: bytes.count - written) }
                written += count
            }
            guard fsync(descriptor) == 0 else { throw FileBytes.problem(temporary, "flush", bytes: bytes.count) }
        } catch {
            close(descriptor)
            // An incomplete part is useless, and it uses space on a disk that may be full.
            unlink(temporary)
            throw error
        }
        guard close(descriptor) == 0 else { throw FileBytes.problem(temporary, "close", bytes: bytes.count) }
        try remote?.put(bytes, as: name)
    }

    /// Second half of `put`: gives the file its name.
    func publish(_ name: String) throws(CorporaError) {
        guard rename(file(name + Self.temporarySuffix), file(name)) == 0 else {
            throw FileBytes.problem(file(name), "rename to", bytes: 0)
        }
        try flush()
    }

    /// Removes files; files that do not exist are ignored.
    func remove(_ names: [String]) throws(CorporaError) {
        guard !names.isEmpty else { return }
        try remote?.remove(names)
        for name in names where unlink(file(name)) != 0 && errno != ENOENT {
            throw FileBytes.problem(file(name), "remove", bytes: 0)
        }
        try flush()
    }

    /// A new name is durable only after its folder is flushed.
    func flush() throws(CorporaError) {
        try Self.flushFolder(path)
    }

    static let systemWrite: Write = { Foundation.write($0, $1.baseAddress, $1.count) }

    private static func flushFolder(_ path: String) throws(CorporaError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileBytes.problem(path, "open", bytes: 0) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileBytes.problem(path, "flush", bytes: 0) }
    }

    private static func parent(of path: String) -> String {
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return parent.isEmpty ? "." : parent
    }
}

/// A committed part of the output.
public struct OutputPart: Hashable, Sendable {
    /// From 0; `part-00000.jsonl` and so on.
    public let index: Int
    /// Index of its first row among all rows of the input, including rejected ones, from 0.
    public let firstRow: Int
    /// Numbers of its rows.
    public let counts: RowCounts
    /// Size of the file.
    public let bytes: Int
    /// SHA-256 of the file.
    public let digest: Digest
    /// The end of its name, by its format.
    var suffix = PartFormat.lines.suffix

    /// The file's name.
    public var name: String { OutputFolder.partName(index, suffix: suffix) }
    /// Index of the row after its last row.
    public var endRow: Int { firstRow + counts.rows }
}
