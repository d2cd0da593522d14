/// The ids that were seen, with a number for each, as `IDTable` has them, for any number of ids.
///
/// The last million is in memory; older ones are sorted runs in a temporary file (12 bytes an id, in `TMPDIR`). Memory: 25
/// MB, and 1.5 bytes an id. Where the file cannot be written, all ids stay in memory (15 to 23 bytes each).
package struct IDIndex {
    /// What stopped a search; ids are not found from then on.
    package private(set) var failure: CorporaError?
    /// Why all ids stay in memory; `nil` as long as older ones are in the file.
    package private(set) var staysInMemory: CorporaError?

    private var recent = IDTable()
    private var runs: [IDRun] = []
    private var file: IDFile?
    private let recentMax: Int
    private let makeFile: @Sendable () throws(CorporaError) -> IDFile

    /// No ids. `recentMax` of them are kept in memory; `makeFile` makes the file for the others when it is needed.
    package init(
        recentMax: Int = 1 << 20,
        makeFile: @escaping @Sendable () throws(CorporaError) -> IDFile = { () throws(CorporaError) in try IDFile() }
    ) {
        self.recentMax = recentMax
        self.makeFile = makeFile
    }

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
        guard recent.count >= recentMax, staysInMemory == nil else { return }
        do throws(CorporaError) {
            if file == nil { file = try makeFile() }
            guard let file else { return }
            runs.append(try IDRun(recent.sorted, in: file))
            recent.removeAll()
        } catch {
            staysInMemory = error
        }
    }
}
