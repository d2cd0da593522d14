/// The price of one request to a model.
public enum Price: Hashable, Sendable {
    /// US dollars a request, whatever its length.
    case flat(Double)
    /// US dollars per million tokens read and written.
    case perMillionTokens(input: Double, output: Double)

    /// US dollars of a request that reads and writes so many tokens. A price of zero is a price.
    public func cost(inputTokens: Int, outputTokens: Int) -> Double {
        switch self {
        case .flat(let dollars): dollars
        case .perMillionTokens(let input, let output):
            (input * Double(inputTokens) + output * Double(outputTokens)) / 1e6
        }
    }
}
