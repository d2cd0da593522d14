import JSON

// Names in tables of a coordinator with tenants.

extension JSONObject {
    /// A member's text, with the tenant of the entry before it where it has one: two tenants may use the same name.
    func ofTenant(_ text: String) -> String { self["tenant"]?.string.map { "\($0): \(text)" } ?? text }
}
