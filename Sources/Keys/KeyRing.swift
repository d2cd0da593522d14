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
        /// Its tenant, and how much it may send.
        public let terms: KeyTerms
        /// When it ends, for a key that has been rotated.
        public let until: Date?

        init?(_ file: KeyFile) {
            guard let role = file.role else { return nil }
            name = file.name
            self.role = role
            terms = file.terms
            until = file.until
        }

        init(_ file: TokenFile) {
            name = file.name
            role = file.role
            terms = file.terms
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

    /// The tenants of admitted keys.
    var tenants: Set<String> { Set(grants.values.compactMap(\.terms.tenant)) }

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
    private let known: Mutex<Tenants>

    /// The tenants of the folder, and how often it was read.
    public struct Tenants: Hashable, Sendable {
        /// Tenants with an admitted key or token.
        public fileprivate(set) var names: Set<String> = []
        /// Grows when the folder is read.
        public fileprivate(set) var reading = 0
    }

    /// The tenants that are admitted. Cost: one look-up under a lock.
    public var tenants: Tenants { known.withLock { $0 } }

    /// Reads the folder.
    public init(_ folder: KeyFolder, at time: Date) throws(KeyError) {
        self.folder = folder
        server = try folder.serverPair()
        tokens = try LiveTokens(folder, at: time)
        let read = try folder.ring(at: time)
        ring = Mutex(read)
        known = Mutex(Tenants(names: read.tenants.union(tokens.tenants), reading: 1))
    }

    /// Reads the folder again; keys and tokens stay as they were when that fails. Returns how many keys are admitted.
    public func reload(at time: Date) throws(KeyError) -> Int {
        let read = try folder.ring(at: time)
        _ = try tokens.reload(at: time)
        ring.withLock { $0 = read }
        let names = read.tenants.union(tokens.tenants)
        known.withLock { $0 = Tenants(names: names, reading: $0.reading + 1) }
        return read.count
    }

    /// What a key may do at a time; `nil` when it is not admitted. Cost: one look-up under a lock.
    public func grant(of key: CurveKey, at time: Date) -> KeyRing.Grant? {
        ring.withLock { $0.grant(of: key, at: time) }
    }
}
