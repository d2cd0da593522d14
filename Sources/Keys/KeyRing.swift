public import Foundation
import Synchronization
public import ZeroMQ

/// The admitted keys and what each may do.
public struct KeyRing: Sendable {
    /// What the holder of a key is, and may do.
    public struct Grant: Hashable, Sendable {
        /// The key's name.
        public let name: String
        /// Its role.
        public let role: Role
        /// When it ends, for a key that has been rotated.
        public let until: Date?

        init?(_ file: KeyFile) {
            guard let role = file.role else { return nil }
            name = file.name
            self.role = role
            until = file.until
        }

        init(_ file: TokenFile) {
            name = file.name
            role = file.role
            until = file.until
        }

        /// Whether it has not ended at a time.
        func holds(at time: Date) -> Bool { until.map { time < $0 } ?? true }
    }

    private let grants: [CurveKey: Grant]

    init(_ grants: [CurveKey: Grant]) {
        self.grants = grants
    }

    /// Admitted keys.
    public var count: Int { grants.count }

    /// What a key may do at a time; `nil` when it is not admitted.
    public func grant(of key: CurveKey, at time: Date) -> Grant? {
        guard let grant = grants[key], grant.holds(at: time) else { return nil }
        return grant
    }
}

/// The keys of a folder while a coordinator runs: any thread asks, and a reload replaces them.
public final class LiveKeys: Sendable {
    /// The coordinator's pair. It stays the same until a restart.
    public let server: CurveKeyPair
    /// The tokens of the same folder.
    public let tokens: LiveTokens
    private let folder: KeyFolder
    private let ring: Mutex<KeyRing>

    /// Reads the folder.
    public init(_ folder: KeyFolder, at time: Date) throws(KeyError) {
        self.folder = folder
        server = try folder.serverPair()
        tokens = try LiveTokens(folder, at: time)
        ring = Mutex(try folder.ring(at: time))
    }

    /// Reads the folder again; keys and tokens stay as they were when that fails. Returns how many keys are admitted.
    public func reload(at time: Date) throws(KeyError) -> Int {
        let read = try folder.ring(at: time)
        _ = try tokens.reload(at: time)
        ring.withLock { $0 = read }
        return read.count
    }

    /// What a key may do at a time; `nil` when it is not admitted. Cost: one look-up under a lock.
    public func grant(of key: CurveKey, at time: Date) -> KeyRing.Grant? {
        ring.withLock { $0.grant(of: key, at: time) }
    }
}
