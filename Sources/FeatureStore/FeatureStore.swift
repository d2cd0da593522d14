public import Scoring

/// Features of texts seen before, on disk, for all processes of a host that use the same encoder. A text that any
/// worker embedded in any run costs a look-up.
///
/// **A look-up returns what was inserted, or nothing.** *Why:* many processes read and write at once, and any of them
/// may be killed at any byte. *In practice:* reading and writing need no lock. A writer claims cells by one atomic
/// addition, writes them, then publishes their positions in the index. A reader copies a cell and uses the copy only if
/// it has the requested key and the SHA-256 that it was written with. A torn, overwritten or unfinished cell and a
/// stale word of the index are all misses, and a miss costs an embedding. *Otherwise:* a prediction uses features
/// of another text.
///
/// The store is bounded: the ring overwrites its oldest cells. An entry that is found in the oldest quarter of the ring
/// is inserted again, so entries in use stay. Use a store from one thread at a time; another thread or process opens
/// its own.
public final class FeatureStore {
    /// A text's features, and whether the encoder saw all of it.
    public struct Entry: Sendable, Equatable {
        /// F numbers.
        public let values: [Float]
        /// The text's end was not read.
        public let isTruncated: Bool

        /// Pairs the two.
        public init(values: [Float], isTruncated: Bool) {
            self.values = values
            self.isTruncated = isTruncated
        }
    }

    /// F, features of a text.
    public let columns: Int
    /// Why inserting has stopped, for instance a full disk; entries that are there are still found.
    public private(set) var failure: StoreError?

    private let folder: StoreFolder
    private let path: String
    private let bytesMax: Int
    private let mapping: StoreMapping
    private let cell: StoreCell
    private let refusing: (UInt64) -> String?
    private var copy: [UInt8]
    private var lookUps = (hits: 0, misses: 0)

    /// Opens the store of an encoder in a folder, or creates it.
    ///
    /// `bytesMax` bounds the folder: the ring of this encoder, and stores of other encoders that no process has open.
    /// Of these, the least recently used are removed as this one grows. `nil` accepts a store as it is, or creates one
    /// of `defaultBytes`; a size replaces a store of another size, unless a process has it open. Throws why there is no
    /// store. Cost: allocates the index, a fiftieth of the file with the default model; no scan.
    public convenience init(
        in folder: StoreFolder, encoder: ModelFingerprint, columns: Int, bytesMax: Int? = nil
    ) throws(StoreError) {
        try self.init(in: folder, encoder: encoder, columns: columns, bytesMax: bytesMax, refusing: { _ in nil })
    }

    /// The same with writes that fail, for tests: `refusing` gets the position of a write and may return a reason.
    package init(
        in folder: StoreFolder, encoder: ModelFingerprint, columns: Int, bytesMax: Int?,
        refusing: @escaping (UInt64) -> String?
    ) throws(StoreError) {
        try StoreFile.makeFolder(folder.path)
        let bound = bytesMax ?? Self.defaultBytes
        let mapping = try folder.withLock { () throws(StoreError) in
            let mapping = try StoreFile.open(
                folder: folder.folder(of: encoder), head: encoder, columns: columns, bytesMax: bound,
                isSizeWanted: bytesMax != nil)
            try folder.freeSpace(bytesMax: bound, keeping: folder.file(of: encoder))
            return mapping
        }
        self.folder = folder
        self.mapping = mapping
        self.columns = columns
        self.bytesMax = bound
        path = folder.file(of: encoder)
        cell = StoreCell(layout: mapping.layout)
        copy = [UInt8](repeating: 0, count: mapping.layout.cellBytes)
        self.refusing = refusing
    }

    deinit { publishCounts() }

    /// 1 GiB: 600,000 prompts with the default model.
    public static let defaultBytes = 1 << 30

    /// A text's features, if they are in the store. `key` is the digest of the text.
    /// Cost: a copy and a SHA-256 of the cell, 1.7 KB with the default model; no system call.
    public func find(_ key: Digest) -> Entry? {
        let claimed = mapping.claimed
        let (bucket, tag) = place(of: key)
        for way in 0..<StoreLayout.ways {
            let word = mapping.load(bucket: bucket, way: way)
            guard word != 0, word >> Self.positionBits == tag else { continue }
            let position = word & Self.positionMask
            guard let age = age(of: position, claimed), let entry = read(position, key) else { continue }
            count(isHit: true)
            if age > UInt64(mapping.layout.cells) / 4 * 3 { insert([(key, entry)]) }
            return entry
        }
        count(isHit: false)
        return nil
    }

    /// Inserts entries. What cannot be written is missing later, and `failure` says why. Precondition: F values each.
    public func insert(_ entries: [(key: Digest, entry: Entry)]) {
        guard failure == nil else { return }
        var rest = entries[...]
        while !rest.isEmpty, failure == nil {
            let some = rest.prefix(Self.cellsAtOnce)
            rest = rest.dropFirst(some.count)
            write(some)
        }
        publishCounts()
    }

    // MARK: Cells

    private func write(_ entries: ArraySlice<(key: Digest, entry: Entry)>) {
        let first = mapping.claim(entries.count)
        // Consecutive positions are adjacent in the file, up to the end of the ring.
        let cells = UInt64(mapping.layout.cells)
        let beforeEnd = Int(min(UInt64(entries.count), cells - first % cells))
        for (run, position) in [
            (entries.prefix(beforeEnd), first), (entries.dropFirst(beforeEnd), first &+ UInt64(beforeEnd)),
        ] where !run.isEmpty {
            if let refusal = refusing(position) ?? mapping.write(cell.bytes(of: run), at: position) {
                failure = .unusable(path: path, reason: "no more features are stored (\(refusal))")
                return
            }
        }
        for (index, entry) in entries.enumerated() { publish(entry.key, at: first &+ UInt64(index)) }
        freeSpace(first, entries.count)
    }

    private func read(_ position: UInt64, _ key: Digest) -> Entry? {
        mapping.copyCell(position, into: &copy)
        return cell.entry(in: copy, key: key)
    }

    // MARK: Index

    private static let positionBits: UInt64 = 40
    private static let positionMask: UInt64 = 1 << 40 - 1
    /// Cells claimed and written at once.
    private static let cellsAtOnce = 64

    private func place(of key: Digest) -> (bucket: Int, tag: UInt64) {
        (Int(key.leading % UInt64(mapping.layout.buckets)), key.second >> Self.positionBits)
    }

    /// Number of cells claimed after a position; `nil` when its cell was claimed again, or never.
    private func age(of position: UInt64, _ claimed: UInt64) -> UInt64? {
        guard position > 0, position <= claimed, claimed - position < UInt64(mapping.layout.cells) else { return nil }
        return claimed - position
    }

    /// Writes a key's position into its bucket: over the same key's earlier word, else over an empty or stale one, else
    /// over the oldest. If other writers are faster three times, the entry stays unpublished.
    private func publish(_ key: Digest, at position: UInt64) {
        let (bucket, tag) = place(of: key)
        let new = tag << Self.positionBits | position & Self.positionMask
        for _ in 0..<3 {
            let claimed = mapping.claimed
            var chosen = (way: 0, word: UInt64(0), worth: UInt64.max)
            for way in 0..<StoreLayout.ways {
                let word = mapping.load(bucket: bucket, way: way)
                // Empty and stale words are worth 0; otherwise newer is worth more.
                let isSame = word != 0 && word >> Self.positionBits == tag
                let worth = isSame ? 0 : age(of: word & Self.positionMask, claimed).map { .max - 1 - $0 } ?? 0
                if worth < chosen.worth { chosen = (way, word, worth) }
                if isSame { chosen = (way, word, 0) }
            }
            if mapping.exchange(bucket: bucket, way: chosen.way, seen: chosen.word, new: new) { return }
        }
    }

    // MARK: Space

    /// While the ring fills for the first time: removes other encoders' stores once every `growthBytes`.
    private func freeSpace(_ first: UInt64, _ count: Int) {
        guard first <= UInt64(mapping.layout.cells) else { return }
        let step = UInt64(max(1, Self.growthBytes / mapping.layout.cellBytes))
        guard first / step != (first &+ UInt64(count)) / step else { return }
        do throws(StoreError) {
            try folder.withLock { () throws(StoreError) in try folder.freeSpace(bytesMax: bytesMax, keeping: path) }
        } catch {
            failure = error
        }
    }

    private static let growthBytes = 16 << 20

    // MARK: Counts

    private func count(isHit: Bool) {
        if isHit { lookUps.hits += 1 } else { lookUps.misses += 1 }
        if lookUps.hits + lookUps.misses >= 1024 { publishCounts() }
    }

    /// Adds this process's look-ups to the counters of the file.
    public func publishCounts() {
        guard lookUps.hits + lookUps.misses > 0 else { return }
        mapping.count(hits: lookUps.hits, misses: lookUps.misses)
        lookUps = (0, 0)
    }
}
