import CommandSupport
import Foundation

/// A scratch folder of one measurement, deleted at its end.
final class BenchmarkFolder {
    let path = NSTemporaryDirectory() + "statezero-bench-\(UUID().uuidString.prefix(8))"

    init() throws {
        try makeFolder(path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ lines: [String]) throws -> String {
        try writeFile(lines.map { $0 + "\n" }.joined(), to: "\(path)/\(name)")
        return "\(path)/\(name)"
    }

    func remove(_ name: String) { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    /// Writes a file of short prompts.
    func prompts(_ count: Int) throws -> String {
        try write(
            "prompts-\(count).jsonl",
            (0..<count).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0) plus \#($0 % 7 + 2)?"}"# })
    }

    /// Writes a history of short prompts, half of them solved.
    func history(_ count: Int) throws -> String {
        try write(
            "history-\(count).jsonl",
            (0..<count).map { #"{"policy_id":"llm","prompt":"What is \#($0) times \#($0 + 3)?","reward":\#($0 % 2)}"# })
    }
}
