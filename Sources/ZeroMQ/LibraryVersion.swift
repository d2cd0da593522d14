import CZeroMQ

/// A version of libzmq.
public struct LibraryVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The three numbers of the version.
    public let major, minor, patch: Int32

    /// The version with these three numbers.
    public init(_ major: Int32, _ minor: Int32, _ patch: Int32) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// The version this process is running with, which need not be the one it was compiled against.
    public static var running: LibraryVersion {
        var major: Int32 = 0
        var minor: Int32 = 0
        var patch: Int32 = 0
        zmq_version(&major, &minor, &patch)
        return LibraryVersion(major, minor, patch)
    }

    /// In older versions a peer can crash the process or run code in it: CVE-2019-6250, CVE-2019-13132, CVE-2020-15166.
    public static let oldestAccepted = LibraryVersion(4, 3, 3)

    /// Throws `libraryTooOld` for a version that is not safe on a network.
    public func requireAccepted() throws(ZeroMQError) {
        guard self >= Self.oldestAccepted else { throw .libraryTooOld(found: self, oldest: Self.oldestAccepted) }
    }

    /// As in "4.3.4".
    public var description: String { "\(major).\(minor).\(patch)" }

    /// Older is less.
    public static func < (left: LibraryVersion, right: LibraryVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }
}
