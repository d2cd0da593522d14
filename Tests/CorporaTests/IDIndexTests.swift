import Corpora
import Scoring
import Testing

/// Ids beyond those that memory keeps, against a dictionary.
@Suite("Ids in a temporary file")
struct IDIndexTests {
    @Test("the first number of an id is found in whatever run it is, and new ids are new")
    func insert() {
        var index = IDIndex(recentMax: 300)
        var known: [UInt64: UInt32] = [:]
        var generator = SeededGenerator(seed: 1)
        for number in 0..<20_000 {
            // Two in three are repeated, some from far back; 0 is a hash like any other.
            let hash = number % 997 == 0 ? 0 : SeededGenerator.mixed(generator.next() % 7000)
            #expect(index.insert(hash, number: UInt32(number)) == known[hash])
            if known[hash] == nil { known[hash] = UInt32(number) }
        }
        #expect(index.failure == nil && known.count > 3000)
    }

    @Test("counts go on across runs")
    func increment() {
        var index = IDIndex(recentMax: 100)
        var counts: [UInt64: UInt32] = [:]
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<10_000 {
            let hash = SeededGenerator.mixed(generator.next() % 1500)
            counts[hash, default: 0] += 1
            #expect(index.increment(hash) == counts[hash])
        }
        #expect(index.failure == nil)
    }

    @Test("where the file cannot be made, ids are found in memory, and the reason is known")
    func noFile() {
        let reason = CorporaError.unwritable(path: "t", operation: "create", reason: "no room")
        var index = IDIndex(recentMax: 10) { () throws(CorporaError) in throw reason }
        let hashes = (0..<1000).map { SeededGenerator.mixed($0) }
        for (number, hash) in hashes.enumerated() {
            #expect((index.staysInMemory == nil) == (number < 10))
            #expect(index.insert(hash, number: UInt32(number)) == nil)
        }
        for (number, hash) in hashes.enumerated() { #expect(index.insert(hash, number: 0) == UInt32(number)) }
        #expect(index.staysInMemory == reason && index.failure == nil)
    }

    @Test("a run finds all of its hashes, at both ends too, and no other")
    func run() throws {
        var generator = SeededGenerator(seed: 3)
        var hashes = Set((0..<2000).map { _ in generator.next() })
        hashes.formUnion([1, .max])
        let file = try IDFile()
        _ = try file.append([1, 2, 3])
        let sorted = hashes.sorted()
        let run = try IDRun(sorted.enumerated().map { IDRun.Entry(hash: $1, number: UInt32($0)) }, in: file)
        for (number, hash) in sorted.enumerated() { #expect(try run.number(of: hash) == UInt32(number)) }
        var found = 0
        for _ in 0..<5000 { found += try run.number(of: generator.next()) == nil ? 0 : 1 }
        #expect(found == 0)
    }
}
