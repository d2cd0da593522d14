/// Finds out whether a text is a table with a header and a delimiter, as CSV and TSV files are.
enum TableHeader {
    /// The delimiter; `nil` if the text is no table. A file named `.csv` or `.tsv` is one; under another name, the first
    /// line must have a usual key.
    static func delimiter(of start: [UInt8], path: String) -> UInt8? {
        let line = start.prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty else { return nil }
        let name = uncompressed(InputFile.name(of: path).lowercased())
        if name.hasSuffix(".tsv") { return UInt8(ascii: "\t") }
        let candidates = [UInt8(ascii: "\t"), UInt8(ascii: ","), UInt8(ascii: ";")]
        let most = candidates.max { left, right in line.count { $0 == left } < line.count { $0 == right } }
        let delimiter = most.flatMap { most in line.contains(most) ? most : nil } ?? UInt8(ascii: ",")
        if name.hasSuffix(".csv") { return delimiter }
        let names = line.split(separator: delimiter).map { cell in
            String(decoding: cell, as: UTF8.self).trimming(" ").trimming("\"").lowercased()
        }
        return names.contains(where: PromptNames.prompts.contains) ? delimiter : nil
    }

    private static func uncompressed(_ name: String) -> String {
        for ending in [".gz", ".zst"] where name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
        return name
    }
}
