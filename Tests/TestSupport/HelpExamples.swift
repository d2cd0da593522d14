/// The examples in a command's help text.
public enum HelpExamples {
    /// The arguments of each example, without the program's name. A line that ends with `\` continues.
    ///
    /// A help text starts with the line `Example:` and indented lines. Single quotes keep an argument together.
    public static func arguments(in discussion: String) -> [[String]] {
        var lines = discussion.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == "Example:" else { return [] }
        let text = lines.prefix { $0.hasPrefix("  ") }.joined(separator: "\n").replacing("\\\n", with: "")
        return text.split(separator: "\n").map { Array(words($0).dropFirst()) }
    }

    private static func words(_ line: Substring) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { index, part in
            index % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
        }
    }
}
