import CoordinatorNode
import Foundation
import SQLite
import Synchronization
import TestSupport
import Testing
import Threads

/// A disk that fails: what it did not take is never reported as kept.
@Suite("CoordinatorNode: bringing the journal to the disk")
struct LogSyncsTests {
    /// A pipe's end stands for the failing disk: the system refuses to bring one to any disk.
    private static func brokenLog() -> DiskFile {
        let pipe = Pipe()
        return DiskFile(
            path: "the log", descriptor: fcntl(pipe.fileHandleForReading.fileDescriptor, F_DUPFD_CLOEXEC, 0))
    }

    @Test("a disk that fails is reported, reaches no commit, and ends the thread with the log's name")
    func failing() throws {
        let reached = Mutex<[Int]>([])
        let wakeup = try Wakeup()
        let syncs = try LogSyncs(Self.brokenLog(), path: "the journal") { commits in
            reached.withLock { $0.append(commits) }
        } failed: {
            wakeup.signal()
        }
        #expect(!syncs.hasFailed)
        syncs.reach(3)
        _ = wakeup.wait(for: nil)
        #expect(syncs.hasFailed)
        // What comes later is not reached either.
        syncs.reach(4)
        let error = #expect(throws: CoordinatorError.self) { try syncs.finish() }
        let text = "\(try #require(error))"
        #expect(text.contains("the journal") && text.contains("the log cannot be brought to the disk"))
        #expect(reached.withLock { $0.isEmpty })
    }

    @Test("commits are reached in order, and all before it ends")
    func reaching() throws {
        let path = try ScratchFolder.new() + "/file"
        try Data("text".utf8).write(to: URL(filePath: path))
        let reached = Mutex<[Int]>([])
        let syncs = try LogSyncs(DiskFile(path: path, descriptor: open(path, O_RDONLY | O_CLOEXEC)), path: path) {
            commits in
            reached.withLock { $0.append(commits) }
        } failed: {
        }
        for commits in 1...20 { syncs.reach(commits) }
        try syncs.finish()
        let all = reached.withLock { $0 }
        #expect(all == all.sorted() && all.last == 20 && !syncs.hasFailed)
    }
}
