import JSON

/// The rows of a file that is one JSON object.
///
/// - An array of objects under one of its keys (`{"data": [{…}, …]}`): the elements of the longest one. Elements like
///   `{"row_idx": 0, "row": {…}}` are those of the Hugging Face dataset viewer, and their `row` is the row. A system
///   prompt or a passage beside the array belongs to each row that has none of its own.
/// - Only arrays of one length, none of messages (`{"prompt": ["…", …], "id": […]}`): one row an index. So are objects
///   with the keys 0, 1, … (pandas).
/// - Only objects (`{"q1": {…}, "q2": {…}}`): one row each, with the key as `id` where it has none.
/// - Anything else is one row.
enum DocumentRows {
    static func rows(of bytes: [UInt8]) -> [SourceRow.Content] {
        let value: JSONValue
        do throws(JSONError) {
            try JSONReader.checkUTF8(bytes)
            var reader = JSONReader(utf8: bytes)
            value = try reader.tolerantDocument()
        } catch {
            let problem = RowProblem(error)
            return [.rejected(problem.code, message: problem.message)]
        }
        guard let object = value.object, !object.members.isEmpty, !isRow(object) else { return [.json(bytes)] }
        if let elements = wrapped(object) { return elements }
        if let rows = columns(object) { return rows }
        if let rows = named(object) { return rows }
        return [.json(bytes)]
    }

    /// Whether the object is itself a row: it has a prompt that is no list of rows, a policy, or the form of a record.
    private static func isRow(_ object: JSONObject) -> Bool {
        if ForeignRecord(object) != nil { return true }
        let single = (RowKeys.policyIDs + ["prompt_id", "custom_id"]).contains { object[$0]?.string != nil }
        let hasPrompt = object.members.contains { member in
            guard RowKeys.isPrompt(member.name) else { return false }
            return member.value.string != nil || member.value.elements?.contains { $0.object != nil } ?? false
        }
        // `body.messages` of batch files and its like.
        let hasBody = ["body", "params", "request"].contains { object[$0]?.object != nil }
        return single || hasPrompt || hasBody
    }

    private static func wrapped(_ object: JSONObject) -> [SourceRow.Content]? {
        var longest: [JSONValue]?
        for member in object.members {
            guard let elements = member.value.elements, elements.count > (longest?.count ?? 0),
                elements.allSatisfy({ $0.object != nil && !ChatMessage.isMessage($0) })
            else { continue }
            // Texts beside an array are a row with nested values, such as references or choices.
            longest = elements
        }
        guard let longest else { return nil }
        let shared = object.members.filter { belongsToRows($0) }
        return longest.map { element in
            let row = element.member(at: ["row"])?.object
            let isViewer = row != nil && element.member(at: ["row_idx"]) != nil
            let members = (isViewer ? row : element.object) ?? JSONObject()
            let missing = shared.filter { members[$0.name] == nil }
            return .members(missing.isEmpty ? members : JSONObject(members.members + missing))
        }
    }

    /// Whether a member beside the rows belongs to each of them.
    private static func belongsToRows(_ member: JSONObject.Member) -> Bool {
        let name = member.name.lowercased()
        guard PromptNames.contextsOfAll.contains(name) || PromptNames.systems.contains(name) else { return false }
        return member.value.string.map { !$0.isBlank } ?? false
    }

    private static func columns(_ object: JSONObject) -> [SourceRow.Content]? {
        var columns: [(name: String, values: [JSONValue])] = []
        for member in object.members {
            guard let values = member.value.elements ?? indexed(member.value) else { return nil }
            if let first = columns.first, first.values.count != values.count { return nil }
            if values.isEmpty || values.contains(where: ChatMessage.isMessage) { return nil }
            columns.append((member.name, values))
        }
        guard let count = columns.first?.values.count else { return nil }
        return (0..<count).map { row in
            .members(JSONObject(columns.map { JSONObject.Member(name: $0.name, value: $0.values[row]) }))
        }
    }

    /// The values of `{"0": …, "1": …}`.
    private static func indexed(_ value: JSONValue) -> [JSONValue]? {
        guard let members = value.object?.members, !members.isEmpty else { return nil }
        for (index, member) in members.enumerated() where member.name != "\(index)" { return nil }
        return members.map(\.value)
    }

    private static func named(_ object: JSONObject) -> [SourceRow.Content]? {
        guard object.members.allSatisfy({ $0.value.object != nil }), object.members.count > 1 else { return nil }
        return object.members.map { member in
            let row = member.value.object ?? JSONObject()
            guard row["id"] == nil, row["prompt_id"] == nil else { return .members(row) }
            return .members(JSONObject([.init(name: "id", value: .string(member.name))] + row.members))
        }
    }
}
