import CommandSupport

/// One check of `statezero doctor`: what was found, and what to do where it is not good.
struct MachineCheck: Encodable {
    enum State: String, Encodable {
        case good = "ok"
        /// It works, with less than is possible.
        case warning = "WARNING"
        /// It does not work.
        case failed = "FAILED"
        case skipped
    }

    let name: String
    let state: State
    let found: String
    /// What to do; `nil` where `found` says it, or nothing is to be done.
    let advice: String?

    private enum CodingKeys: String, CodingKey { case name, state, ok, found, advice }

    init(_ name: String, _ state: State, _ found: String, advice: String? = nil) {
        (self.name, self.state, self.found, self.advice) = (name, state, found, advice)
    }

    /// Runs a check. An error is its failure; messages of errors say what to do.
    init(_ name: String, advice: String? = nil, _ check: () throws -> MachineCheck) {
        do {
            self = try check()
        } catch {
            self.init(name, .failed, (error as? CommandFailure)?.message ?? "\(error)", advice: advice)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(state != .failed, forKey: .ok)
        try container.encode(found, forKey: .found)
        try container.encodeIfPresent(advice, forKey: .advice)
    }

    var text: String {
        let line = Self.padded(state.rawValue, 9) + Self.padded(name, 13) + found
        return advice.map { "\(line)\n\(Self.padded("", 22))do: \($0)" } ?? line
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
