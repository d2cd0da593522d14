import JSON

/// The errors in the parts of an output folder, counted by code.
public enum PartErrors {
    /// Reads the parts with errors. Of a part that cannot be read, nothing is counted. Cost: one pass over those parts.
    public static func read(folder: String, _ manifest: RunManifest) -> ErrorCounts {
        var counts = ErrorCounts()
        for part in manifest.parts where part.error > 0 {
            guard let lines = try? LineReader(path: "\(folder)/\(part.name)", check: .none) else { continue }
            while let line = try? lines.next() {
                guard case .text(let bytes) = line.content, let error = error(in: bytes) else { continue }
                counts.add(error)
            }
        }
        return counts
    }

    private static let names = ["prompt_id", "error"].map { Array($0.utf8) }

    private static func error(in bytes: [UInt8]) -> RowError? {
        var reader = JSONReader(utf8: bytes)
        guard let values = try? reader.object(selecting: names), let error = values[1]?.object else { return nil }
        return RowError(
            file: error["file"]?.string ?? "", line: error["line"]?.integer ?? 0, promptID: values[0]?.string,
            code: error["code"]?.string.flatMap { RowError.Code(rawValue: $0) } ?? .workerError,
            message: error["message"]?.string ?? "")
    }
}
