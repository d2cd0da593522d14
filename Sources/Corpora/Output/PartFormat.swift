/// The file format of the parts of an output folder.
public struct PartFormat: Sendable {
    /// Turns JSON lines into the bytes of a part. Equal lines must give equal bytes.
    public typealias Encode = @Sendable (_ lines: [UInt8], _ name: String) throws(CorporaError) -> [UInt8]

    /// The end of the names of parts, without the dot: one of `suffixes`.
    public let suffix: String

    let encode: Encode

    /// The ends that names of parts may have; other files in an output folder are not ours.
    static let suffixes = ["jsonl", "parquet", "arrow", "arrows"]

    /// A format of another module.
    public init(suffix: String, encode: @escaping Encode) {
        self.suffix = suffix
        self.encode = encode
    }

    /// JSON Lines.
    public static let lines = PartFormat(suffix: "jsonl") { lines, _ in lines }

    /// Lines of an OpenAI batch output, each with a score row as the body of its response.
    public static let openAIBatch = PartFormat(suffix: "jsonl") { lines, name throws(CorporaError) in
        try BatchAnswer.wrapped(lines, name: name)
    }
}
