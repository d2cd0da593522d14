public import Foundation
import Scoring
import Synchronization

/// The HTTP tokens of a folder while a server runs: any thread asks, and a reload replaces them.
public final class LiveTokens: Sendable {
    private let folder: KeyFolder
    private let grants: Mutex<[Digest: KeyRing.Grant]>
    /// How much was sent with each token.
    public let rates = KeyRates()

    /// Bytes of the longest token that is looked up.
    private static let bytesMax = 256

    /// Reads the folder.
    public init(_ folder: KeyFolder, at time: Date) throws(KeyError) {
        self.folder = folder
        grants = Mutex(try folder.tokenGrants(at: time))
    }

    /// Admitted tokens.
    public var count: Int { grants.withLock { $0.count } }

    /// The tenants of admitted tokens.
    var tenants: Set<String> { grants.withLock { Set($0.values.compactMap(\.terms.tenant)) } }

    /// Reads the folder again; the tokens stay as they were when that fails. Returns how many are admitted.
    public func reload(at time: Date) throws(KeyError) -> Int {
        let read = try folder.tokenGrants(at: time)
        grants.withLock { $0 = read }
        return read.count
    }

    /// What the holder of a token may do at a time; `nil` when it is not admitted.
    ///
    /// Only digests are compared. How long that takes can depend on a stored digest, but not on how much of a token was
    /// guessed: the digest of a similar token has nothing in common with it. Cost: one SHA-256 and one look-up.
    public func grant(of token: some StringProtocol, at time: Date) -> KeyRing.Grant? {
        guard token.utf8.count <= Self.bytesMax else { return nil }
        let digest = Digest(of: Array(token.utf8))
        guard let grant = grants.withLock({ $0[digest] }), grant.holds(at: time) else { return nil }
        return grant
    }
}
