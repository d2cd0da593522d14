package import ArgumentParser

/// The allowed range of a numeric option. Help pages and error messages state it from here.
package struct NumberRange<Number: Comparable & ExpressibleByArgument & Sendable>: Sendable, CustomStringConvertible {
    private let lower: Number
    private let upper: Number?

    package static func atLeast(_ lower: Number) -> NumberRange { NumberRange(lower: lower, upper: nil) }
    package static func within(_ range: ClosedRange<Number>) -> NumberRange {
        NumberRange(lower: range.lowerBound, upper: range.upperBound)
    }

    package var description: String {
        guard let upper else { return "at least \(Self.text(lower))" }
        return "\(Self.text(lower)) to \(Self.text(upper))"
    }

    /// The number, without the `.0` of a whole `Double`.
    private static func text(_ number: Number) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// Reads a number. Throws `ValidationError` for another text or a number out of range.
    package func parse(_ text: String) throws -> Number {
        guard let number = Number(argument: text) else { throw ValidationError("not a number") }
        // Also refuses NaN, which is neither at least nor at most anything.
        guard number >= lower, upper.map({ number <= $0 }) ?? true else { throw ValidationError("must be \(self)") }
        return number
    }

    /// The sentence of the option with range and default behind it.
    fileprivate func help(_ sentence: String, default number: Number?) -> ArgumentHelp {
        let values = [description] + (number.map { ["default: \(Self.text($0))"] } ?? [])
        return ArgumentHelp("\(sentence) (\(values.joined(separator: "; ")))")
    }
}

extension Option {
    /// A number with a default value.
    package init(
        wrappedValue: Value, name: NameSpecification = .long, range: NumberRange<Value>, help: String
    ) where Value: Comparable & ExpressibleByArgument & Sendable {
        self.init(
            wrappedValue: wrappedValue, name: name, help: range.help(help, default: wrappedValue),
            transform: range.parse)
    }

    /// A number that must be given.
    package init(
        name: NameSpecification = .long, range: NumberRange<Value>, help: String
    ) where Value: Comparable & ExpressibleByArgument & Sendable {
        self.init(name: name, help: range.help(help, default: nil), transform: range.parse)
    }

    /// A number that may be left out.
    package init<Number>(
        name: NameSpecification = .long, range: NumberRange<Number>, help: String
    ) where Value == Number? {
        self.init(name: name, help: range.help(help, default: nil), transform: range.parse)
    }

    /// Several numbers, up to the next option.
    package init<Number>(
        wrappedValue: [Number], name: NameSpecification = .long, range: NumberRange<Number>, help: String
    ) where Value == [Number] {
        let shown = "\(help) Default: \(wrappedValue.map { "\($0)" }.joined(separator: " "))."
        self.init(
            wrappedValue: wrappedValue, name: name, parsing: .upToNextOption, help: range.help(shown, default: nil),
            transform: range.parse)
    }
}
