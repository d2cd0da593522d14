import CArrow
package import JSON

/// Some rows of a file. Owns their memory, which the library allocated.
package final class ArrowBatch {
    /// Number of rows.
    package let rows: Int
    /// Names of the columns, in the order of the file.
    package let names: [String]

    private let array: UnsafeMutablePointer<ArrowArray>
    private let columns: UnsafeMutablePointer<ArrowColumn>

    /// Takes over an array that the stream gave out. `nil` if it does not match the type; the array is released then too.
    /// `previous` is another batch of the stream: values of dictionaries that both have are shared.
    init?(_ array: consuming ArrowArray, _ type: ArrowType, after previous: ArrowBatch? = nil) {
        // The rows of a batch are those of its columns, so the struct around them has no offset.
        guard array.offset == 0, let batch = ArrowColumn(array, type, after: previous?.columns.pointee) else {
            array.release?(&array)
            return nil
        }
        self.array = .allocate(capacity: 1)
        self.array.initialize(to: array)
        columns = .allocate(capacity: 1)
        columns.initialize(to: batch)
        names = type.names
        rows = batch.length
    }

    deinit {
        columns.pointee.deallocate()
        columns.deinitialize(count: 1)
        columns.deallocate()
        array.pointee.release?(array)
        array.deallocate()
    }

    /// The largest number of elements of a part that has no memory: null, or an object without members.
    var emptyElements: Int { columns.pointee.parts.reduce(0) { max($0, $1.emptyElements) } }

    /// The value of a column in a row, both from 0. `null` where the file has null; see `ArrowReader` for the types.
    package func value(row: Int, column: Int) -> JSONValue { columns.pointee.member(column, atRow: row) }

    /// The numbers of a row's list, both from 0; those that are null are NaN. `nil` where the list is null, and for a
    /// column of another type.
    func vector(row: Int, column: Int) -> [Float]? { columns.pointee.vector(column, atRow: row) }

    /// A whole row. Columns that are null are left out.
    package func object(row: Int) -> JSONObject { columns.pointee.object(atRow: row) }
}
