/// Names of files for ids: short, and different for different files.
enum FileLabels {
    /// By path: the name without folder and ending, with as many folders before it as make the names different. They do
    /// not depend on where the folders are.
    static func labels(of paths: [String]) -> [String: String] {
        let parts = paths.map { path in
            var parts = path.split(separator: "/").map(String.init)
            parts[max(0, parts.count - 1)...] = [OutcomeSource.stem(of: path)]
            return parts
        }
        let longest = parts.map(\.count).max() ?? 1
        for count in 1...max(1, longest) {
            let labels = parts.map { $0.suffix(count).joined(separator: "/") }
            if Set(labels).count == Set(paths).count || count == longest {
                return Dictionary(zip(paths, labels)) { first, _ in first }
            }
        }
        return [:]
    }
}
