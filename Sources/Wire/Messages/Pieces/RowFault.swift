/// What went wrong with one row.
public struct RowFault: Hashable, Sendable {
    /// Index within the piece or shard.
    public var row: UInt32
    /// `snake_case`, for programs.
    public var code: String
    /// For people: what, where, what to do.
    public var message: String

    /// Describes a row's fault.
    public init(row: UInt32, code: String, message: String) {
        self.row = row
        self.code = code
        self.message = message
    }
}
