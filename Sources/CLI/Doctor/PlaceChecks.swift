import ArgumentParser
import CommandSupport
import FeatureStore
import Foundation
import Keys
import Scoring

/// Checks of files and folders: feature store, journal, keys.
struct PlaceChecks: ParsableArguments {
    @Option(help: "Journal of a coordinator on this machine; its folder is checked.")
    var journal: String?

    @Option(help: "Folder of keys of a coordinator on this machine.")
    var keys: String?

    func checks(store: StoreOptions, model: ModelOptions) -> [MachineCheck] {
        [self.store(store, model)] + (journal.map { [checkJournal($0)] } ?? []) + (keys.map { [checkKeys($0)] } ?? [])
    }

    private func store(_ options: StoreOptions, _ model: ModelOptions) -> MachineCheck {
        guard let place = options.place(for: model) else { return MachineCheck("store", .skipped, "the store is off") }
        // A new store has 1 GiB; one in use needs no more space than it has.
        let bytes = place.bytesMax ?? 1 << 30
        return MachineCheck("store") {
            let folder = FolderState(place.folder.path)
            return folder.check(
                "store", bytesMin: bytes, isNeeded: false,
                advice: "name another folder by --store or STATEZERO_STORE, bound it by --store-mib, or use --store off"
            )
        }
    }

    private func checkJournal(_ path: String) -> MachineCheck {
        MachineCheck("journal") {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
                if isFolder.boolValue { throw CommandFailure("\(path) is a folder; --journal names a file in it") }
                guard access(path, R_OK | W_OK) == 0 else {
                    throw CommandFailure("\(path): this user may not write it; run the coordinator as its owner")
                }
            }
            return FolderState(of: path).check(
                "journal", bytesMin: 1 << 30, isNeeded: true,
                advice: "put the journal on a local disk with some GB free, in a folder of the coordinator's user")
        }
    }

    /// Reads the folder as a coordinator does, which refuses files that others may change or read.
    private func checkKeys(_ path: String) -> MachineCheck {
        MachineCheck("keys", advice: "make keys by `statezero keys new NAME --role ROLE`; only the owner may read them")
        {
            let folder = KeyFolder(path: path)
            _ = try folder.serverPair()
            let ring = try folder.ring(at: Date())
            let tokens = try folder.tokens()
            let found = "\(path): \(ring.count) keys, \(tokens.count) tokens for HTTP"
            guard tokens.isEmpty else { return MachineCheck("keys", .good, found) }
            return MachineCheck(
                "keys", .warning, found,
                advice:
                    "nobody can use HTTP with these keys: `statezero keys new NAME --role observer --http` for Prometheus"
            )
        }
    }
}

/// Whether a folder can be written, and the space of its disk.
struct FolderState {
    private let path: String

    init(_ path: String) { self.path = path.isEmpty ? "." : path }

    /// The folder of a file.
    init(of file: String) {
        self.init((file as NSString).deletingLastPathComponent)
    }

    /// - Parameters:
    ///   - bytesMin: Free bytes below which there is a warning; below a sixteenth the check fails.
    ///   - isNeeded: Whether the folder must exist; other folders are made by their program.
    func check(_ name: String, bytesMin: Int, isNeeded: Bool, advice: String) -> MachineCheck {
        guard let existing = existing(isNeeded: isNeeded) else {
            return MachineCheck(name, .failed, "\(path): there is no such folder", advice: "make it: mkdir -p \(path)")
        }
        if let problem = existing == path ? writingProblem : accessProblem(existing) {
            return MachineCheck(name, .failed, "\(existing): \(problem)", advice: advice)
        }
        guard let free = freeBytes(existing) else {
            return MachineCheck(name, .good, "\(path) can be written; its disk does not report the free space")
        }
        let found = "\(path)\(existing == path ? "" : " (not made yet)") can be written, \(ByteCount(free)) free"
        if free >= bytesMin { return MachineCheck(name, .good, found) }
        return MachineCheck(name, free < bytesMin / 16 ? .failed : .warning, found, advice: advice)
    }

    /// The folder, or else the first one above it that exists.
    private func existing(isNeeded: Bool) -> String? {
        var folder = path
        var isFolder: ObjCBool = false
        while !FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) {
            guard !isNeeded, folder != "/", folder != "." else { return nil }
            let above = (folder as NSString).deletingLastPathComponent
            folder = above.isEmpty ? "." : above
        }
        return isFolder.boolValue ? folder : nil
    }

    private func accessProblem(_ folder: String) -> String? {
        access(folder, W_OK | X_OK) == 0 ? nil : "this user may not write here"
    }

    /// Writes a file of one byte, locks it and removes it, because permissions alone do not show read-only and full
    /// disks, and some network disks have no locks.
    private var writingProblem: String? {
        let file = "\(path)/.statezero-doctor-\(getpid())"
        let descriptor = open(file, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return "a file cannot be made: \(String(cString: strerror(errno)))" }
        defer {
            flock(descriptor, LOCK_UN)
            close(descriptor)
            unlink(file)
        }
        var byte: UInt8 = 0
        guard write(descriptor, &byte, 1) == 1, fsync(descriptor) == 0 else {
            return "a file cannot be written: \(String(cString: strerror(errno)))"
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            return "files cannot be locked: \(String(cString: strerror(errno)))"
        }
        return nil
    }

    private func freeBytes(_ folder: String) -> Int? {
        var facts = statvfs()
        guard statvfs(folder, &facts) == 0 else { return nil }
        let (bytes, overflow) = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
        return overflow ? Int.max : Int(clamping: bytes)
    }
}
