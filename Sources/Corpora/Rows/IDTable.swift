import Scoring

/// Which ids were seen, and a number for each, in 12 bytes a slot: 15 to 23 MB for a million ids, however long they
/// are.
///
/// It keeps 64-bit hashes, not the ids. Two different ids of one hash would be taken for the same one: the second row
/// is
/// then rejected as a duplicate, in the open and with both lines named. For a million ids the chance is 3 in 10⁸.
struct IDTable {
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

    /// Notes an id with a number; the number of the earlier one when the id was there, which then stays as it was.
    mutating func insert(_ hash: UInt64, number: UInt32) -> UInt32? {
        let slot = slot(of: hash)
        guard hashes[slot] == 0 else { return numbers[slot] }
        occupy(slot, hash, number)
        return nil
    }

    /// How often an id has come, this time included.
    mutating func increment(_ hash: UInt64) -> UInt32 {
        let slot = slot(of: hash)
        guard hashes[slot] == 0 else {
            numbers[slot] &+= 1
            return numbers[slot]
        }
        occupy(slot, hash, 1)
        return 1
    }

    private mutating func occupy(_ slot: Int, _ hash: UInt64, _ number: UInt32) {
        hashes[slot] = max(hash, 1)
        numbers[slot] = number
        count += 1
        if count * 5 > hashes.count * 4 { grow() }
    }

    /// Where the hash stands, or the free slot where it would.
    private func slot(of hash: UInt64) -> Int {
        let hash = max(hash, 1)
        var slot = Int(hash.multipliedFullWidth(by: UInt64(hashes.count)).high)
        while hashes[slot] != 0, hashes[slot] != hash { slot = slot + 1 == hashes.count ? 0 : slot + 1 }
        return slot
    }

    // By half, not double: what is empty costs memory too.
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
