import Tokenizers

/// `tokenizer.json` of a model that somebody else made, and a text. A text behind its length comes first, then the file.
enum TokenizerTarget {
    private static let tokensMax = 64

    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let text = String(decoding: input.block(), as: UTF8.self)
        let file = input.remainder()
        // Foundation loses 4 KiB at each read of an empty file: after eight minutes that was the bound of memory.
        guard !file.isEmpty else { return nil }
        let path = FuzzFolder.write(file, "tokenizer.json", in: "tokenizer")
        let folder = String(path.dropLast("/tokenizer.json".count))
        guard let tokenizer = try? ModelTokenizer.load(folder: folder, tokensMax: tokensMax) else { return nil }
        for text in [text, "", "Hello, wörld! 12 \u{1F600}\n한글 e\u{301}"] {
            let ids = tokenizer.encode(text).ids
            if ids.count > tokensMax { return "\(ids.count) ids" }
            if let bad = ids.first(where: { $0 < 0 || $0 >= tokenizer.idEnd }) {
                return "the id \(bad) is not below \(tokenizer.idEnd)"
            }
        }
        return nil
    }
}
