// Tenants and rates of keys and tokens: what files say, what is refused, and how fast messages may come.

import Foundation
import Keys
import TestSupport
import Testing

@Suite("Keys: tenants and rates")
struct TenantTests {
    private let scratch: ScratchFolder
    private let folder: KeyFolder
    private let noon = Date(timeIntervalSince1970: 1_800_000_000)

    init() throws {
        scratch = try ScratchFolder()
        folder = KeyFolder(path: scratch.file("keys"))
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: scratch.file("keys/\(name)"), encoding: .utf8)
    }

    @Test("a key and a token say their tenant and rate, and keep both when they are rotated")
    func written() throws {
        let terms = KeyTerms(tenant: "team-a", messagesPerSecond: 20)
        let key = try folder.add("a", role: .trainer, terms: terms, output: scratch.file("a.secret"), at: noon)
        _ = try folder.addToken("a", role: .observer, terms: terms, output: scratch.file("a.token"), at: noon)
        for file in ["a.key", "a.token"] {
            let text = try text(file)
            #expect(text.contains("    tenant = \"team-a\"\n    messages-per-second = \"20\"\n"), "\(text)")
        }
        #expect(try folder.ring(at: noon).grant(of: key.publicKey, at: noon)?.terms == terms)
        let again = try folder.rotate("a", output: scratch.file("b.secret"), overlap: 60, at: noon)
        _ = try folder.rotateToken("a", output: scratch.file("b.token"), overlap: 60, at: noon)
        let ring = try folder.ring(at: noon)
        for file in [key, again] { #expect(ring.grant(of: file.publicKey, at: noon)?.terms == terms) }
        #expect(try folder.findToken("a").terms == terms)
        let live = try LiveKeys(folder, at: noon)
        #expect(live.tenants.names == ["team-a"] && live.tenants.reading == 1)
        for name in ["a.token", "b.token"] {
            let token = try TokenFile.secret(readingFrom: scratch.file(name))
            #expect(live.tokens.grant(of: token, at: noon)?.terms == terms)
        }
    }

    @Test("files of keys without a tenant have the bytes that former versions wrote")
    func none() throws {
        _ = try folder.add("a", role: .worker, output: scratch.file("a.secret"), at: noon)
        let fields = try text("a.key").split(separator: "\n").compactMap { $0.split(separator: "=").first }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(
            fields == [
                "# Public key of \"a\" for StateZero. It may be copied.", "metadata", "name", "role",
                "created", "curve", "public-key",
            ])
        #expect(try folder.find("a").terms == KeyTerms())
        #expect(try LiveKeys(folder, at: noon).tenants.names.isEmpty)
    }

    @Test(
        "a tenant's name that could be another file, line or tenant is refused in words",
        arguments: ["", "a b", "a\"b", "../a", "-a", "server", "ä", "a\n", String(repeating: "a", count: 65)])
    func badName(_ name: String) throws {
        #expect(throws: KeyError.badTenant(name)) {
            _ = try folder.add("x", role: .worker, terms: KeyTerms(tenant: name), output: scratch.file("x"), at: noon)
        }
        #expect(throws: KeyError.badTenant(name)) {
            _ = try folder.addToken(
                "x", role: .admin, terms: KeyTerms(tenant: name), output: scratch.file("x"), at: noon)
        }
        #expect("\(KeyError.badTenant(name))".contains("cannot name a tenant"))
        #expect(!FileManager.default.fileExists(atPath: scratch.file("x")))
    }

    @Test("a rate of nothing, or beyond all numbers, is refused")
    func badRate() throws {
        for rate in [0, -1, 1_000_001] {
            let terms = KeyTerms(messagesPerSecond: rate)
            #expect(throws: KeyError.badRate(rate)) {
                _ = try folder.add("x", role: .worker, terms: terms, output: scratch.file("x"), at: noon)
            }
        }
    }

    @Test("a file whose tenant or rate was damaged admits nobody: without it the key could do more")
    func damaged() throws {
        _ = try folder.add(
            "a", role: .worker, terms: KeyTerms(tenant: "t", messagesPerSecond: 5), output: scratch.file("a"), at: noon)
        let whole = try text("a.key")
        for (good, bad) in [("tenant = \"t\"", "tenant = \"t/u\""), ("\"5\"", "\"five\""), ("\"5\"", "\"0\"")] {
            try whole.replacing(good, with: bad)
                .write(toFile: scratch.file("keys/a.key"), atomically: false, encoding: .utf8)
            #expect(throws: KeyError.self) { _ = try folder.ring(at: noon) }
        }
    }

    @Test("a bucket lets a second's units pass at once, then as many as its rate, and says how long to wait")
    func bucket() {
        var bucket = TokenBucket(perSecond: 4, at: .seconds(10))
        for _ in 0..<4 { #expect(bucket.take(at: .seconds(10)) == nil) }
        #expect(bucket.take(at: .seconds(10)) == .milliseconds(250))
        #expect(bucket.take(at: .seconds(9)) == .milliseconds(250), "a clock that goes back fills nothing")
        #expect(bucket.take(at: .milliseconds(10_250)) == nil)
        #expect(bucket.take(at: .milliseconds(10_250)) != nil)
        var passed = 0
        for _ in 0..<100 where bucket.take(at: .seconds(1000)) == nil { passed += 1 }
        #expect(passed == 4, "no more than one second is saved")
    }

    @Test("units that were used already are taken also where fewer are left, down to a bound, and are filled up again")
    func usedUnits() {
        var bucket = TokenBucket(perSecond: 0.5, most: 2, at: .zero)
        bucket.takeUsed(1.5, debtMax: 3, at: .zero)
        #expect(!bucket.isEmpty(at: .zero))
        bucket.takeUsed(1, debtMax: 3, at: .zero)
        #expect(bucket.isEmpty(at: .seconds(1)) && !bucket.isEmpty(at: .milliseconds(1001)))
        bucket.takeUsed(1000, debtMax: 3, at: .seconds(2))
        #expect(bucket.isEmpty(at: .seconds(8)) && !bucket.isEmpty(at: .milliseconds(8001)))
        bucket.takeUsed(2, debtMax: 3, at: .seconds(1000))
        #expect(bucket.isEmpty(at: .seconds(1000)), "no more than the bound is saved")
    }
}
