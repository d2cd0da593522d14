/// Steps that a text passes before it is split: the normalizers of a Unigram model's `tokenizer.json`.
struct UnigramNormalizer: Sendable {
    /// One step.
    enum Step: Sendable {
        /// SentencePiece's map of characters.
        case map(PrecompiledMap)
        /// Two or more spaces become this.
        case collapsesSpaces(to: [UInt8])
        /// White space at the start or the end is dropped.
        case strips(left: Bool, right: Bool)
    }

    private let steps: [Step]

    /// Reads a file's `normalizer`: none, one step, or a sequence of steps.
    init(_ field: FieldReader) throws(TokenizerError) {
        var steps: [Step] = []
        if field["type"].string == "Sequence" {
            for step in try field["normalizers"].elements() { steps.append(try Self.step(step)) }
        } else if !field.isNull {
            steps.append(try Self.step(field))
        }
        self.steps = steps
    }

    private static func step(_ field: FieldReader) throws(TokenizerError) -> Step {
        switch field["type"].string {
        case "Precompiled":
            let map = field["precompiled_charsmap"]
            guard let map = PrecompiledMap(base64: try map.text()) else {
                throw map.bad("a map of characters in base64")
            }
            return .map(map)
        case "Replace":
            try field["pattern"]["Regex"].require(" {2,}")
            return .collapsesSpaces(to: Array(try field["content"].text().utf8))
        case "Strip":
            return .strips(
                left: try field["strip_left"].bool(default: false), right: try field["strip_right"].bool(default: false)
            )
        default:
            throw field["type"].unsupported(field["type"].value.summary)
        }
    }

    /// The bytes that `range` of a well-formed text becomes.
    func normalize(_ bytes: Span<UInt8>, in range: Range<Int>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var rest = steps[...]
        if case .map(let map) = steps.first {
            map.normalize(bytes, in: range, into: &text)
            rest.removeFirst()
        } else {
            for index in range { text.append(bytes[index]) }
        }
        for step in rest { text = Self.apply(step, to: text) }
        return text
    }

    private static func apply(_ step: Step, to text: [UInt8]) -> [UInt8] {
        switch step {
        case .map(let map):
            var mapped: [UInt8] = []
            map.normalize(text.span, in: text.indices, into: &mapped)
            return mapped
        case .collapsesSpaces(let content): return collapsed(text, to: content)
        case .strips(let left, let right):
            let start = left ? WhitespaceEdges.start(of: text.span, in: text.indices) : 0
            let end = right ? WhitespaceEdges.end(of: text.span, in: start..<text.count) : text.count
            return Array(text[start..<end])
        }
    }

    private static func collapsed(_ text: [UInt8], to content: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            var end = index
            while end < text.count, text[end] == 0x20 { end += 1 }
            if end - index >= 2 {
                result += content
                index = end
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }
}

/// White space at the ends of a well-formed text, as the reference has it (Rust's `char::is_whitespace`).
enum WhitespaceEdges {
    /// Where the first scalar that is no white space starts; the end of the range if there is none.
    static func start(of bytes: Span<UInt8>, in range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound {
            let (value, length) = UTF8Scalars.wellFormed(in: bytes, at: index)
            guard isWhitespace(value) else { return index }
            index += length
        }
        return index
    }

    /// Where the white space at the end starts; the end of the range if there is none.
    static func end(of bytes: Span<UInt8>, in range: Range<Int>) -> Int {
        var end = range.upperBound
        while end > range.lowerBound {
            var start = end - 1
            while start > range.lowerBound, bytes[start] & 0xC0 == 0x80 { start -= 1 }
            guard isWhitespace(UTF8Scalars.wellFormed(in: bytes, at: start).value) else { return end }
            end = start
        }
        return end
    }

    static func isWhitespace(_ scalar: UInt32) -> Bool {
        ReferenceUnicode.traits[Int(scalar)] & ReferenceUnicode.Trait.whitespace != 0
    }
}
