import Foundation
import Testing
import Tokenizers

@Suite("ByteLevelBPEFile")
struct ByteLevelBPEFileTests {
    /// What comes of the small tokenizer file with one stretch of its text changed.
    private func load(replacing old: String, with new: String) throws -> ByteLevelBPETokenizer {
        let folder = try TemporaryFolder()
        let text = try String(contentsOf: ByteLevelBPEGolden.smallTokenizer, encoding: .utf8)
        let place = try #require(text.range(of: old), "the small file has no \(old)")
        let path = try folder.write("tokenizer.json", Data(text.replacingCharacters(in: place, with: new).utf8))
        return try ByteLevelBPETokenizer(tokenizerFile: path, tokensMax: 64)
    }

    private func error(replacing old: String, with new: String) throws -> TokenizerError? {
        #expect(throws: TokenizerError.self) { try load(replacing: old, with: new) }
    }

    private static let byteLevel =
        #""type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false"#

    @Test(
        "what is not supported is refused by its name",
        arguments: [
            (#"{"type":"NFC"}"#, #"{"type":"NFKC"}"#, "normalizer.type", #""NFKC""#),
            (#""type":"BPE""#, #""type":"Unigram""#, "model.type", #""Unigram""#),
            (
                #""type":"Sequence","pretokenizers""#, #""type":"Metaspace","pretokenizers""#, "pre_tokenizer.type",
                #""Metaspace""#
            ),
            (#""type":"Split""#, #""type":"Digits""#, "pre_tokenizer.pretokenizers[0].type", #""Digits""#),
            (
                #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"#, "", "pre_tokenizer.pretokenizers[0].pattern.Regex",
                #""[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""#
            ),
            (#"{"Regex":"#, #"{"String":"#, "pre_tokenizer.pretokenizers[0].pattern.Regex", "null"),
            (#""Isolated""#, #""Removed""#, "pre_tokenizer.pretokenizers[0].behavior", #""Removed""#),
            (#""invert":false"#, #""invert":true"#, "pre_tokenizer.pretokenizers[0].invert", "true"),
            (
                byteLevel, #""type":"ByteLevel","add_prefix_space":true,"use_regex":false"#,
                "pre_tokenizer.pretokenizers[1].add_prefix_space", "true"
            ),
            (
                byteLevel, #""type":"ByteLevel","add_prefix_space":false,"use_regex":true"#,
                "pre_tokenizer.pretokenizers[1].use_regex", "true"
            ),
            (
                byteLevel, #""type":"ByteLevel","add_prefix_space":false"#,
                "pre_tokenizer.pretokenizers[1].use_regex", "absent, which counts as true"
            ),
            (
                #","invert":false},"#, #","invert":false},{"type":"Digits"},"#, "pre_tokenizer.pretokenizers",
                "a sequence of 3"
            ),
            (#""dropout":null"#, #""dropout":0.1"#, "model.dropout", "0.1"),
            (#""unk_token":null"#, #""unk_token":"<unk>""#, "model.unk_token", #""<unk>""#),
            (
                #""continuing_subword_prefix":"""#, #""continuing_subword_prefix":"@@""#,
                "model.continuing_subword_prefix", #""@@""#
            ),
            (#""end_of_word_suffix":"""#, #""end_of_word_suffix":"</w>""#, "model.end_of_word_suffix", #""</w>""#),
            (#""byte_fallback":false"#, #""byte_fallback":true"#, "model.byte_fallback", "true"),
            (#""ignore_merges":false"#, #""ignore_merges":true"#, "model.ignore_merges", "true"),
            (#""lstrip":false"#, #""lstrip":true"#, "added_tokens[0].lstrip", "true"),
            (#""single_word":false"#, #""single_word":true"#, "added_tokens[0].single_word", "true"),
            (#""normalized":false"#, #""normalized":true"#, "added_tokens[0].normalized", "true"),
            (
                #""type":"TemplateProcessing""#, #""type":"RobertaProcessing""#, "post_processor.processors[1].type",
                #""RobertaProcessing""#
            ),
            (#""truncation":null"#, #""truncation":{"direction":"Left"}"#, "truncation.direction", #""Left""#),
            (
                #""single":[{"Sequence":{"id":"A","type_id":0}},"#, #""single":["#,
                "post_processor.processors[1].single", "without the text"
            ),
        ])
    func unsupported(old: String, new: String, field: String, value: String) throws {
        guard case .unsupported(_, let foundField, let foundValue) = try error(replacing: old, with: new) else {
            Issue.record("not refused as unsupported")
            return
        }
        #expect(foundField == field)
        #expect(foundValue == value)
    }

    @Test("two templates are refused")
    func templates() throws {
        let text = try String(contentsOf: ByteLevelBPEGolden.smallTokenizer, encoding: .utf8)
        let start = try #require(text.range(of: #"{"type":"TemplateProcessing""#)).lowerBound
        let end = try #require(text.range(of: #"]},"decoder""#)).lowerBound
        let template = String(text[start..<end])
        guard
            case .unsupported(_, "post_processor", "more than one template") =
                try error(replacing: template, with: "\(template),\(template)")
        else {
            Issue.record("not refused")
            return
        }
        // At the top level it is the same as in a sequence of one.
        let processor = try #require(text.range(of: #"{"type":"Sequence","processors":"#)).lowerBound
        let whole = String(text[processor..<text.index(end, offsetBy: 2)])
        #expect(try load(replacing: whole, with: template).encode("").ids == [1000])
        #expect(try load(replacing: whole, with: "{\(Self.byteLevel)}").encode("").ids == [])
    }

    @Test("a vocabulary that contradicts its merges or added tokens is refused")
    func inconsistent() throws {
        func expect(_ old: String, _ new: String, _ token: String, _ reason: String) throws {
            guard case .inconsistentToken(_, let found, let why) = try error(replacing: old, with: new) else {
                Issue.record("unnoticed: \(old)")
                return
            }
            #expect(found == token)
            #expect(why == reason)
        }
        try expect(
            #""merges":["#, #""merges":[["a","中"],"#, "中", "of model.merges[0] is not in the vocabulary")
        try expect(#""merges":["#, #""merges":[["Q","!"],"#, "Q!", "of model.merges[0] is not in the vocabulary")
        try expect(#""!":0,"#, "", "!", "of byte 33 is not in the vocabulary")
        try expect(
            #""id":1001"#, #""id":1007"#, "<|im_start|>", "is 1007 in added_tokens and 1001 by the vocabulary")
    }

    @Test("fields of the wrong kind are named")
    func fields() throws {
        func expect(_ old: String, _ new: String, _ field: String) throws {
            guard case .badField(_, field, _) = try error(replacing: old, with: new) else {
                Issue.record("unnoticed: \(old)")
                return
            }
        }
        try expect(#""merges":["#, #""merges":["ab","#, "model.merges[0]")
        try expect(#""merges":["#, #""merges":["a b c","#, "model.merges[0]")
        try expect(#""merges":["#, #""merges":[["a"],"#, "model.merges[0]")
        try expect(#""merges":["#, #""merges":{},"x":["#, "model.merges")
        try expect(#""vocab":{"#, #""vocab":{"zz":-1,"#, #"model.vocab["zz"]"#)
        try expect(#""vocab":{"#, #""vocab":1,"x":{"#, "model.vocab")
        try expect(#""added_tokens":["#, #""added_tokens":1,"x":["#, "added_tokens")
    }

    @Test("messages say what, where and what to do")
    func messages() throws {
        let refused = try #require(try error(replacing: #"{"type":"NFC"}"#, with: #"{"type":"NFKC"}"#))
        for part in ["tokenizer.json", "normalizer.type", "NFKC", "Qwen"] { #expect("\(refused)".contains(part)) }
    }

    @Test("merges as strings and as pairs are the same, and the head line of a merges file is skipped")
    func merges() throws {
        let model = try ByteLevelBPEGolden.Model.load()
        let text = try String(contentsOf: ByteLevelBPEGolden.smallTokenizer, encoding: .utf8)
        let start = try #require(text.range(of: #""merges":"#)).upperBound
        let pairs = String(text[start...].dropLast(3))
        let lines = ["#version: 0.2"] + model.merges.map { $0.joined(separator: " ") }
        let strings = String(decoding: try JSONEncoder().encode(lines), as: UTF8.self)
        let one = try load(replacing: "merges", with: "merges")
        let other = try load(replacing: pairs, with: strings)
        for text in try ByteLevelBPEGolden.load().texts.prefix(200) {
            #expect(one.encode(text.whole) == other.encode(text.whole))
        }
    }
}
