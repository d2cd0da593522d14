public import Foundation
import Scoring

/// A run's hold on its output folder: parts that commit one by one, and count for ever once they did.
///
/// **A part counts when its journal row is there.** *Why:* a part and its record cannot be written in one step, and
/// every
/// other order loses rows or doubles them. *In practice:* bytes under a temporary name, flush, rename, flush the
/// folder,
/// then the journal row, each on the disk before the next. *Otherwise:* whatever was cut off before the row is removed
/// when the folder is opened again, and written again.
///
/// Two processes never hold one folder. A finished folder has no journal: it is the same, byte for byte, as that of any
/// other run of the identity. Belongs to one thread.
public final class ScoringRun {
    /// What opening a folder comes to.
    public enum Opening {
        /// The run goes on, or begins.
        case open(ScoringRun)
        /// The same run is there already, finished.
        case finished(RunManifest)
    }

    /// What to do with a run that is there.
    public enum Existing: Sendable {
        /// Go on with it; another run's is refused.
        case resume
        /// Throw it away. Only files of our names are removed; a folder with others is refused.
        case overwrite
    }

    /// Where a commit can be cut off, for tests of the crash points.
    package enum Step: Sendable, CaseIterable {
        case written, renamed, recorded
        case manifestWritten, succeeded, finished
    }

    /// Writes bytes to a descriptor like write(2); tests replace it to fill the disk.
    package typealias Write = @Sendable (Int32, UnsafeRawBufferPointer) -> Int

    /// Made when the run was begun; stays the same when it goes on.
    public let jobID: UUID
    /// Committed parts by index.
    public private(set) var parts: [Int: OutputPart] = [:]
    /// Names of parts that had been cut off before they counted, and were removed at opening.
    public let removed: [String]

    private let folder: OutputFolder
    private let identity: RunIdentity
    private let journal: RunJournal

    /// Opens a folder for a run: makes it, goes on with it, or finds it finished.
    public static func open(
        folder path: String, identity: RunIdentity, existing: Existing = .resume
    ) throws(CorporaError) -> Opening {
        try open(folder: path, identity: identity, existing: existing, write: nil)
    }

    package static func open(
        folder path: String, identity: RunIdentity, existing: Existing = .resume,
        write: Write?
    ) throws(CorporaError) -> Opening {
        let folder = try OutputFolder(path: path, write: write ?? OutputFolder.systemWrite)
        if existing == .overwrite { try clear(folder, identity) }
        let names = try folder.contents()
        if names.contains(OutputFolder.successName) {
            let manifest = try RunManifest.read(folder: path)
            let differences = identity.differences(from: manifest.identityDigests)
            guard differences.isEmpty else { throw .folderOfAnotherRun(folder: path, differences: differences) }
            // Cut off between _SUCCESS and here.
            try folder.remove(names.filter { OutputFolder.isJournal($0) || OutputFolder.isTemporary($0) })
            return .finished(manifest)
        }
        if !names.contains(OutputFolder.journalName) {
            let foreign = names.filter { !OutputFolder.isOurs($0) }
            guard foreign.isEmpty else { throw .foreignFiles(folder: path, names: foreign) }
            let parts = names.filter(OutputFolder.isPart)
            guard parts.isEmpty else { throw .partsWithoutJournal(folder: path, names: parts) }
        }
        return .open(try ScoringRun(folder, identity))
    }

    private init(_ folder: OutputFolder, _ identity: RunIdentity) throws(CorporaError) {
        let journal = try RunJournal(path: folder.file(OutputFolder.journalName), beginning: identity)
        self.folder = folder
        self.identity = identity
        self.journal = journal
        self.jobID = journal.jobID
        try folder.flush()
        let differences = identity.differences(from: try journal.digests())
        guard differences.isEmpty else { throw .folderOfAnotherRun(folder: folder.path, differences: differences) }
        let committed = try journal.parts()
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

    /// Where the journal of a coordinator that serves one run alone stands.
    public static func coordinatorJournal(in folder: String) -> String {
        "\(folder)/\(OutputFolder.coordinatorJournalName)"
    }

    /// Whether a folder holds a run that has begun and not ended.
    public static func isUnfinished(_ folder: String) -> Bool {
        access("\(folder)/\(OutputFolder.journalName)", F_OK) == 0
    }

    /// Rows that are committed.
    public var rows: Int { parts.values.reduce(0) { $0 + $1.counts.rows } }

    /// Commits a part; when this returns, the part survives any crash. Parts may come in any order, each once.
    @discardableResult
    public func commit(index: Int, firstRow: Int, _ part: PartWriter) throws(CorporaError) -> OutputPart {
        try commit(index: index, firstRow: firstRow, part, stoppingAfter: .recorded)
    }

    @discardableResult
    package func commit(
        index: Int, firstRow: Int, _ part: PartWriter, stoppingAfter last: Step
    ) throws(CorporaError) -> OutputPart {
        guard parts[index] == nil else {
            throw .partOutOfPlace(folder: folder.path, index: index, reason: "it was committed before")
        }
        let committed = OutputPart(
            index: index, firstRow: firstRow, counts: part.counts, bytes: part.bytes.count,
            digest: Digest(of: part.bytes))
        try folder.writeTemporary(part.bytes, for: committed.name)
        if last == .written { return committed }
        try folder.publish(committed.name)
        if last == .renamed { return committed }
        try journal.record(committed)
        parts[index] = committed
        return committed
    }

    /// Ends the run: manifest, then `_SUCCESS`, then the journal goes. Every row of the input must be in a part.
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
        try folder.put(bytes, as: OutputFolder.manifestName)
        if last == .manifestWritten { return manifest }
        try folder.put(Array("\(Digest(of: bytes).hex)\n".utf8), as: OutputFolder.successName)
        if last == .succeeded { return manifest }
        try journal.close()
        try folder.remove(try folder.contents().filter(OutputFolder.isJournal))
        return manifest
    }

    /// Lets go of an unfinished run, so that another process may go on with it. Letting the object go does the same.
    public func close() throws(CorporaError) {
        try journal.close()
    }

    /// Removes what is ours: first what says "finished", then the journal, then the parts.
    private static func clear(_ folder: OutputFolder, _ identity: RunIdentity) throws(CorporaError) {
        let names = try folder.contents()
        let foreign = names.filter { !OutputFolder.isOurs($0) }
        guard foreign.isEmpty else { throw .foreignFiles(folder: folder.path, names: foreign) }
        if names.contains(OutputFolder.journalName) {
            // Only to see that nobody else holds it; a journal that cannot be read may go.
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
        try folder.remove(now.filter(OutputFolder.isOurs))
    }
}
