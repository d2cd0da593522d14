import Foundation
import Testing
import Tokenizers

@Suite("WordPieceFile")
struct TokenizerFileTests {
    private func error(replacing old: String, with new: String) throws -> TokenizerError? {
        let folder = try TemporaryFolder()
        let path = try folder.smallTokenizer(replacing: old, with: new)
        return #expect(throws: TokenizerError.self) {
            try WordPieceTokenizer(tokenizerFile: path, maxLength: 256)
        }
    }

    @Test(
        "what is not supported is refused by its name",
        arguments: [
            (TemporaryFolder.normalizer, #"{"type":"Lowercase"}"#, "normalizer.type", #""Lowercase""#),
            (TemporaryFolder.normalizer, "null", "normalizer.type", "null"),
            (#""BertPreTokenizer""#, #""ByteLevel""#, "pre_tokenizer.type", #""ByteLevel""#),
            (#""type":"WordPiece","unk_token""#, #""type":"BPE","unk_token""#, "model.type", #""BPE""#),
            (#""lstrip":false"#, #""lstrip":true"#, "added_tokens[0].lstrip", "true"),
            (#""normalized":false"#, #""normalized":true"#, "added_tokens[0].normalized", "true"),
            (
                #""type":"TemplateProcessing""#, #""type":"RobertaProcessing""#, "post_processor.type",
                #""RobertaProcessing""#
            ),
            (
                #"{"Sequence":{"id":"A","type_id":0}}"#, #"{"Sequence":{"id":"A","type_id":1}}"#,
                "post_processor.single[1].Sequence.type_id", "1"
            ),
            (#""stride":0"#, #""stride":0,"direction":"Left""#, "truncation.direction", #""Left""#),
        ])
    func unsupported(old: String, new: String, field: String, value: String) throws {
        guard case .unsupported(_, let foundField, let foundValue) = try error(replacing: old, with: new) else {
            Issue.record("not refused as unsupported")
            return
        }
        #expect(foundField == field)
        #expect(foundValue == value)
    }

    @Test("a token with two ids, or with none, is refused")
    func inconsistent() throws {
        guard
            case .inconsistentToken(_, "[SEP]", let reason) =
                try error(replacing: #"{"id":3,"#, with: #"{"id":7,"#)
        else {
            Issue.record("two ids went unnoticed")
            return
        }
        #expect(reason == "is 7 and 3")
        guard
            case .inconsistentToken(_, "[NONE]", _) =
                try error(replacing: #""unk_token":"[UNK]""#, with: #""unk_token":"[NONE]""#)
        else {
            Issue.record("a missing unknown token went unnoticed")
            return
        }
    }

    @Test("fields of the wrong kind are named")
    func fields() throws {
        guard
            case .badField(_, "model.max_input_chars_per_word", _) =
                try error(replacing: #""max_input_chars_per_word":100"#, with: #""max_input_chars_per_word":"many""#)
        else {
            Issue.record("not refused")
            return
        }
        guard
            case .badField(_, #"model.vocab["[PAD]"]"#, _) =
                try error(replacing: #""[PAD]":0"#, with: #""[PAD]":-1"#)
        else {
            Issue.record("a negative id went unnoticed")
            return
        }
    }

    @Test("a file that is not JSON is refused with its place", arguments: [("", 0), (#"{"a":1} x"#, 8), ("[01]", 2)])
    func malformed(text: String, offset: Int) throws {
        try expectMalformed(text, at: offset)
    }

    private func expectMalformed(_ text: String, at offset: Int) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("tokenizer.json", Data(text.utf8))
        let error = #expect(throws: TokenizerError.self) {
            try WordPieceTokenizer(modelFolder: folder.path, maxLength: 256)
        }
        guard case .malformedJSON(path, let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == offset)
    }

    @Test("a missing file, an empty folder and a length that is too small are different errors")
    func missing() throws {
        let folder = try TemporaryFolder()
        #expect(throws: TokenizerError.noTokenizer(folder: folder.path)) {
            try WordPieceTokenizer(modelFolder: folder.path, maxLength: 256)
        }
        let absent = #expect(throws: TokenizerError.self) {
            try WordPieceTokenizer(tokenizerFile: "\(folder.path)/tokenizer.json", maxLength: 256)
        }
        guard case .unreadable = absent else {
            Issue.record("\(String(describing: absent))")
            return
        }
        #expect(throws: TokenizerError.lengthTooSmall(maxLength: 1, specialTokens: 2)) {
            try WordPieceTokenizer(tokenizerFile: WordPieceGolden.smallTokenizer.path, maxLength: 1)
        }
    }

    @Test("tokens that are equal as Swift strings stay different, and escapes are read")
    func canonicalEquivalents() throws {
        // "é" as one scalar and as two, which are one key to a dictionary of strings.
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "tokenizer.json",
            Data(
                #"""
                {"normalizer":{"type":"BertNormalizer","lowercase":false},"pre_tokenizer":{"type":"BertPreTokenizer"},
                "model":{"type":"WordPiece","unk_token":"?","continuing_subword_prefix":"##",
                "max_input_chars_per_word":100,"vocab":{"?":0,"\u00e9":1,"e\u0301":2,"\ud83d\ude00":3,"##\t":4}}}
                """#.utf8))
        let tokenizer = try WordPieceTokenizer(tokenizerFile: path, maxLength: 8)
        #expect(tokenizer.encode("\u{E9} e\u{301} 😀 x").ids == [1, 2, 3, 0])
        #expect(tokenizer.vocabularyCount == 5)
    }
}
