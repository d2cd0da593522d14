import JSON
public import Scoring

/// A row of a prompt corpus.
public struct PromptRow: Hashable, Sendable {
    /// Id and text.
    public let prompt: Prompt
    /// The data source of the prompt, if the row has one.
    public let dataSource: String?
    /// Values of the columns that were asked for, in the order of `SideColumns`; empty if none were.
    public let columns: [ColumnValue]
    /// True if the row had no id, so that the id was derived from the text.
    public let hasDerivedID: Bool
    /// True if the prompt ends with a turn of the assistant, which is more often its answer than a part of it.
    public let endsWithAssistant: Bool
    /// The path as the caller wrote it.
    public let file: String
    /// Line number in the file, from 1.
    public let line: Int
    /// The bytes of its line in the file, with the line's end; `nil` where the file has no lines as they are.
    public var bytes: Range<Int>?

    /// A longer id is refused, because it is stored and sent with every answer.
    public static let idBytesMax = 512
}

extension RowFields {
    /// The row's id; `nil` if it has none.
    func id() throws(RowProblem) -> String? {
        guard let (key, value) = try first(.id) else { return nil }
        let id: String
        switch value {
        case .string(let text): id = text
        case .number(let digits): id = try Self.wholeNumber(digits, key: key)
        default:
            throw RowProblem(
                code: .badType,
                message: "\"\(key)\" is \(value.kind); an id is a string or a whole number, see --id-key")
        }
        guard !id.isEmpty else {
            throw RowProblem(
                code: .badID, message: "\"\(key)\" is empty; give an id, or leave the key out to have one derived")
        }
        guard id.utf8.count <= PromptRow.idBytesMax else {
            throw RowProblem(
                code: .badID,
                message:
                    "\"\(key)\" has \(id.utf8.count) bytes, at most \(PromptRow.idBytesMax) are kept: \(clipped(id))")
        }
        return id
    }

    /// The digits of a whole number; `1.0` and `1e2` are 1 and 100.
    private static func wholeNumber(_ digits: String, key: String) throws(RowProblem) -> String {
        if digits.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || 0x30...0x39 ~= $0 }) { return digits }
        // Beyond 2^53 a number with a fraction or an exponent is not exact.
        if let value = Double(digits), abs(value) <= 0x1p53, let whole = Int(exactly: value) { return "\(whole)" }
        throw RowProblem(
            code: .badType,
            message: "\"\(key)\" is the number \(clipped(digits)); an id is a string or a whole number, see --id-key")
    }

    /// A string under one of a field's keys, or a number as it was written; `nil` when there is none.
    func string(_ field: RowLayout.Field) throws(RowProblem) -> String? {
        switch try first(field) {
        case nil: return nil
        case (_, .string(let text))?: return text
        case (_, .number(let digits))?: return digits
        case (let key, let value)?:
            throw RowProblem(code: .badType, message: "\"\(key)\" is \(value.kind); expected a string")
        }
    }

    /// A whole number under one of a field's keys, also when it is written as a string; `nil` when there is none.
    func integer(_ field: RowLayout.Field) throws(RowProblem) -> Int? {
        guard let (key, value) = try first(field) else { return nil }
        if let number = value.integer { return number }
        if case .string(let text) = value, let number = Int(text) { return number }
        throw RowProblem(code: .badType, message: "\"\(key)\" is \(value.kind); expected a whole number")
    }

    /// A number of one digit, as most rewards are; `nil` for any other, which takes the usual way.
    private static func digit(_ digits: String) -> Double? {
        let bytes = digits.utf8.span
        guard bytes.count == 1, 0x30...0x39 ~= bytes[0] else { return nil }
        return Double(bytes[0] - 0x30)
    }

    /// A number written as a text, or a truth value.
    private static func number(_ text: String) -> Double? {
        switch text {
        case "true", "True", "TRUE": 1
        case "false", "False", "FALSE": 0
        default: Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// A number, also written as a text, or a truth value as 0 or 1, under one of a field's keys; `nil` when there is
    /// none.
    func number(_ field: RowLayout.Field) throws(RowProblem) -> (key: String, value: Double)? {
        guard let (key, value) = try first(field) else { return nil }
        if case .bool(let truth) = value { return (key, truth ? 1 : 0) }
        if case .number(let digits) = value, let digit = Self.digit(digits) { return (key, digit) }
        guard let number = value.double ?? value.string.flatMap(Self.number) else {
            throw RowProblem(code: .badType, message: "\"\(key)\" is \(value.kind); expected a number")
        }
        return (key, number)
    }
}
