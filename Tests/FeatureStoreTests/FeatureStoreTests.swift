import FeatureStore
import Foundation
import Scoring
import TestSupport
import Testing

@Suite("FeatureStore: inserts, look-ups and bounds")
struct FeatureStoreTests {
    @Test("inserted entries are found, bit for bit, by the next store that opens the folder; others are misses")
    func roundTrip() throws {
        let scratch = try ScratchFolder()
        do {
            let store = try Sample.open(scratch)
            store.insert(Sample.entries(0..<200))
            #expect(store.find(Sample.key(7)) == Sample.entry(7))
            #expect(store.find(Sample.key(200)) == nil)
        }
        let store = try Sample.open(scratch)
        for number in 0..<200 { #expect(store.find(Sample.key(number)) == Sample.entry(number)) }
        #expect(store.find(Sample.key(200)) == nil)
        store.publishCounts()
        let content = try #require(try scratch.folder.inspect().first)
        #expect(content.entries == 200 && content.hits == 201 && content.misses == 2 && content.isInUse)
        #expect(content.encoder == Sample.encoder && content.columns == Sample.columns)
        withExtendedLifetime(store) {}
    }

    @Test("unusual numbers keep their bits")
    func strangeBits() throws {
        let store = try Sample.open(ScratchFolder())
        let values = [Float.leastNonzeroMagnitude, -0.0, .greatestFiniteMagnitude] + [Float](repeating: 1, count: 17)
        store.insert([(Sample.key(1), FeatureStore.Entry(values: values, isTruncated: true))])
        let found = try #require(store.find(Sample.key(1)))
        #expect(found.values.map(\.bitPattern) == values.map(\.bitPattern) && found.isTruncated)
    }

    @Test("a cell that is cut at any byte, or has any bit flipped, is a miss")
    func tornCells() throws {
        let scratch = try ScratchFolder()
        let store = try Sample.open(scratch)
        store.insert(Sample.entries(0..<1))
        let layout = try StoreLayout(columns: Sample.columns, bytesMax: 1 << 20)
        let start = layout.offset(ofPosition: 1)
        let used = StoreLayout.cellHeadBytes + 4 * Sample.columns
        let whole = Array(try Data(contentsOf: URL(fileURLWithPath: scratch.file()))[start..<start + used])
        // Bytes 56 to 63 are padding.
        for cut in 0..<used where !(56..<64).contains(cut) {
            // The rest of the cell was never written: zeros.
            let torn = whole[..<cut] + Array(repeating: 0, count: used - cut)
            try scratch.overwrite(at: start, with: Array(torn))
            let isTheSame = Array(torn) == whole
            #expect((store.find(Sample.key(0)) == nil) == !isTheSame, "cut at byte \(cut)")
            var turned = whole
            turned[cut] ^= 1 << UInt8(cut % 8)
            try scratch.overwrite(at: start, with: turned)
            #expect(store.find(Sample.key(0)) == nil, "bit of byte \(cut)")
        }
        try scratch.overwrite(at: start, with: whole)
        #expect(store.find(Sample.key(0)) == Sample.entry(0))
    }

    @Test("an index of random words gives no wrong answer, and is overwritten")
    func brokenIndex() throws {
        let scratch = try ScratchFolder()
        let store = try Sample.open(scratch)
        store.insert(Sample.entries(0..<300))
        let layout = try StoreLayout(columns: Sample.columns, bytesMax: 1 << 20)
        var chance = SeededGenerator(seed: 11)
        let noise = (StoreLayout.headBytes..<layout.ringStart).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
        try scratch.overwrite(at: StoreLayout.headBytes, with: noise)
        for number in 0..<300 {
            let found = store.find(Sample.key(number))
            #expect(found == nil || found == Sample.entry(number))
        }
        store.insert(Sample.entries(0..<300))
        for number in 0..<300 { #expect(store.find(Sample.key(number)) == Sample.entry(number)) }
    }

    @Test("the file never exceeds its bound; the oldest entries are dropped, those in use stay")
    func bound() throws {
        let scratch = try ScratchFolder()
        let bytesMax = 1 << 18
        let store = try Sample.open(scratch, bytesMax: bytesMax)
        let cells = try StoreLayout(columns: Sample.columns, bytesMax: bytesMax).cells
        store.insert(Sample.entries(0..<1))
        for number in 1..<cells * 5 {
            store.insert(Sample.entries(number..<number + 1))
            if number % 100 == 0 { #expect(store.find(Sample.key(0)) == Sample.entry(0), "after \(number) others") }
        }
        let content = try #require(try scratch.folder.inspect().first)
        #expect(content.entries == cells && content.bytes <= bytesMax)
        let size = try FileManager.default.attributesOfItem(atPath: scratch.file())[.size] as? Int
        #expect(try #require(size) <= bytesMax)
        #expect(store.find(Sample.key(1)) == nil)
        let recent = (cells * 4 + cells / 4..<cells * 5).count { store.find(Sample.key($0)) == Sample.entry($0) }
        // A bucket has eight words, and one key in thousands finds it full.
        #expect(recent >= (cells - cells / 4) * 99 / 100, "\(recent) of \(cells - cells / 4)")
    }

    @Test("features of one encoder are never found by another, nor at another width")
    func foreignEncoder() throws {
        let scratch = try ScratchFolder()
        let store = try Sample.open(scratch)
        store.insert(Sample.entries(0..<10))
        let other = ModelFingerprint(name: "sample", digest: Digest(of: "another precision"))
        let foreign = try FeatureStore(in: scratch.folder, encoder: other, columns: Sample.columns, bytesMax: 1 << 20)
        #expect(foreign.find(Sample.key(3)) == nil)
        foreign.insert([(Sample.key(3), Sample.entry(4))])
        #expect(foreign.find(Sample.key(3)) == Sample.entry(4) && store.find(Sample.key(3)) == Sample.entry(3))
        #expect(try scratch.folder.inspect().count == 2)
        let wider = try FeatureStore(in: scratch.folder, encoder: Sample.encoder, columns: 21, bytesMax: 1 << 20)
        #expect(wider.find(Sample.key(3)) == nil)
    }

    @Test("stores of other encoders are removed for space, the least recently used first, but not those in use")
    func spaceOfOthers() throws {
        let scratch = try ScratchFolder()
        let encoders = (0..<3).map { ModelFingerprint(name: "encoder \($0)", digest: Digest(of: "encoder \($0)")) }
        for (index, encoder) in encoders.enumerated() {
            let store = try FeatureStore(in: scratch.folder, encoder: encoder, columns: 2000, bytesMax: 64 << 20)
            let entry = FeatureStore.Entry(values: [Float](repeating: 1, count: 2000), isTruncated: false)
            store.insert((0..<2000).map { (key: Sample.key($0), entry: entry) })
            let file = scratch.folder.file(of: encoder)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Double(1_000_000 + index))], ofItemAtPath: file)
        }
        #expect(try scratch.folder.inspect().map(\.encoder.name) == ["encoder 0", "encoder 1", "encoder 2"])
        let used = try FeatureStore(in: scratch.folder, encoder: encoders[0], columns: 2000)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: scratch.folder.file(of: encoders[0]))
        let new = ModelFingerprint(name: "new", digest: Digest(of: "new"))
        _ = try FeatureStore(in: scratch.folder, encoder: new, columns: 2000, bytesMax: 40 << 20)
        #expect(try scratch.folder.inspect().map(\.encoder.name) == ["encoder 0", "encoder 2", "new"])
        #expect(used.find(Sample.key(5)) != nil)
    }
}
