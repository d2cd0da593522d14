import Foundation
public import GRDB

/// A text as a column holds it: as TEXT, or as a BLOB of its UTF-8 where it has U+0000.
///
/// SQLite's calls for TEXT end a text at U+0000, so such a text would be shorter when it is read, and two ids could become
/// one. A text has always the same form, so `=` and unique indexes work.
public struct StoredText: DatabaseValueConvertible, Hashable, Sendable {
    /// The text.
    public let text: String

    /// Wraps a text.
    public init(_ text: String) { self.text = text }

    /// TEXT or BLOB.
    public var databaseValue: DatabaseValue {
        text.utf8.contains(0) ? Data(text.utf8).databaseValue : text.databaseValue
    }

    /// The text of a value; `nil` for numbers, NULL, and bytes that are not UTF-8.
    public static func fromDatabaseValue(_ value: DatabaseValue) -> StoredText? {
        switch value.storage {
        case .string(let text): StoredText(text)
        case .blob(let data): String(validating: data, as: UTF8.self).map(StoredText.init)
        default: nil
        }
    }
}
