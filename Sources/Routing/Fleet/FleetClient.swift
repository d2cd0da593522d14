/// A client of `route serve`: a key of its own, and how much it may spend.
public struct FleetClient: Hashable, Sendable {
    /// Name in logs, metrics and messages; unique in its fleet.
    public var name: String
    /// Environment variable with the key, never the key itself.
    public var keyVariable: String
    /// Most US dollars a day (UTC); `nil` is no limit.
    public var dollarsPerDay: Double?

    /// The label of requests without a client; no client may have this name.
    public static let none = "none"

    /// A client.
    public init(name: String, keyVariable: String, dollarsPerDay: Double? = nil) {
        self.name = name
        self.keyVariable = keyVariable
        self.dollarsPerDay = dollarsPerDay
    }
}
