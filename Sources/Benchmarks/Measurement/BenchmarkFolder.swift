import Foundation

/// A folder of a measurement's own, removed with it.
final class BenchmarkFolder {
    let path = NSTemporaryDirectory() + "statezero-bench-\(UUID().uuidString.prefix(8))"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ lines: [String]) throws -> String {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    func remove(_ name: String) { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    /// So many short prompts.
    func prompts(_ count: Int) throws -> String {
        try write(
            "prompts-\(count).jsonl",
            (0..<count).map { #"{"prompt_id":"p\#($0)","prompt":"What is \#($0) plus \#($0 % 7 + 2)?"}"# })
    }

    /// A record of so many short prompts, half of them solved.
    func record(_ count: Int) throws -> String {
        try write(
            "record-\(count).jsonl",
            (0..<count).map { #"{"policy_id":"llm","prompt":"What is \#($0) times \#($0 + 3)?","reward":\#($0 % 2)}"# })
    }
}
