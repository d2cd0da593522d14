import Cluster
import Foundation
import Keys
import Logging
import Threads
import Wire
import ZeroMQ

/// Who may connect to a coordinator, and which messages each may send: by the role of the key.
///
/// libzmq asks at each handshake, on the authenticator's thread. The role is checked again at each message, so a key
/// that is revoked while its holder is connected ends to work at the next reload.
final class PeerGate {
    /// Why a message is refused.
    struct Refusal: Error, CustomStringConvertible {
        /// The key's name.
        let name: String
        /// The message's kind.
        let kind: String
        let description: String
    }

    /// What the coordinator's socket is opened with.
    let security: SocketSecurity
    let context: Context
    private let keys: LiveKeys?
    private let rates = KeyRates()
    /// Messages that were dropped for their rate, and when that is logged again.
    private var excess: (count: Int, nextLine: Instant) = (0, .zero)
    /// The same of those that were dropped because their tenant is behind.
    private var late: (count: Int, nextLine: Instant) = (0, .zero)
    private let authenticator: Authenticator?

    /// One decrypts a message of megabytes for some milliseconds, and the peers of the other do not wait for that.
    private static let ioThreads = 2

    /// Begins to answer handshakes. Without keys, everybody may connect and send everything.
    init(_ keys: LiveKeys?) throws(CoordinatorError) {
        self.keys = keys
        let wakeup: Wakeup
        do { wakeup = try Wakeup() } catch { throw .thread(error) }
        do throws(ZeroMQError) {
            context = try Context(ioThreads: Self.ioThreads)
            security = keys.map { .server($0.server) } ?? .none
            authenticator =
                if let keys {
                    try Authenticator(in: context, wakeup: wakeup) { key, _ in keys.grant(of: key, at: Date()) != nil }
                } else {
                    nil
                }
        } catch {
            throw .socket(error)
        }
    }

    /// The tenants that are admitted; none without keys.
    var tenants: LiveKeys.Tenants? { keys?.tenants }

    /// The grant of an admitted key; `nil` without keys.
    func grant(of key: CurveKey?) -> KeyRing.Grant? {
        guard let keys, let key else { return nil }
        return keys.grant(of: key, at: Date())
    }

    /// Why the holder of a key may not send a message; `nil` when it may. `grant` is that of the key.
    func refusal(of message: Wire.Message, by grant: KeyRing.Grant?) -> Refusal? {
        guard keys != nil else { return nil }
        guard let grant else {
            return Refusal(name: "unknown", kind: message.kind, description: "the key is not admitted, or no longer")
        }
        guard !grant.role.permits(message) else { return nil }
        return Refusal(
            name: grant.name, kind: message.kind,
            description:
                "the key \"\(grant.name)\" has the role \(grant.role.rawValue), which does not permit \(message.kind)")
    }

    /// Whether a message is more than its sender's key may send: it is dropped as if it were lost, and its sender repeats it as
    /// after any loss. Heartbeats, drains and goodbyes do not count: they are cheap, and without heartbeats an honest worker
    /// would seem dead, and its work be computed again.
    func dropsExcess(
        _ message: Wire.Message, by grant: KeyRing.Grant?, at now: Instant, _ logger: Logger
    ) -> Bool {
        guard let grant, grant.terms.messagesPerSecond != nil else { return false }
        switch message {
        case .heartbeat, .bye, .drain: return false
        default: break
        }
        guard rates.excess(of: grant) != nil else { return false }
        excess.count += 1
        // Not each of them: the log must not grow at the rate of what is dropped.
        if now >= excess.nextLine {
            excess.nextLine = now + .seconds(1)
            logger.warning(
                "messages beyond a key's rate are dropped",
                metadata: ["key": "\(grant.name)", "kind": "\(message.kind)", "dropped": "\(excess.count)"])
        }
        return true
    }

    /// Logs that a message was dropped because too many of its tenant's wait for the disk.
    func logDropped(of tenant: String?, at now: Instant, _ logger: Logger) {
        late.count += 1
        guard now >= late.nextLine else { return }
        late.nextLine = now + .seconds(1)
        logger.warning(
            "messages are dropped because their tenant sends faster than the disk keeps: they will be repeated",
            metadata: ["tenant": "\(tenant ?? "")", "dropped": "\(late.count)"])
    }
}

extension Wire.Message {
    /// The name of the message's kind; of a Hello, also what its sender is.
    var kind: String {
        if case .hello(let hello) = self { return "joining as \(Self.label(hello.role))" }
        return Self.label(self)
    }

    private static func label(_ value: some Any) -> String {
        Mirror(reflecting: value).children.first?.label ?? "\(value)"
    }
}

extension Role {
    /// Whether the holder of such a key may send a message to a coordinator.
    func permits(_ message: Wire.Message) -> Bool {
        if self == .admin { return true }
        return switch message {
        case .hello(let hello): permits(hello.role)
        case .heartbeat, .bye: true
        // A worker that drains says so, and is lent nothing more.
        case .drain: self == .worker || self == .rollout
        case .contextWanted, .shardResult, .shardReturned: self == .worker
        case .submitJob, .submitShard, .confirm, .closeJob, .requestScores: self == .client || self == .trainer
        case .requestPlan, .followPlan, .dropPlans, .reportOutcomes: self == .trainer
        case .rewards, .assignmentReturned: self == .rollout
        // What a coordinator sends.
        default: false
        }
    }

    private func permits(_ role: Hello.Role) -> Bool {
        switch role {
        case .worker: self == .worker
        case .client: self == .client || self == .trainer
        case .trainer: self == .trainer
        case .rollout: self == .rollout
        }
    }
}
