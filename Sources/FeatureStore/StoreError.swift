import Scoring

/// Why a feature store cannot be used. Work continues without it.
public enum StoreError: Error, Equatable, CustomStringConvertible {
    /// A folder or file cannot be created, read or written, and why.
    case unusable(path: String, reason: String)
    /// Another process has held the lock of the folder for this many seconds.
    case locked(path: String, seconds: Int)
    /// The size is too small for the smallest store.
    case tooSmall(bytes: Int, needed: Int)
    /// Features have another width than the store was opened for.
    case widthMismatch(expected: Int, found: Int)

    /// What happened, where, with which values, and what to do next.
    public var description: String {
        switch self {
        case .unusable(let path, let reason):
            "\(path): \(reason); choose another folder with --store, or use --store off"
        case .locked(let path, let seconds):
            "\(path): another process has held this lock for \(seconds) s; end that process if it hangs, or use --store off"
        case .tooSmall(let bytes, let needed):
            "a feature store of \(ByteCount(bytes)) is too small; give it \(ByteCount(needed)) or more"
        case .widthMismatch(let expected, let found):
            "features have \(found) columns, the store was opened for \(expected)"
        }
    }
}
