/// A number or a category of a prompt.
public struct Covariate: Hashable, Sendable {
    /// The kinds of values.
    public enum Value: Hashable, Sendable {
        case number(Double)
        case category(String)
    }

    /// The column's name.
    public var name: String
    /// The prompt's value.
    public var value: Value

    /// Pairs a name with a value.
    public init(name: String, value: Value) {
        self.name = name
        self.value = value
    }
}
