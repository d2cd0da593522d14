public import Scoring

/// Features of texts seen before, on disk, for all processes of a host that use the same encoder: a text embedded once,
/// by any worker in any run, costs a look-up.
///
/// **What is answered is what was put.** *Why:* many processes read and write at once, and any of them may be killed at
/// any byte. *In practice:* nobody takes a lock to read or write. A writer claims cells by one atomic addition, writes
/// them, then publishes their positions in the index; a reader copies a cell and answers only if the copy has the key
/// asked for and the SHA-256 that it was written with. Torn, overwritten or never finished cells, words of the index that
/// lead nowhere: all are a miss, and a miss costs an embedding. *Otherwise:* a prediction rests on features of another text.
///
/// Bounded: the ring overwrites its oldest cells, and an entry that is found after three quarters of the ring went by is
/// put again, so what is in use stays. Belongs to one thread at a time; another thread or process opens its own.
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
    /// Why nothing is put any more (a full disk, say); what is there is still found.
    public private(set) var trouble: StoreError?

    private let folder: StoreFolder
    private let path: String
    private let bytesMax: Int
    private let mapping: StoreMapping
    private let cell: StoreCell
    private let refusing: (UInt64) -> String?
    private var copy: [UInt8]
    private var lookUps = (hits: 0, misses: 0)

    /// Opens the store of an encoder in a folder, or makes it.
    ///
    /// `bytesMax` bounds the folder: the ring of this encoder, and stores of other encoders that nobody uses, of which
    /// the longest unused are removed as this one grows. `nil` takes a store as it is, or makes one of `usualBytes`; a
    /// size replaces a store of another size, unless somebody uses it. Throws why there is none.
    /// Cost: a file made with room for its index, a fiftieth of the whole with the default model; no scan.
    public convenience init(
        in folder: StoreFolder, encoder: ModelFingerprint, columns: Int, bytesMax: Int? = nil
    ) throws(StoreError) {
        try self.init(in: folder, encoder: encoder, columns: columns, bytesMax: bytesMax, refusing: { _ in nil })
    }

    /// The same with a disk that refuses, for tests: `refusing` is given the position of a write, and may name a reason.
    package init(
        in folder: StoreFolder, encoder: ModelFingerprint, columns: Int, bytesMax: Int?,
        refusing: @escaping (UInt64) -> String?
    ) throws(StoreError) {
        try StoreFile.makeFolder(folder.path)
        let bound = bytesMax ?? Self.usualBytes
        let mapping = try folder.withLock { () throws(StoreError) in
            let mapping = try StoreFile.open(
                folder: folder.folder(of: encoder), head: encoder, columns: columns, bytesMax: bound,
                isSizeWanted: bytesMax != nil)
            try folder.makeRoom(bytesMax: bound, keeping: folder.file(of: encoder))
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

    deinit { tell() }

    /// 1 GiB: 600,000 prompts with the default model.
    public static let usualBytes = 1 << 30

    /// A text's features, if they are there. `key` is the digest of the text.
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
            if age > UInt64(mapping.layout.cells) / 4 * 3 { keep([(key, entry)]) }
            return entry
        }
        count(isHit: false)
        return nil
    }

    /// Puts entries; what cannot be put is simply not there, and `trouble` says why. Precondition: F values each.
    public func keep(_ entries: [(key: Digest, entry: Entry)]) {
        guard trouble == nil else { return }
        var rest = entries[...]
        while !rest.isEmpty, trouble == nil {
            let some = rest.prefix(Self.cellsAtOnce)
            rest = rest.dropFirst(some.count)
            put(some)
        }
        tell()
    }

    // MARK: Cells

    private func put(_ entries: ArraySlice<(key: Digest, entry: Entry)>) {
        let first = mapping.claim(entries.count)
        // Positions that follow each other lie side by side, up to the ring's end.
        let cells = UInt64(mapping.layout.cells)
        let beforeEnd = Int(min(UInt64(entries.count), cells - first % cells))
        for (run, position) in [
            (entries.prefix(beforeEnd), first), (entries.dropFirst(beforeEnd), first + UInt64(beforeEnd)),
        ] where !run.isEmpty {
            if let refusal = refusing(position) ?? mapping.write(cell.bytes(of: run), at: position) {
                trouble = .unusable(path: path, reason: "nothing more is kept (\(refusal))")
                return
            }
        }
        for (index, entry) in entries.enumerated() { publish(entry.key, at: first + UInt64(index)) }
        makeRoom(first, entries.count)
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

    /// How many cells were claimed after a position; `nil` when its cell was claimed again, or never.
    private func age(of position: UInt64, _ claimed: UInt64) -> UInt64? {
        guard position > 0, position <= claimed, claimed - position < UInt64(mapping.layout.cells) else { return nil }
        return claimed - position
    }

    /// Writes a key's position into its bucket: over the same key's earlier one, else over an empty or dead word, else over
    /// the oldest. When others are quicker three times, the entry is left unpublished.
    private func publish(_ key: Digest, at position: UInt64) {
        let (bucket, tag) = place(of: key)
        let new = tag << Self.positionBits | position & Self.positionMask
        for _ in 0..<3 {
            let claimed = mapping.claimed
            var chosen = (way: 0, word: UInt64(0), worth: UInt64.max)
            for way in 0..<StoreLayout.ways {
                let word = mapping.load(bucket: bucket, way: way)
                // 0 for what is of no use any more; else the older, the less worth.
                let isSame = word != 0 && word >> Self.positionBits == tag
                let worth = isSame ? 0 : age(of: word & Self.positionMask, claimed).map { .max - 1 - $0 } ?? 0
                if worth < chosen.worth { chosen = (way, word, worth) }
                if isSame { chosen = (way, word, 0) }
            }
            if mapping.exchange(bucket: bucket, way: chosen.way, seen: chosen.word, new: new) { return }
        }
    }

    // MARK: Room

    /// While the ring grows for the first time, now and then: other encoders' stores make room.
    private func makeRoom(_ first: UInt64, _ count: Int) {
        guard first <= UInt64(mapping.layout.cells) else { return }
        let step = UInt64(max(1, Self.growthBytes / mapping.layout.cellBytes))
        guard first / step != (first + UInt64(count)) / step else { return }
        do throws(StoreError) {
            try folder.withLock { () throws(StoreError) in try folder.makeRoom(bytesMax: bytesMax, keeping: path) }
        } catch {
            trouble = error
        }
    }

    private static let growthBytes = 16 << 20

    // MARK: Counts

    private func count(isHit: Bool) {
        if isHit { lookUps.hits += 1 } else { lookUps.misses += 1 }
        if lookUps.hits + lookUps.misses >= 1024 { tell() }
    }

    /// Adds this process's look-ups to those of all.
    public func tell() {
        guard lookUps.hits + lookUps.misses > 0 else { return }
        mapping.count(hits: lookUps.hits, misses: lookUps.misses)
        lookUps = (0, 0)
    }
}
