import Foundation
import GRDB
import SQLite
import TestSupport
import Testing

@Suite("The write-ahead log of an open database")
struct DiskFileTests {
    @Test("it is brought to the disk while others commit, and what was committed is read again")
    func sync() throws {
        let path = try ScratchFolder.new() + "/file.sqlite"
        let create: (Database) throws -> Void = { try $0.execute(sql: "CREATE TABLE t (a)") }
        let (queue, _) = try SQLiteFile.open(path, durability: .process, sharing: .shared, prepare: create)
        let log = try DiskFile(logOfDatabase: path)
        for number in 0..<50 {
            try queue.write { try $0.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number]) }
            try log.sync()
            // The log begins anew in the same file.
            if number % 10 == 9 { _ = try queue.writeWithoutTransaction { try SQLiteFile.checkpoint($0) } }
        }
        try queue.close()
        #expect(try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 50)
    }

    @Test("a log that is not there, or is a link to another file, is refused with its path")
    func refused() throws {
        let folder = try ScratchFolder.new()
        let error = #expect(throws: DiskFile.Fault.self) { try DiskFile(logOfDatabase: "\(folder)/none") }
        #expect(error?.path == "\(folder)/none-wal")
        #expect("\(try #require(error))".contains("No such file"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/linked-wal", withDestinationPath: "/dev/null")
        #expect(throws: DiskFile.Fault.self) { try DiskFile(logOfDatabase: "\(folder)/linked") }
    }
}
