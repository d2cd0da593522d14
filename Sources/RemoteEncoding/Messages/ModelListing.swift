import JSON

/// The answer to `GET /models`.
package enum ModelListing {
    /// The ids in order; empty for anything else than a list of models.
    package static func read(_ body: [UInt8]) -> [String] {
        let value = try? JSONValue(reading: body, duplicateNames: .kept)
        return value?.member(at: ["data"])?.elements?.compactMap { $0.member(at: ["id"])?.string } ?? []
    }
}
