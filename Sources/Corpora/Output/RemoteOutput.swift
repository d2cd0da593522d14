import Foundation
import Scoring

/// An output folder below `s3://bucket/prefix`, with a working folder on this machine: the journal and copies of the parts.
///
/// **An object is written before its file in the working folder.** *Why:* the working folder alone says what is committed.
/// *In practice:* a part is one request, so it is whole or absent; then it gets its local name and its journal row; the
/// manifest follows, and `_SUCCESS` is last. *Otherwise:* an object without a journal row is written again by the same
/// command, with the same bytes. Two machines must not write to one prefix at the same time: nothing here prevents that.
public struct RemoteOutput: Sendable {
    /// `s3://bucket/prefix`, without a `/` at the end.
    public let address: String
    /// The working folder.
    public let folder: String

    /// `nil` for a folder on this machine. The working folder is below `$XDG_STATE_HOME/statezero/runs`, by default
    /// `~/.local/state`, and named by the address. Throws for an address that cannot be written.
    public init?(_ output: String, environment: [String: String]) throws(CorporaError) {
        guard RemoteFiles.isRemote(output) else { return nil }
        guard try RemoteFiles.storage(for: output).isWritable(output) else {
            throw .unwritable(path: output, operation: "use as a folder", reason: "only s3:// addresses can be written")
        }
        var address = output
        while address.hasSuffix("/") { address.removeLast() }
        guard address.dropFirst("s3://".count).contains("/") else {
            throw .unwritable(path: output, operation: "use as a folder", reason: "name a prefix in the bucket")
        }
        self.address = address
        let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let root = state ?? "\(environment["HOME"] ?? NSHomeDirectory())/.local/state"
        folder = "\(root)/statezero/runs/\(Digest(of: address).hex.prefix(16))"
    }

    /// Makes objects and working folder agree before a run is opened; the folder must exist and be claimed.
    public func prepare(_ existing: ScoringRun.Existing) throws(CorporaError) {
        let local = try OutputFolder(path: folder)
        var objects = try objects()
        let foreign = objects.keys.filter { !OutputFolder.isOurs($0) }.sorted()
        guard foreign.isEmpty else { throw .foreignFiles(folder: address, names: foreign) }
        if existing == .overwrite {
            try remove(Self.removalOrder(objects.keys))
            objects = [:]
        }
        if objects[OutputFolder.successName] != nil {
            // The objects are the truth of a finished run.
            try discard()
            let again = try OutputFolder(path: folder)
            for name in [OutputFolder.manifestName, OutputFolder.successName] {
                try again.put(try bytes(of: name), as: name)
            }
            return
        }
        if local.size(of: OutputFolder.successName) != nil { try discard() }
        if ScoringRun.isUnfinished(folder) { return try restore(objects) }
        let parts = objects.keys.filter(OutputFolder.isPart).sorted()
        guard parts.isEmpty else { throw .partsWithoutJournal(folder: address, names: parts) }
    }

    /// Removes the working folder's files, but not the journal of a coordinator, which may still run.
    public func discard() throws(CorporaError) {
        let local = try OutputFolder(path: folder)
        try local.remove(
            try local.contents().filter { OutputFolder.isOurs($0) && !OutputFolder.isCoordinatorJournal($0) })
    }

    /// Writes one object of the output.
    func put(_ bytes: [UInt8], as name: String) throws(CorporaError) {
        try RemoteFiles.storage(for: address).put(bytes, to: "\(address)/\(name)")
    }

    /// Removes objects of the output; other names are ignored.
    func remove(_ names: [String]) throws(CorporaError) {
        let output = names.filter {
            OutputFolder.isPart($0)
                || [OutputFolder.manifestName, OutputFolder.successName, OutputFolder.workersName].contains($0)
        }
        guard !output.isEmpty else { return }
        try RemoteFiles.storage(for: address).remove(output.map { "\(address)/\($0)" })
    }

    /// Parts that are in the working folder, and whose objects are absent or of another size, are written again.
    private func restore(_ objects: [String: Int]) throws(CorporaError) {
        let local = try OutputFolder(path: folder)
        for name in try local.contents() where OutputFolder.isPart(name) && objects[name] != local.size(of: name) {
            try put(try Self.bytes(at: local.file(name)), as: name)
        }
    }

    /// Names and sizes of the objects below the address.
    private func objects() throws(CorporaError) -> [String: Int] {
        let prefix = "\(address)/"
        let found = try RemoteFiles.storage(for: address).list(prefix)
        return Dictionary(found.map { (String($0.path.dropFirst(prefix.count)), $0.bytes) }) { first, _ in first }
    }

    private func bytes(of name: String) throws(CorporaError) -> [UInt8] {
        try Self.bytes(at: try RemoteCopies.location(of: "\(address)/\(name)"))
    }

    private static func bytes(at path: String) throws(CorporaError) -> [UInt8] {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path: path, reason: String(cString: strerror(errno)))
        }
        return Array(bytes)
    }

    /// First what marks the run as finished.
    private static func removalOrder(_ names: some Collection<String>) -> [String] {
        [OutputFolder.successName, OutputFolder.manifestName, OutputFolder.workersName].filter(names.contains)
            + names.filter(OutputFolder.isPart).sorted()
    }
}
