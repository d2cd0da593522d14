// HTTP tokens of a keys folder: made, ended, replaced and damaged.

import Foundation
import Keys
import TestSupport
import Testing

@Suite struct TokenTests {
    private let scratch: ScratchFolder
    private let folder: KeyFolder
    private let noon = Date(timeIntervalSince1970: 1_800_000_000)

    init() throws {
        scratch = try ScratchFolder()
        folder = KeyFolder(path: scratch.file("keys"))
    }

    /// Makes a token and returns its text.
    private func add(_ name: String, _ role: Role = .client) throws -> String {
        let path = scratch.file("\(name).secret")
        _ = try folder.addToken(name, role: role, output: path, at: noon)
        return try TokenFile.secret(readingFrom: path)
    }

    private func role(of token: String, at time: Date? = nil) throws -> Role? {
        try LiveTokens(folder, at: time ?? noon).grant(of: token, at: time ?? noon)?.role
    }

    @Test("a token has 256 bits, is written once to a file of its owner, and the folder has its digest alone")
    func new() throws {
        let token = try add("trainer-1", .trainer)
        #expect(token.hasPrefix("sz_") && token.utf8.count == 46)
        #expect(try add("other") != token)
        #expect(try role(of: token) == .trainer)
        #expect(try role(of: token.dropLast() + "!") == nil)
        #expect(try role(of: "") == nil)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let path = scratch.file("keys/\(name)")
            #expect(try !String(contentsOfFile: path, encoding: .utf8).contains(token.dropFirst(3)))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)
        }
    }

    @Test("a revoked token is admitted no more; a rotated one for a while beside the new one")
    func ended() throws {
        let (a, b) = (try add("a"), try add("b"))
        try folder.revokeToken("a", at: noon)
        #expect(try role(of: a) == nil)
        let path = scratch.file("new.secret")
        #expect(try folder.rotateToken("b", output: path, overlap: 60, at: noon).role == .client)
        let new = try TokenFile.secret(readingFrom: path)
        #expect(try role(of: b, at: noon + 59) == .client && role(of: b, at: noon + 60) == nil)
        #expect(try role(of: new, at: noon + 60) == .client)
        #expect(try folder.tokens().map(\.name) == ["b"])
        #expect(throws: KeyError.unknownToken("a", known: ["b"])) { try folder.revokeToken("a", at: noon) }
    }

    @Test("a running server keeps its tokens where the folder is damaged, and says what is wrong")
    func reload() throws {
        let token = try add("a")
        let live = try LiveTokens(folder, at: noon)
        let path = scratch.file("keys/a.token")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        for (broken, reason) in [
            (text.replacing("client", with: "king"), "line 4: role is not one of"), ("", "has no name"),
            (text.replacing("sha256 = \"", with: "sha256 = \"x"), "sha256 is not 64 hexadecimal digits"),
            (text.replacing("\"a\"", with: "\"b\""), "rename the file"),
        ] {
            try Data(broken.utf8).write(to: URL(filePath: path))
            let error = #expect(throws: KeyError.self) { _ = try live.reload(at: noon) }
            #expect("\(try #require(error))".contains(reason))
            #expect(live.grant(of: token, at: noon)?.name == "a")
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(try live.reload(at: noon) == 0 && live.grant(of: token, at: noon) == nil)
    }

    @Test("names, files and permissions are checked as those of keys")
    func refused() throws {
        _ = try add("a")
        #expect(throws: KeyError.badName("../x")) { _ = try add("../x") }
        #expect(throws: KeyError.tokenTaken("a", path: folder.path)) {
            _ = try folder.addToken("a", role: .admin, output: scratch.file("x"), at: noon)
        }
        #expect(throws: KeyError.fileExists(path: scratch.file("a.secret"))) {
            _ = try folder.addToken("b", role: .admin, output: scratch.file("a.secret"), at: noon)
        }
        #expect(try folder.tokens().map(\.name) == ["a"])
        let secret = scratch.file("a.secret")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: secret)
        #expect(throws: KeyError.unsafePermissions(path: secret, mode: 0o644, safe: "600")) {
            _ = try TokenFile.secret(readingFrom: secret)
        }
    }

    @Test("keys and tokens of one name are separate, and a folder with tokens alone has no key")
    func separate() throws {
        _ = try add("a", .observer)
        #expect(try folder.files().isEmpty && !folder.hasKey("a") && folder.hasToken("a"))
        _ = try folder.add("a", role: .worker, output: scratch.file("a.key_secret"), at: noon)
        let keys = try LiveKeys(folder, at: noon)
        #expect(keys.tokens.count == 1)
        try folder.revokeToken("a", at: noon)
        #expect(try keys.reload(at: noon) == 1 && keys.tokens.count == 0)
    }
}
