public import Foundation
import Scoring

/// A run that writes into an output folder. Parts are committed one by one; a committed part is permanent.
///
/// **A part counts when the journal has its row.** *Why:* a part and its journal row cannot be written in one step, and
/// every other order loses rows or writes them twice. *In practice:* write the bytes under a temporary name, flush,
/// rename, flush the folder, then write the journal row; each step is on the disk before the next one starts.
/// *Otherwise:* a part without a row is removed when the folder is opened again, and is written again.
///
/// Two processes never open the same folder. A finished folder has no journal: it is equal, byte for byte, to that of
/// any other run of the same identity. Use it from one thread only.
public final class ScoringRun {
    /// The result of opening a folder.
    public enum Opening {
        /// The run starts or continues.
        case open(ScoringRun)
        /// The same run is finished already.
        case finished(RunManifest)
    }

    /// What to do with an existing run.
    public enum Existing: Sendable {
        /// Continue it; a folder of another run is refused.
        case resume
        /// Delete it. Only files with names of this program are removed; a folder with other files is refused.
        case overwrite
    }

    /// The steps after which a crash is tested.
    package enum Step: Sendable, CaseIterable {
        case written, renamed, recorded
        case manifestWritten, succeeded, finished
    }

    /// Writes bytes to a descriptor like write(2); tests replace it to fill the disk.
    package typealias Write = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

    /// Created when the run was started; it stays the same when the run continues.
    public let jobID: UUID
    /// Committed parts by index.
    public private(set) var parts: [Int: OutputPart] = [:]
    /// Names of parts that were not committed, and were removed at opening.
    public let removed: [String]

    private let folder: OutputFolder
    private let identity: RunIdentity
    private let journal: RunJournal
    private let format: PartFormat

    /// Opens a folder for a run: creates the folder, continues its run, or finds the run finished. The format of the parts
    /// must be in the identity's settings, unless it is `.lines`.
    public static func open(
        folder path: String, identity: RunIdentity, existing: Existing = .resume, format: PartFormat = .lines,
        remote: RemoteOutput? = nil
    ) throws(CorporaError) -> Opening {
        try open(folder: path, identity: identity, existing: existing, format: format, remote: remote, write: nil)
    }

    package static func open(
        folder path: String, identity: RunIdentity, existing: Existing = .resume, format: PartFormat = .lines,
        remote: RemoteOutput? = nil, write: Write?
    ) throws(CorporaError) -> Opening {
        let folder = try OutputFolder(path: path, remote: remote, write: write ?? OutputFolder.systemWrite)
        if existing == .overwrite { try clear(folder, identity) }
        let names = try folder.contents()
        if names.contains(OutputFolder.successName) {
            let manifest = try RunManifest.read(folder: path)
            let differences = identity.differences(from: manifest.identityDigests)
            guard differences.isEmpty else { throw .folderOfAnotherRun(folder: path, differences: differences) }
            // A crash after _SUCCESS leaves these.
            try folder.remove(names.filter { OutputFolder.isJournal($0) || OutputFolder.isTemporary($0) })
            return .finished(manifest)
        }
        if !names.contains(OutputFolder.journalName) {
            let foreign = names.filter { !OutputFolder.isOurs($0) }
            guard foreign.isEmpty else { throw .foreignFiles(folder: path, names: foreign) }
            let parts = names.filter(OutputFolder.isPart)
            guard parts.isEmpty else { throw .partsWithoutJournal(folder: path, names: parts) }
        }
        return .open(try ScoringRun(folder, identity, format))
    }

    private init(_ folder: OutputFolder, _ identity: RunIdentity, _ format: PartFormat) throws(CorporaError) {
        let journal = try RunJournal(path: folder.file(OutputFolder.journalName), beginning: identity)
        self.folder = folder
        self.identity = identity
        self.format = format
        self.journal = journal
        self.jobID = journal.jobID
        try folder.flush()
        let differences = identity.differences(from: try journal.digests())
        guard differences.isEmpty else { throw .folderOfAnotherRun(folder: folder.path, differences: differences) }
        let committed = try journal.parts().map { part in
            var part = part
            part.suffix = format.suffix
            return part
        }
        for part in committed {
            guard let size = folder.size(of: part.name) else {
                throw .partMissing(folder: folder.path, name: part.name)
            }
            guard size == part.bytes else {
                throw .partChanged(folder: folder.path, name: part.name, expected: part.bytes, found: size)
            }
        }
        let known = Set(committed.map(\.name))
        removed = try folder.contents().filter { name in
            OutputFolder.isTemporary(name) || OutputFolder.isPart(name) && !known.contains(name)
        }
        try folder.remove(removed)
        for part in committed { parts[part.index] = part }
    }

    /// The path of the journal of a coordinator that serves only this run.
    public static func coordinatorJournal(in folder: String) -> String {
        "\(folder)/\(OutputFolder.coordinatorJournalName)"
    }

    /// Removes the coordinator's journal of an earlier run, before a coordinator starts for a run that replaces it.
    public static func removeCoordinatorJournal(in path: String) throws(CorporaError) {
        let folder = try OutputFolder(path: path)
        try folder.remove(try folder.contents().filter(OutputFolder.isCoordinatorJournal))
    }

    /// True if the folder has a run that is not finished.
    public static func isUnfinished(_ folder: String) -> Bool {
        access("\(folder)/\(OutputFolder.journalName)", F_OK) == 0
    }

    /// Number of committed rows.
    public var rows: Int { parts.values.reduce(0) { $0 + $1.counts.rows } }

    /// Commits a part; after this returns, the part survives any crash. Parts may be committed in any order, each once.
    /// `shares` says which workers answered it, where that is known.
    @discardableResult
    public func commit(
        index: Int, firstRow: Int, _ part: PartWriter, answeredBy shares: [RunWorkers.Share] = []
    ) throws(CorporaError) -> OutputPart {
        try commit(index: index, firstRow: firstRow, part, answeredBy: shares, stoppingAfter: .recorded)
    }

    @discardableResult
    package func commit(
        index: Int, firstRow: Int, _ part: PartWriter, answeredBy shares: [RunWorkers.Share] = [],
        stoppingAfter last: Step
    ) throws(CorporaError) -> OutputPart {
        guard parts[index] == nil else {
            throw .partOutOfPlace(folder: folder.path, index: index, reason: "it was committed before")
        }
        let name = OutputFolder.partName(index, suffix: format.suffix)
        let bytes = try format.encode(part.bytes, folder.file(name))
        let committed = OutputPart(
            index: index, firstRow: firstRow, counts: part.counts, bytes: bytes.count, digest: Digest(of: bytes),
            suffix: format.suffix)
        try folder.writeTemporary(bytes, for: committed.name)
        if last == .written { return committed }
        try folder.publish(committed.name)
        if last == .renamed { return committed }
        try journal.record(committed, answeredBy: shares)
        parts[index] = committed
        return committed
    }

    /// Finishes the run: writes the manifest, then `_SUCCESS`, then removes the journal. Every row of the input must be
    /// in a part.
    @discardableResult
    public func finish(_ summary: RunSummary) throws(CorporaError) -> RunManifest {
        try finish(summary, stoppingAfter: .finished)
    }

    @discardableResult
    package func finish(_ summary: RunSummary, stoppingAfter last: Step) throws(CorporaError) -> RunManifest {
        let inOrder = parts.values.sorted { $0.index < $1.index }
        var row = 0
        for (place, part) in inOrder.enumerated() {
            guard part.index == place, part.firstRow == row else {
                throw .partOutOfPlace(
                    folder: folder.path, index: part.index,
                    reason: "it begins at row \(part.firstRow), but \(place) parts before it end at row \(row)")
            }
            row = part.endRow
        }
        guard row == summary.rows else {
            throw .rowsMismatch(folder: folder.path, expected: summary.rows, found: row)
        }
        let manifest = RunManifest(summary, identity: identity, parts: inOrder)
        let bytes: [UInt8]
        do {
            bytes = try manifest.encoded()
        } catch {
            throw .unwritable(path: folder.file(OutputFolder.manifestName), operation: "encode", reason: "\(error)")
        }
        try putWorkers(of: inOrder, quarantined: summary.quarantined)
        try folder.put(bytes, as: OutputFolder.manifestName)
        if last == .manifestWritten { return manifest }
        try folder.put(Array("\(Digest(of: bytes).hex)\n".utf8), as: OutputFolder.successName)
        if last == .succeeded { return manifest }
        try journal.close()
        try folder.remove(try folder.contents().filter(OutputFolder.isJournal))
        return manifest
    }

    /// Writes who answered what, if that is known of any part.
    private func putWorkers(of parts: [OutputPart], quarantined: [String]) throws(CorporaError) {
        let known = try journal.workers()
        guard !known.isEmpty else { return }
        let workers = RunWorkers(
            parts: parts.map { RunWorkers.Part(name: $0.name, workers: known[$0.index] ?? []) },
            quarantined: quarantined)
        let bytes: [UInt8]
        do {
            bytes = try workers.encoded()
        } catch {
            throw .unwritable(path: folder.file(OutputFolder.workersName), operation: "encode", reason: "\(error)")
        }
        try folder.put(bytes, as: OutputFolder.workersName)
    }

    /// Closes an unfinished run, so that another process can continue it. Releasing the object does the same.
    public func close() throws(CorporaError) {
        try journal.close()
    }

    /// Removes all files of the run: first those that mark it as finished, then the journal, then the parts.
    private static func clear(_ folder: OutputFolder, _ identity: RunIdentity) throws(CorporaError) {
        let names = try folder.contents()
        let foreign = names.filter { !OutputFolder.isOurs($0) }
        guard foreign.isEmpty else { throw .foreignFiles(folder: folder.path, names: foreign) }
        if names.contains(OutputFolder.journalName) {
            // Only to check that no other process has it open; a journal that cannot be read is removed.
            do throws(CorporaError) {
                try RunJournal(path: folder.file(OutputFolder.journalName), beginning: identity).close()
            } catch .damagedJournal {
                try folder.remove(names.filter(OutputFolder.isJournal))
            }
        }
        let now = try folder.contents()
        try folder.remove(now.filter { $0 == OutputFolder.successName })
        try folder.remove(now.filter { $0 == OutputFolder.manifestName })
        try folder.remove(now.filter(OutputFolder.isJournal))
        // The coordinator of this run is at work already: its journal is not of the run that goes.
        try folder.remove(now.filter { OutputFolder.isOurs($0) && !OutputFolder.isCoordinatorJournal($0) })
    }
}
