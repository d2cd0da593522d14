/// What one request to a model costs.
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

/// Lengths in tokens, before anybody has tokenised anything.
public enum TokenEstimate {
    /// Some four bytes a token, as the client of a cluster estimates too.
    public static let bytesPerToken = 4

    /// At least 1.
    public static func tokens(of text: String) -> Int {
        max(1, (text.utf8.count + bytesPerToken - 1) / bytesPerToken)
    }
}
