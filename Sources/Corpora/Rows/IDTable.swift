import Scoring

/// The ids that were seen, with a number for each, in 12 bytes a slot: 15 to 23 MB for a million ids of any length.
///
/// It keeps 64-bit hashes, not the ids. Two different ids of one hash would count as the same: the second row is then
/// rejected as a duplicate, with an error that names both lines. For a million ids the chance is 3 in 10⁸.
struct IDTable: Sendable {
    /// Number of different ids.
    private(set) var count = 0
    // 0 marks a free slot.
    private var hashes: [UInt64]
    private var numbers: [UInt32]

    init() {
        hashes = Array(repeating: 0, count: 1 << 10)
        numbers = Array(repeating: 0, count: 1 << 10)
    }

    /// The hash under which an id is kept.
    static func hash(_ id: String) -> UInt64 { StableHash(of: id).mixed }

    /// Adds an id with a number. Returns the earlier number if the id was added before; that number stays.
    mutating func insert(_ hash: UInt64, number: UInt32) -> UInt32? {
        let slot = slot(of: hash)
        guard hashes[slot] == 0 else { return numbers[slot] }
        occupy(slot, hash, number)
        return nil
    }

    /// The number that an id was added with.
    func number(of hash: UInt64) -> UInt32? {
        let slot = slot(of: hash)
        return hashes[slot] == 0 ? nil : numbers[slot]
    }

    /// Counts an id; returns how often it was counted, including this time.
    mutating func increment(_ hash: UInt64) -> UInt32 {
        let slot = slot(of: hash)
        guard hashes[slot] == 0 else {
            numbers[slot] &+= 1
            return numbers[slot]
        }
        occupy(slot, hash, 1)
        return 1
    }

    /// All ids, by rising hash.
    var sorted: [IDRun.Entry] {
        var entries: [IDRun.Entry] = []
        entries.reserveCapacity(count)
        for slot in hashes.indices where hashes[slot] != 0 {
            entries.append(IDRun.Entry(hash: hashes[slot], number: numbers[slot]))
        }
        return entries.sorted { $0.hash < $1.hash }
    }

    /// Removes all ids and keeps the memory.
    mutating func removeAll() {
        for slot in hashes.indices { hashes[slot] = 0 }
        count = 0
    }

    private mutating func occupy(_ slot: Int, _ hash: UInt64, _ number: UInt32) {
        hashes[slot] = max(hash, 1)
        numbers[slot] = number
        count += 1
        if count * 5 > hashes.count * 4 { grow() }
    }

    /// The slot of the hash, or the free slot for it.
    private func slot(of hash: UInt64) -> Int {
        let hash = max(hash, 1)
        var slot = Int(hash.multipliedFullWidth(by: UInt64(hashes.count)).high)
        while hashes[slot] != 0, hashes[slot] != hash { slot = slot + 1 == hashes.count ? 0 : slot + 1 }
        return slot
    }

    // By half, not double: free slots cost memory too.
    private mutating func grow() {
        let old = (hashes, numbers)
        hashes = Array(repeating: 0, count: old.0.count + old.0.count / 2)
        numbers = Array(repeating: 0, count: hashes.count)
        for index in old.0.indices where old.0[index] != 0 {
            let slot = slot(of: old.0[index])
            hashes[slot] = old.0[index]
            numbers[slot] = old.1[index]
        }
    }
}
