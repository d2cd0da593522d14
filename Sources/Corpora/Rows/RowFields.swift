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
            (form, values) = (nil, JSONReader.Row(names: shared.layout.names.all.count))
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
        var values = JSONReader.Row(names: names.all.count)
        for member in object.members {
            guard let place = names.find(member.name) else { continue }
            values[place] = JSONReader.RowMember(value: member.value)
        }
        return values
    }

    /// The first of a field's keys that is present and not null, with its value.
    func first(_ field: RowLayout.Field) throws(RowProblem) -> (key: String, value: JSONValue)? {
        let candidates = layout.candidates[field.rawValue]
        for place in candidates.indices where has(candidates[place].whole, candidates[place].head) {
            if let value = try value(of: candidates[place]) { return (candidates[place].key, value) }
        }
        return nil
    }

    /// Whether the row has the member of a candidate, by its two places. Most candidates are absent, and are not even copied.
    func has(_ whole: Int?, _ head: Int?) -> Bool {
        if let whole, values.has(whole) { return true }
        if let head, values.has(head) { return true }
        return false
    }

    /// A candidate's value; `nil` if it is absent or null. Throws if the text of the value is not strict JSON.
    func value(of candidate: RowLayout.Candidate) throws(RowProblem) -> JSONValue? {
        if let whole = candidate.whole, values.has(whole), let member = values[whole], member.value != .null {
            return try strict(member)
        }
        guard let head = candidate.head, values.has(head), let member = values[head],
            let value = member.value.member(at: candidate.tail),
            value != .null
        else { return nil }
        _ = try strict(member)
        return value
    }

    private func strict(_ member: JSONReader.RowMember) throws(RowProblem) -> JSONValue {
        if let fault = member.fault { throw RowProblem(fault) }
        return member.value
    }

    /// The value of a column of the layout; `nil` if it is absent or null.
    func column(_ index: Int) throws(RowProblem) -> JSONValue? {
        try value(of: layout.columns[index])
    }

    /// The keys that were tried, for a message.
    func keys(_ field: RowLayout.Field) -> String {
        field == .prompt ? layout.prompt.names : layout.candidates[field.rawValue].map(\.key).joined(separator: ", ")
    }
}
