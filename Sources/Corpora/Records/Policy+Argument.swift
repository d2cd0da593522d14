public import Scoring

// A policy as options name it.

extension Policy {
    /// Reads `ID` or `ID@VERSION`, as an option names a policy.
    public init(argument: String) {
        guard let mark = argument.lastIndex(of: "@"), let version = Int(argument[argument.index(after: mark)...]),
            mark > argument.startIndex
        else {
            self.init(id: argument)
            return
        }
        self.init(id: String(argument[..<mark]), version: version)
    }
}
