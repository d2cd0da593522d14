import FeatureStore
import Foundation
import Scoring
import Synchronization
import TestSupport
import Testing

@Suite("FeatureStore: failures and concurrent use")
struct StoreFailureTests {
    @Test("a full disk stops inserting, with the reason; entries that are there are still found")
    func fullDisk() throws {
        let scratch = try ScratchFolder()
        let store = try FeatureStore(
            in: scratch.folder, encoder: Sample.encoder, columns: Sample.columns, bytesMax: 1 << 20,
            refusing: { $0 > 64 ? "No space left on device" : nil })
        store.insert(Sample.entries(0..<100))
        #expect(store.find(Sample.key(63)) == Sample.entry(63))
        #expect(store.find(Sample.key(64)) == nil)
        #expect("\(try #require(store.failure))".contains("No space left on device"))
        store.insert(Sample.entries(0..<1))
        #expect(store.find(Sample.key(63)) == Sample.entry(63))
    }

    @Test("a store that is closed is not in use, although child processes start beside it")
    func closed() throws {
        let scratch = try ScratchFolder()
        let children = StartingChildren()
        defer { withExtendedLifetime(children) {} }
        for _ in 1...500 {
            _ = try Sample.open(scratch)
            let contents = try scratch.folder.inspect()
            try #require(contents.map(\.isInUse) == [false])
        }
    }

    @Test("a path that cannot be a folder is refused with the path and what to do")
    func noFolder() throws {
        let scratch = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
        try Data("a file".utf8).write(to: URL(fileURLWithPath: scratch.path + "/file"))
        let error = #expect(throws: StoreError.self) {
            _ = try FeatureStore(
                in: StoreFolder(path: scratch.path + "/file"), encoder: Sample.encoder, columns: Sample.columns)
        }
        let text = "\(try #require(error))"
        #expect(text.contains(scratch.path + "/file") && text.contains("--store off"))
    }

    @Test("a size that is too small is refused with the size that is needed")
    func tooSmall() throws {
        let scratch = try ScratchFolder()
        let error = #expect(throws: StoreError.self) { try Sample.open(scratch, bytesMax: 10_000) }
        guard case .tooSmall(10_000, let needed)? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(throws: StoreError.self) { try Sample.open(scratch, bytesMax: needed - 1) }
        #expect(throws: Never.self) { try Sample.open(scratch, bytesMax: needed) }
    }

    @Test("an invalid or truncated file is recreated")
    func damagedFile() throws {
        for damage in [Data("nonsense".utf8), Data(), Data(count: 1 << 20)] {
            let scratch = try ScratchFolder()
            try Sample.open(scratch).insert(Sample.entries(0..<10))
            try damage.write(to: URL(fileURLWithPath: scratch.file()))
            let store = try Sample.open(scratch)
            #expect(store.find(Sample.key(1)) == nil)
            store.insert(Sample.entries(0..<10))
            #expect(store.find(Sample.key(1)) == Sample.entry(1))
        }
    }

    @Test("a given size replaces a store of another size, but not one in use; without a size the store stays")
    func resizing() throws {
        let scratch = try ScratchFolder()
        let first = try Sample.open(scratch, bytesMax: 1 << 20)
        first.insert(Sample.entries(0..<10))
        #expect(try Sample.open(scratch, bytesMax: 1 << 21).find(Sample.key(1)) == Sample.entry(1))
        withExtendedLifetime(first) {}
        let capacity = try #require(try scratch.folder.inspect().first).capacity
        #expect(try Sample.open(scratch, bytesMax: nil).find(Sample.key(1)) == Sample.entry(1))
        #expect(try scratch.folder.inspect().first?.capacity == capacity)
    }

    @Test("clear removes all stores and no other file; an open store continues, and the next one is new")
    func clear() throws {
        let scratch = try ScratchFolder()
        let store = try Sample.open(scratch)
        store.insert(Sample.entries(0..<10))
        let bystander = scratch.path + "/notes.txt"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: bystander))
        #expect(try scratch.folder.clear() > 0)
        #expect(try scratch.folder.inspect().isEmpty)
        #expect(FileManager.default.fileExists(atPath: bystander))
        #expect(store.find(Sample.key(1)) == Sample.entry(1))
        #expect(try Sample.open(scratch).find(Sample.key(1)) == nil)
        #expect(try StoreFolder(path: scratch.path + "/nowhere").clear() == 0)
    }

    @Test("stores used by many threads at once never return the features of another text")
    func manyWriters() throws {
        let scratch = try ScratchFolder()
        let wrong = Mutex<[Int]>([])
        let found = Mutex(0)
        let (path, writers, texts) = (scratch.path, 4, 3000)
        DispatchQueue.concurrentPerform(iterations: writers) { writer in
            // A ring of about 800 cells, which wraps many times while others read.
            guard
                let store = try? FeatureStore(
                    in: StoreFolder(path: path), encoder: Sample.encoder, columns: Sample.columns, bytesMax: 1 << 18)
            else { return wrong.withLock { $0.append(-1) } }
            var chance = SeededGenerator(seed: UInt64(writer))
            for _ in 0..<6000 {
                let number = Int(chance.next() % UInt64(texts))
                if let entry = store.find(Sample.key(number)) {
                    found.withLock { $0 += 1 }
                    if entry != Sample.entry(number) { wrong.withLock { $0.append(number) } }
                } else {
                    store.insert(Sample.entries(number..<number + 1 + Int(chance.next() % 5)))
                }
            }
        }
        #expect(wrong.withLock { $0 }.isEmpty)
        #expect(found.withLock { $0 } > 1000)
        withExtendedLifetime(scratch) {}
    }
}
