import Foundation
import GRDB
import SQLite
import TestSupport
import Testing

@Suite("SQLite files")
struct SQLiteFileTests {
    /// Calls `body` with a path that does not exist yet, and removes the folder afterwards.
    private func withPath(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sqlite-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.appendingPathComponent("file.sqlite").path)
    }

    @Test(
        "a file has write-ahead logging and the durability asked for",
        arguments: [
            (SQLiteFile.Durability.process, 1), (.disk, 2),
        ])
    func settings(durability: SQLiteFile.Durability, level: Int) throws {
        try withPath { path in
            let (queue, _) = try SQLiteFile.open(path, durability: durability, sharing: .shared) { _ in }
            #expect(try queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
            #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == level)
            #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA secure_delete") } == 2, "FAST")
        }
    }

    @Test("a new file and its write-ahead log are for their owner alone; the mode of an existing file stays")
    func permissions() throws {
        try withPath { path in
            let create: (Database) throws -> Void = { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS t (a)") }
            func mode(_ path: String) throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            }
            func open() throws {
                let (queue, _) = try SQLiteFile.open(path, durability: .disk, sharing: .shared, prepare: create)
                #expect(try mode("\(path)-wal") == mode(path))
                try queue.close()
            }
            try open()
            #expect(try mode(path) == 0o600)
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
            try open()
            #expect(try mode(path) == 0o640)
        }
    }

    @Test(
        "behind a symbolic link a new file is for its owner alone too, and its log beside it", arguments: [true, false])
    func link(isRelative: Bool) throws {
        try withPath { path in
            let link = path + "-link"
            let target = isRelative ? URL(filePath: path).lastPathComponent : path
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
            #expect(SQLiteFile.location(of: link) == path && SQLiteFile.location(of: path) == path)
            let (queue, _) = try SQLiteFile.open(link, durability: .disk, sharing: .shared) {
                try $0.execute(sql: "CREATE TABLE t (a)")
            }
            for file in [path, path + "-wal"] {
                let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(file)")
            }
            try queue.close()
            try FileManager.default.removeItem(atPath: link)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: link)
            #expect(throws: DatabaseError.self) {
                try SQLiteFile.open(link, durability: .disk, sharing: .shared) { _ in }
            }
        }
    }

    @Test("an exclusive file is refused to a second holder at once, and free after it is closed")
    func exclusive() throws {
        try withPath { path in
            let create: (Database) throws -> Void = { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS t (a)") }
            let (queue, _) = try SQLiteFile.open(path, durability: .disk, sharing: .exclusive, prepare: create)
            let error = #expect(throws: DatabaseError.self) {
                try SQLiteFile.open(path, durability: .disk, sharing: .exclusive, prepare: create)
            }
            #expect(error?.resultCode == .SQLITE_BUSY)
            try queue.close()
            _ = try SQLiteFile.open(path, durability: .disk, sharing: .exclusive, prepare: create)
        }
    }

    @Test("the tables of a failed preparation are not there")
    func rollback() throws {
        struct Failure: Error {}
        try withPath { path in
            #expect(throws: Failure.self) {
                _ = try SQLiteFile.open(path, durability: .disk, sharing: .shared) { database in
                    try database.execute(sql: "CREATE TABLE t (a)")
                    throw Failure()
                }
            }
            let (queue, _) = try SQLiteFile.open(path, durability: .disk, sharing: .shared) { _ in }
            #expect(try queue.read { try $0.tableExists("t") } == false)
        }
    }

    @Test("a lock ends with its object, although child processes start beside it")
    func lockEnds() throws {
        try withPath { path in
            let children = StartingChildren()
            defer { withExtendedLifetime(children) {} }
            for count in 1...5000 { try #require(FileLock(beside: path) != nil, "at \(count)") }
        }
    }
}
