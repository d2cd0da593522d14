/// Price of one request to a model.
public enum Price: Hashable, Sendable {
    /// US dollars per request of any length.
    case flat(Double)
    /// US dollars per million input and output tokens.
    case perMillionTokens(input: Double, output: Double)

    /// Cost of a request in US dollars. A price of zero is valid.
    public func cost(inputTokens: Int, outputTokens: Int) -> Double {
        switch self {
        case .flat(let dollars): dollars
        case .perMillionTokens(let input, let output):
            (input * Double(inputTokens) + output * Double(outputTokens)) / 1e6
        }
    }
}
