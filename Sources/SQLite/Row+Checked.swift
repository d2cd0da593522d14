public import GRDB

// Values of rows that a file has: a damaged file may have any type in any column, and GRDB's own subscripts end the
// process where a type does not fit.

/// A column of a row has a value that it cannot have.
public struct ColumnFault: Error, Hashable, CustomStringConvertible {
    /// The column.
    public let column: String
    /// What it has instead; texts and bytes by their length only.
    public let found: String

    /// Names a column, and what is wrong with it.
    public init(column: String, found: String) {
        self.column = column
        self.found = found
    }

    /// What is wrong.
    public var description: String { "column \(column) has \(found)" }
}

extension Row {
    /// The value of a column. Throws where there is no such column, or the value is of another type.
    public func checked<Value: DatabaseValueConvertible>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(ColumnFault) -> Value {
        guard hasColumn(column) else { throw ColumnFault(column: column, found: "no value") }
        let stored: DatabaseValue = self[column]
        if let value = Value.fromDatabaseValue(stored) { return value }
        throw ColumnFault(column: column, found: stored.form)
    }

    /// The value of a column, `nil` for NULL. Throws for a value of another type.
    public func checkedIfAny<Value: DatabaseValueConvertible>(
        _ column: String, as type: Value.Type = Value.self
    ) throws(ColumnFault) -> Value? {
        guard hasColumn(column) else { return nil }
        let stored: DatabaseValue = self[column]
        return stored.isNull ? nil : try checked(column, as: type)
    }

    /// The text of a column.
    public func text(_ column: String) throws(ColumnFault) -> String { try checked(column, as: StoredText.self).text }
}

extension DatabaseValue {
    /// Its type and size, without what a text says.
    fileprivate var form: String {
        switch storage {
        case .null: "NULL"
        case .int64(let number): "the number \(number)"
        case .double(let number): "the number \(number)"
        case .string(let text): "a text of \(text.utf8.count) bytes"
        case .blob(let data): "\(data.count) bytes"
        }
    }
}
