/// How many requests to the journal are durable since the start: by tenant, and those that concern all.
package struct JournalProgress: Sendable {
    private(set) var requests: [String?: Int] = [:]
    private(set) var concerningAll = 0

    /// Records that a request is durable, or a part of one, which counts with the last part.
    mutating func add(_ order: JournalRequest.Order, completes: Bool) {
        guard completes else { return }
        switch order {
        case .ofAll: concerningAll += 1
        case .ofTenant(let tenant): requests[tenant, default: 0] += 1
        }
    }
}
