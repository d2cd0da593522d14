/// The ids that were seen, with a number for each, as `IDTable` has them, for any number of ids.
///
/// The last million is in memory; older ones are sorted runs in a temporary file (12 bytes an id, in `TMPDIR`). Memory: 25
/// MB, and 1.5 bytes an id. Where the file cannot be written, all ids stay in memory.
package struct IDIndex {
    /// What stopped a search; ids are not found from then on.
    package private(set) var failure: CorporaError?

    private var recent = IDTable()
    private var runs: [IDRun] = []
    private var file: IDFile?
    private var staysInMemory = false
    private let recentMax: Int

    /// No ids. `recentMax` of them are kept in memory.
    package init(recentMax: Int = 1 << 20) { self.recentMax = recentMax }

    /// Adds an id with a number. Returns the earlier number if the id was added before; that number stays.
    package mutating func insert(_ hash: UInt64, number: UInt32) -> UInt32? {
        if !runs.isEmpty, recent.number(of: hash) == nil, let earlier = spilled(hash) { return earlier }
        defer { spill() }
        return recent.insert(hash, number: number)
    }

    /// Counts an id; returns how often it was counted, including this time.
    package mutating func increment(_ hash: UInt64) -> UInt32 {
        defer { spill() }
        guard !runs.isEmpty, recent.number(of: hash) == nil, let earlier = spilled(hash) else {
            return recent.increment(hash)
        }
        _ = recent.insert(hash, number: earlier &+ 1)
        return earlier &+ 1
    }

    /// A later run has the later number.
    private mutating func spilled(_ hash: UInt64) -> UInt32? {
        guard failure == nil else { return nil }
        do throws(CorporaError) {
            for run in runs.reversed() {
                if let number = try run.number(of: max(hash, 1)) { return number }
            }
        } catch {
            failure = error
        }
        return nil
    }

    private mutating func spill() {
        guard recent.count >= recentMax, !staysInMemory else { return }
        do throws(CorporaError) {
            if file == nil { file = try IDFile() }
            guard let file else { return }
            runs.append(try IDRun(recent.sorted, in: file))
            recent.removeAll()
        } catch {
            staysInMemory = true
        }
    }
}
