import JSON

/// The values of one row under the keys of a layout.
struct RowFields {
    private let shared: SharedRowLayout
    /// The program that wrote the record; `nil` for a row with keys of its own.
    let form: RecordForm?
    private let values: JSONReader.Row

    /// Reads the members that the layout needs. What is not JSON in one of them is an error where it is used.
    init(_ content: SourceRow.Content, layout shared: SharedRowLayout) throws(RowProblem) {
        self.shared = shared
        switch content {
        case .json(let bytes):
            let found = try Self.members(of: bytes, shared.layout.names)
            guard shared.layout.mayBeForeign(found), let record = try ForeignRecord(Self.object(of: bytes)) else {
                (form, values) = (nil, found)
                return
            }
            (form, values) = (record.form, Self.members(of: record.object, shared.layout.names))
        case .members(let object):
            let found = Self.members(of: object, shared.layout.names)
            guard shared.layout.mayBeForeign(found), let record = ForeignRecord(object) else {
                (form, values) = (nil, found)
                return
            }
            (form, values) = (record.form, Self.members(of: record.object, shared.layout.names))
        case .blank, .rejected:
            (form, values) = (nil, JSONReader.Row())
        }
    }

    var layout: RowLayout { shared.layout }

    private static func members(
        of bytes: [UInt8], _ names: JSONNames
    ) throws(RowProblem) -> JSONReader.Row {
        do throws(JSONError) {
            var reader = JSONReader(utf8: bytes)
            return try reader.row(selecting: names)
        } catch {
            throw RowProblem(error)
        }
    }

    private static func object(of bytes: [UInt8]) throws(RowProblem) -> JSONObject {
        do throws(JSONError) {
            var reader = JSONReader(utf8: bytes)
            return try reader.tolerantDocument().object ?? JSONObject()
        } catch {
            throw RowProblem(error)
        }
    }

    private static func members(of object: JSONObject, _ names: JSONNames) -> JSONReader.Row {
        var values = JSONReader.Row()
        for member in object.members {
            if let place = names.find(member.name) { values.set(place, member.value) }
        }
        return values
    }

    /// The first of a field's keys that is present and not null, with its value.
    func first(_ field: RowLayout.Field) throws(RowProblem) -> (key: String, value: JSONValue)? {
        let candidates = layout.candidates[field.rawValue]
        guard mayHave(candidates) else { return nil }
        for place in candidates.all.indices {
            // Nearly all keys are whole names of members, and nearly all candidates absent: neither is copied.
            if let whole = candidates.all[place].whole, let value = values.value(whole), !value.isNull {
                try checkStrict(whole)
                return (candidates.all[place].key, value)
            }
            guard candidates.all[place].head != nil else { continue }
            if let value = try value(of: candidates.all[place]) { return (candidates.all[place].key, value) }
        }
        return nil
    }

    /// Whether the row may have a member of these candidates: `false` is certain, and usual.
    func mayHave(_ candidates: RowLayout.Candidates) -> Bool { values.mayHave(any: candidates.places) }

    /// Whether the row has the member of a candidate, by its two places. Most candidates are absent, and are not even copied.
    func has(_ whole: Int?, _ head: Int?) -> Bool {
        if let whole, values.has(whole) { return true }
        if let head, values.has(head) { return true }
        return false
    }

    /// A candidate's value; `nil` if it is absent or null. Throws if the text of the value is not strict JSON.
    func value(of candidate: RowLayout.Candidate) throws(RowProblem) -> JSONValue? {
        if let whole = candidate.whole, let value = values.value(whole), !value.isNull {
            try checkStrict(whole)
            return value
        }
        guard let head = candidate.head, let value = values.value(head)?.member(at: candidate.tail), !value.isNull
        else { return nil }
        try checkStrict(head)
        return value
    }

    private func checkStrict(_ place: Int) throws(RowProblem) {
        if let fault = values.fault(place) { throw RowProblem(fault) }
    }

    /// The value of a column of the layout; `nil` if it is absent or null.
    func column(_ index: Int) throws(RowProblem) -> JSONValue? {
        try value(of: layout.columns[index])
    }

    /// The keys that were tried, for a message.
    func keys(_ field: RowLayout.Field) -> String {
        field == .prompt
            ? layout.prompt.names : layout.candidates[field.rawValue].all.map(\.key).joined(separator: ", ")
    }
}
