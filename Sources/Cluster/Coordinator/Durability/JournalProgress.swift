/// How many requests to the journal are durable since the start: by tenant, and those that concern all.
package struct JournalProgress: Sendable {
    private(set) var requests: [String?: Int] = [:]
    private(set) var concerningAll = 0

    package init() {}

    /// Records that a request, or a part of one, is durable.
    package mutating func add(_ request: JournalRequest) {
        guard request.completes else { return }
        if request.concernsAll { concerningAll += 1 } else { requests[request.tenant, default: 0] += 1 }
    }
}
