// A folder of keys: who is admitted after keys are made, revoked, rotated and damaged.

import Foundation
import Keys
import TestSupport
import Testing
import ZeroMQ

@Suite struct KeyFolderTests {
    private let scratch: ScratchFolder
    private let folder: KeyFolder
    private let noon = Date(timeIntervalSince1970: 1_800_000_000)

    init() throws {
        scratch = try ScratchFolder()
        folder = KeyFolder(path: scratch.file("keys"))
    }

    private func add(_ name: String, _ role: Role = .worker, at time: Date? = nil) throws -> KeyFile {
        try folder.add(name, role: role, output: scratch.file("\(name).key_secret"), at: time ?? noon)
    }

    private func mode(_ path: String) throws -> Int {
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        return (facts[.posixPermissions] as? NSNumber)?.intValue ?? 0
    }

    @Test("a new key is admitted with its role, and its secret file is all that its holder needs")
    func new() throws {
        let made = try add("worker-1")
        let grant = try folder.ring(at: noon).grant(of: made.publicKey, at: noon)
        #expect(grant?.name == "worker-1")
        #expect(grant?.role == .worker)
        let secret = scratch.file("worker-1.key_secret")
        let read = try KeyFile(readingFrom: secret)
        #expect(read == made)
        #expect(try read.pair(path: secret).publicKey == made.publicKey)
        #expect(read.serverKey == (try folder.serverPair().publicKey))
        #expect(try mode(secret) == 0o600)
        #expect(try mode(scratch.file("keys/server.key_secret")) == 0o600)
        #expect(try mode(scratch.file("keys")) == 0o700)
        #expect(try !String(contentsOfFile: scratch.file("keys/worker-1.key"), encoding: .utf8).contains("secret-key"))
    }

    @Test("the coordinator's pair is made once")
    func server() throws {
        let pair = try folder.prepare(at: noon)
        _ = try add("a")
        #expect(try folder.prepare(at: noon) == pair)
        #expect(throws: KeyError.noServerKey(folder: scratch.file("none"))) {
            _ = try KeyFolder(path: scratch.file("none")).serverPair()
        }
    }

    @Test("a revoked key is admitted no more, and its name is free again")
    func revoke() throws {
        let made = try add("a")
        try folder.revoke("a", at: noon)
        #expect(try folder.ring(at: noon).grant(of: made.publicKey, at: noon) == nil)
        try FileManager.default.removeItem(atPath: scratch.file("a.key_secret"))
        #expect(try add("a").publicKey != made.publicKey)
        #expect(throws: KeyError.unknownName("b", known: ["a"])) { try folder.revoke("b", at: noon) }
        #expect(throws: KeyError.unknownName("../a", known: ["a"])) { try folder.revoke("../a", at: noon) }
    }

    @Test("a rotated key is admitted until its time, its successor from now on")
    func rotate() throws {
        let old = try add("a", .trainer)
        let new = try folder.rotate("a", output: scratch.file("a2"), overlap: 3600, at: noon)
        let ring = try folder.ring(at: noon)
        let late = noon.addingTimeInterval(3600)
        #expect(ring.grant(of: new.publicKey, at: late)?.role == .trainer)
        #expect(ring.grant(of: old.publicKey, at: noon)?.name == "a")
        #expect(ring.grant(of: old.publicKey, at: late) == nil, "a ring that is not read again knows the time too")
        #expect(try folder.ring(at: late).count == 1)
        let last = try folder.rotate("a", output: scratch.file("a3"), overlap: 0, at: noon)
        #expect(try folder.ring(at: noon).grant(of: new.publicKey, at: noon) == nil)
        #expect(try folder.files().map(\.publicKey) == [last.publicKey])
        #expect(throws: KeyError.fileExists(path: scratch.file("a3"))) {
            _ = try folder.rotate("a", output: scratch.file("a3"), overlap: 0, at: noon)
        }
        #expect(try folder.files().map(\.publicKey) == [last.publicKey], "a refused rotation changes nothing")
    }

    @Test("live keys change at a reload, and stay when the folder is damaged")
    func reload() throws {
        let first = try add("a")
        let live = try LiveKeys(folder, at: noon)
        let second = try add("b")
        #expect(live.grant(of: second.publicKey, at: noon) == nil)
        #expect(try live.reload(at: noon) == 2)
        #expect(live.grant(of: second.publicKey, at: noon)?.name == "b")
        try "role = worker\n".write(toFile: scratch.file("keys/c.key"), atomically: true, encoding: .utf8)
        #expect(throws: KeyError.self) { _ = try live.reload(at: noon) }
        #expect(live.grant(of: first.publicKey, at: noon)?.name == "a")
    }

    @Test(
        "names that could leave the folder, hide or mean the coordinator are refused",
        arguments: [
            "", ".", "..", "../x", "a/b", "-a", ".a", "server", "a b", "é", "a\u{0}", String(repeating: "a", count: 65),
        ])
    func names(_ name: String) throws {
        #expect(throws: KeyError.badName(name)) { _ = try add(name) }
    }

    @Test("a taken name and an existing output are refused, and nothing is overwritten")
    func taken() throws {
        let made = try add("a")
        #expect(throws: KeyError.nameTaken("a", path: folder.path)) {
            _ = try folder.add("a", role: .admin, output: scratch.file("other"), at: noon)
        }
        #expect(throws: KeyError.fileExists(path: scratch.file("a.key_secret"))) {
            _ = try folder.add("b", role: .admin, output: scratch.file("a.key_secret"), at: noon)
        }
        #expect(try folder.files() == [made.withoutSecret])
    }

    @Test("files that others may read or change are refused, with the command that mends them")
    func permissions() throws {
        _ = try add("a")
        let secret = scratch.file("keys/server.key_secret")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: secret)
        #expect(throws: KeyError.unsafePermissions(path: secret, mode: 0o640, safe: "600")) {
            _ = try folder.serverPair()
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let error = #expect(throws: KeyError.self) { _ = try folder.ring(at: noon) }
        #expect("\(try #require(error))".contains("chmod 700"))
    }

    @Test("two files with one public key are refused by both names")
    func twice() throws {
        _ = try add("a")
        let text = try String(contentsOfFile: scratch.file("keys/a.key"), encoding: .utf8)
        try text.replacing("\"a\"", with: "\"b\"").write(
            toFile: scratch.file("keys/b.key"), atomically: true, encoding: .utf8)
        #expect(throws: KeyError.self) { _ = try folder.ring(at: noon) }
    }

    @Test(
        "damaged files are refused with their line",
        arguments: [
            ("metadata", 0), ("name = a", 1), ("name = \"a\"\nname = \"a\"", 2), ("name = \"a\"\nrole = \"king\"", 2),
            ("name = \"a\"\nrole = \"worker\"\ncreated = \"soon\"", 3),
            ("name = \"a\"\nrole = \"worker\"\ncreated = \"2026-01-31T12:00:00Z\"\npublic-key = \"short\"", 4),
        ])
    func damaged(_ text: String, _ line: Int) throws {
        _ = try folder.prepare(at: noon)
        let path = scratch.file("keys/a.key")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(#expect(throws: KeyError.self) { _ = try folder.ring(at: noon) })
        if line == 0 {
            #expect("\(error)".contains("has no role"))
        } else {
            #expect("\(error)".hasPrefix("\(path), line \(line): "))
        }
    }

    @Test("a file that is no key file is refused without being read to its end")
    func foreign() throws {
        _ = try folder.prepare(at: noon)
        try Data(repeating: 0x61, count: 1 << 20).write(to: URL(filePath: scratch.file("keys/a.key")))
        #expect(throws: KeyError.self) { _ = try folder.ring(at: noon) }
        try Data([0xFF, 0xFE]).write(to: URL(filePath: scratch.file("keys/a.key")))
        #expect(throws: KeyError.self) { _ = try folder.ring(at: noon) }
    }
}
