import Scoring

/// Why there is no feature store, or none any more. Work goes on without.
public enum StoreError: Error, Equatable, CustomStringConvertible {
    /// A folder or file that cannot be made, read or written, and why.
    case unusable(path: String, reason: String)
    /// Another process has held the store's lock for so long.
    case locked(path: String, seconds: Int)
    /// So few bytes that nothing worth keeping fits.
    case tooSmall(bytes: Int, needed: Int)
    /// Features of another width than the store was opened for.
    case widthMismatch(expected: Int, found: Int)

    /// What happened, where and with which values, in words for people.
    public var description: String {
        switch self {
        case .unusable(let path, let reason):
            "\(path): \(reason); name another folder with --store, or turn it off with --store off"
        case .locked(let path, let seconds):
            "\(path): another process has held this lock for \(seconds) s; if it hangs, end it, or use --store off"
        case .tooSmall(let bytes, let needed):
            "a feature store of \(ByteCount(bytes)) holds next to nothing; give it \(ByteCount(needed)) or more"
        case .widthMismatch(let expected, let found):
            "features have \(found) columns, the store was opened for \(expected)"
        }
    }
}
