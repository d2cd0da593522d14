import CArrow
package import JSON

/// Some rows of a file. Owns their memory, which the library allocated.
package final class ArrowBatch {
    /// Number of rows.
    package let rows: Int
    /// Names of the columns, in the order of the file.
    package let names: [String]

    private let array: UnsafeMutablePointer<ArrowArray>
    private let columns: [ArrowColumn]

    /// Takes over an array that the stream gave out. `nil` if it does not match the types; the array is released then too.
    init?(_ array: consuming ArrowArray, names: [String], _ types: [ArrowType]) {
        let owned = UnsafeMutablePointer<ArrowArray>.allocate(capacity: 1)
        owned.initialize(to: array)
        self.array = owned
        self.names = names
        // The rows of a batch are those of its columns, so the struct around them has no offset.
        guard owned.pointee.offset == 0, let batch = ArrowColumn(owned.pointee, .object(names: names, types)) else {
            rows = 0
            columns = []
            return nil
        }
        rows = batch.length
        columns = batch.children
    }

    deinit {
        array.pointee.release?(array)
        array.deallocate()
    }

    /// The value of a column in a row, both from 0. `null` where the file has null; see `ArrowReader` for the types.
    package func value(row: Int, column: Int) -> JSONValue {
        guard columns.indices.contains(column) else { return .null }
        return columns[column].value(at: row)
    }

    /// A whole row. Columns that are null are left out.
    package func object(row: Int) -> JSONObject {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(names.count)
        for (name, column) in zip(names, columns) {
            let value = column.value(at: row)
            if value != .null { members.append(JSONObject.Member(name: name, value: value)) }
        }
        return JSONObject(members)
    }
}
