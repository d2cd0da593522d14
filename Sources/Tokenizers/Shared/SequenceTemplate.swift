/// Special tokens around a text: the single-sequence template of the reference's post-processor.
package struct SequenceTemplate: Equatable, Sendable {
    /// Before the text, `[CLS]` for BERT.
    package let before: [Int32]
    /// After the text, `[SEP]` for BERT.
    package let after: [Int32]

    /// Lists the tokens.
    package init(before: [Int32], after: [Int32]) {
        self.before = before
        self.after = after
    }

    /// Number of special tokens.
    package var count: Int { before.count + after.count }

    /// One past the largest of the special tokens' ids. The file states them here, whether or not the vocabulary has them.
    var idEnd: Int { Int(max(before.max() ?? -1, after.max() ?? -1)) + 1 }

    /// The ids of a sequence without the special tokens around it.
    package func body(of ids: [Int32]) -> ArraySlice<Int32> { ids.dropFirst(before.count).dropLast(after.count) }

    /// A text's ids between the special tokens.
    package func ids(around text: ArraySlice<Int32>) -> [Int32] {
        var ids: [Int32] = []
        ids.reserveCapacity(text.count + count)
        ids.append(contentsOf: before)
        ids.append(contentsOf: text)
        ids.append(contentsOf: after)
        return ids
    }
}

extension SequenceTemplate {
    /// Reads a file's `post_processor`: none, `BertProcessing` or `TemplateProcessing`.
    init(postProcessor: FieldReader) throws(TokenizerError) {
        if postProcessor.isNull {
            self.init(before: [], after: [])
        } else if postProcessor["type"].string == "BertProcessing" {
            self.init(
                before: [try postProcessor["cls"].element(1).id()], after: [try postProcessor["sep"].element(1).id()])
        } else {
            try postProcessor["type"].require("TemplateProcessing")
            try self.init(template: postProcessor)
        }
    }

    /// Reads the `post_processor` of a byte-level model: none, `ByteLevel`, which changes offsets and no ids,
    /// `TemplateProcessing`, or a sequence of these with one template at most.
    init(byteLevelPostProcessor field: FieldReader) throws(TokenizerError) {
        var template: SequenceTemplate?
        let isSequence = field["type"].string == "Sequence"
        for step in isSequence ? try field["processors"].elements() : field.isNull ? [] : [field] {
            if step["type"].string == "ByteLevel" { continue }
            try step["type"].require("TemplateProcessing")
            guard template == nil else { throw field.unsupported("more than one template") }
            template = try SequenceTemplate(template: step)
        }
        self = template ?? SequenceTemplate(before: [], after: [])
    }

    /// Reads the part of a `TemplateProcessing` for a single text.
    private init(template: FieldReader) throws(TokenizerError) {
        var before: [Int32] = []
        var after: [Int32] = []
        var isPastText = false
        for piece in try template["single"].elements() {
            let isText = !piece["Sequence"].isNull
            let part = isText ? piece["Sequence"] : piece["SpecialToken"]
            try part["type_id"].require(0)
            if isText {
                try part["id"].require("A")
                if isPastText { throw template["single"].unsupported("the text twice") }
                isPastText = true
            } else {
                for id in try template["special_tokens"][try part["id"].text()]["ids"].elements() {
                    if isPastText { after.append(try id.id()) } else { before.append(try id.id()) }
                }
            }
        }
        guard isPastText else { throw template["single"].unsupported("without the text") }
        self.init(before: before, after: after)
    }
}
