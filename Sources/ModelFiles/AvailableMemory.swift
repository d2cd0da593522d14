import Foundation

/// How much memory this process may still use: what the machine has available, or what its control group allows if less.
public enum AvailableMemory {
    /// Bytes; `nil` if the system does not say. Cost: a few small files read.
    public static func bytes() -> Int? {
        bytes(reading: { try? String(contentsOfFile: $0, encoding: .utf8) })
    }

    /// The same, from files' contents by path.
    package static func bytes(reading file: (String) -> String?) -> Int? {
        let machine = file("/proc/meminfo").flatMap { field("MemAvailable:", of: $0) }.map { $0 << 10 }
        return [machine, group(reading: file)].compactMap(\.self).min()
    }

    // Version 2 of control groups has one line "0::/path", version 1 has one for each controller. Pages of files that were not used
    // recently are charged to the group but freed when memory is needed, so they count as available.
    private static func group(reading file: (String) -> String?) -> Int? {
        guard let lines = file("/proc/self/cgroup")?.split(separator: "\n") else { return nil }
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let isNew = parts[0] == "0" && parts[1].isEmpty
            guard isNew || parts[1].split(separator: ",").contains("memory") else { continue }
            let root = isNew ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            let (limit, usage) =
                isNew
                ? ("memory.max", "memory.current") : ("memory.limit_in_bytes", "memory.usage_in_bytes")
            // Inside a container the group's own path may not be there: then its root is the group.
            for folder in ["\(root)\(parts[2])", root] {
                guard let most = file("\(folder)/\(limit)").flatMap(number), let used = file("\(folder)/\(usage)"),
                    let used = number(used)
                else { continue }
                let idle = file("\(folder)/memory.stat").flatMap {
                    field("inactive_file ", of: $0) ?? field("total_inactive_file ", of: $0)
                }
                return max(0, most - used + (idle ?? 0))
            }
        }
        return nil
    }

    // "max", and version 1's number of nearly 2^63, mean no limit.
    private static func number(_ text: String) -> Int? {
        guard let value = Int(text.trimmingCharacters(in: .whitespacesAndNewlines)), value < 1 << 60 else { return nil }
        return value
    }

    private static func field(_ name: String, of text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) }) else { return nil }
        return line.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
    }
}
