import Cluster
import DequeModule

/// Requests of this process that wait for the coordinator's thread: in order for each tenant, and tenants take turns. Cost of
/// each call: linear in the tenants that have some.
struct LocalRequests {
    typealias Request = LocalPeers.Request

    /// Those of a tenant. A message whose sender has left stays as an empty place, so that none behind it moves.
    fileprivate struct Lane {
        var requests: Deque<Request?> = []
        /// The number of the first place, since the start.
        var first = 0
        /// Requests, without empty places.
        var count = 0
        /// Those that only read.
        var reads = 0
    }

    private var lanes: [String?: Lane] = [:]
    /// Tenants with a request, the one that has the next turn first.
    private var turns: Deque<String?> = []
    /// The numbers of the places of messages.
    private var places: [Peer: Int] = [:]

    /// How many wait of a tenant.
    func count(of tenant: String?) -> Int { lanes[tenant]?.count ?? 0 }

    /// All of them.
    var all: [Request] { lanes.values.flatMap { $0.requests.compactMap(\.self) } }

    /// Whether `popFirst` would return one.
    func hasMore(unless isBehind: (String?) -> Bool) -> Bool {
        lanes.contains { tenant, lane in lane.reads > 0 || !isBehind(tenant) }
    }

    /// Adds a request behind its tenant's.
    mutating func append(_ request: Request) {
        let tenant = request.tenant
        if lanes[tenant] == nil { turns.append(tenant) }
        var lane = lanes.removeValue(forKey: tenant) ?? Lane()
        if case .message(_, _, let peer, _) = request { places[peer] = lane.first + lane.requests.count }
        lane.requests.append(request)
        lane.count += 1
        if request.isRead { lane.reads += 1 }
        lanes[tenant] = lane
    }

    /// Removes a peer's message; `false` where none waits.
    mutating func removeMessage(from peer: Peer) -> Bool {
        guard let place = places.removeValue(forKey: peer), let first = lanes[peer.tenant]?.first else { return false }
        lanes[peer.tenant]?.requests[place - first] = nil
        lanes[peer.tenant]?.count -= 1
        guard let lane = lanes[peer.tenant] else { return true }
        if lane.count == 0 {
            remove(peer.tenant)
        } else if lane.requests.count > 2 * lane.count + Self.emptyPlacesMin {
            removeEmptyPlaces(of: peer.tenant)
        }
        return true
    }

    /// Empty places that a tenant may have beside one for each request.
    private static let emptyPlacesMin = 64

    /// Removes empty places, which may be many while a tenant is behind and its callers leave.
    private mutating func removeEmptyPlaces(of tenant: String?) {
        guard var lane = lanes.removeValue(forKey: tenant) else { return }
        lane.requests = Deque(lane.requests.filter { $0 != nil })
        for (place, request) in lane.requests.enumerated() {
            if case .message(_, _, let peer, _)? = request { places[peer] = lane.first + place }
        }
        lanes[tenant] = lane
    }

    private mutating func remove(_ tenant: String?) {
        lanes[tenant] = nil
        turns.removeAll { $0 == tenant }
    }

    /// Removes and returns the next request. Of a tenant that is behind only those that read are taken, which looks at all
    /// before the first one of these.
    mutating func popFirst(unless isBehind: (String?) -> Bool) -> Request? {
        for _ in turns.indices {
            guard let tenant = turns.popFirst(), var lane = lanes.removeValue(forKey: tenant) else { return nil }
            let request = lane.popFirst(readsOnly: isBehind(tenant))
            if lane.count > 0 {
                lanes[tenant] = lane
                turns.append(tenant)
            }
            guard let request else { continue }
            if case .message(_, _, let peer, _) = request { places[peer] = nil }
            return request
        }
        return nil
    }
}

extension LocalRequests.Lane {
    fileprivate mutating func popFirst(readsOnly: Bool) -> LocalPeers.Request? {
        while let next = requests.first, next == nil { removeFirst() }
        guard readsOnly else { return removeFirst() }
        guard reads > 0, let place = requests.firstIndex(where: { $0?.isRead == true }) else { return nil }
        defer { requests[place] = nil }
        return taken(requests[place])
    }

    @discardableResult
    private mutating func removeFirst() -> LocalPeers.Request? {
        guard let request = requests.popFirst() else { return nil }
        first += 1
        return taken(request)
    }

    private mutating func taken(_ request: LocalPeers.Request?) -> LocalPeers.Request? {
        guard let request else { return nil }
        count -= 1
        if request.isRead { reads -= 1 }
        return request
    }
}

extension LocalPeers.Request {
    /// Whose it is.
    var tenant: String? {
        switch self {
        case .message(_, _, let peer, _), .left(let peer): peer.tenant
        case .report(let scope, _), .operate(_, let scope, _), .query(_, let scope, _): scope.tenant
        case .mark(let tenant, _): tenant
        }
    }

    /// Whether it changes nothing, and its answer does not wait for the journal.
    var isRead: Bool {
        switch self {
        case .report, .operate(.overview, _, _), .operate(.details, _, _): true
        case .message, .left, .operate, .mark, .query: false
        }
    }
}
