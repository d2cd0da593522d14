import JSON

/// The errors in the parts of an output folder, counted by code.
public enum PartErrors {
    /// Reads the parts with errors. Of a part that cannot be read, nothing is counted. Cost: one pass over those parts.
    public static func read(folder: String, _ manifest: RunManifest) -> ErrorCounts {
        var counts = ErrorCounts()
        for part in manifest.parts where part.error > 0 {
            guard var rows = try? RowFiles(["\(folder)/\(part.name)"], columns: Set(names)) else { continue }
            while let row = try? rows.next() {
                guard case .row(let content, _, _) = row, let error = error(in: content) else { continue }
                counts.add(error)
            }
        }
        return counts
    }

    private static let names = ["prompt_id", "error"]

    private static func error(in content: SourceRow.Content) -> RowError? {
        let row: JSONObject
        switch BatchAnswer.unwrapped(content) {
        case .json(let bytes):
            var reader = JSONReader(utf8: bytes)
            guard let values = try? reader.object(selecting: names.map { Array($0.utf8) }) else { return nil }
            row = JSONObject(
                zip(names, values).compactMap { name, value in value.map { .init(name: name, value: $0) } })
        case .members(let members): row = members
        case .blank, .rejected: return nil
        }
        guard let error = row["error"]?.object else { return nil }
        return RowError(
            file: error["file"]?.string ?? "", line: error["line"]?.integer ?? 0, promptID: row["prompt_id"]?.string,
            code: error["code"]?.string.flatMap { RowError.Code(rawValue: $0) } ?? .workerError,
            message: error["message"]?.string ?? "")
    }
}
